//! `[merchant]`: the one merchant that the configuration declares, with its page, its key and its accounts.
//!
//! Its name may be changed by the API since it was declared first, so that the name alone does not tell which one it is.

use lendport_core::{
    AccountSettings, Actor, AuditAction, AuditEntry, Clock, IdSource, MerchantId, Mode, Pointer, ShopPage, limits,
};
use lendport_engine::digest;
use lendport_storage::{AuditFilter, Audited, Merchant, PageAsk, Store, Tenant};

use crate::config::{self, Config, ConfigErrors};
use crate::failure::Failure;
use crate::registry::{registration, registrations};
use crate::tenants::{merchant_named, store_account, store_key, with_page};

/// Brings the store in line with `[merchant]`.
pub(crate) async fn bring_in(
    store: &dyn Store,
    ids: &dyn IdSource,
    clock: &dyn Clock,
    config: &Config,
) -> Result<(), Failure> {
    let Some(declared) = &config.merchant else { return Ok(()) };
    let wrong = registrations()
        .iter()
        .flat_map(|known| config.account_errors(known.descriptor.id, known.descriptor.account_fields))
        .collect();
    ConfigErrors::check(wrong)?;
    let mut merchant = match known(store, declared).await? {
        Some(known) => known,
        None => merchant_named(store, ids, clock, &declared.name).await?,
    };
    if merchant.name != declared.name {
        let (id, name) = (merchant.id, &merchant.name);
        tracing::warn!(%id, name, "the merchant of [merchant] has another name since; put it into merchant.name as well");
    }
    // A page that is not declared stays as the API was told.
    if declared.page != ShopPage::default() {
        merchant = with_page(store, ids, clock.now(), merchant, declared.page.clone()).await?;
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
        store_account(store, ids, clock.now(), tenant, &account.provider, settings).await?;
    }
    Ok(())
}

/// The declared merchant, where it is there: whose the key is, else who has the name, else whom a configuration made under it.
/// A key whose merchant never had the name is the wrong key, and its merchant must not get what is declared for another.
async fn known(store: &dyn Store, declared: &config::Merchant) -> Result<Option<Merchant>, Failure> {
    let name = &declared.name;
    if let Some(key) = &declared.secret_key
        && let Some(key) = store.key_by_digest(&digest(key.expose())).await?
        && let Some(owner) = store.merchant(key.merchant).await?
    {
        if owner.name == *name || made_as(store, name, |entry| entry.merchant == Some(owner.id)).await?.is_some() {
            return Ok(Some(owner));
        }
        let (id, known) = (owner.id, &owner.name);
        return Err(Failure::other(format!(
            "merchant.secret_key is a key of {known} ({id}), not of {name}; set merchant.name to that name, or make a new key"
        )));
    }
    if let Some(named) = store.merchant_by_name(name).await? {
        return Ok(Some(named));
    }
    match made_as(store, name, |entry| entry.actor == Actor::Configuration).await? {
        Some(id) => Ok(store.merchant(id).await?),
        None => Ok(None),
    }
}

