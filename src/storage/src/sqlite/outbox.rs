//! The other trait, method by method.

use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use lendport_core::{Delivery, DeliveryAttempt, DeliveryId, Event, EventId, WebhookEndpoint, WebhookEndpointId};
use rusqlite::Connection;

use super::apply::Writing;
use super::fault::Done;
use super::lease::Leasing;
use super::memory::KnownTenant;
use super::{SqliteStore, delivery_pages, endpoint_rows, event_pages, event_rows, recover, trim_events};
use crate::error::StoreError;
use crate::outbox::{LeaseAsk, LeasedDelivery, Outbox, OutboxAsk, OutboxDecide, TriedDelivery};
use crate::page::{DeliveryFilter, EventFilter, Page, PageAsk};
use crate::store::ChangeOutcome;
use crate::tenant::Tenant;
use crate::vault::Vault;

impl SqliteStore {
    /// Reads something of a tenant; `nothing` where it never had an event or an endpoint.
    pub(super) async fn read_of<T: Send + 'static>(
        &self,
        tenant: Tenant,
        nothing: T,
        work: impl FnOnce(&Connection, &Vault, &KnownTenant) -> Done<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (vault, memory) = (self.vault.clone(), Arc::clone(&self.memory));
        self.read(move |db| {
            let view = memory.view();
            match memory.tenant(db, &vault, view, tenant)? {
                Some(known) => work(db, &vault, &known),
                None => Ok(nothing),
            }
        })
        .await
    }

    async fn lease<T: Send + 'static>(
        &self,
        work: impl FnOnce(Leasing<'_>) -> Done<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (vault, memory) = (self.vault.clone(), Arc::clone(&self.memory));
        self.read(move |db| work(Leasing { db, vault: &vault, memory: &memory, view: memory.view() })).await
    }
}

fn nothing<T>() -> Page<T> {
    Page { rows: Vec::new(), has_more: false }
}

#[async_trait]
impl Outbox for SqliteStore {
    async fn change_outbox(
        &self,
        tenant: Tenant,
        ask: OutboxAsk,
        mut decide: Box<OutboxDecide<'static>>,
    ) -> Result<ChangeOutcome, StoreError> {
        let (vault, memory) = (self.vault.clone(), Arc::clone(&self.memory));
        self.write(move |db| Writing { db, vault: &vault, memory: &memory, tenant }.change_outbox(&ask, &mut *decide))
            .await
    }

    async fn endpoint(&self, tenant: Tenant, id: WebhookEndpointId) -> Result<Option<WebhookEndpoint>, StoreError> {
        self.read_of(tenant, None, move |db, vault, known| {
            let found = endpoint_rows::find(db, vault, known.pk, id)?;
            Ok(found.map(|known| Arc::unwrap_or_clone(known.endpoint)))
        })
        .await
    }

    async fn endpoints(
        &self,
        tenant: Tenant,
        page: PageAsk<WebhookEndpointId>,
    ) -> Result<Page<WebhookEndpoint>, StoreError> {
        self.read_of(tenant, nothing(), move |db, vault, known| endpoint_rows::page(db, vault, known.pk, page)).await
    }

    async fn event(&self, tenant: Tenant, id: EventId) -> Result<Option<Event>, StoreError> {
        self.read_of(tenant, None, move |db, _, known| Ok(event_rows::find(db, known.pk, id)?.map(|(_, event)| event)))
            .await
    }

    async fn events(
        &self,
        tenant: Tenant,
        filter: &EventFilter,
        page: PageAsk<EventId>,
    ) -> Result<Page<Event>, StoreError> {
        let filter = filter.clone();
        self.read_of(tenant, nothing(), move |db, _, known| event_pages::events(db, tenant, known.pk, &filter, page))
            .await
    }

    async fn delivery(
        &self,
        tenant: Tenant,
        id: DeliveryId,
    ) -> Result<Option<(Delivery, Vec<DeliveryAttempt>)>, StoreError> {
        self.read_of(tenant, None, move |db, vault, known| delivery_pages::delivery(db, vault, known, id)).await
    }

    async fn deliveries(
        &self,
        tenant: Tenant,
        filter: &DeliveryFilter,
        page: PageAsk<DeliveryId>,
    ) -> Result<Page<(Delivery, Vec<DeliveryAttempt>)>, StoreError> {
        let filter = filter.clone();
        self.read_of(tenant, nothing(), move |db, vault, known| {
            delivery_pages::deliveries(db, vault, known, &filter, page)
        })
        .await
    }

    async fn lease_deliveries(&self, ask: &LeaseAsk) -> Result<Vec<LeasedDelivery>, StoreError> {
        let ask = ask.clone();
        self.lease(move |leasing| leasing.lease(&ask)).await
    }

    async fn settle_deliveries(&self, owner: &str, tried: Vec<TriedDelivery>) -> Result<(), StoreError> {
        let (vault, memory, name) = (self.vault.clone(), Arc::clone(&self.memory), owner.to_owned());
        let ended = self
            .write(move |db| {
                let mut ended = Vec::with_capacity(tried.len());
                for one in &tried {
                    let writing = Writing { db, vault: &vault, memory: &memory, tenant: one.tenant };
                    ended.extend(writing.settle(&name, one)?.map(|settled| (settled, one.delivery, one.leased)));
                }
                Ok(ended)
            })
            .await?;
        // After the commit: whoever asks for work from here on sees the results.
        let mut due = false;
        for (settled, delivery, leased) in ended {
            self.memory.leases().end(settled.endpoint, delivery, owner, leased);
            due |= !settled.counts;
        }
        if due {
            // One that was resent during its try goes only now.
            self.memory.wake();
        }
        Ok(())
    }

    async fn release_deliveries(&self, owner: &str) -> Result<(), StoreError> {
        self.memory.leases().end_all(owner);
        self.memory.wake();
        Ok(())
    }

    async fn next_delivery_at(&self) -> Result<Option<Timestamp>, StoreError> {
        self.lease(|leasing| leasing.next_at()).await
    }

    async fn recover_some(&self, now: Timestamp, batch: u32) -> Result<u64, StoreError> {
        let (vault, memory) = (self.vault.clone(), Arc::clone(&self.memory));
        self.write(move |db| recover::some(db, &vault, &memory, now, batch)).await
    }

    async fn trim_events(&self, before: Timestamp, batch: u32) -> Result<u64, StoreError> {
        let memory = Arc::clone(&self.memory);
        let doomed = self
            .read(move |db| {
                let mut cursor = memory.trimmed.lock().unwrap_or_else(PoisonError::into_inner);
                trim_events::find(db, &mut cursor, before, batch)
            })
            .await?;
        self.write(move |db| trim_events::delete(db, &doomed)).await
    }

    async fn delivery_work(&self) {
        self.memory.work().await;
    }
}
