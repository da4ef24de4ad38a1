//! The outbox: events, the endpoints they go to, and one delivery per pair of both.
//!
//! Deliveries are made by the store itself, in the transaction that writes their event, for every enabled endpoint of
//! the tenant that wants the type. So no event can be without them, whatever dies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use lendport_core::{
    Delivery, DeliveryAttempt, DeliveryId, Event, EventId, MerchantId, WebhookEndpoint, WebhookEndpointId,
};

use crate::error::StoreError;
use crate::idempotency::{Claim, ClaimWrite};
use crate::page::{DeliveryFilter, EventFilter, Page, PageAsk};
use crate::store::{ChangeOutcome, Store};
use crate::tenant::Tenant;

/// Which endpoints an event goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// All that want its type.
    Subscribed,
    /// This one, whatever its filter says; it must be enabled.
    Only(WebhookEndpointId),
}

/// What a change of an endpoint or a delivery starts from.
#[derive(Clone, Debug, Default)]
pub struct OutboxAsk {
    /// Claim this idempotency key in the same transaction.
    pub claim: Option<Claim>,
    /// Load this endpoint.
    pub endpoint: Option<WebhookEndpointId>,
    /// Load this delivery, and its endpoint.
    pub delivery: Option<DeliveryId>,
}

/// What a decision about the outbox may look at.
#[derive(Clone, Copy, Debug)]
pub struct OutboxLoaded<'a> {
    /// The asked endpoint, or that of the asked delivery.
    pub endpoint: Option<&'a WebhookEndpoint>,
    /// The asked delivery.
    pub delivery: Option<&'a Delivery>,
    /// How many endpoints the tenant has.
    pub endpoints: u32,
}

/// Everything one transaction writes about the outbox.
#[derive(Clone, Debug, Default)]
pub struct OutboxChange {
    /// Write nothing at all, claim included.
    pub abort: bool,
    /// An endpoint, new or changed. Its `failing_since` is the store's own: kept as it is, unless the
    /// state changes; none where only the URL changes, as nothing has failed there yet.
    pub endpoint: Option<WebhookEndpoint>,
    /// Delete the loaded endpoint; its pending deliveries have failed from here on, its log stays readable. The rows
    /// follow in batches, see [`Outbox::recover_some`].
    pub remove: bool,
    /// Events that are about no checkout, with whom they go to.
    pub events: Vec<(Event, Audience)>,
    /// Put the loaded delivery in the queue again, at the start of the schedule, due at this moment.
    pub resend_at: Option<Timestamp>,
    /// Queue again every event of the tenant from this moment on that the loaded endpoint wants and has not accepted.
    /// Done in batches by [`Outbox::recover_some`], oldest first.
    pub recover_since: Option<Timestamp>,
    /// What becomes of the claim.
    pub claim: Option<ClaimWrite>,
}

impl OutboxChange {
    /// Writes nothing; a claim asked for with it is given up too.
    pub fn abort() -> Self {
        Self { abort: true, ..Self::default() }
    }
}

/// Decides what to write. May be run again when the transaction has to be repeated.
pub type OutboxDecide<'a> = dyn FnMut(OutboxLoaded<'_>) -> OutboxChange + Send + 'a;

/// A worker's question for deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseAsk {
    /// The process that asks.
    pub owner: String,
    /// What was due before this moment is due.
    pub now: Timestamp,
    /// When the process counts as dead and others may take what it has, if nothing tells earlier that it died.
    pub until: Timestamp,
    /// What another process has is free when its lease ended before this moment as well: a process whose `now` is ahead of
    /// its machine's clock takes nothing from those who are right.
    pub abandoned: Timestamp,
    /// Deliveries at most.
    pub limit: u32,
    /// Deliveries at most of each endpoint that `rooms` does not name.
    pub per_endpoint: u32,
    /// Deliveries at most of these endpoints: more or fewer, as the asking process knows them.
    pub rooms: BTreeMap<WebhookEndpointId, u32>,
    /// Of those that `rooms` names, the ones that do not count for their merchant.
    pub apart: BTreeSet<WebhookEndpointId>,
    /// Deliveries at most to all other endpoints of a merchant that `merchants` does not name. An endpoint counts with its
    /// room, even where it has less that is due.
    pub per_merchant: u32,
    /// The same for these merchants: fewer, where something is under way.
    pub merchants: BTreeMap<MerchantId, u32>,
}

impl LeaseAsk {
    /// Asks without a limit for any merchant or endpoint.
    pub fn of(owner: &str, now: Timestamp, until: Timestamp, limit: u32) -> Self {
        Self {
            owner: owner.to_owned(),
            now,
            until,
            abandoned: now,
            limit,
            per_endpoint: limit,
            rooms: BTreeMap::new(),
            apart: BTreeSet::new(),
            per_merchant: u32::MAX,
            merchants: BTreeMap::new(),
        }
    }
}

/// A delivery that its worker alone may try until the lease ends.
#[derive(Clone, Debug)]
pub struct LeasedDelivery {
    /// Whose.
    pub tenant: Tenant,
    /// Which.
    pub delivery: Delivery,
    /// Where to, as it is now.
    pub endpoint: Arc<WebhookEndpoint>,
    /// What.
    pub event: Event,
    /// When the last try of it began; none before the first.
    pub tried_at: Option<Timestamp>,
    /// When the endpoint last accepted anything, to about a minute.
    pub endpoint_accepted_at: Option<Timestamp>,
}

