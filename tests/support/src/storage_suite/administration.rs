//! Merchants, keys, accounts and the audit log: one transaction, one tenant, nothing lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use lendport_core::{
    Actor, AuditAction, AuditEntry, AuditId, KeyId, MerchantId, Mode, ProviderAccount, ProviderAccountId, ProviderId,
    RequestId, Scope, Scopes, ShopPage,
};
use lendport_storage::{
    AdminAsk, AdminChange, ApiKey, AuditFilter, Audited, ChangeOutcome, ClaimState, ClaimWrite, Merchant, PageAsk,
    Tenant, administer_with,
};
use tokio::task::JoinSet;

use super::world::{World, at, sha};
use crate::samples::account;

pub(super) fn page<I>(limit: u32) -> PageAsk<I> {
    PageAsk { limit, after: None }
}

impl World {
    pub(super) fn merchant_row(&self, id: MerchantId, name: &str) -> Merchant {
        Merchant { id, name: name.to_owned(), page: ShopPage::default(), created_at: at(0) }
    }

    pub(super) fn stored_key(&self, tenant: Tenant, number: u64) -> ApiKey {
        ApiKey::new(KeyId::mint(&self.ids), tenant, sha(number), format!("key {number}"), at(1))
    }

    pub(super) fn entry(&self, tenant: Tenant, mode: Option<Mode>, action: AuditAction) -> AuditEntry {
        AuditEntry {
            id: AuditId::mint(&self.ids),
            merchant: Some(tenant.merchant),
            mode,
            actor: Actor::Key(KeyId::mint(&self.ids)),
            action,
            subject: "something".to_owned(),
            facts: BTreeMap::from([("label".to_owned(), "Kasse № 7".to_owned())]),
            request: Some(RequestId::mint(&self.ids)),
            at: at(5),
        }
    }

    /// Makes a change, and says who did where the change does not.
    pub(super) async fn administered(&self, tenant: Tenant, mut change: AdminChange) -> bool {
        if change.audit.is_empty() {
            change.audit = vec![self.entry(tenant, Some(tenant.mode), AuditAction::KeyCreated)];
        }
        self.administered_as_it_is(tenant, change).await
    }

    pub(super) async fn administered_as_it_is(&self, tenant: Tenant, change: AdminChange) -> bool {
        let done = administer_with(&*self.store, tenant, AdminAsk::default(), move |_| (change.clone(), ())).await;
        done.is_ok()
    }

    pub(super) async fn log(&self, whose: Audited) -> Vec<AuditEntry> {
        self.store.audit(whose, AuditFilter::default(), page(100)).await.unwrap().rows
    }
}

