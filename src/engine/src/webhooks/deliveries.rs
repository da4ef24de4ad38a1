//! How far telling has come, try by try; and once more.

use lendport_core::{Delivery, DeliveryId, DeliveryState, EndpointState};
use lendport_storage::{DeliveryFilter, OutboxAsk, OutboxChange, Page, PageAsk, Tenant};

use super::refusal::EndpointRefusal;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::ticket::{Effect, Reply, Ticket};
use crate::view::DeliveryView;

impl Engine {
    /// Reads one delivery with its tries.
    pub async fn read_delivery(&self, tenant: Tenant, id: DeliveryId) -> Result<DeliveryView, EngineError> {
        let (delivery, tries) = self.outbox.delivery(tenant, id).await?.ok_or(EngineError::NotFound)?;
        Ok(DeliveryView::of(&delivery, &tries, tenant.mode))
    }

    /// Reads a page of deliveries with their tries, newest first.
    pub async fn list_deliveries(
        &self,
        tenant: Tenant,
        filter: &DeliveryFilter,
        page: PageAsk<DeliveryId>,
    ) -> Result<Page<DeliveryView>, EngineError> {
        let page = self.outbox.deliveries(tenant, filter, page).await?;
        let rows = page.rows.iter().map(|(delivery, tries)| DeliveryView::of(delivery, tries, tenant.mode)).collect();
        Ok(Page { rows, has_more: page.has_more })
    }

    /// Puts a delivery in the queue again, due now, whatever became of it.
    pub async fn resend_delivery(&self, tenant: Tenant, id: DeliveryId, ticket: Ticket) -> Result<Reply, EngineError> {
        let (_, tries) = self.outbox.delivery(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let clock = self.tools.clone().clock;
        let ask = OutboxAsk { delivery: Some(id), ..OutboxAsk::default() };
        self.answer_outbox(tenant, ask, ticket, move |loaded| {
            let old = loaded.delivery.ok_or(EngineError::NotFound)?;
            match loaded.endpoint.map(|endpoint| endpoint.state) {
                Some(EndpointState::Enabled) => {}
                Some(other) => return Err(EndpointRefusal::NotEnabled(other).into()),
                None => return Err(EndpointRefusal::Deleted.into()),
            }
            let now = clock.now();
            let state = DeliveryState::Pending;
            let queued = Delivery { state, tries: 0, next_at: Some(now), updated_at: now, ..old.clone() };
            let effect = Effect::Delivery(Box::new(DeliveryView::of(&queued, &tries, tenant.mode)));
            Ok((OutboxChange { resend_at: Some(now), ..OutboxChange::default() }, effect))
        })
        .await
    }
}
