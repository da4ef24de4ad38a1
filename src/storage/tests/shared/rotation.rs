//! Keys that change while rows are read and written, for whichever database.

use std::io::{BufRead as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use lendport_core::{Actor, AttemptState, AuditAction, CheckoutId, Mode, Personal, Secret};
use lendport_storage::keys::{SealedWith, values_of};
use lendport_storage::vault::Place;
use lendport_storage::{
    AuditFilter, Audited, Change, DataKeyId, Database, Keeper, KeyRing, Keys, PageAsk, Progress, RingKeyId, StoreError,
    reencrypt,
};
use lendport_testkit::clock::{ManualClock, SeededIds};
use lendport_testkit::storage_suite::World;

use crate::telling;

/// A database that is opened again and again.
#[async_trait]
pub(crate) trait Site: Send + Sync {
    /// Opens it for use.
    async fn open(&self, ring: KeyRing) -> Result<(Database, Arc<dyn Keys>), StoreError>;
    /// The keys alone, as at the command line: new ones are used at once and deleted at once.
    fn keys(&self, ring: KeyRing) -> Arc<dyn Keys>;
    /// Makes the schema, and nothing more.
    async fn migrate(&self);
    /// Carries out a statement that both databases understand.
    async fn sql(&self, statement: &str);
    /// Has the first data key in use, or not for a long time to come.
    async fn use_first_key(&self, now: bool);
    /// Data keys as they are stored, by their numbers.
    async fn wrapped(&self) -> Vec<(u32, Vec<u8>)>;
    /// A sealed word that a version without data keys wrote.
    async fn put_word(&self, sealed: Vec<u8>);
    /// All bytes of the database, as somebody copies them away.
    async fn copied(&self) -> Vec<Vec<u8>>;
}

pub(crate) fn ring(keys: &[u8]) -> KeyRing {
    let (newest, older) = keys.split_first().unwrap();
    KeyRing::new(Secret::new([*newest; 32]), older.iter().map(|key| Secret::new([*key; 32])))
}

/// Somebody at the command line; each process has entries with ids of its own.
pub(crate) fn by() -> Keeper<'static> {
    static IDS: LazyLock<SeededIds> = LazyLock::new(|| SeededIds::new(std::process::id().into()));
    static CLOCK: LazyLock<ManualClock> = LazyLock::new(ManualClock::new);
    Keeper { actor: Actor::CommandLine, ids: &*IDS, clock: &*CLOCK }
}

/// What the audit log says of the keys, oldest first.
async fn logged(world: &World) -> Vec<(AuditAction, String)> {
    let page = PageAsk { limit: 100, after: None };
    let read = world.store.audit(Audited::All(Mode::Live), AuditFilter::default(), page).await.unwrap();
    let mut rows = read.rows;
    rows.retain(|entry| entry.action != AuditAction::SigningKeyCreated);
    assert!(rows.iter().all(|entry| (entry.merchant, entry.actor) == (None, Actor::CommandLine)));
    rows.into_iter().rev().map(|entry| (entry.action, entry.subject)).collect()
}

fn id_of(key: u8) -> RingKeyId {
    RingKeyId::of(&Secret::new([key; 32]))
}

/// The same merchant in a database that was opened again.
pub(crate) fn again(world: &World, database: Database, seed: u64) -> World {
    let Database { store, outbox, .. } = database;
    World { store, outbox, other: None, ids: SeededIds::new(seed), tenant: world.tenant }
}

/// True when this data key sealed all there is, in each of the nine columns.
async fn only(keys: &dyn Keys, key: u32) -> bool {
    let counts = keys.count().await.unwrap();
    let values = || counts.iter().flat_map(|column| &column.values);
    values().all(|(with, _)| *with == SealedWith::Data(DataKeyId::new(key))) && values().count() >= 9
}

fn quiet(_: &Progress) {}

