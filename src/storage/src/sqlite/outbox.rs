//! The other trait, method by method.

use async_trait::async_trait;
use jiff::Timestamp;
use lendport_core::{Delivery, DeliveryAttempt, DeliveryId, Event, EventId, WebhookEndpoint, WebhookEndpointId};

use super::SqliteStore;
use crate::error::StoreError;
use crate::outbox::{LeaseAsk, LeasedDelivery, Outbox, OutboxAsk, OutboxDecide, TriedDelivery};
use crate::page::{DeliveryFilter, EventFilter, Page, PageAsk};
use crate::store::ChangeOutcome;
use crate::tenant::Tenant;

fn next<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("next commit".to_owned()))
}

#[async_trait]
impl Outbox for SqliteStore {
    async fn change_outbox(
        &self,
        _: Tenant,
        _: OutboxAsk,
        _: Box<OutboxDecide<'static>>,
    ) -> Result<ChangeOutcome, StoreError> {
        next()
    }
    async fn endpoint(&self, _: Tenant, _: WebhookEndpointId) -> Result<Option<WebhookEndpoint>, StoreError> {
        next()
    }
    async fn endpoints(&self, _: Tenant, _: PageAsk<WebhookEndpointId>) -> Result<Page<WebhookEndpoint>, StoreError> {
        next()
    }
    async fn event(&self, _: Tenant, _: EventId) -> Result<Option<Event>, StoreError> {
        next()
    }
    async fn events(&self, _: Tenant, _: &EventFilter, _: PageAsk<EventId>) -> Result<Page<Event>, StoreError> {
        next()
    }
    async fn delivery(&self, _: Tenant, _: DeliveryId) -> Result<Option<(Delivery, Vec<DeliveryAttempt>)>, StoreError> {
        next()
    }
    async fn deliveries(
        &self,
        _: Tenant,
        _: &DeliveryFilter,
        _: PageAsk<DeliveryId>,
    ) -> Result<Page<(Delivery, Vec<DeliveryAttempt>)>, StoreError> {
        next()
    }
    async fn lease_deliveries(&self, _: &LeaseAsk) -> Result<Vec<LeasedDelivery>, StoreError> {
        next()
    }
    async fn settle_deliveries(&self, _: &str, _: Vec<TriedDelivery>) -> Result<(), StoreError> {
        next()
    }
    async fn release_deliveries(&self, _: &str) -> Result<(), StoreError> {
        next()
    }
    async fn next_delivery_at(&self) -> Result<Option<Timestamp>, StoreError> {
        next()
    }
    async fn recover_some(&self, _: Timestamp, _: u32) -> Result<u64, StoreError> {
        next()
    }
    async fn trim_events(&self, _: Timestamp, _: u32) -> Result<u64, StoreError> {
        next()
    }
    async fn delivery_work(&self) {
        std::future::pending().await
    }
}
