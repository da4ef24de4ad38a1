//! Merchants, keys and accounts at start: what the configuration declares, and what `keys create` makes.

use jiff::Timestamp;
use lendport_core::{
    AccountSettings, Clock, IdSource, KeyId, MerchantId, Mode, Pointer, ProviderAccount, ProviderAccountId, ProviderId,
    Secret, ShopPage,
};
use lendport_engine::digest;
use lendport_storage::{ApiKey, Merchant, Store, Tenant};

use crate::config::{Config, ConfigErrors};
use crate::failure::Failure;
use crate::registry::registration;

/// The merchant of this name, made when it is new.
pub async fn merchant_named(
    store: &dyn Store,
    ids: &dyn IdSource,
    clock: &dyn Clock,
    name: &str,
) -> Result<Merchant, Failure> {
    if let Some(known) = store.merchant_by_name(name).await? {
        return Ok(known);
    }
    let merchant = Merchant {
        id: MerchantId::mint(ids),
        name: name.to_owned(),
        page: ShopPage::default(),
        created_at: clock.now(),
    };
    match store.put_merchant(&merchant).await {
        Ok(()) => Ok(merchant),
        // A replica that starts at the same time may have been quicker; here and below.
        Err(error) => Ok(store.merchant_by_name(name).await?.ok_or(error)?),
    }
}

/// A new secret key, `lp_test_...` or `lp_live_...`. Only its digest is ever stored.
pub fn new_key(ids: &dyn IdSource, mode: Mode) -> Secret<String> {
    Secret::new(format!("lp_{}_{}", mode.as_str(), ids.token().expose()))
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
            let id = KeyId::mint(ids);
            let label = label.to_owned();
            let row = ApiKey { id, merchant, mode, digest: digest.clone(), label, created_at: now, revoked_at: None };
            let Err(error) = store.put_key(&row).await else { return Ok(()) };
            let known = store.key_by_digest(&digest).await?;
            if known.is_some_and(|known| known.merchant == merchant) { Ok(()) } else { Err(error.into()) }
        }
    }
}

/// Stores an account, keeping the id of an earlier one.
pub async fn store_account(
    store: &dyn Store,
    ids: &dyn IdSource,
    tenant: Tenant,
    provider: &str,
    settings: AccountSettings,
) -> Result<(), Failure> {
    let provider =
        ProviderId::parse(provider).ok_or_else(|| Failure::other(format!("{provider} is not a provider's name")))?;
    let id = match store.account(tenant, &provider).await? {
        Some(known) => known.id,
        None => ProviderAccountId::mint(ids),
    };
    let account = ProviderAccount { id, merchant: tenant.merchant, provider, mode: tenant.mode, settings };
    Ok(store.put_account(&account).await?)
}

/// Brings the store in line with `[merchant]`.
pub async fn declare(store: &dyn Store, ids: &dyn IdSource, clock: &dyn Clock, config: &Config) -> Result<(), Failure> {
    let Some(declared) = &config.merchant else { return Ok(()) };
    let wrong = crate::registry::registrations()
        .iter()
        .flat_map(|known| config.account_errors(known.descriptor.id, known.descriptor.account_fields))
        .collect();
    ConfigErrors::check(wrong)?;
    let mut merchant = merchant_named(store, ids, clock, &declared.name).await?;
    if merchant.page != declared.page {
        merchant.page.clone_from(&declared.page);
        store.put_merchant(&merchant).await?;
    }
    if let Some(key) = &declared.secret_key {
        store_key(store, ids, clock.now(), merchant.id, key, "configuration").await?;
    }
    for account in &declared.accounts {
        let known = registration(&account.provider).ok_or_else(|| {
            Failure::other(format!("merchant.accounts.{}: this program was built without it", account.provider))
        })?;
        let settings = AccountSettings::new(account.fields.clone(), known.descriptor.account_fields, &Pointer::root())
            .map_err(|invalid| Failure::other(format!("merchant.accounts.{}: {invalid}", account.provider)))?;
        let tenant = Tenant { merchant: merchant.id, mode: account.mode };
        store_account(store, ids, tenant, &account.provider, settings).await?;
    }
    Ok(())
}
