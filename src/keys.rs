//! `keys create`, `list`, `revoke` and `rotate`: a merchant's secret keys. A key is printed once and stored hashed.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lendport_core::customer::plain_text;
use lendport_core::{AuditAction, AuditEntry, KeyId, Mode, Pointer, Scopes, limits};
use lendport_engine::{Doer, KeyRefusal, NewKey};
use lendport_storage::{AdminAsk, AdminChange, ApiKey, Merchant, PageAsk, Store, Tenant, administer_with};

use crate::cli_tenants::{CreateKey, ListKeys, RevokeKey, RotateKey};
use crate::failure::Failure;
use crate::gateway::Ambient;
use crate::{database, say, serve, tenants};

/// What a command says that found a gateway at work on its file.
pub(crate) const BESIDE: &str =
    "Or leave it running and use its API with a platform's key: /v1/merchants, /v1/merchants/{id}/keys.";

/// Makes a key, and the merchant when the name is new.
pub async fn create(asked: CreateKey) -> Result<(), Failure> {
    let name = plain_name("--merchant-name", &asked.merchant_name)?;
    let label = plain_name("--label", &asked.label)?;
    let ambient = Ambient::system();
    let store = database::open_for_command(&serve::load(&asked.file)?, BESIDE).await?.store;
    let (ids, clock) = (ambient.ids.as_ref(), ambient.clock.as_ref());
    let merchant = tenants::merchant_named_by(store.as_ref(), ids, clock, &name, Doer::COMMAND_LINE).await?;
    let (tenant, now) = (Tenant { merchant: merchant.id, mode: Mode::from(asked.mode) }, clock.now());
    let scopes: Scopes =
        if asked.scopes.is_empty() { Scopes::of_merchant() } else { asked.scopes.into_iter().collect() };
    let days = asked.expires_in_days.map(|days| SignedDuration::from_hours(24 * i64::from(days)));
    let expires_at = days.map(|days| now.saturating_add(days).unwrap_or(Timestamp::MAX));
    let made = NewKey::make(ids, now, tenant, &label, &scopes, expires_at);
    let entry = Doer::COMMAND_LINE
        .did(ids, now, tenant, AuditAction::KeyCreated, made.row.id)
        .with("label", &label)
        .with("scopes", scopes.to_text());
    let stored = store_new(store.as_ref(), tenant, &made, entry).await;
    store.close().await;
    stored?;
    show(&merchant, &made);
    Ok(())
}

/// Stores a new key, unless the tenant has as many as it may.
async fn store_new(store: &dyn Store, tenant: Tenant, made: &NewKey, told: AuditEntry) -> Result<(), Failure> {
    let ask = AdminAsk { keys_at: Some((tenant.mode, made.row.created_at)), ..AdminAsk::default() };
    let change = AdminChange { keys: vec![made.row.clone()], audit: vec![told], ..AdminChange::default() };
    let (_, stored) = administer_with(store, tenant, ask, move |loaded| match KeyRefusal::of_number(loaded.keys) {
        Ok(()) => (change.clone(), Ok(())),
        Err(refusal) => (AdminChange::abort(), Err(refusal)),
    })
    .await?;
    stored.unwrap_or(Err(KeyRefusal::Over)).map_err(refused)
}

/// Lists a merchant's keys of both modes.
pub async fn list(asked: ListKeys) -> Result<(), Failure> {
    let now = Ambient::system().clock.now();
    let store = database::open_for_command(&serve::load(&asked.file)?, BESIDE).await?.store;
    let merchant = known(store.as_ref(), &asked.merchant_name).await?;
    for mode in [Mode::Test, Mode::Live] {
        let mut after: Option<KeyId> = None;
        loop {
            let tenant = Tenant { merchant: merchant.id, mode };
            let page = store.keys(tenant, PageAsk { limit: limits::PAGE_MAX, after }).await?;
            page.rows.iter().for_each(|key| say::line(&line(key, now)));
            after = page.rows.last().map(|key| key.id);
            if !page.has_more {
                break;
            }
        }
    }
    store.close().await;
    Ok(())
}

/// Makes a key stop working.
pub async fn revoke(asked: RevokeKey) -> Result<(), Failure> {
    let ambient = Ambient::system();
    let store = database::open_for_command(&serve::load(&asked.file)?, BESIDE).await?.store;
    let merchant = known(store.as_ref(), &asked.merchant_name).await?;
    let key = key_of(store.as_ref(), &merchant, asked.id).await?;
    let tenant = key.tenant();
    let ask = AdminAsk { key: Some(key.id), ..AdminAsk::default() };
    administer_with(store.as_ref(), tenant, ask, move |loaded| {
        let now = ambient.clock.now();
        let Some(old) = loaded.key.filter(|key| key.revoked_at.is_none()) else { return (AdminChange::abort(), ()) };
        let entry = Doer::COMMAND_LINE.did(ambient.ids.as_ref(), now, tenant, AuditAction::KeyRevoked, old.id);
        let keys = vec![ApiKey { revoked_at: Some(now), ..old.clone() }];
        let audit = vec![entry.with("label", &old.label)];
        (AdminChange { keys, audit, ..AdminChange::default() }, ())
    })
    .await?;
    store.close().await;
    say::line(&format!("{} works no more; replicas that run refuse it within a second.", key.id));
    Ok(())
}

