//! The merchant's routing profile: read, put, and the versions it has had.

use std::sync::Arc;

use lendport_core::routing::{Known, Profile};
use lendport_core::{AuditAction, Invalid, Pointer, RoutingProfileId};
use lendport_storage::{Page, PageAsk, RoutingVersion, Tenant};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::open_checkout::merged;
use crate::tenancy::Doer;
use crate::view::RoutingView;

/// How often a version that somebody else put meanwhile is followed.
const TRIES: u32 = 10;

impl Engine {
    /// The active version.
    pub async fn routing(self: &Arc<Self>, tenant: Tenant) -> Result<RoutingView, EngineError> {
        let active = self.store.routing(tenant).await?.ok_or(EngineError::NotFound)?;
        Ok(RoutingView::of(active, Vec::new()))
    }

    /// A page of all versions, newest first.
    pub async fn routing_versions(
        self: &Arc<Self>,
        tenant: Tenant,
        ask: PageAsk<RoutingProfileId>,
    ) -> Result<Page<RoutingView>, EngineError> {
        let page = self.store.routing_versions(tenant, ask).await?;
        let rows = page.rows.into_iter().map(|row| RoutingView::of(row, Vec::new())).collect();
        Ok(Page { rows, has_more: page.has_more })
    }

    /// Stores a profile as the next version, which decides from now on; in other processes within a second. What the active
    /// version says already is not stored again. `if_match` is the version that was decided on, 0 where there was none.
    pub async fn put_routing(
        self: &Arc<Self>,
        tenant: Tenant,
        by: Doer,
        profile: Profile,
        shape: Invalid,
        if_match: Option<u64>,
    ) -> Result<RoutingView, EngineError> {
        let known = self.known_financers(tenant).await?;
        let mut invalid = Invalid::none();
        let checked = invalid.keep(self.judge_profile(&profile, Some(known), Pointer::root()).await?);
        merged(shape, invalid).finish()?;
        let warnings = checked.map(|checked| checked.warnings).unwrap_or_default();
        for _ in 0..TRIES {
            let active = self.store.routing(tenant).await?;
            let latest = active.as_ref().map_or(0, |active| active.version);
            if if_match.is_some_and(|wanted| wanted != latest) {
                return Err(EngineError::PreconditionFailed);
            }
            if let Some(active) = active.filter(|active| active.profile == profile) {
                return Ok(RoutingView::of(active, warnings));
            }
            let next = RoutingVersion {
                id: RoutingProfileId::mint(self.tools.ids.as_ref()),
                version: latest + 1,
                active: true,
                profile: profile.clone(),
                created_by: by.actor.key().map_or_else(|| by.actor.kind().to_owned(), |key| key.to_string()),
                created_at: self.clock.now(),
            };
            let told = by
                .did(self.tools.ids.as_ref(), next.created_at, tenant, AuditAction::RoutingChanged, next.id)
                .with("version", next.version);
            if self.store.put_routing(tenant, latest, &next, &told).await? {
                self.profiles.forget(tenant);
                self.note_routing_changed(tenant, &next);
                return Ok(RoutingView::of(next, warnings));
            }
        }
        Err(EngineError::PreconditionFailed)
    }

    fn note_routing_changed(&self, tenant: Tenant, next: &RoutingVersion) {
        tracing::info!(
            merchant.id = %tenant.merchant, mode = tenant.mode.as_str(), profile.id = %next.id, version = next.version,
            by = %next.created_by, "routing changed"
        );
    }

    /// Whom a new profile may name, and at whom the merchant has an account.
    pub(super) async fn known_financers(&self, tenant: Tenant) -> Result<Known, EngineError> {
        let accounts = self.accounts(tenant).await?;
        Ok(Known {
            switched_on: self.providers.keys().cloned().collect(),
            with_account: accounts.iter().map(|account| account.provider.clone()).collect(),
        })
    }
}