/// What is stored comes back equal, and versions grow.
pub(super) async fn round_trip(world: World) {
    let (store, tenant) = (&*world.store, world.tenant);
    let version = || async { store.merchant_row(tenant.merchant).await.unwrap().unwrap().version };
    assert_eq!(version().await, 1);
    let renamed = world.merchant_row(tenant.merchant, "renamed");
    assert!(
        world.administered(tenant, AdminChange { merchant: Some(renamed.clone()), ..AdminChange::default() }).await
    );
    assert_eq!((version().await, store.merchant(tenant.merchant).await), (2, Ok(Some(renamed))));

    let scopes: Scopes = [Scope::CheckoutsRead, Scope::PlatformAdmin].into_iter().collect();
    let key = ApiKey { scopes, expires_at: Some(at(60)), ..world.stored_key(tenant, 5) };
    let successor = world.stored_key(tenant, 6);
    let made = AdminChange { keys: vec![key.clone(), successor.clone()], ..AdminChange::default() };
    assert!(world.administered(tenant, made).await);
    assert_eq!(store.key_by_digest(&sha(5)).await, Ok(Some(key.clone())));
    let replaced = ApiKey { replaced_by: Some(successor.id), expires_at: Some(at(30)), ..key };
    assert!(world.administered(tenant, AdminChange { keys: vec![replaced.clone()], ..AdminChange::default() }).await);
    assert_eq!(store.key(tenant, replaced.id).await, Ok(Some(replaced.clone())));

    // When a key was last used only moves forward, and is not lost when the key changes.
    for seconds in [20, 10] {
        store.note_key_uses(&[(replaced.id, at(seconds)), (KeyId::mint(&world.ids), at(9))]).await.unwrap();
    }
    let used = ApiKey { last_used_at: Some(at(20)), ..replaced.clone() };
    let revoked = ApiKey { revoked_at: Some(at(25)), ..replaced };
    assert!(world.administered(tenant, AdminChange { keys: vec![revoked], ..AdminChange::default() }).await);
    let known = store.key(tenant, used.id).await.unwrap().unwrap();
    assert_eq!(known, ApiKey { revoked_at: Some(at(25)), ..used });
    assert_eq!(store.key_by_digest(&sha(5)).await, Ok(None));
    let listed = store.keys(tenant, page(9)).await.unwrap().rows;
    assert_eq!(listed, [successor, known], "newest first, with those that work no more");

    let provider = ProviderId::parse("sandbox").unwrap();
    let own = |password: &'static str| ProviderAccount {
        id: ProviderAccountId::of_bytes([3; 16]),
        merchant: tenant.merchant,
        provider: ProviderId::parse("sandbox").unwrap(),
        mode: tenant.mode,
        settings: account(&[("password", password)]),
    };
    for (version, password) in [(1, "one"), (2, "two")] {
        let put = own(password);
        assert!(world.administered(tenant, AdminChange { account: Some(put), ..AdminChange::default() }).await);
        let rows = store.account_rows(tenant, Some(&provider)).await.unwrap();
        assert_eq!((rows.len(), rows[0].version), (1, version));
        assert_eq!(rows[0].row.settings.get("password").unwrap().expose(), password);
    }
    let ask = AdminAsk { account: Some(provider.clone()), ..AdminAsk::default() };
    let entry = world.entry(tenant, Some(tenant.mode), AuditAction::AccountDeleted);
    let change = AdminChange { remove_account: true, audit: vec![entry], ..AdminChange::default() };
    let remove = move |_: lendport_storage::AdminLoaded<'_>| (change.clone(), ());
    assert!(administer_with(store, tenant, ask, remove).await.is_ok());
    assert!(store.account(tenant, &provider).await.unwrap().is_none());
}