/// A new key of the ring comes, the data keys are sealed with it, the old one goes.
pub(crate) async fn a_ring_key_is_replaced(site: &dyn Site) {
    let (database, keys) = site.open(ring(&[1])).await.unwrap();
    let world = World::new(database).await;
    let id = telling::happens(&world).await;
    assert!(matches!(site.keys(ring(&[2])).rewrap(by()).await, Err(StoreError::WrongKey(_))));
    assert_eq!(keys.rewrap(by()).await, Ok(0));
    let report = keys.report().await.unwrap();
    assert_eq!((report.ring.len(), report.ring[0].keys, report.ring[0].rows), (1, 2, false));
    world.store.close().await;

    let refused = site.open(ring(&[2])).await.err().unwrap();
    let StoreError::WrongKey(told) = refused else { panic!("{refused:?}") };
    assert!(told.contains(&format!("sealed with key {}; configured: {} ", id_of(1), id_of(2))), "{told}");
    assert!(told.contains("security.older_encryption_keys_file"), "{told}");
    assert!(matches!(site.keys(ring(&[2])).check().await, Err(StoreError::WrongKey(_))));

    let (database, keys) = site.open(ring(&[2, 1])).await.unwrap();
    let world = again(&world, database, 2);
    assert!(telling::is_there(&world, id).await);
    assert_eq!(keys.rewrap(by()).await, Ok(2), "the data key, and the root of derived keys");
    assert_eq!(keys.rewrap(by()).await, Ok(0));
    let report = keys.report().await.unwrap();
    let told: Vec<_> = report.ring.iter().map(|key| (key.id.clone(), key.newest, key.keys)).collect();
    assert_eq!(told, [(id_of(2), true, 2), (id_of(1), false, 0)]);
    assert!(report.ring.iter().all(|key| key.first_seen.is_some()));
    assert_eq!(logged(&world).await, [(AuditAction::DataKeysRewrapped, id_of(2).to_string())]);
    world.store.close().await;

    let (database, _) = site.open(ring(&[2])).await.unwrap();
    let world = again(&world, database, 3);
    assert!(telling::is_there(&world, id).await);
    world.open(AttemptState::AwaitingCustomer).await;
    world.store.close().await;
    assert!(matches!(site.open(ring(&[1])).await, Err(StoreError::WrongKey(_))));

    // A key is in use from when data keys are sealed with it, though no gateway came with it yet.
    let beside = site.keys(ring(&[3, 2]));
    assert_eq!(beside.rewrap(by()).await, Ok(2));
    let report = beside.report().await.unwrap();
    assert!(
        report.ring.iter().any(|key| key.id == id_of(3) && key.keys == 2 && key.first_seen.is_some()),
        "{report:?}"
    );
}

/// A new data key comes, all is sealed with it, and the old one is deleted.
pub(crate) async fn a_data_key_is_replaced(site: &dyn Site) {
    let (database, _) = site.open(ring(&[1])).await.unwrap();
    let world = World::new(database).await;
    let id = telling::happens(&world).await;
    let beside = site.keys(ring(&[1]));
    let old = site.wrapped().await;
    assert_eq!(old.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [0, 1]);
    assert!(only(&*beside, 1).await);
    assert_eq!(beside.new_data_key(by()).await.unwrap().0, DataKeyId::new(2));
    let outcome = reencrypt(&*beside, by(), &quiet).await.unwrap();
    assert_eq!((outcome.unreadable, outcome.left), (0, 0));
    assert!(outcome.resealed >= 8, "{outcome:?}");
    assert!(only(&*beside, 2).await);
    // What is sealed now was never known to the open store.
    assert!(telling::is_there(&world, id).await);
    let endpoints = world.outbox.endpoints(world.tenant, PageAsk { limit: 10, after: None }).await;
    assert_eq!(endpoints.unwrap().rows.len(), 1);
    assert_eq!(reencrypt(&*beside, by(), &quiet).await.unwrap().resealed, 0);
    world.store.close().await;

    // Nobody is left who could seal with the old one.
    let finished = beside.finish(by()).await.unwrap();
    let gone: Vec<_> = outcome.finished.dropped.into_iter().chain(finished.dropped).collect();
    assert_eq!(gone, [DataKeyId::new(1)]);
    assert_eq!(site.wrapped().await.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [0, 2]);
    let (database, _) = site.open(ring(&[1])).await.unwrap();
    let world = again(&world, database, 2);
    assert!(telling::is_there(&world, id).await);
    world.open(AttemptState::AwaitingCustomer).await;
    assert!(only(&*beside, 2).await);
    let entry = |action, subject: &str| (action, subject.to_owned());
    let wanted = [entry(AuditAction::DataKeyCreated, "2"), entry(AuditAction::DataKeyDeleted, "1")];
    assert_eq!(logged(&world).await, wanted);
    world.store.close().await;
}

