//! What merchants were told, to read for themselves.

use lendport_core::EventId;
use lendport_storage::{EventFilter, Page, PageAsk, Tenant};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::view::event_text;

impl Engine {
    /// Reads one event: the document that endpoints are sent, as JSON text.
    pub async fn read_event(&self, tenant: Tenant, id: EventId) -> Result<String, EngineError> {
        let event = self.outbox.event(tenant, id).await?.ok_or(EngineError::NotFound)?;
        event_text(&event, tenant.mode)
    }

    /// Reads a page of events, newest first, each with its id.
    pub async fn list_events(
        &self,
        tenant: Tenant,
        filter: &EventFilter,
        page: PageAsk<EventId>,
    ) -> Result<Page<(EventId, String)>, EngineError> {
        let page = self.outbox.events(tenant, filter, page).await?;
        let document = |event: &lendport_core::Event| Ok((event.id, event_text(event, tenant.mode)?));
        let rows = page.rows.iter().map(document).collect::<Result<_, EngineError>>()?;
        Ok(Page { rows, has_more: page.has_more })
    }
}
