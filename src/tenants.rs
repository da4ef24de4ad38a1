//! Merchants, keys and accounts, stored by the configuration and by commands.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lendport_core::{
    AccountSettings, AuditAction, Clock, IdSource, KeyId, MerchantId, Mode, ProviderAccount, ProviderAccountId,
    ProviderId, Secret, ShopPage, limits,
};
use lendport_engine::{Doer, digest, new_secret_key};
use lendport_storage::{AdminAsk, AdminChange, ApiKey, Merchant, PageAsk, Store, Tenant, administer_with};

use crate::failure::Failure;

/// The merchant of this name, made when it is new, as the configuration says.
pub async fn merchant_named(
    store: &dyn Store,
    ids: &dyn IdSource,
    clock: &dyn Clock,
    name: &str,
) -> Result<Merchant, Failure> {
    merchant_named_by(store, ids, clock, name, Doer::CONFIGURATION).await
}

/// The merchant of this name, made when it is new; the audit log says by whom.
pub async fn merchant_named_by(
    store: &dyn Store,
    ids: &dyn IdSource,
    clock: &dyn Clock,
    name: &str,
    doer: Doer,
) -> Result<Merchant, Failure> {
    if let Some(known) = store.merchant_by_name(name).await? {
        return Ok(known);
    }
    let (id, page, now) = (MerchantId::mint(ids), ShopPage::default(), clock.now());
    let merchant = Merchant { id, name: name.to_owned(), page, created_at: now };
    // What is about a merchant as such has no mode.
    let tenant = Tenant { merchant: id, mode: Mode::Test };
    let entry = doer.did(ids, now, tenant, AuditAction::MerchantCreated, id).with("name", name);
    let change = AdminChange { merchant: Some(merchant.clone()), audit: vec![entry], ..AdminChange::default() };
    match administer_with(store, tenant, AdminAsk::default(), move |_| (change.clone(), ())).await {
        Ok(_) => Ok(merchant),
        // A replica that starts at the same time may have been quicker; here and below.
        Err(error) => Ok(store.merchant_by_name(name).await?.ok_or(error)?),
    }
}

/// A new secret key, `lp_test_...` or `lp_live_...`. Only its digest is ever stored.
pub fn new_key(ids: &dyn IdSource, mode: Mode) -> Secret<String> {
    new_secret_key(ids, mode)
}

/// The mode a key says it opens.
pub fn mode_of_key(key: &Secret<String>) -> Option<Mode> {
    [Mode::Test, Mode::Live].into_iter().find(|mode| key.expose().starts_with(&format!("lp_{}_", mode.as_str())))
}

/// Stores a key's digest unless it is stored already.
pub async fn store_key(
    store: &dyn Store,
    ids: &dyn IdSource,
    now: Timestamp,
    merchant: MerchantId,
    key: &Secret<String>,
    label: &str,
) -> Result<(), Failure> {
    let mode = mode_of_key(key).ok_or_else(|| Failure::other("a secret key starts with lp_test_ or lp_live_"))?;
    let digest = digest(key.expose());
    match store.key_by_digest(&digest).await? {
        Some(known) if known.merchant == merchant => Ok(()),
        Some(_) => Err(Failure::other("this secret key belongs to another merchant; make a new one")),
        None => {
            let tenant = Tenant { merchant, mode };
            let row = ApiKey::new(KeyId::mint(ids), tenant, digest.clone(), label, now);
            let entry = Doer::CONFIGURATION.did(ids, now, tenant, AuditAction::KeyCreated, row.id).with("label", label);
            let change = AdminChange { keys: vec![row], audit: vec![entry], ..AdminChange::default() };
            let put = administer_with(store, tenant, AdminAsk::default(), move |_| (change.clone(), ())).await;
            let Err(error) = put else { return Ok(()) };
            let known = store.key_by_digest(&digest).await?;
            if known.is_some_and(|known| known.merchant == merchant) {
                return Ok(());
            }
            if was_revoked(store, tenant, &digest).await? {
                tracing::warn!(label, "this secret key was revoked and stays so; put a new one in its place");
                return Ok(());
            }
            Err(error.into())
        }
    }
}

async fn was_revoked(store: &dyn Store, tenant: Tenant, digest: &str) -> Result<bool, Failure> {
    let mut after = None;
    loop {
        let page = store.keys(tenant, PageAsk { limit: limits::PAGE_MAX, after }).await?;
        if page.rows.iter().any(|key| key.digest == digest && key.revoked_at.is_some()) {
            return Ok(true);
        }
        after = page.rows.last().map(|key| key.id);
        if !page.has_more {
            return Ok(false);
        }
    }
}