/// A database of the version before, with rows that the configured key sealed itself.
pub(crate) async fn rows_of_the_first_format_open_and_are_sealed_anew(site: &dyn Site) {
    site.migrate().await;
    let place = Place { table: "vault_check", column: "sealed", row: "1" };
    site.put_word(lendport_storage::Vault::new(Secret::new([1; 32])).seal(place, b"lendport").unwrap()).await;
    let refused = site.open(ring(&[2])).await.err().unwrap();
    assert!(matches!(&refused, StoreError::WrongKey(told) if told.contains(id_of(2).as_str())), "{refused:?}");
    assert!(matches!(site.keys(ring(&[2])).check().await, Err(StoreError::WrongKey(_))));
    // The first data key is not in use for a while, as on a server where older versions are at work.
    site.open(ring(&[1])).await.unwrap().0.store.close().await;
    site.use_first_key(false).await;
    let (database, keys) = site.open(ring(&[2, 1])).await.unwrap();
    let world = World::new(database).await;
    let id = telling::happens(&world).await;
    let counts = keys.count().await.unwrap();
    let first_format = values_of(&counts, SealedWith::Ring);
    assert!(first_format >= 8 && values_of(&counts, SealedWith::Data(DataKeyId::new(1))) == 0, "{counts:?}");
    let report = keys.report().await.unwrap();
    let rows: Vec<_> = report.ring.iter().map(|key| (key.id.clone(), key.rows)).collect();
    assert_eq!(rows, [(id_of(2), false), (id_of(1), true)], "with the key that the rows had, not the newest");
    assert!(telling::is_there(&world, id).await);

    site.use_first_key(true).await;
    keys.reload().await.unwrap();
    let opened = world.open(AttemptState::AwaitingCustomer).await.checkout.id;
    assert!(values_of(&keys.count().await.unwrap(), SealedWith::Data(DataKeyId::new(1))) > 0);
    assert_eq!(keys.rewrap(by()).await, Ok(2));
    world.store.close().await;
    // The old key is still wanted: its id is known by now.
    let refused = site.open(ring(&[2])).await.err().unwrap();
    assert!(matches!(&refused, StoreError::WrongKey(told) if told.contains(id_of(1).as_str())), "{refused:?}");

    let beside = site.keys(ring(&[2, 1]));
    let outcome = reencrypt(&*beside, by(), &quiet).await.unwrap();
    let left = values_of(&outcome.finished.counts, SealedWith::Ring);
    assert_eq!(left, outcome.left);
    if left > 0 {
        // Stored answers of SQLite, which are found by what is not in the row: they go when they are old.
        assert!(outcome.finished.counts.iter().all(|column| {
            column.column == "answers.body" || values_of(std::slice::from_ref(column), SealedWith::Ring) == 0
        }));
        site.sql("DELETE FROM answers").await;
        assert!(matches!(site.open(ring(&[2])).await, Err(StoreError::WrongKey(_))));
        assert!(beside.finish(by()).await.unwrap().first_format_gone);
    } else {
        assert!(outcome.finished.first_format_gone);
    }
    let (database, keys) = site.open(ring(&[2])).await.unwrap();
    let world = again(&world, database, 3);
    assert!(telling::is_there(&world, id).await);
    world.read(opened).await;
    assert!(keys.report().await.unwrap().ring.iter().all(|key| !key.rows));
    world.store.close().await;
}