/// Makes a key in the place of another one.
pub async fn rotate(asked: RotateKey) -> Result<(), Failure> {
    let ambient = Ambient::system();
    let store = database::open_for_command(&serve::load(&asked.file)?, BESIDE).await?.store;
    let merchant = known(store.as_ref(), &asked.merchant_name).await?;
    let key = key_of(store.as_ref(), &merchant, asked.id).await?;
    let replaced = replace(store.as_ref(), &ambient, &key, asked.overlap_s).await;
    store.close().await;
    show(&merchant, &replaced?);
    say::line(&format!("{} goes on working for {} seconds at most.", key.id, asked.overlap_s));
    Ok(())
}

/// Stores a key in the place of another one, unless the tenant has as many as it may.
async fn replace(store: &dyn Store, ambient: &Ambient, key: &ApiKey, overlap_s: u32) -> Result<NewKey, Failure> {
    let (tenant, ids, clock) = (key.tenant(), Arc::clone(&ambient.ids), Arc::clone(&ambient.clock));
    let ask = AdminAsk { key: Some(key.id), keys_at: Some((tenant.mode, clock.now())), ..AdminAsk::default() };
    let (_, made) = administer_with(store, tenant, ask, move |loaded| {
        let (ids, now) = (ids.as_ref(), clock.now());
        let replaced = loaded.key.ok_or(KeyRefusal::Over).and_then(|old| NewKey::replace(ids, now, old, overlap_s));
        let (old, new) = match replaced.and_then(|pair| KeyRefusal::of_number(loaded.keys).map(|()| pair)) {
            Ok(replaced) => replaced,
            Err(refusal) => return (AdminChange::abort(), Err(refusal)),
        };
        let entry = Doer::COMMAND_LINE
            .did(ids, now, tenant, AuditAction::KeyRotated, old.id)
            .with("replaced_by", new.row.id)
            .with("overlap_s", overlap_s);
        let keys = vec![old, new.row.clone()];
        (AdminChange { keys, audit: vec![entry], ..AdminChange::default() }, Ok(new))
    })
    .await?;
    made.unwrap_or(Err(KeyRefusal::Over)).map_err(refused)
}

fn refused(refusal: KeyRefusal) -> Failure {
    Failure::other(refusal.to_string())
}

fn show(merchant: &Merchant, made: &NewKey) {
    say::line(&format!("merchant   {} ({})", merchant.id, merchant.name));
    say::line(&format!("key        {} ({})", made.row.id, made.row.scopes.to_text()));
    say::line(&format!("secret key {}", made.secret.expose()));
    say::line("It is not shown again: only its digest is stored.");
}

fn line(key: &ApiKey, now: Timestamp) -> String {
    let state = if key.works(now) { "works" } else { "over " };
    let moment = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| format!("{at:.0}"));
    let (used, ends) = (moment(key.last_used_at), moment(key.expires_at));
    let (mode, scopes) = (key.mode.as_str(), key.scopes.to_text());
    format!("{}  {mode}  {state}  used {used}  expires {ends}  [{scopes}]  {}", key.id, key.label)
}

/// A name as it is stored.
pub(crate) fn plain_name(flag: &str, text: &str) -> Result<String, Failure> {
    plain_text(text, &Pointer::root(), limits::TEXT_MAX_CHARS)
        .map_err(|invalid| Failure::other(format!("{flag} {}", invalid.to_string().trim_start_matches(": "))))
}

async fn known(store: &dyn Store, name: &str) -> Result<Merchant, Failure> {
    let found = store.merchant_by_name(name.trim()).await?;
    found.ok_or_else(|| Failure::other("there is no merchant of this name; `lendport merchants list` shows all"))
}

async fn key_of(store: &dyn Store, merchant: &Merchant, id: KeyId) -> Result<ApiKey, Failure> {
    for mode in [Mode::Test, Mode::Live] {
        if let Some(key) = store.key(Tenant { merchant: merchant.id, mode }, id).await? {
            return Ok(key);
        }
    }
    Err(Failure::other(format!("{id} is no key of {}", merchant.name)))
}

#[cfg(test)]
mod tests {
    use lendport_core::Secret;
    use lendport_storage::sqlite::{SqliteSettings, SqliteStore};
    use lendport_storage::{Administration as _, Vault};

    use super::*;

    #[tokio::test]
    async fn a_merchant_gets_no_more_keys_than_it_may_have() {
        let folder = tempfile::tempdir().unwrap();
        let settings = SqliteSettings::new(folder.path().join("lendport.db"));
        let store = SqliteStore::open(&settings, Vault::new(Secret::new([1; 32]))).unwrap();
        let ambient = Ambient::system();
        let (ids, now) = (ambient.ids.as_ref(), ambient.clock.now());
        let merchant = tenants::merchant_named(&store, ids, ambient.clock.as_ref(), "Shop").await.unwrap().id;
        let [test, live] = [Mode::Test, Mode::Live].map(|mode| Tenant { merchant, mode });
        let another = async |tenant: Tenant| {
            let made = NewKey::make(ids, now, tenant, "x", &Scopes::of_merchant(), None);
            let told = Doer::COMMAND_LINE.did(ids, now, tenant, AuditAction::KeyCreated, made.row.id);
            store_new(&store, tenant, &made, told).await.map(|()| made.row).map_err(|failure| failure.to_string())
        };
        let first = another(test).await.unwrap();
        for _ in 1..limits::KEYS_MAX {
            another(test).await.unwrap();
        }
        let full = KeyRefusal::TooMany.to_string();
        assert_eq!(another(test).await, Err(full.clone()));
        another(live).await.unwrap();
        let refused = replace(&store, &ambient, &first, 60).await.map(|made| made.row).unwrap_err();
        assert_eq!(refused.to_string(), full);
        assert_eq!(store.key(test, first.id).await.unwrap(), Some(first), "it is as it was");
        store.close().await;
    }
}
