//! Merchants: made by a platform, changed by it or, their page, by themselves.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use lendport_core::customer::plain_text;
use lendport_core::{AuditAction, Invalid, MerchantId, Mode, Pointer, Scope, ShopPage, limits};
use lendport_storage::{AdminAsk, AdminChange, AdminLoaded, Merchant, Page, PageAsk, Tenant, Versioned};

use super::By;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::ticket::{Effect, Reply, Ticket};
use crate::view::MerchantView;

/// A merchant to make.
#[derive(Clone, Debug, Default)]
pub struct MerchantAsk {
    /// Unique among merchants.
    pub name: Option<String>,
    /// How its customers are to see it.
    pub page: PagePatch,
}

/// What is to be different; absent parts stay.
#[derive(Clone, Debug, Default)]
pub struct MerchantPatch {
    /// Another name.
    pub name: Option<String>,
    /// Another page.
    pub page: PagePatch,
}

/// Fields of a page that were given, and what they are to be; a field that was given and is empty is to be empty.
#[derive(Clone, Debug, Default)]
pub struct PagePatch {
    /// The fields' names.
    pub given: Vec<&'static str>,
    /// Their values, checked.
    pub values: ShopPage,
}

impl PagePatch {
    fn over(&self, old: &ShopPage) -> ShopPage {
        let (mut page, new) = (old.clone(), &self.values);
        for name in &self.given {
            match *name {
                "display_name" => page.display_name.clone_from(&new.display_name),
                "logo_url" => page.logo_url.clone_from(&new.logo_url),
                "accent" => page.accent.clone_from(&new.accent),
                "allowed_origins" => page.allowed_origins.clone_from(&new.allowed_origins),
                "locale" => page.locale.clone_from(&new.locale),
                _ => {}
            }
        }
        page
    }
}

/// Merchants that were found to be there. None is ever deleted, so what is known holds.
#[derive(Debug, Default)]
pub(crate) struct KnownMerchants(Mutex<HashSet<MerchantId>>);

/// Merchants that are remembered; beyond it all are asked for again.
const REMEMBERED: usize = 10_000;

impl Engine {
    /// Whether there is such a merchant.
    pub async fn merchant_exists(&self, id: MerchantId) -> Result<bool, EngineError> {
        let lock = || self.merchants.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lock().contains(&id) {
            return Ok(true);
        }
        let found = self.store.merchant(id).await?.is_some();
        if found {
            let mut known = lock();
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(id);
        }
        Ok(found)
    }

    /// Makes a merchant. `shape` is what was wrong with the request so far.
    pub async fn create_merchant(
        &self,
        by: By,
        asked: MerchantAsk,
        shape: Invalid,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        by.require(Scope::PlatformAdmin)?;
        let mut invalid = shape;
        let name = asked.name.as_deref().and_then(|name| invalid.keep(judged_name(name)));
        invalid.finish()?;
        let name = name.ok_or(EngineError::NotFound)?;
        let tools = self.tools.clone();
        let tenant = Tenant { merchant: MerchantId::mint(tools.ids.as_ref()), mode: by.tenant.mode };
        let ask = AdminAsk { name: Some(name.clone()), ..AdminAsk::default() };
        let doer = by.doer(tenant.merchant);
        self.answer_administered(&by, tenant, ask, ticket, move |loaded| {
            free(loaded)?;
            let now = tools.clock.now();
            let page = asked.page.over(&ShopPage::default());
            let row = Merchant { id: tenant.merchant, name: name.clone(), page, created_at: now };
            let entry = doer
                .did(tools.ids.as_ref(), now, tenant, AuditAction::MerchantCreated, tenant.merchant)
                .with("name", &name);
            let view = MerchantView::of(&Versioned { row: row.clone(), version: 1 });
            let change = AdminChange { merchant: Some(row), audit: vec![entry], ..AdminChange::default() };
            Ok((change, Effect::Merchant(Box::new(view))))
        })
        .await
    }

    /// Changes a merchant. Its name is the platform's to change: it is unique among all, and a refusal tells of another one.
    pub async fn update_merchant(
        &self,
        by: By,
        tenant: Tenant,
        if_match: Option<u64>,
        patch: MerchantPatch,
        shape: Invalid,
    ) -> Result<MerchantView, EngineError> {
        if patch.name.is_some() {
            by.require(Scope::PlatformAdmin)?;
        }
        let mut invalid = shape;
        let name = patch.name.as_deref().and_then(|name| invalid.keep(judged_name(name)));
        invalid.finish()?;
        let tools = self.tools.clone();
        let ask = AdminAsk { name: name.clone(), ..whether_live(self.clock.now()) };
        self.administer(tenant, ask, move |loaded| {
            let old = loaded.merchant.ok_or(EngineError::NotFound)?;
            require_live(&by, loaded)?;
            if if_match.is_some_and(|version| version != old.version) {
                return Err(EngineError::PreconditionFailed);
            }
            free(loaded)?;
            let name = name.clone().unwrap_or_else(|| old.row.name.clone());
            let row = Merchant { name, page: patch.page.over(&old.row.page), ..old.row.clone() };
            if row == old.row {
                return Ok((AdminChange::default(), MerchantView::of(old)));
            }
            let mut changed = patch.page.given.clone();
            changed.extend((row.name != old.row.name).then_some("name"));
            let entry = by
                .doer(tenant.merchant)
                .did(tools.ids.as_ref(), tools.clock.now(), tenant, AuditAction::MerchantUpdated, tenant.merchant)
                .with("fields", changed.join(", "));
            let view = MerchantView::of(&Versioned { row: row.clone(), version: old.version + 1 });
            Ok((AdminChange { merchant: Some(row), audit: vec![entry], ..AdminChange::default() }, view))
        })
        .await
    }

    /// Reads one merchant.
    pub async fn read_merchant(&self, id: MerchantId) -> Result<MerchantView, EngineError> {
        Ok(MerchantView::of(&self.store.merchant_row(id).await?.ok_or(EngineError::NotFound)?))
    }

    /// Reads a page of all merchants, newest first.
    pub async fn list_merchants(&self, page: PageAsk<MerchantId>) -> Result<Page<MerchantView>, EngineError> {
        let page = self.store.merchants(page).await?;
        Ok(Page { rows: page.rows.iter().map(MerchantView::of).collect(), has_more: page.has_more })
    }
}

fn judged_name(name: &str) -> Result<String, Invalid> {
    plain_text(name, &Pointer::root().child("name"), limits::TEXT_MAX_CHARS)
}

/// Asks for what [`require_live`] looks at.
pub(super) fn whether_live(now: Timestamp) -> AdminAsk {
    AdminAsk { keys_at: Some((Mode::Live, now)), accounts_in: Some(Mode::Live), ..AdminAsk::default() }
}

/// Refuses to change with a test key what is the same in both modes, where the merchant has a live key that works or a live
/// account: a platform sells for it with a key or a token of its own, and then it needs no key.
pub(super) fn require_live(by: &By, loaded: AdminLoaded<'_>) -> Result<(), EngineError> {
    let is_live = loaded.keys > 0 || loaded.accounts > 0;
    if by.tenant.mode == Mode::Live || !is_live { Ok(()) } else { Err(EngineError::LiveKeyNeeded) }
}

fn free(loaded: AdminLoaded<'_>) -> Result<(), EngineError> {
    let taken = || Invalid::one(&Pointer::root().child("name"), "taken", "another merchant has this name");
    if loaded.name_taken { Err(taken().into()) } else { Ok(()) }
}
