//! Keys that sign tokens: one of each number, whoever makes it. Tokens that work once: once among all processes.

use lendport_core::{Actor, AuditAction, AuditEntry, Mode, Secret, SigningKeyId};
use lendport_storage::{AuditFilter, Audited, PageAsk, SigningKey, StoreError, Tenant};
use tokio::task::JoinSet;

use super::world::{World, at, sha};

impl World {
    fn signing_key(&self, number: u32, active_from: i64) -> SigningKey {
        SigningKey {
            id: SigningKeyId::mint(&self.ids),
            number,
            seed: Secret::new([u8::try_from(number).unwrap(); 32]),
            created_at: at(0),
            active_from: at(active_from),
            retire_at: None,
        }
    }

    async fn add(&self, key: &SigningKey, others_until: i64) -> Result<bool, StoreError> {
        self.store.add_signing_key(key, at(others_until), &told(self, key)).await
    }

    async fn retirements(&self) -> Vec<(u32, Option<jiff::Timestamp>)> {
        let keys = self.store.signing_keys().await.unwrap();
        keys.into_iter().map(|key| (key.number, key.retire_at)).collect()
    }
}

fn told(world: &World, key: &SigningKey) -> AuditEntry {
    AuditEntry::of_gateway(&world.ids, at(7), Actor::Gateway, AuditAction::SigningKeyCreated)
        .about(key.id)
        .with("number", key.number)
}

/// What is stored comes back equal; a new key ends those before it, and none lives longer for it.
pub(super) async fn keys(world: World) {
    let store = &*world.store;
    assert!(store.signing_keys().await.unwrap().is_empty());
    let first = world.signing_key(1, 0);
    assert!(world.add(&first, 0).await.unwrap());
    let read = store.signing_keys().await.unwrap().remove(0);
    assert_eq!((read.id, read.number, read.seed.expose()), (first.id, 1, first.seed.expose()));
    assert_eq!((read.created_at, read.active_from, read.retire_at), (at(0), at(0), None));
    assert!(!world.add(&world.signing_key(1, 5), 1).await.unwrap(), "the number is taken");
    assert_eq!(world.retirements().await, [(1, None)], "and nothing is written");
    assert!(world.add(&world.signing_key(2, 10), 20).await.unwrap());
    assert!(world.add(&world.signing_key(3, 11), 30).await.unwrap());
    assert_eq!(world.retirements().await, [(3, None), (2, Some(at(30))), (1, Some(at(20)))]);
    assert!(world.add(&world.signing_key(4, 12), 25).await.unwrap());
    assert_eq!(world.retirements().await, [(4, None), (3, Some(at(25))), (2, Some(at(25))), (1, Some(at(20)))]);
    assert_eq!(store.trim_tokens(at(21)).await, Ok(1));
    assert_eq!(store.trim_tokens(at(25)).await, Ok(0), "to the moment it is believed");
    assert_eq!(world.retirements().await.len(), 3);
}

/// Who made a key is written with it, or neither is; it is about no merchant, and no merchant sees it.
pub(super) async fn told_of(world: World) {
    let store = &*world.store;
    let log = async |whose| {
        let page = PageAsk { limit: 9, after: None };
        store.audit(whose, AuditFilter::default(), page).await.unwrap().rows
    };
    let (first, again) = (world.signing_key(1, 0), world.signing_key(1, 0));
    let entry = told(&world, &first);
    assert_eq!(store.add_signing_key(&first, at(0), &entry).await, Ok(true));
    assert_eq!(world.add(&again, 0).await, Ok(false));
    // An entry that is there already, and one that is about a merchant: the key is not made either.
    let next = world.signing_key(2, 0);
    assert!(store.add_signing_key(&next, at(0), &entry).await.is_err());
    let about_somebody = AuditEntry { merchant: Some(world.tenant.merchant), ..told(&world, &next) };
    assert!(store.add_signing_key(&next, at(0), &about_somebody).await.is_err());
    assert_eq!(world.retirements().await, [(1, None)]);
    for mode in [Mode::Test, Mode::Live] {
        assert_eq!(log(Audited::All(mode)).await, std::slice::from_ref(&entry));
        assert_eq!(log(Audited::Of(Tenant { mode, ..world.tenant })).await, []);
    }
}

/// A use is remembered until its token has expired.
pub(super) async fn uses(world: World) {
    let store = &*world.store;
    assert_eq!(store.use_token(&sha(1), at(10)).await, Ok(true));
    assert_eq!(store.use_token(&sha(1), at(99)).await, Ok(false));
    assert_eq!(store.use_token(&sha(2), at(20)).await, Ok(true));
    assert_eq!(store.trim_tokens(at(11)).await, Ok(1));
    assert_eq!(store.use_token(&sha(2), at(20)).await, Ok(false));
    assert!(store.use_token("no digest", at(1)).await.is_err());
}

/// Of many processes that make the next key, or use a token, one does.
pub(super) async fn at_once(world: World) {
    let mut racing = JoinSet::new();
    for number in 0..10 {
        let (store, key) = (world.either_store(number), world.signing_key(1, 0));
        let told = told(&world, &key);
        racing.spawn(async move {
            let made = store.add_signing_key(&key, at(0), &told).await.unwrap();
            (made.then_some(key.id), store.use_token(&sha(7), at(9)).await.unwrap())
        });
    }
    let done = racing.join_all().await;
    let made: Vec<_> = done.iter().filter_map(|(id, _)| *id).collect();
    let stored: Vec<_> = world.store.signing_keys().await.unwrap().iter().map(|key| key.id).collect();
    assert_eq!((made.len(), &stored), (1, &made));
    assert_eq!(done.iter().filter(|(_, used)| *used).count(), 1);
}