/// What comes after a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterTry {
    /// It was accepted.
    Delivered,
    /// Try again at this moment.
    Retry {
        /// When.
        at: Timestamp,
        /// Later events of the same checkout need not wait: the endpoint accepts others, so it is this one it refuses.
        overtakable: bool,
    },
    /// It had its last try.
    Failed,
}

/// The result of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriedDelivery {
    /// Whose.
    pub tenant: Tenant,
    /// Which.
    pub delivery: DeliveryId,
    /// Its endpoint.
    pub endpoint: WebhookEndpointId,
    /// The `updated_at` of the delivery that was leased; a resend since then has a later one.
    pub leased: Timestamp,
    /// What happened.
    pub attempt: DeliveryAttempt,
    /// What comes next.
    pub after: AfterTry,
}

/// Events, endpoints and deliveries. Every method over tenant data takes the [`Tenant`] first; those without one are
/// for workers.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Loads what is asked for, lets `decide` look at it, and writes what it says: one transaction.
    /// [`ChangeOutcome::NotFound`] when an asked row is not the tenant's. Callers use [`change_outbox_with`].
    async fn change_outbox(
        &self,
        tenant: Tenant,
        ask: OutboxAsk,
        decide: Box<OutboxDecide<'static>>,
    ) -> Result<ChangeOutcome, StoreError>;
    /// Reads an endpoint.
    async fn endpoint(&self, tenant: Tenant, id: WebhookEndpointId) -> Result<Option<WebhookEndpoint>, StoreError>;
    /// Reads a page of endpoints.
    async fn endpoints(
        &self,
        tenant: Tenant,
        page: PageAsk<WebhookEndpointId>,
    ) -> Result<Page<WebhookEndpoint>, StoreError>;

    /// Reads an event.
    async fn event(&self, tenant: Tenant, id: EventId) -> Result<Option<Event>, StoreError>;
    /// Reads a page of events.
    async fn events(
        &self,
        tenant: Tenant,
        filter: &EventFilter,
        page: PageAsk<EventId>,
    ) -> Result<Page<Event>, StoreError>;

    /// Reads a delivery with its tries, oldest first.
    async fn delivery(
        &self,
        tenant: Tenant,
        id: DeliveryId,
    ) -> Result<Option<(Delivery, Vec<DeliveryAttempt>)>, StoreError>;
    /// Reads a page of deliveries with their tries.
    async fn deliveries(
        &self,
        tenant: Tenant,
        filter: &DeliveryFilter,
        page: PageAsk<DeliveryId>,
    ) -> Result<Page<(Delivery, Vec<DeliveryAttempt>)>, StoreError>;

    /// Takes due deliveries of enabled endpoints. Of one checkout's events to one endpoint the earliest pending one goes
    /// first, and the next only when it is settled or overtakable.
    async fn lease_deliveries(&self, ask: &LeaseAsk) -> Result<Vec<LeasedDelivery>, StoreError>;
    /// Writes results and ends their leases. A result whose lease was lost to another worker, or whose delivery was resent
    /// since, is written to the log all the same; `Delivered` always counts. So a resend during a try goes out when that
    /// has failed, at the latest.
    async fn settle_deliveries(&self, owner: &str, tried: Vec<TriedDelivery>) -> Result<(), StoreError>;
    /// Ends every lease of a process that stops, without a try.
    async fn release_deliveries(&self, owner: &str) -> Result<(), StoreError>;
    /// When the next delivery of an enabled endpoint is due; none when nothing is pending.
    async fn next_delivery_at(&self) -> Result<Option<Timestamp>, StoreError>;
    /// Goes on with what takes long: events of recoveries that were asked for, and pending deliveries of endpoints that
    /// were removed, which end; at most `batch` of both, says how many.
    async fn recover_some(&self, now: Timestamp, batch: u32) -> Result<u64, StoreError>;
    /// Deletes events older than this that no enabled endpoint waits for, with their deliveries and tries, a batch at a
    /// time; says how many. What was pending for an endpoint that is switched off ends with them, and what waited behind
    /// that moves up.
    async fn trim_events(&self, before: Timestamp, batch: u32) -> Result<u64, StoreError>;
    /// Completes when a delivery may have become due through a change, here or in another process. May complete for
    /// nothing; a worker that misses one looks again by itself.
    async fn delivery_work(&self);
}

/// [`Outbox::change_outbox`] with a result handed out of the decision; `None` when it did not run.
pub async fn change_outbox_with<T: Send + 'static>(
    outbox: &dyn Outbox,
    tenant: Tenant,
    ask: OutboxAsk,
    mut decide: impl FnMut(OutboxLoaded<'_>) -> (OutboxChange, T) + Send + 'static,
) -> Result<(ChangeOutcome, Option<T>), StoreError> {
    let slot = Arc::new(Mutex::new(None));
    let filled = Arc::clone(&slot);
    let decide = Box::new(move |loaded: OutboxLoaded<'_>| {
        let (change, result) = decide(loaded);
        *filled.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        change
    });
    let outcome = outbox.change_outbox(tenant, ask, decide).await?;
    let result = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok((outcome, result))
}

/// One database under its two traits: what opening it hands out.
#[derive(Clone)]
pub struct Database {
    /// Checkouts and all that belongs to them.
    pub store: Arc<dyn Store>,
    /// Events and their way out.
    pub outbox: Arc<dyn Outbox>,
}

impl Database {
    /// Both sides of one store.
    pub fn of<S: Store + Outbox + 'static>(store: Arc<S>) -> Self {
        Self { store: Arc::<S>::clone(&store), outbox: store }
    }
}
