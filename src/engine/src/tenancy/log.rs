//! Reading the audit log.

use lendport_core::AuditId;
use lendport_storage::{AuditFilter, Audited, Page, PageAsk};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::view::AuditView;

impl Engine {
    /// Reads a page of the audit log, newest first.
    pub async fn audit_log(
        &self,
        whose: Audited,
        filter: AuditFilter,
        page: PageAsk<AuditId>,
    ) -> Result<Page<AuditView>, EngineError> {
        let page = self.store.audit(whose, filter, page).await?;
        Ok(Page { rows: page.rows.iter().map(AuditView::of).collect(), has_more: page.has_more })
    }
}