/// Stores an account, keeping the id of an earlier one. One that is there as it should be is left alone.
pub async fn store_account(
    store: &dyn Store,
    ids: &dyn IdSource,
    now: Timestamp,
    tenant: Tenant,
    provider: &str,
    settings: AccountSettings,
) -> Result<(), Failure> {
    let provider =
        ProviderId::parse(provider).ok_or_else(|| Failure::other(format!("{provider} is not a provider's name")))?;
    let text = |settings: &AccountSettings| {
        settings.iter().map(|(name, value)| (name.to_owned(), value.expose().clone())).collect::<BTreeMap<_, _>>()
    };
    let wanted = text(&settings);
    let as_wanted = move |known: &ProviderAccount| text(&known.settings) == wanted;
    if store.account(tenant, &provider).await?.is_some_and(|known| as_wanted(&known)) {
        return Ok(());
    }
    let names: Vec<_> = settings.iter().map(|(name, _)| name.to_owned()).collect();
    let entry =
        Doer::CONFIGURATION.did(ids, now, tenant, AuditAction::AccountPut, &provider).with("fields", names.join(", "));
    let new = ProviderAccountId::mint(ids);
    let ask = AdminAsk { account: Some(provider.clone()), ..AdminAsk::default() };
    // A replica that starts at the same time may have stored it since.
    administer_with(store, tenant, ask, move |loaded| {
        let known = loaded.account.map(|known| &known.row);
        if known.is_some_and(&as_wanted) {
            return (AdminChange::abort(), ());
        }
        let id = known.map_or(new, |known| known.id);
        let (merchant, provider, mode) = (tenant.merchant, provider.clone(), tenant.mode);
        let account = ProviderAccount { id, merchant, provider, mode, settings: settings.clone() };
        let audit = vec![entry.clone().with("account", id)];
        (AdminChange { account: Some(account), audit, ..AdminChange::default() }, ())
    })
    .await?;
    Ok(())
}

/// The merchant with this page, stored where it is another one.
pub async fn with_page(
    store: &dyn Store,
    ids: &dyn IdSource,
    now: Timestamp,
    merchant: Merchant,
    page: ShopPage,
) -> Result<Merchant, Failure> {
    if merchant.page == page {
        return Ok(merchant);
    }
    let (merchant, tenant) = (Merchant { page, ..merchant }, Tenant { merchant: merchant.id, mode: Mode::Test });
    let entry = Doer::CONFIGURATION.did(ids, now, tenant, AuditAction::MerchantUpdated, merchant.id);
    let audit = vec![entry.with("fields", "page")];
    let change = AdminChange { merchant: Some(merchant.clone()), audit, ..AdminChange::default() };
    administer_with(store, tenant, AdminAsk::default(), move |_| (change.clone(), ())).await?;
    Ok(merchant)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lendport_storage::sqlite::{SqliteSettings, SqliteStore};
    use lendport_storage::{Administration as _, AuditFilter, Audited, Vault};
    use lendport_testkit::{ManualClock, SeededIds, samples};

    use super::*;

    /// Replicas that start at once with different settings: the last one's hold, and the account is one and the same.
    #[tokio::test]
    async fn an_account_keeps_its_id_however_many_declare_it_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let settings = SqliteSettings::new(folder.path().join("lendport.db"));
        let store = SqliteStore::open(&settings, Vault::new(Secret::new([1; 32]))).unwrap();
        let (ids, clock) = (SeededIds::new(1), ManualClock::new());
        let merchant = merchant_named(&store, &ids, &clock, "Shop").await.unwrap();
        let tenant = Tenant { merchant: merchant.id, mode: Mode::Test };
        let declare = |password| {
            let settings = samples::account(&[("password", password)]);
            store_account(&store, &ids, clock.now(), tenant, "sandbox", settings)
        };
        tokio::try_join!(declare("one"), declare("two"), declare("three"), declare("four")).unwrap();
        let account = store.account(tenant, &ProviderId::parse("sandbox").unwrap()).await.unwrap().unwrap();
        let (filter, page) = (AuditFilter::default(), PageAsk { limit: 100, after: None });
        let told = store.audit(Audited::Of(tenant), filter, page).await.unwrap().rows;
        let named: Vec<_> = told.iter().filter_map(|entry| entry.facts.get("account")).collect();
        assert_eq!((named.len(), named.into_iter().collect::<BTreeSet<_>>()), (4, [&account.id.to_string()].into()));
        store.close().await;
    }
}
