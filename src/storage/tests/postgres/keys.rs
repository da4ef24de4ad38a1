//! Keys that change while replicas read and write.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;
use lendport_core::{AttemptState, EventType, Secret};
use lendport_storage::keys::Keys;
use lendport_storage::postgres::{PostgresKeys, PostgresSettings, PostgresStore, migrate};
use lendport_storage::{
    Change, CheckoutFilter, DataKeyId, Database, KeyRing, LeaseAsk, OutboxAsk, OutboxChange, PageAsk, StoreError,
    Vault, WorkAsk, change_outbox_with, reencrypt,
};
use lendport_testkit::SeededIds;
use lendport_testkit::clock::START;
use lendport_testkit::postgres::Cluster;
use lendport_testkit::storage_suite::World;

use super::copied;
use super::rotation::{self, Site, by, ring};
use super::{fresh, psql, telling, vault};

fn bytes_of(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

struct Base {
    name: String,
    settings: PostgresSettings,
    /// Where the server's log was when it began.
    since: String,
}

impl Base {
    fn new() -> Self {
        let (name, settings) = fresh();
        let since = Cluster::shared().write_ahead(&name);
        Self { name, settings, since }
    }
}

#[async_trait]
impl Site for Base {
    async fn open(&self, ring: KeyRing) -> Result<(Database, Arc<dyn Keys>), StoreError> {
        let store = PostgresStore::open(&self.settings, Vault::with_ring(ring)).await?;
        let keys = Arc::new(store.keys());
        Ok((Database::of(Arc::new(store)), keys))
    }

    fn keys(&self, ring: KeyRing) -> Arc<dyn Keys> {
        let keys = PostgresKeys::new(&self.settings, Vault::with_ring(ring)).unwrap();
        Arc::new(keys.with_times(SignedDuration::ZERO, SignedDuration::ZERO))
    }

    async fn migrate(&self) {
        migrate(&self.settings).await.unwrap();
    }

    async fn sql(&self, statement: &str) {
        psql(&self.name, statement);
    }

    async fn use_first_key(&self, now: bool) {
        let from = if now { "created_at" } else { "'2999-01-01'" };
        psql(&self.name, &format!("UPDATE data_keys SET active_from = {from} WHERE id = 1"));
    }

    async fn wrapped(&self) -> Vec<(u32, Vec<u8>)> {
        let rows = psql(&self.name, "SELECT id, encode(wrapped, 'hex') FROM data_keys ORDER BY id");
        rows.lines()
            .map(|line| line.split_once('|').unwrap())
            .map(|(id, hex)| (id.parse().unwrap(), bytes_of(hex)))
            .collect()
    }

    async fn put_word(&self, sealed: Vec<u8>) {
        let digits: String = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
        psql(&self.name, &format!("INSERT INTO vault_check (id, sealed) VALUES (1, '\\x{digits}')"));
    }

    async fn copied(&self) -> Vec<Vec<u8>> {
        let mut copied = Cluster::shared().files(&self.name, &self.since);
        let digits = psql(&self.name, "SELECT encode(substring(personal FROM 1 FOR 24), 'hex') FROM checkouts LIMIT 1");
        let sealed = bytes_of(&digits);
        let files = copied.iter().filter(|bytes| bytes.windows(24).any(|at| at == sealed)).count();
        assert!(files > 0, "what is sealed stands in the files");
        copied.push(Cluster::shared().dump(&self.name));
        copied
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_key_is_replaced() {
    rotation::a_ring_key_is_replaced(&Base::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_key_is_replaced() {
    rotation::a_data_key_is_replaced(&Base::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_the_first_format_open_and_are_sealed_anew() {
    rotation::rows_of_the_first_format_open_and_are_sealed_anew(&Base::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_notices_while_all_is_sealed_anew() {
    rotation::nobody_notices_while_all_is_sealed_anew(&Base::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_interrupted_is_gone_on_with() {
    rotation::what_was_interrupted_is_gone_on_with(&Base::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_value_keeps_its_key() {
    let damage = "UPDATE checkouts SET personal = substring(personal FROM 1 FOR 60) WHERE id = '{id}'::uuid";
    rotation::a_damaged_value_keeps_its_key(&Base::new(), damage, &[]).await;
    let nothing = "UPDATE checkouts SET personal = '' WHERE id = '{id}'::uuid";
    let first_format =
        "UPDATE checkouts SET personal = '\\x01'::bytea || substring(personal FROM 2) WHERE id = '{id}'::uuid";
    for damage in [nothing, first_format] {
        rotation::a_damaged_value_keeps_its_key(&Base::new(), damage, &[DataKeyId::new(1)]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_useless_without_the_ring() {
    copied::a_copy_is_useless_without_the_ring(&Base::new()).await;
}

/// One replica seals with a key that the other one never heard of, and each kind of call of the other one finds it.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_meets_a_data_key_before_it_was_told_of_it() {
    let base = Base::new();
    let (first, first_keys) = base.open(ring(&[1])).await.unwrap();
    let world = World::new(first).await;
    let id = telling::happens(&world).await;
    let endpoint = world.add_endpoint(&[]).await;
    let event = world.event(id, EventType::CheckoutUpdated, 2);
    world.change(id, move |_| Change { events: vec![event.clone()], ..Change::default() }).await.unwrap();
    let later = START + SignedDuration::from_mins(5);
    let beside = base.keys(ring(&[1]));
    for kind in ["read", "list", "change", "endpoint", "lease", "interrupted"] {
        let (second, _) = base.open(ring(&[1])).await.unwrap();
        let other = World {
            store: second.store,
            outbox: second.outbox,
            other: None,
            ids: SeededIds::new(9),
            tenant: world.tenant,
        };
        let (key, _) = beside.new_data_key(by()).await.unwrap();
        first_keys.reload().await.unwrap();
        reencrypt(&*beside, by(), &|_| ()).await.unwrap();
        let sealed = psql(&base.name, "SELECT DISTINCT substring(personal FROM 1 FOR 5) FROM checkouts");
        assert_eq!(sealed, format!("\\x02{:08x}", key.number()));
        match kind {
            "read" => drop(other.read(id).await),
            "list" => {
                let (all, first) = (CheckoutFilter::default(), PageAsk { limit: 5, after: None });
                assert_eq!(other.store.checkouts(other.tenant, &all, first).await.unwrap().rows.len(), 1);
            }
            // Lists that pass over rows which they cannot read.
            "lease" => {
                let ask = LeaseAsk::of("two", later, later, 9);
                assert_eq!(other.outbox.lease_deliveries(&ask).await.unwrap().len(), 2);
            }
            "interrupted" => {
                let ask = WorkAsk { now: later, until: later, limit: 9 };
                assert_eq!(other.store.interrupted_calls(ask).await.unwrap().len(), 1);
            }
            "change" => drop(other.change(id, |_| Change::default()).await.unwrap()),
            _ => {
                let ask = OutboxAsk { endpoint: Some(endpoint.id), ..OutboxAsk::default() };
                let found = change_outbox_with(&*other.outbox, other.tenant, ask, |loaded| {
                    (OutboxChange::default(), loaded.endpoint.is_some())
                });
                assert_eq!(found.await.unwrap().1, Some(true));
            }
        }
        other.store.close().await;
    }
}

/// A new key is not used before its time, by any replica; told of it in time, all go over together.
#[tokio::test(flavor = "multi_thread")]
async fn replicas_go_over_to_a_new_data_key_when_its_time_comes() {
    let base = Base::new();
    let (first, first_keys) = base.open(ring(&[1])).await.unwrap();
    let (second, second_keys) = base.open(ring(&[1])).await.unwrap();
    let world = World::new(first).await;
    let in_time = PostgresKeys::new(&base.settings, vault(1)).unwrap();
    let (key, _) = in_time.new_data_key(by()).await.unwrap();
    assert_eq!(key.number(), 2);
    let other =
        World { store: second.store, outbox: second.outbox, other: None, ids: SeededIds::new(9), tenant: world.tenant };
    let prefixes = || psql(&base.name, "SELECT substring(personal FROM 1 FOR 5) FROM checkouts ORDER BY pk");
    for keys in [&first_keys, &second_keys] {
        keys.reload().await.unwrap();
    }
    world.open(AttemptState::AwaitingCustomer).await;
    other.open(AttemptState::AwaitingCustomer).await;
    assert_eq!(prefixes(), "\\x0200000001\n\\x0200000001");
    psql(&base.name, "UPDATE data_keys SET active_from = now() WHERE id = 2");
    first_keys.reload().await.unwrap();
    world.open(AttemptState::AwaitingCustomer).await;
    other.open(AttemptState::AwaitingCustomer).await;
    second_keys.reload().await.unwrap();
    let last = other.open(AttemptState::AwaitingCustomer).await.checkout.id;
    assert_eq!(prefixes(), "\\x0200000001\n\\x0200000001\n\\x0200000002\n\\x0200000001\n\\x0200000002");
    world.read(last).await;
    // The key is out of use only since now: it stays, though no row needs it.
    let outcome = reencrypt(&in_time, by(), &|_| ()).await.unwrap();
    assert_eq!((outcome.left, outcome.finished.dropped.len()), (0, 0));
}

/// Replicas that start at once on an empty database make one set of keys.
#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_at_once_share_their_first_keys() {
    let base = Base::new();
    let open = || PostgresStore::open(&base.settings, Vault::new(Secret::new([1; 32])));
    let stores = tokio::join!(open(), open(), open());
    let stores = [stores.0.unwrap(), stores.1.unwrap(), stores.2.unwrap()];
    assert_eq!(psql(&base.name, "SELECT id FROM data_keys ORDER BY id"), "0\n1");
    let mut stores = stores.into_iter().map(|store| Database::of(Arc::new(store)));
    let world = World::new(stores.next().unwrap()).await;
    let id = world.open(AttemptState::AwaitingCustomer).await.checkout.id;
    for database in stores {
        assert!(database.store.checkout(world.tenant, id).await.unwrap().is_some());
    }
}

const CHILD: &str = "keys::reencrypts_until_it_is_killed";

#[tokio::test]
#[ignore = "a child of the test below"]
async fn reencrypts_until_it_is_killed() {
    let Some(url) = rotation::input() else { return };
    let keys = PostgresKeys::new(&PostgresSettings::new(Secret::from(url.as_str())), vault(1)).unwrap();
    reencrypt(&keys.with_times(SignedDuration::ZERO, SignedDuration::ZERO), by(), &|_| ()).await.unwrap();
}

/// Killed at some moment, beside a store at work: nothing is lost, and the next one goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_while_it_seals_anew_loses_nothing() {
    let base = Base::new();
    let world = World::new(base.open(ring(&[1])).await.unwrap().0).await;
    let mut ids = Vec::new();
    for _ in 0..1_000 {
        ids.push(world.open(AttemptState::AwaitingCustomer).await.checkout.id);
    }
    let keys = base.keys(ring(&[1]));
    keys.new_data_key(by()).await.unwrap();
    let sealed =
        || psql(&base.name, "SELECT count(*) FROM checkouts WHERE substring(personal FROM 1 FOR 5) <> '\\x0200000001'");
    let mut child = rotation::child(CHILD, &Cluster::shared().url(&base.name));
    super::until("some rows are sealed anew", || std::future::ready(sealed() != "0")).await;
    child.kill().unwrap();
    child.wait().unwrap();
    for id in &ids {
        world.read(*id).await;
    }
    let done: u64 = sealed().parse().unwrap();
    let outcome = reencrypt(&*keys, by(), &|_| ()).await.unwrap();
    // What it was committing when it died may be done, too.
    assert!(outcome.resealed + done <= 1_000 && outcome.left == 0, "{done} and {outcome:?}");
}
