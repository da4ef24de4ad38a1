//! An outbox in memory, with the rules of the trait and faults on demand.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use lendport_core::{
    Delivery, DeliveryAttempt, DeliveryId, DeliveryState, EndpointState, Event, EventId, WebhookEndpoint,
    WebhookEndpointId,
};
use lendport_storage::{
    AfterTry, Audience, ChangeOutcome, DeliveryFilter, EventFilter, LeaseAsk, LeasedDelivery, Outbox, OutboxAsk,
    OutboxDecide, OutboxLoaded, Page, PageAsk, StoreError, Tenant, TriedDelivery,
};
use lendport_testkit::SeededIds;
use tokio::sync::Notify;

#[derive(Clone)]
pub struct EndpointRow {
    pub tenant: Tenant,
    pub endpoint: WebhookEndpoint,
    pub accepted_at: Option<Timestamp>,
}

#[derive(Clone)]
pub struct DeliveryRow {
    pub tenant: Tenant,
    pub delivery: Delivery,
    pub event: Event,
    pub tries: Vec<DeliveryAttempt>,
    pub overtakable: bool,
    pub lease: Option<(String, Timestamp)>,
}

#[derive(Default)]
struct Rows {
    endpoints: Vec<EndpointRow>,
    deliveries: Vec<DeliveryRow>,
}

#[derive(Default)]
pub struct FakeOutbox {
    rows: Mutex<Rows>,
    ids: SeededIds,
    work: Notify,
    /// How many of the next settlements fail, and how.
    pub settlements_fail: AtomicU32,
    /// Results written one transaction each.
    pub settlements: AtomicU32,
    /// A delivery whose result cannot be written.
    pub poisoned: Mutex<Option<DeliveryId>>,
}

fn not_here<T>() -> Result<T, StoreError> {
    Err(StoreError::Database("not in this fake".to_owned()))
}

impl FakeOutbox {
    pub fn add(&self, tenant: Tenant, endpoint: WebhookEndpoint) {
        self.rows.lock().unwrap().endpoints.push(EndpointRow { tenant, endpoint, accepted_at: None });
    }

    pub fn alter(&self, id: WebhookEndpointId, alter: impl FnOnce(&mut WebhookEndpoint)) {
        let mut rows = self.rows.lock().unwrap();
        alter(&mut rows.endpoints.iter_mut().find(|row| row.endpoint.id == id).unwrap().endpoint);
    }

    pub fn endpoint_now(&self, id: WebhookEndpointId) -> WebhookEndpoint {
        let rows = self.rows.lock().unwrap();
        rows.endpoints.iter().find(|row| row.endpoint.id == id).unwrap().endpoint.clone()
    }

    /// Writes an event with its deliveries.
    pub fn tell(&self, tenant: Tenant, event: &Event, audience: Audience) {
        Self::write(&mut self.rows.lock().unwrap(), &self.ids, tenant, event, audience);
        self.work.notify_one();
    }

    fn write(rows: &mut Rows, ids: &SeededIds, tenant: Tenant, event: &Event, audience: Audience) {
        let told = rows.endpoints.iter().filter(|row| row.tenant == tenant).map(|row| &row.endpoint);
        let told = told.filter(|endpoint| match audience {
            Audience::Subscribed => endpoint.wants(event.kind),
            Audience::Only(id) => endpoint.id == id && endpoint.state == EndpointState::Enabled,
        });
        for id in told.map(|endpoint| endpoint.id).collect::<Vec<_>>() {
            let delivery = Delivery {
                id: DeliveryId::mint(ids),
                endpoint: id,
                event: event.id,
                kind: event.kind,
                checkout: event.about.checkout(),
                state: DeliveryState::Pending,
                tries: 0,
                next_at: Some(event.created_at),
                created_at: event.created_at,
                updated_at: event.created_at,
            };
            let event = event.clone();
            rows.deliveries.push(DeliveryRow {
                tenant,
                delivery,
                event,
                tries: Vec::new(),
                overtakable: false,
                lease: None,
            });
        }
    }

