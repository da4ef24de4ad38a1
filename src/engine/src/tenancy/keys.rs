//! A merchant's secret keys: made, replaced with an overlap, revoked. Nobody hands out more rights than they have.

use jiff::Timestamp;
use lendport_core::{AuditAction, Invalid, KeyId, Pointer, Scope, Scopes};
use lendport_storage::{AdminAsk, AdminChange, AdminLoaded, ApiKey, Page, PageAsk, Tenant};

use super::{By, KeyRefusal, NewKey};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::ticket::{Effect, Reply, Ticket};
use crate::view::KeyView;

/// A key to make.
#[derive(Clone, Debug)]
pub struct KeyAsk {
    /// What the merchant calls it.
    pub label: Option<String>,
    /// What may be done with it.
    pub scopes: Scopes,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
}

impl Engine {
    /// Makes a key of the tenant. `shape` is what was wrong with the request so far.
    pub async fn create_key(
        &self,
        by: By,
        tenant: Tenant,
        asked: KeyAsk,
        shape: Invalid,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        by.require_all(&asked.scopes)?;
        self.judge_key(&by, tenant, &asked, shape)?;
        let (tools, doer) = (self.tools.clone(), by.doer(tenant.merchant));
        let ask = AdminAsk { keys_at: Some((tenant.mode, self.clock.now())), ..AdminAsk::default() };
        self.answer_administered(&by, tenant, ask, ticket, move |loaded| {
            room(loaded)?;
            let (now, ids) = (tools.clock.now(), tools.ids.as_ref());
            let label = asked.label.as_deref().unwrap_or_default();
            let made = NewKey::make(ids, now, tenant, label, &asked.scopes, asked.expires_at);
            let entry = doer
                .did(ids, now, tenant, AuditAction::KeyCreated, made.row.id)
                .with("label", label)
                .with("scopes", asked.scopes.to_text());
            let view = KeyView::of(&made.row, now).with_secret(&made.secret);
            let change = AdminChange { keys: vec![made.row], audit: vec![entry], ..AdminChange::default() };
            Ok((change, Effect::Key(Box::new(view))))
        })
        .await
    }

    fn judge_key(&self, by: &By, tenant: Tenant, asked: &KeyAsk, shape: Invalid) -> Result<(), EngineError> {
        let (mut invalid, root) = (shape, Pointer::root());
        if asked.expires_at.is_some_and(|end| end <= self.clock.now()) {
            invalid.note(&root.child("expires_at"), "out_of_range", "must be in the future");
        }
        if asked.scopes.has(Scope::PlatformAdmin) && by.home != tenant.merchant {
            let detail = "platform:admin is for keys of the platform's own merchant";
            invalid.note(&root.child("scopes"), "not_allowed", detail);
        }
        Ok(invalid.finish()?)
    }

    /// Makes a key in the place of another one, which goes on working for so many seconds.
    pub async fn rotate_key(
        &self,
        by: By,
        tenant: Tenant,
        id: KeyId,
        overlap_s: u32,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        // Before the key of the request is looked at: a repeat would hear the new secret. Scopes of a key never change.
        let known = self.store.key(tenant, id).await?.ok_or(EngineError::NotFound)?;
        by.require_all(&known.scopes)?;
        let (tools, doer) = (self.tools.clone(), by.doer(tenant.merchant));
        let ask = AdminAsk { key: Some(id), keys_at: Some((tenant.mode, self.clock.now())), ..AdminAsk::default() };
        self.answer_administered(&by, tenant, ask, ticket, move |loaded| {
            let old = loaded.key.ok_or(EngineError::NotFound)?;
            let (now, ids) = (tools.clock.now(), tools.ids.as_ref());
            let (old, new) = NewKey::replace(ids, now, old, overlap_s)?;
            room(loaded)?;
            let entry = doer
                .did(ids, now, tenant, AuditAction::KeyRotated, old.id)
                .with("replaced_by", new.row.id)
                .with("overlap_s", overlap_s);
            let view = KeyView::of(&new.row, now).with_secret(&new.secret);
            let change = AdminChange { keys: vec![old, new.row], audit: vec![entry], ..AdminChange::default() };
            Ok((change, Effect::Key(Box::new(view))))
        })
        .await
    }

    /// Makes a key stop working. Doing it again changes nothing.
    pub async fn revoke_key(&self, by: By, tenant: Tenant, id: KeyId) -> Result<(), EngineError> {
        let tools = self.tools.clone();
        let ask = AdminAsk { key: Some(id), ..AdminAsk::default() };
        self.administer(tenant, ask, move |loaded| {
            let old = loaded.key.ok_or(EngineError::NotFound)?;
            if old.scopes.has(Scope::PlatformAdmin) {
                by.require(Scope::PlatformAdmin)?;
            }
            if old.revoked_at.is_some() {
                return Ok((AdminChange::default(), ()));
            }
            let now = tools.clock.now();
            let entry = by
                .doer(tenant.merchant)
                .did(tools.ids.as_ref(), now, tenant, AuditAction::KeyRevoked, id)
                .with("label", &old.label);
            let keys = vec![ApiKey { revoked_at: Some(now), ..old.clone() }];
            Ok((AdminChange { keys, audit: vec![entry], ..AdminChange::default() }, ()))
        })
        .await
    }

    /// Reads one key, without the key itself.
    pub async fn read_key(&self, tenant: Tenant, id: KeyId) -> Result<KeyView, EngineError> {
        let key = self.store.key(tenant, id).await?.ok_or(EngineError::NotFound)?;
        Ok(KeyView::of(&key, self.clock.now()))
    }

    /// Reads a page of the tenant's keys, newest first.
    pub async fn list_keys(&self, tenant: Tenant, page: PageAsk<KeyId>) -> Result<Page<KeyView>, EngineError> {
        let (page, now) = (self.store.keys(tenant, page).await?, self.clock.now());
        Ok(Page { rows: page.rows.iter().map(|key| KeyView::of(key, now)).collect(), has_more: page.has_more })
    }
}

fn room(loaded: AdminLoaded<'_>) -> Result<(), EngineError> {
    loaded.merchant.ok_or(EngineError::NotFound)?;
    Ok(KeyRefusal::of_number(loaded.keys)?)
}