/// What a decision sees; nothing is written by one that is given up, or that is about somebody else.
pub(super) async fn decisions(world: World) {
    let (store, tenant) = (&*world.store, world.tenant);
    let other = Tenant { merchant: MerchantId::mint(&world.ids), ..tenant };
    world.merchant(other.merchant, "second").await;
    let (expired, revoked) = (world.stored_key(tenant, 2), world.stored_key(tenant, 3));
    let working = world.stored_key(tenant, 1);
    let keys = vec![
        working.clone(),
        ApiKey { expires_at: Some(at(50)), ..expired },
        ApiKey { revoked_at: Some(at(50)), ..revoked },
    ];
    assert!(world.administered(tenant, AdminChange { keys, ..AdminChange::default() }).await);
    let ask = AdminAsk {
        name: Some("second".to_owned()),
        key: Some(working.id),
        keys_at: Some((tenant.mode, at(50))),
        ..AdminAsk::default()
    };
    let seen = administer_with(store, tenant, ask.clone(), |loaded| {
        let name = loaded.merchant.map(|known| known.row.name.clone());
        (AdminChange::abort(), (name, loaded.name_taken, loaded.key.map(|key| key.id), loaded.keys))
    })
    .await;
    let expected = (Some("first".to_owned()), true, Some(working.id), 1);
    assert_eq!(seen, Ok((ChangeOutcome::Done, Some(expected))));
    let seen =
        administer_with(store, other, ask, |loaded| (AdminChange::abort(), (loaded.name_taken, loaded.key.is_none())));
    assert_eq!(seen.await, Ok((ChangeOutcome::Done, Some((false, true)))), "its own name is not taken");

    // Keys of the other mode count by themselves, however many have come after the one that works.
    let live = Tenant { mode: Mode::Live, ..tenant };
    let old = (10..310).map(|number| ApiKey { expires_at: Some(at(50)), ..world.stored_key(live, number) });
    let keys = std::iter::once(world.stored_key(live, 4)).chain(old).collect();
    assert!(world.administered(live, AdminChange { keys, ..AdminChange::default() }).await);
    for (mode, moment, count) in [(Mode::Live, 50, 1), (Mode::Live, 49, 301), (Mode::Test, 50, 1)] {
        let ask = AdminAsk { keys_at: Some((mode, at(moment))), ..AdminAsk::default() };
        let seen = administer_with(store, tenant, ask, |loaded| (AdminChange::abort(), loaded.keys)).await;
        assert_eq!(seen, Ok((ChangeOutcome::Done, Some(count))), "{mode:?} {moment}");
    }
    for (mode, provider) in [(Mode::Test, "one"), (Mode::Live, "one"), (Mode::Live, "two")] {
        let row = ProviderAccount {
            id: ProviderAccountId::mint(&world.ids),
            merchant: tenant.merchant,
            provider: ProviderId::parse(provider).unwrap(),
            mode,
            settings: account(&[]),
        };
        store.put_account(&row).await.unwrap();
    }
    for (tenant, mode, count) in [(tenant, Mode::Live, 2), (live, Mode::Test, 1), (other, Mode::Live, 0)] {
        let ask = AdminAsk { accounts_in: Some(mode), ..AdminAsk::default() };
        let seen = administer_with(store, tenant, ask, |loaded| (AdminChange::abort(), loaded.accounts)).await;
        assert_eq!(seen, Ok((ChangeOutcome::Done, Some(count))), "{mode:?}");
    }
    let entry = |tenant, mode| vec![world.entry(tenant, mode, AuditAction::KeyCreated)];
    for wrong in [
        AdminChange { merchant: Some(world.merchant_row(other.merchant, "third")), ..AdminChange::default() },
        AdminChange { keys: vec![world.stored_key(other, 7)], ..AdminChange::default() },
        AdminChange { keys: vec![world.stored_key(live, 7)], ..AdminChange::default() },
        AdminChange { keys: vec![ApiKey { id: working.id, ..world.stored_key(live, 7) }], ..AdminChange::default() },
        AdminChange { audit: entry(other, None), keys: vec![world.stored_key(tenant, 7)], ..AdminChange::default() },
        AdminChange { audit: entry(tenant, Some(Mode::Live)), ..AdminChange::default() },
        AdminChange { remove_account: true, keys: vec![world.stored_key(tenant, 7)], ..AdminChange::default() },
        // A digest is one key's.
        AdminChange { audit: entry(tenant, None), keys: vec![world.stored_key(tenant, 1)], ..AdminChange::default() },
    ] {
        assert!(!world.administered(tenant, wrong.clone()).await, "{wrong:?}");
    }
    assert_eq!(store.key_by_digest(&sha(7)).await, Ok(None));
    assert_eq!(store.merchant_by_name("third").await, Ok(None));
    assert_eq!(world.log(Audited::All(Mode::Test)).await.len(), 1, "that of the keys above");
}

/// A key of a request is its asker's, whoever the change is about; a repeat hears the answer and changes nothing.
pub(super) async fn claims(world: World) {
    let (store, platform) = (&*world.store, world.tenant);
    let made = Tenant { merchant: MerchantId::mint(&world.ids), ..platform };
    let claim = world.claim("key", "one", at(0));
    let answer = ClaimState::Completed { status: 201, body: "{\"id\":1}".to_owned() };
    let write = ClaimWrite {
        route: claim.route.clone(),
        key: claim.key.clone(),
        owner: claim.owner.clone(),
        state: answer.clone(),
    };
    let ask = AdminAsk { claim: Some((platform, claim.clone())), ..AdminAsk::default() };
    let change = AdminChange {
        merchant: Some(world.merchant_row(made.merchant, "made")),
        audit: vec![world.entry(made, None, AuditAction::MerchantCreated)],
        claim: Some(write),
        ..AdminChange::default()
    };
    let run = || {
        let change = change.clone();
        administer_with(store, made, ask.clone(), move |_| (change.clone(), ()))
    };
    assert_eq!(run().await, Ok((ChangeOutcome::Done, Some(()))));
    let claimed = match run().await.unwrap() {
        (ChangeOutcome::Claimed(row), None) => Some((row.state, row.fingerprint)),
        _ => None,
    };
    assert_eq!(claimed, Some((answer, claim.fingerprint.clone())));
    assert_eq!(world.log(Audited::All(Mode::Test)).await.len(), 1);
    assert!(store.idempotency(platform, &claim.route, "key").await.unwrap().is_some());
    assert_eq!(store.idempotency(made, &claim.route, "key").await, Ok(None));
    // A decision that is given up gives its claim up, too.
    let other = world.claim("other", "one", at(0));
    let ask = AdminAsk { claim: Some((platform, other)), ..AdminAsk::default() };
    assert!(administer_with(store, made, ask, |_| (AdminChange::abort(), ())).await.is_ok());
    assert_eq!(store.idempotency(platform, &claim.route, "other").await, Ok(None));
}