/// Requests go on, and none fails, while a data key comes and all rows are sealed with it.
pub(crate) async fn nobody_notices_while_all_is_sealed_anew(site: &dyn Site) {
    let (database, keys) = site.open(ring(&[1])).await.unwrap();
    let world = Arc::new(World::new(database).await);
    let mut ids = Vec::new();
    for _ in 0..150 {
        ids.push(world.open(AttemptState::AwaitingCustomer).await.checkout.id);
    }
    let (stop, changes) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut working = Vec::new();
    for worker in 0..4 {
        let (world, stop, changes, ids) = (Arc::clone(&world), Arc::clone(&stop), Arc::clone(&changes), ids.clone());
        working.push(tokio::spawn(async move {
            let mut turn: usize = worker;
            while !stop.load(Ordering::SeqCst) {
                rename(&world, ids[turn % ids.len()], turn).await;
                changes.fetch_add(1, Ordering::SeqCst);
                turn += 4;
            }
        }));
    }
    let beside = site.keys(ring(&[1]));
    for key in 2..5 {
        beside.new_data_key(by()).await.unwrap();
        // As the gateway does every minute; every other time it meets the key in a row first.
        if key % 2 == 0 {
            keys.reload().await.unwrap();
        }
        let before = changes.load(Ordering::SeqCst);
        reencrypt(&*beside, by(), &quiet).await.unwrap();
        while changes.load(Ordering::SeqCst) < before + 20 {
            assert!(working.iter().all(|worker| !worker.is_finished()), "somebody noticed");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    stop.store(true, Ordering::SeqCst);
    for worker in working {
        worker.await.unwrap();
    }
    keys.reload().await.unwrap();
    let outcome = reencrypt(&*beside, by(), &quiet).await.unwrap();
    assert_eq!((outcome.left, outcome.unreadable), (0, 0));
    for id in ids {
        world.read(id).await;
    }
    world.store.close().await;
}

/// Reads a checkout and changes a sealed column of it.
async fn rename(world: &World, id: CheckoutId, turn: usize) {
    world.read(id).await;
    let name = format!("Johanna {turn}");
    let change = move |loaded: lendport_storage::Loaded<'_>| {
        let mut checkout = loaded.record.checkout.clone();
        checkout.version += 1;
        checkout.customer.first_name = Personal::new(name.clone());
        Change { checkout: Some(Box::new(checkout)), ..Change::default() }
    };
    world.change(id, change).await.unwrap();
}

/// Starts one of the ignored tests of this program as a process of its own, with what it needs on its standard input.
pub(crate) fn child(test: &str, input: &str) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", test, "--test-threads=1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{input}\n").as_bytes()).unwrap();
    child
}

/// What the parent wrote; none when somebody runs the ignored tests by hand.
pub(crate) fn input() -> Option<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).ok()?;
    Some(line.trim().to_owned()).filter(|line| !line.is_empty())
}

/// Stopped in the middle of a table, it is gone on with.
pub(crate) async fn what_was_interrupted_is_gone_on_with(site: &dyn Site) {
    let (database, _) = site.open(ring(&[1])).await.unwrap();
    let world = World::new(database).await;
    let mut ids = Vec::new();
    for _ in 0..500 {
        ids.push(world.open(AttemptState::AwaitingCustomer).await.checkout.id);
    }
    let beside = site.keys(ring(&[1]));
    beside.new_data_key(by()).await.unwrap();
    beside.reload().await.unwrap();
    let column = beside.columns().iter().position(|column| column == "checkouts.personal").unwrap();
    let first = beside.reseal_some(column, 0).await.unwrap();
    assert!(first.resealed > 0 && first.next.is_some(), "{first:?}");
    let half = beside.count().await.unwrap();
    assert!(values_of(&half, SealedWith::Data(DataKeyId::new(1))) > 0);
    assert_eq!(values_of(&half, SealedWith::Data(DataKeyId::new(2))), first.resealed);
    for id in &ids {
        world.read(*id).await;
    }
    let outcome = reencrypt(&*site.keys(ring(&[1])), by(), &quiet).await.unwrap();
    assert_eq!(outcome.resealed, 500 - first.resealed, "nothing twice");
    assert_eq!(outcome.left, 0);
    world.store.close().await;
}

/// A row that does not open is told of, left as it is, and keeps its key from being deleted.
/// Where nothing is left of it, there is no key to be kept. The database opens afterwards either way.
pub(crate) async fn a_damaged_value_keeps_its_key(site: &dyn Site, damage: &str, dropped: &[DataKeyId]) {
    let (database, _) = site.open(ring(&[1])).await.unwrap();
    let world = World::new(database).await;
    let other = world.open(AttemptState::AwaitingCustomer).await.checkout.id;
    let whole = world.open(AttemptState::AwaitingCustomer).await.checkout.id;
    site.sql(&damage.replace("{id}", &whole.uuid().simple().to_string())).await;
    world.store.close().await;
    let beside = site.keys(ring(&[1]));
    beside.new_data_key(by()).await.unwrap();
    let outcome = reencrypt(&*beside, by(), &quiet).await.unwrap();
    assert_eq!((outcome.resealed, outcome.unreadable, outcome.left), (1, 1, 1));
    assert_eq!(outcome.finished.dropped, dropped);
    let (database, _) = site.open(ring(&[1])).await.unwrap();
    let world = again(&world, database, 2);
    world.read(other).await;
    world.store.close().await;
}
