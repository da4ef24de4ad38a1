//! The other trait, method by method.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use deadpool_postgres::Object;
use jiff::Timestamp;
use lendport_core::{Delivery, DeliveryAttempt, DeliveryId, Event, EventId, WebhookEndpoint, WebhookEndpointId};

use super::connection::Transaction;
use super::outbox_apply::Writing;
use super::trim_events::TrimCursor;
use super::{PostgresStore, delivery_pages, endpoint_rows, event_pages, lease, pages, recover, settle, trim_events};
use crate::error::StoreError;
use crate::outbox::{LeaseAsk, LeasedDelivery, Outbox, OutboxAsk, OutboxDecide, TriedDelivery};
use crate::page::{DeliveryFilter, EventFilter, Page, PageAsk};
use crate::store::ChangeOutcome;
use crate::tenant::Tenant;

#[async_trait]
impl Outbox for PostgresStore {
    async fn change_outbox(
        &self,
        tenant: Tenant,
        ask: OutboxAsk,
        decide: Box<OutboxDecide<'static>>,
    ) -> Result<ChangeOutcome, StoreError> {
        let number = self.number_or_new(tenant).await?;
        let (vault, decide, ask) = (&self.session.vault, &Mutex::new(decide), &ask);
        let work = |held: Transaction| async move {
            let (outcome, wrote) = Writing { db: &held, vault, tenant, number }.change(ask, decide).await?;
            Ok((held, (outcome, wrote), wrote))
        };
        let (outcome, wrote) = self.session.once(work).await?;
        if wrote {
            self.session.wakeups.tell();
        }
        Ok(outcome)
    }

    async fn endpoint(&self, tenant: Tenant, id: WebhookEndpointId) -> Result<Option<WebhookEndpoint>, StoreError> {
        let Some(number) = self.number(tenant).await? else { return Ok(None) };
        let vault = &self.session.vault;
        let ask = |db: Object| async move { endpoint_rows::find(&db, vault, number, id, false).await };
        let found = self.session.repeatable(ask).await?;
        Ok(found.map(|known| std::sync::Arc::unwrap_or_clone(known.endpoint)))
    }

    async fn endpoints(
        &self,
        tenant: Tenant,
        page: PageAsk<WebhookEndpointId>,
    ) -> Result<Page<WebhookEndpoint>, StoreError> {
        let Some(number) = self.number(tenant).await? else { return Ok(pages::nothing()) };
        let vault = &self.session.vault;
        self.session.repeatable(|db| async move { endpoint_rows::page(&db, vault, number, page).await }).await
    }

    async fn event(&self, tenant: Tenant, id: EventId) -> Result<Option<Event>, StoreError> {
        let Some(number) = self.number(tenant).await? else { return Ok(None) };
        self.session.repeatable(|db| async move { event_pages::find(&db, number, id).await }).await
    }

    async fn events(
        &self,
        tenant: Tenant,
        filter: &EventFilter,
        page: PageAsk<EventId>,
    ) -> Result<Page<Event>, StoreError> {
        let Some(number) = self.number(tenant).await? else { return Ok(pages::nothing()) };
        self.session.repeatable(|db| async move { event_pages::events(&db, number, filter, page).await }).await
    }

    async fn delivery(
        &self,
        tenant: Tenant,
        id: DeliveryId,
    ) -> Result<Option<(Delivery, Vec<DeliveryAttempt>)>, StoreError> {
        let Some(number) = self.number(tenant).await? else { return Ok(None) };
        let vault = &self.session.vault;
        self.session.repeatable(|db| async move { delivery_pages::find(&db, vault, number, id).await }).await
    }

    async fn deliveries(
        &self,
        tenant: Tenant,
        filter: &DeliveryFilter,
        page: PageAsk<DeliveryId>,
    ) -> Result<Page<(Delivery, Vec<DeliveryAttempt>)>, StoreError> {
        let Some(number) = self.number(tenant).await? else { return Ok(pages::nothing()) };
        let vault = &self.session.vault;
        let ask = |db: Object| async move { delivery_pages::page(&db, vault, number, filter, page).await };
        self.session.repeatable(ask).await
    }

    async fn lease_deliveries(&self, ask: &LeaseAsk) -> Result<Vec<LeasedDelivery>, StoreError> {
        self.session.presence.enter(&ask.owner).await?;
        let (vault, turn) = (&self.session.vault, *self.turn.lock().unwrap_or_else(PoisonError::into_inner));
        let take = |held: Transaction| async move { lease::take(held, vault, ask, turn).await };
        let (taken, last) = self.session.in_transaction(take).await?;
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = last;
        Ok(taken)
    }

    async fn settle_deliveries(&self, owner: &str, tried: Vec<TriedDelivery>) -> Result<(), StoreError> {
        let mut numbered = Vec::with_capacity(tried.len());
        for one in tried {
            // A tenant without a number has no deliveries.
            if let Some(number) = self.number(one.tenant).await? {
                numbered.push((number, one));
            }
        }
        let vault = &self.session.vault;
        for piece in &settle::pieces(numbered) {
            let write = |held: Transaction| async move { settle::write(held, vault, owner, piece).await };
            self.session.in_transaction(write).await?;
        }
        self.session.wakeups.tell_here();
        Ok(())
    }

    async fn release_deliveries(&self, owner: &str) -> Result<(), StoreError> {
        if self.session.repeatable(|db| async move { lease::release(&db, owner).await }).await? > 0 {
            self.session.wakeups.tell();
        }
        Ok(())
    }

    async fn next_delivery_at(&self) -> Result<Option<Timestamp>, StoreError> {
        self.session.repeatable(|db| async move { lease::next_at(&db).await }).await
    }

    async fn recover_some(&self, now: Timestamp, batch: u32) -> Result<u64, StoreError> {
        let (mut left, mut looked_at) = (u64::from(batch), 0);
        while left > 0 {
            let wanted = i64::try_from(left).unwrap_or(i64::MAX);
            let go_on = |held: Transaction| async move { recover::some(held, now, wanted).await };
            let Some(some) = self.session.in_transaction(go_on).await? else { break };
            looked_at += some;
            left = left.saturating_sub(some);
        }
        if looked_at > 0 {
            self.session.wakeups.tell();
        }
        Ok(looked_at)
    }

    async fn trim_events(&self, before: Timestamp, batch: u32) -> Result<u64, StoreError> {
        let mut cursor = *self.trimmed.lock().unwrap_or_else(PoisonError::into_inner);
        let (began_at_start, mut deleted) = (cursor == TrimCursor::default(), 0);
        let mut wrapped = began_at_start;
        while deleted < u64::from(batch) {
            let left = i64::try_from(u64::from(batch).saturating_sub(deleted)).unwrap_or(i64::MAX);
            let some = |held: Transaction| async move { trim_events::some(held, cursor, before, left).await };
            let (gone, next) = self.session.in_transaction(some).await?;
            (deleted, cursor) = (deleted + gone, next);
            if cursor == TrimCursor::default() {
                // The end. What was passed over earlier may have been settled since: once more, if nothing was found.
                if wrapped || deleted > 0 {
                    break;
                }
                wrapped = true;
            }
        }
        *self.trimmed.lock().unwrap_or_else(PoisonError::into_inner) = cursor;
        Ok(deleted)
    }

    async fn delivery_work(&self) {
        self.session.wakeups.work().await;
    }
}