/// Keys, accounts and entries of another merchant, or of the other mode, do not exist.
pub(super) async fn tenants(world: World) {
    let (store, tenant) = (&*world.store, world.tenant);
    let key = world.stored_key(tenant, 1);
    let provider = ProviderId::parse("sandbox").unwrap();
    let own = ProviderAccount {
        id: ProviderAccountId::mint(&world.ids),
        merchant: tenant.merchant,
        provider: provider.clone(),
        mode: tenant.mode,
        settings: account(&[("password", "x")]),
    };
    let change = AdminChange {
        keys: vec![key.clone()],
        account: Some(own),
        audit: vec![world.entry(tenant, Some(Mode::Test), AuditAction::KeyCreated)],
        ..AdminChange::default()
    };
    assert!(world.administered(tenant, change).await);
    let other = MerchantId::mint(&world.ids);
    world.merchant(other, "second").await;
    for stranger in [Tenant { merchant: other, ..tenant }, Tenant { mode: Mode::Live, ..tenant }] {
        assert_eq!(store.key(stranger, key.id).await, Ok(None));
        assert!(store.keys(stranger, page(9)).await.unwrap().rows.is_empty());
        assert!(store.account_rows(stranger, None).await.unwrap().is_empty());
        assert!(world.log(Audited::Of(stranger)).await.is_empty());
        let ask = AdminAsk { key: Some(key.id), account: Some(provider.clone()), ..AdminAsk::default() };
        let seen = administer_with(store, stranger, ask, |loaded| {
            (AdminChange::abort(), (loaded.key.is_some(), loaded.account.is_some(), loaded.keys))
        });
        assert_eq!(seen.await, Ok((ChangeOutcome::Done, Some((false, false, 0)))));
    }
    assert!(world.log(Audited::All(Mode::Live)).await.is_empty());
    assert_eq!(world.log(Audited::All(Mode::Test)).await.len(), 1);
}

/// Pages of merchants, newest first.
pub(super) async fn merchants(world: World) {
    let mut stored = vec![world.tenant.merchant];
    for number in 0..4 {
        let id = MerchantId::mint(&world.ids);
        world.merchant(id, &format!("merchant {number}")).await;
        stored.insert(0, id);
    }
    let page = |limit, after| world.store.merchants(PageAsk { limit, after });
    let top = page(2, None).await.unwrap();
    assert_eq!(
        (top.rows.iter().map(|known| known.row.id).collect::<Vec<_>>(), top.has_more),
        (stored[..2].to_vec(), true)
    );
    let rest = page(9, Some(stored[1])).await.unwrap();
    assert_eq!(
        (rest.rows.iter().map(|known| known.row.id).collect::<Vec<_>>(), rest.has_more),
        (stored[2..].to_vec(), false)
    );
}

/// However many ask for a name at once, one merchant has it, and everybody is told.
pub(super) async fn one_name(world: World) {
    let mut tasks = JoinSet::new();
    for number in 0..8 {
        let store = world.either_store(number);
        let tenant = Tenant { merchant: MerchantId::mint(&world.ids), ..world.tenant };
        let row = world.merchant_row(tenant.merchant, "wanted");
        let audit = vec![world.entry(tenant, None, AuditAction::MerchantCreated)];
        tasks.spawn(async move {
            let ask = AdminAsk { name: Some("wanted".to_owned()), ..AdminAsk::default() };
            let decide = move |loaded: lendport_storage::AdminLoaded<'_>| match loaded.name_taken {
                false => {
                    let (merchant, audit) = (Some(row.clone()), audit.clone());
                    (AdminChange { merchant, audit, ..AdminChange::default() }, true)
                }
                true => (AdminChange::abort(), false),
            };
            administer_with(&*Arc::clone(&store), tenant, ask, decide).await.unwrap().1.unwrap()
        });
    }
    let made = tasks.join_all().await.into_iter().filter(|made| *made).count();
    assert_eq!(made, 1);
}
