//! Which deliveries a worker gets.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lendport_core::{DeliveryId, MerchantId, WebhookEndpointId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::cell::{Cells, time};
use super::delivery_rows;
use super::endpoint_rows::KnownEndpoint;
use super::event_rows;
use super::fault::{Done, Fault};
use super::leases::Leases;
use super::memory::{Memory, View};
use crate::error::StoreError;
use crate::outbox::{LeaseAsk, LeasedDelivery};
use crate::tenant::Tenant;
use crate::vault::Vault;

/// How long a delivery that cannot be read is left alone.
const UNREADABLE_REST: SignedDuration = SignedDuration::from_hours(1);

/// A connection that reads, with what a lease needs.
#[derive(Clone, Copy)]
pub(crate) struct Leasing<'a> {
    pub(crate) db: &'a Connection,
    pub(crate) vault: &'a Vault,
    pub(crate) memory: &'a Memory,
    pub(crate) view: View,
}

impl Leasing<'_> {
    /// Hands out due deliveries, endpoint by endpoint, beginning after the one that was served last.
    pub(crate) fn lease(self, ask: &LeaseAsk) -> Done<Vec<LeasedDelivery>> {
        let mut turn = self.memory.turn();
        // Copied before the first statement: a lease that ended earlier has its result in what this transaction sees,
        // and one that ends meanwhile still counts.
        let mut leases = {
            let mut leases = self.memory.leases();
            leases.end_old(ask.now);
            leases.clone()
        };
        let owner: Arc<str> = Arc::from(ask.owner.as_str());
        let limit = usize::try_from(ask.limit).unwrap_or(usize::MAX);
        let (mut taken, begin) = (Taken::default(), *turn);
        let (mut after, mut wrapped) = (begin, false);
        while taken.all.len() < limit {
            match self.next_endpoint(after)? {
                Some((endpoint, _)) if wrapped && endpoint > begin => break,
                Some((endpoint, first)) => {
                    after = endpoint;
                    if first <= time(ask.now) {
                        self.of_endpoint(&mut leases, endpoint, ask, &owner, limit, &mut taken)?;
                        *turn = endpoint;
                    }
                }
                None if wrapped => break,
                None => (after, wrapped) = (0, true),
            }
        }
        // Whoever had no place left of its merchant's is the first of them next time. Where the limit left others without, they
        // are.
        if let Some(first) = taken.passed_over.filter(|_| taken.all.len() < limit) {
            *turn = first - 1;
        }
        Ok(taken.all)
    }

    fn of_endpoint(
        self,
        leases: &mut Leases,
        pk: i64,
        ask: &LeaseAsk,
        owner: &Arc<str>,
        limit: usize,
        taken: &mut Taken,
    ) -> Done<()> {
        let Some((tenant, endpoint)) = self.known(pk)? else { return Ok(()) };
        if !endpoint.can_be_tried() {
            return Ok(());
        }
        let room = taken.room(ask, tenant.merchant, endpoint.endpoint.id).min(limit.saturating_sub(taken.all.len()));
        if room == 0 {
            if taken.has_used_up(tenant.merchant) {
                taken.passed_over.get_or_insert(pk);
            }
            return Ok(());
        }
        let mut found = 0;
        for (id, _) in self.due(leases, pk, Some(ask.now), room)? {
            match self.read(tenant, &endpoint, id) {
                Ok(Some(leased)) => {
                    let changed = leased.delivery.updated_at;
                    leases.take(pk, (id, changed), owner, ask.until);
                    self.memory.leases().take(pk, (id, changed), owner, ask.until);
                    taken.all.push(leased);
                    found += 1;
                }
                Ok(None) => {}
                Err(Fault(error)) => {
                    tracing::error!(delivery = %id, %error, "a delivery cannot be read");
                    let rest = ask.now.saturating_add(UNREADABLE_REST).unwrap_or(ask.until);
                    self.memory.leases().take(pk, (id, ask.now), &Arc::from(""), rest);
                }
            }
            if found == room {
                break;
            }
        }
        if !ask.apart.contains(&endpoint.endpoint.id) {
            *taken.of.entry(tenant.merchant).or_default() += found;
        }
        Ok(())
    }

    /// When the next delivery of an enabled endpoint is due, or a lease ends.
    pub(crate) fn next_at(self) -> Done<Option<Timestamp>> {
        let leases = self.memory.leases().clone();
        let mut next = leases.first_end();
        let mut after = 0;
        while let Some((pk, _)) = self.next_endpoint(after)? {
            after = pk;
            if let Some((_, endpoint)) = self.known(pk)?
                && endpoint.can_be_tried()
                && let Some((_, due)) = self.due(&leases, pk, None, 1)?.first()
            {
                next = Some(next.map_or(*due, |known| known.min(*due)));
            }
        }
        Ok(next)
    }

    /// None when nothing of its row can be read; the others are served all the same.
    fn known(self, pk: i64) -> Done<Option<(Tenant, Arc<KnownEndpoint>)>> {
        match self.memory.endpoint(self.db, self.vault, self.view, pk) {
            Ok(known) => Ok(Some(known)),
            Err(Fault(StoreError::BadRow { .. })) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// The first endpoint after this one that has deliveries which wait for nothing but time, and when the first is due.
    fn next_endpoint(self, after: i64) -> Done<Option<(i64, i64)>> {
        let sql = "SELECT endpoint, next_at FROM deliveries INDEXED BY deliveries_due
                   WHERE state = 'pending' AND waits = 0 AND endpoint > ?1 ORDER BY endpoint, next_at LIMIT 1";
        Ok(self.db.prepare_cached(sql)?.query_row([after], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    /// Deliveries of an endpoint that nobody has, first due first.
    fn due(
        self,
        leases: &Leases,
        endpoint: i64,
        until: Option<Timestamp>,
        wanted: usize,
    ) -> Done<Vec<(DeliveryId, Timestamp)>> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, next_at FROM deliveries INDEXED BY deliveries_due
             WHERE endpoint = ?1 AND state = 'pending' AND waits = 0 AND next_at <= ?2 ORDER BY next_at LIMIT ?3",
        )?;
        let limit = i64::try_from(wanted.saturating_add(leases.of_endpoint(endpoint))).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![endpoint, until.map_or(i64::MAX, time), limit])?;
        let mut found = Vec::new();
        while found.len() < wanted
            && let Some(row) = rows.next()?
        {
            let cells = Cells::of::<DeliveryId>("deliveries", row);
            let id = cells.id("id")?;
            if !leases.is_held(endpoint, id) {
                found.push((id, cells.time("next_at")?));
            }
        }
        Ok(found)
    }

    fn read(self, tenant: Tenant, endpoint: &Arc<KnownEndpoint>, id: DeliveryId) -> Done<Option<LeasedDelivery>> {
        let Some((event, delivery)) = delivery_rows::find(self.db, endpoint, id)? else { return Ok(None) };
        let Some(told) = event_rows::by_key(self.db, event)? else { return Ok(None) };
        Ok(Some(LeasedDelivery {
            tenant,
            delivery,
            endpoint: Arc::clone(&endpoint.endpoint),
            event: told,
            tried_at: delivery_rows::tried_at(self.db, event, endpoint.pk)?,
            endpoint_accepted_at: endpoint.accepted_at,
        }))
    }
}

/// What one question gets.
#[derive(Default)]
struct Taken {
    all: Vec<LeasedDelivery>,
    /// How much of it counts for its merchant.
    of: HashMap<MerchantId, usize>,
    /// The first endpoint that got nothing because others of its merchant did.
    passed_over: Option<i64>,
}

impl Taken {
    fn has_used_up(&self, merchant: MerchantId) -> bool {
        self.of.get(&merchant).is_some_and(|taken| *taken > 0)
    }

    fn room(&self, ask: &LeaseAsk, merchant: MerchantId, endpoint: WebhookEndpointId) -> usize {
        let number = |room: u32| usize::try_from(room).unwrap_or(usize::MAX);
        let of_endpoint = number(*ask.rooms.get(&endpoint).unwrap_or(&ask.per_endpoint));
        if ask.apart.contains(&endpoint) {
            return of_endpoint;
        }
        let of_merchant = number(*ask.merchants.get(&merchant).unwrap_or(&ask.per_merchant));
        of_endpoint.min(of_merchant.saturating_sub(self.of.get(&merchant).copied().unwrap_or(0)))
    }
}