/// The merchant that was made under this name, by the audit log, which is never cut.
async fn made_as(
    store: &dyn Store,
    name: &str,
    is_meant: impl Fn(&AuditEntry) -> bool + Send,
) -> Result<Option<MerchantId>, Failure> {
    let filter = AuditFilter { action: Some(AuditAction::MerchantCreated) };
    let mut after = None;
    loop {
        // Making a merchant is about both modes, and shown in either.
        let page = store.audit(Audited::All(Mode::Test), filter, PageAsk { limit: limits::PAGE_MAX, after }).await?;
        let named = |entry: &&AuditEntry| entry.facts.get("name").is_some_and(|made| made == name);
        if let Some(entry) = page.rows.iter().filter(named).find(|entry| is_meant(entry)) {
            return Ok(entry.merchant);
        }
        after = page.rows.last().map(|entry| entry.id);
        if !page.has_more {
            return Ok(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use lendport_core::{Secret, ShopPageInput};
    use lendport_storage::sqlite::{SqliteSettings, SqliteStore};
    use lendport_storage::{Administration as _, Vault};
    use lendport_testkit::{ManualClock, SeededIds};

    use super::*;
    use crate::config::Flag;

    const KEY: (&str, &str) = ("merchant.secret_key", "lp_test_made-up-for-the-declared-shop");

    struct World {
        store: SqliteStore,
        ids: SeededIds,
        clock: ManualClock,
        _folder: tempfile::TempDir,
    }

    impl World {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let settings = SqliteSettings::new(folder.path().join("lendport.db"));
            let store = SqliteStore::open(&settings, Vault::new(Secret::new([1; 32]))).unwrap();
            Self { store, ids: SeededIds::new(1), clock: ManualClock::new(), _folder: folder }
        }

        /// As at a start with this configuration.
        async fn start(&self, settings: &[(&'static str, &str)]) {
            self.try_to_start("Shop", settings).await.unwrap();
        }

        async fn try_to_start(&self, name: &str, settings: &[(&'static str, &str)]) -> Result<(), Failure> {
            let flag = |(key, value): &(&'static str, &str)| Flag { name: "--test", key, value: (*value).to_owned() };
            let named = ("merchant.name", name);
            let flags: Vec<_> = std::iter::once(&named).chain(settings).map(flag).collect();
            let config = Config::load_with(None, [], &flags).unwrap();
            bring_in(&self.store, &self.ids, &self.clock, &config).await
        }

        async fn only(&self) -> Merchant {
            let mut all = self.store.merchants(PageAsk { limit: 10, after: None }).await.unwrap().rows;
            assert_eq!(all.len(), 1, "{all:?}");
            all.remove(0).row
        }

        /// The only merchant, changed by the API since.
        async fn renamed(&self) -> Merchant {
            let page = ShopPageInput { allowed_origins: "https://shop.example", ..ShopPageInput::default() };
            let page = ShopPage::new(&page).unwrap();
            let merchant = Merchant { name: "Shop Inc".to_owned(), page, ..self.only().await };
            self.store.put_merchant(&merchant).await.unwrap();
            merchant
        }
    }

    #[tokio::test]
    async fn a_merchant_with_another_name_since_is_known_by_its_key_and_keeps_its_page() {
        let world = World::new();
        world.start(&[KEY]).await;
        let renamed = world.renamed().await;
        world.start(&[KEY]).await;
        assert_eq!(world.only().await, renamed);
        world.start(&[KEY, ("merchant.page.accent", "#0b57d0")]).await;
        let replaced = world.only().await.page;
        assert_eq!((replaced.accent.as_deref(), replaced.allowed_origins.len()), (Some("#0b57d0"), 0), "declared here");
    }

    #[tokio::test]
    async fn a_key_leads_to_its_merchant_also_where_another_one_took_the_name() {
        let world = World::new();
        world.start(&[KEY]).await;
        let renamed = world.renamed().await;
        let other = Merchant { id: MerchantId::mint(&world.ids), name: "Shop".to_owned(), ..renamed.clone() };
        world.store.put_merchant(&other).await.unwrap();
        world.start(&[KEY]).await;
        let key = world.store.key_by_digest(&digest(KEY.1)).await.unwrap().unwrap();
        assert_eq!(key.merchant, renamed.id);
    }

    #[tokio::test]
    async fn the_key_of_a_merchant_that_never_had_the_name_is_refused_before_anything_is_written() {
        let world = World::new();
        world.start(&[KEY]).await;
        let before = world.only().await;
        let accent = ("merchant.page.accent", "#0b57d0");
        let refused = world.try_to_start("Another shop", &[KEY, accent]).await.unwrap_err();
        assert!(refused.to_string().contains("is a key of Shop"), "{refused}");
        assert_eq!(world.only().await, before);
    }

    #[tokio::test]
    async fn without_a_key_that_works_it_is_known_by_the_name_it_was_made_under() {
        let world = World::new();
        world.start(&[]).await;
        let renamed = world.renamed().await;
        world.start(&[]).await;
        assert_eq!(world.only().await, renamed);
        world.start(&[KEY]).await;
        let key = world.store.key_by_digest(&digest(KEY.1)).await.unwrap().unwrap();
        world.store.put_key(&lendport_storage::ApiKey { revoked_at: Some(world.clock.now()), ..key }).await.unwrap();
        world.start(&[KEY]).await;
        assert_eq!(world.only().await, renamed);
    }
}
