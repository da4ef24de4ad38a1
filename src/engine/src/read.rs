//! Reading: one checkout, a page of them, everything that happened to one, and what needs a person.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use lendport_core::{AttentionId, CheckoutId};
use lendport_storage::{AttentionFilter, AttentionItem, CheckoutFilter, Page, PageAsk, Tenant};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::view::{AttemptView, AttentionView, CheckoutView, EventView, TimelineEntry, timeline_of};

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

    /// Reads a page of items for a person, newest first, each with the sums of its attempt.
    pub async fn attention(
        &self,
        tenant: Tenant,
        filter: &AttentionFilter,
        page: PageAsk<AttentionId>,
    ) -> Result<Page<AttentionView>, EngineError> {
        let page = self.store.attention(tenant, filter, page).await?;
        let mut records = BTreeMap::new();
        for item in &page.rows {
            if let Entry::Vacant(unread) = records.entry(item.checkout) {
                unread.insert(self.store.checkout(tenant, item.checkout).await?);
            }
        }
        let about = |item: &AttentionItem| records.get(&item.checkout).and_then(Option::as_ref);
        let rows = page.rows.iter().map(|item| self.item_view(item, about(item)));
        Ok(Page { rows: rows.collect::<Result<_, EngineError>>()?, has_more: page.has_more })
    }

    /// Reads one item.
    pub async fn attention_item(&self, tenant: Tenant, id: AttentionId) -> Result<AttentionView, EngineError> {
        let item = self.store.attention_item(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let record = self.store.checkout(tenant, item.checkout).await?;
        self.item_view(&item, record.as_ref())
    }
}