    pub fn all_delivered(&self, endpoint: WebhookEndpointId) -> bool {
        self.deliveries_to(endpoint).iter().all(|row| row.delivery.state == DeliveryState::Delivered)
    }

    pub fn deliveries_to(&self, endpoint: WebhookEndpointId) -> Vec<DeliveryRow> {
        let rows = self.rows.lock().unwrap();
        rows.deliveries.iter().filter(|row| row.delivery.endpoint == endpoint).cloned().collect()
    }
}

#[async_trait]
impl Outbox for FakeOutbox {
    async fn change_outbox(
        &self,
        tenant: Tenant,
        ask: OutboxAsk,
        mut decide: Box<OutboxDecide<'static>>,
    ) -> Result<ChangeOutcome, StoreError> {
        let mut rows = self.rows.lock().unwrap();
        let found = rows.endpoints.iter().position(|row| row.tenant == tenant && Some(row.endpoint.id) == ask.endpoint);
        let Some(at) = found else { return Ok(ChangeOutcome::NotFound) };
        let endpoint = rows.endpoints[at].endpoint.clone();
        let change = decide(OutboxLoaded { endpoint: Some(&endpoint), delivery: None, endpoints: 1 });
        if change.abort {
            return Ok(ChangeOutcome::Done);
        }
        if let Some(changed) = change.endpoint {
            rows.endpoints[at].endpoint = changed;
        }
        for (event, audience) in &change.events {
            Self::write(&mut rows, &self.ids, tenant, event, *audience);
        }
        self.work.notify_one();
        Ok(ChangeOutcome::Done)
    }

    async fn lease_deliveries(&self, ask: &LeaseAsk) -> Result<Vec<LeasedDelivery>, StoreError> {
        let mut rows = self.rows.lock().unwrap();
        let Rows { endpoints, deliveries } = &mut *rows;
        let mut taken: Vec<LeasedDelivery> = Vec::new();
        for at in 0..deliveries.len() {
            let row = &deliveries[at];
            let to = endpoints.iter().find(|to| to.endpoint.id == row.delivery.endpoint).unwrap();
            let most = *ask.rooms.get(&to.endpoint.id).unwrap_or(&ask.per_endpoint);
            let apart = ask.apart.contains(&to.endpoint.id);
            let merchant = row.tenant.merchant;
            let of_merchant = *ask.merchants.get(&merchant).unwrap_or(&ask.per_merchant);
            let counts =
                |one: &&LeasedDelivery| one.tenant.merchant == merchant && !ask.apart.contains(&one.endpoint.id);
            let theirs = taken.iter().filter(counts).count();
            let here = taken.iter().filter(|one| one.endpoint.id == to.endpoint.id).count();
            let pending = |row: &DeliveryRow| row.delivery.state == DeliveryState::Pending;
            let waits = deliveries[..at].iter().any(|earlier| {
                pending(earlier)
                    && !earlier.overtakable
                    && earlier.delivery.endpoint == row.delivery.endpoint
                    && earlier.delivery.checkout.is_some()
                    && earlier.delivery.checkout == row.delivery.checkout
            });
            let due = pending(row)
                && row.delivery.next_at.is_some_and(|at| at <= ask.now)
                && row.lease.as_ref().is_none_or(|(_, until)| *until <= ask.now)
                && to.endpoint.state == EndpointState::Enabled;
            let room =
                taken.len() < ask.limit as usize && here < most as usize && (apart || theirs < of_merchant as usize);
            if due && room && !waits {
                taken.push(LeasedDelivery {
                    tenant: row.tenant,
                    delivery: row.delivery.clone(),
                    endpoint: Arc::new(to.endpoint.clone()),
                    event: row.event.clone(),
                    tried_at: row.tries.last().map(|last| last.started_at),
                    endpoint_accepted_at: to.accepted_at,
                });
                deliveries[at].lease = Some((ask.owner.clone(), ask.until));
            }
        }
        Ok(taken)
    }

