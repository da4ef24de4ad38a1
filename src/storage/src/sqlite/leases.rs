//! Who has which delivery. Only this process can hold the database, so a lease needs no row: one that is lost with the
//! process is a delivery that is tried again.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use lendport_core::DeliveryId;

#[derive(Clone)]
struct Lease {
    owner: Arc<str>,
    until: Timestamp,
    /// When the delivery had last changed.
    leased: Timestamp,
}

/// Leases by the key of their endpoint.
#[derive(Clone, Default)]
pub(crate) struct Leases {
    held: HashMap<i64, HashMap<DeliveryId, Lease>>,
}

impl Leases {
    /// Forgets leases that have ended.
    pub(crate) fn end_old(&mut self, now: Timestamp) {
        self.held.retain(|_, of_endpoint| {
            of_endpoint.retain(|_, lease| lease.until > now);
            !of_endpoint.is_empty()
        });
    }

    /// Hands a delivery to a process.
    pub(crate) fn take(
        &mut self,
        endpoint: i64,
        (delivery, leased): (DeliveryId, Timestamp),
        owner: &Arc<str>,
        until: Timestamp,
    ) {
        self.held.entry(endpoint).or_default().insert(delivery, Lease { owner: Arc::clone(owner), until, leased });
    }

    /// Whether somebody has it.
    pub(crate) fn is_held(&self, endpoint: i64, delivery: DeliveryId) -> bool {
        self.held.get(&endpoint).is_some_and(|of_endpoint| of_endpoint.contains_key(&delivery))
    }

    /// Whether another process has it.
    pub(crate) fn is_held_by_other(&self, endpoint: i64, delivery: DeliveryId, owner: &str) -> bool {
        let lease = self.held.get(&endpoint).and_then(|of_endpoint| of_endpoint.get(&delivery));
        lease.is_some_and(|lease| *lease.owner != *owner)
    }

    /// How many deliveries of an endpoint somebody has.
    pub(crate) fn of_endpoint(&self, endpoint: i64) -> usize {
        self.held.get(&endpoint).map_or(0, HashMap::len)
    }

    /// When the first lease ends.
    pub(crate) fn first_end(&self) -> Option<Timestamp> {
        self.held.values().flat_map(HashMap::values).map(|lease| lease.until).min()
    }

    /// Gives one back, where this process has it, as it was then. A resend does not end a lease: the delivery goes again
    /// when the try that is under way has ended, not beside it.
    pub(crate) fn end(&mut self, endpoint: i64, delivery: DeliveryId, owner: &str, leased: Timestamp) {
        let Some(of_endpoint) = self.held.get_mut(&endpoint) else { return };
        if of_endpoint.get(&delivery).is_some_and(|lease| *lease.owner == *owner && lease.leased == leased) {
            of_endpoint.remove(&delivery);
        }
        if of_endpoint.is_empty() {
            self.held.remove(&endpoint);
        }
    }

    /// Gives back everything a process has.
    pub(crate) fn end_all(&mut self, owner: &str) {
        self.held.retain(|_, of_endpoint| {
            of_endpoint.retain(|_, lease| *lease.owner != *owner);
            !of_endpoint.is_empty()
        });
    }
}
