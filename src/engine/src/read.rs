//! Reading: one checkout, a page of them, and everything that happened to one.

use lendport_core::CheckoutId;
use lendport_storage::{CheckoutFilter, Page, PageAsk, Tenant};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::view::{AttemptView, CheckoutView, EventView, TimelineEntry, timeline_of};

/// What a read shows beside the checkout itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expand {
    /// All attempts.
    pub attempts: bool,
    /// All events.
    pub events: bool,
}

impl Engine {
    /// Reads one checkout.
    pub async fn read_checkout(
        &self,
        tenant: Tenant,
        id: CheckoutId,
        expand: Expand,
    ) -> Result<CheckoutView, EngineError> {
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let mut view = self.view(&record)?;
        if expand.attempts {
            view.attempts = Some(record.attempts.iter().map(AttemptView::of).collect());
        }
        if expand.events {
            let timeline = self.store.timeline(tenant, id).await?.ok_or(EngineError::NotFound)?;
            view.events = Some(timeline.events.iter().map(EventView::of).collect());
        }
        Ok(view)
    }

    /// Reads a page of checkouts, newest first.
    pub async fn list_checkouts(
        &self,
        tenant: Tenant,
        filter: &CheckoutFilter,
        page: PageAsk<CheckoutId>,
    ) -> Result<Page<CheckoutView>, EngineError> {
        let page = self.store.checkouts(tenant, filter, page).await?;
        let rows = page.rows.iter().map(|record| self.view(record)).collect::<Result<_, _>>()?;
        Ok(Page { rows, has_more: page.has_more })
    }

    /// Reads everything that happened to a checkout, in order of time.
    pub async fn timeline(&self, tenant: Tenant, id: CheckoutId) -> Result<Vec<TimelineEntry>, EngineError> {
        let timeline = self.store.timeline(tenant, id).await?.ok_or(EngineError::NotFound)?;
        Ok(timeline_of(&timeline))
    }
}