    async fn settle_deliveries(&self, owner: &str, tried: Vec<TriedDelivery>) -> Result<(), StoreError> {
        let more = |left: u32| left.checked_sub(1);
        if self.settlements_fail.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).is_ok() {
            return Err(StoreError::Unavailable("down".to_owned()));
        }
        let poisoned = *self.poisoned.lock().unwrap();
        if tried.iter().any(|one| Some(one.delivery) == poisoned) {
            return Err(StoreError::Database("poisoned".to_owned()));
        }
        self.settlements.fetch_add(1, Ordering::SeqCst);
        let mut rows = self.rows.lock().unwrap();
        for one in tried {
            let row = rows.deliveries.iter_mut().find(|row| row.delivery.id == one.delivery).unwrap();
            let at = one.attempt.started_at;
            row.tries.push(one.attempt);
            let holds = row.lease.take_if(|(holder, _)| holder == owner).is_some();
            if holds || one.after == AfterTry::Delivered {
                row.delivery.tries += 1;
                (row.delivery.state, row.delivery.next_at, row.overtakable) = match one.after {
                    AfterTry::Delivered => (DeliveryState::Delivered, None, false),
                    AfterTry::Failed => (DeliveryState::Failed, None, false),
                    AfterTry::Retry { at, overtakable } => (DeliveryState::Pending, Some(at), overtakable),
                };
            }
            let to = rows.endpoints.iter_mut().find(|to| to.endpoint.id == one.endpoint).unwrap();
            if one.after == AfterTry::Delivered {
                (to.accepted_at, to.endpoint.failing_since) = (Some(at), None);
            } else {
                to.endpoint.failing_since.get_or_insert(at);
            }
        }
        Ok(())
    }

    async fn release_deliveries(&self, owner: &str) -> Result<(), StoreError> {
        for row in &mut self.rows.lock().unwrap().deliveries {
            row.lease.take_if(|(holder, _)| holder == owner);
        }
        Ok(())
    }

    async fn next_delivery_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let rows = self.rows.lock().unwrap();
        Ok(rows.deliveries.iter().filter_map(|row| row.delivery.next_at).min())
    }

    async fn recover_some(&self, _: Timestamp, _: u32) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn delivery_work(&self) {
        self.work.notified().await;
    }

    async fn endpoint(&self, _: Tenant, _: WebhookEndpointId) -> Result<Option<WebhookEndpoint>, StoreError> {
        not_here()
    }

    async fn endpoints(&self, _: Tenant, _: PageAsk<WebhookEndpointId>) -> Result<Page<WebhookEndpoint>, StoreError> {
        not_here()
    }

    async fn event(&self, _: Tenant, _: EventId) -> Result<Option<Event>, StoreError> {
        not_here()
    }

    async fn events(&self, _: Tenant, _: &EventFilter, _: PageAsk<EventId>) -> Result<Page<Event>, StoreError> {
        not_here()
    }

    async fn delivery(
        &self,
        tenant: Tenant,
        id: DeliveryId,
    ) -> Result<Option<(Delivery, Vec<DeliveryAttempt>)>, StoreError> {
        let rows = self.rows.lock().unwrap();
        let found = rows.deliveries.iter().find(|row| row.tenant == tenant && row.delivery.id == id);
        Ok(found.map(|row| (row.delivery.clone(), row.tries.clone())))
    }

    async fn deliveries(
        &self,
        _: Tenant,
        _: &DeliveryFilter,
        _: PageAsk<DeliveryId>,
    ) -> Result<Page<(Delivery, Vec<DeliveryAttempt>)>, StoreError> {
        not_here()
    }

    async fn trim_events(&self, _: Timestamp, _: u32) -> Result<u64, StoreError> {
        not_here()
    }
}
