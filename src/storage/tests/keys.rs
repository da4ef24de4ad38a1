//! SQLite: keys that change while rows are read and written, and a process that dies while it seals rows anew.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "shared/copied.rs"]
mod copied;
#[path = "shared/rotation.rs"]
mod rotation;
#[path = "shared/telling.rs"]
mod telling;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use lendport_core::{AttemptState, Secret};
use lendport_storage::keys::Keys;
use lendport_storage::sqlite::{SqliteKeys, SqliteSettings, SqliteStore, migrate};
use lendport_storage::vault::Place;
use lendport_storage::{DataKeyId, Database, KeyRing, StoreError, Vault, reencrypt};
use lendport_testkit::clock::START;
use lendport_testkit::storage_suite::World;
use rotation::{Site, by, ring};
use rusqlite::Connection;
use tempfile::TempDir;

struct File(TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("lendport.db")
    }
}

#[async_trait]
impl Site for File {
    async fn open(&self, ring: KeyRing) -> Result<(Database, Arc<dyn Keys>), StoreError> {
        let store = SqliteStore::open(&SqliteSettings::new(self.path()), Vault::with_ring(ring))?;
        let keys = Arc::new(store.keys());
        Ok((Database::of(Arc::new(store)), keys))
    }

    fn keys(&self, ring: KeyRing) -> Arc<dyn Keys> {
        Arc::new(SqliteKeys::with_lead(self.path(), Vault::with_ring(ring), SignedDuration::ZERO))
    }

    async fn migrate(&self) {
        migrate(&SqliteSettings::new(self.path())).unwrap();
    }

    async fn sql(&self, statement: &str) {
        Connection::open(self.path()).unwrap().execute_batch(statement).unwrap();
    }

    async fn use_first_key(&self, now: bool) {
        let from = if now { "created_at" } else { "32503680000000000" };
        self.sql(&format!("UPDATE data_keys SET active_from = {from} WHERE id = 1")).await;
    }

    async fn wrapped(&self) -> Vec<(u32, Vec<u8>)> {
        let db = Connection::open(self.path()).unwrap();
        let mut rows = db.prepare("SELECT id, wrapped FROM data_keys ORDER BY id").unwrap();
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    }

    async fn put_word(&self, sealed: Vec<u8>) {
        let db = Connection::open(self.path()).unwrap();
        db.execute("INSERT INTO vault_check (id, sealed) VALUES (1, ?1)", [sealed]).unwrap();
    }

    async fn copied(&self) -> Vec<Vec<u8>> {
        let files = std::fs::read_dir(self.0.path()).unwrap();
        files.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
    }
}

#[tokio::test]
async fn a_ring_key_is_replaced() {
    rotation::a_ring_key_is_replaced(&File::new()).await;
}

#[tokio::test]
async fn a_data_key_is_replaced() {
    rotation::a_data_key_is_replaced(&File::new()).await;
}

#[tokio::test]
async fn rows_of_the_first_format_open_and_are_sealed_anew() {
    rotation::rows_of_the_first_format_open_and_are_sealed_anew(&File::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_notices_while_all_is_sealed_anew() {
    rotation::nobody_notices_while_all_is_sealed_anew(&File::new()).await;
}

#[tokio::test]
async fn what_was_interrupted_is_gone_on_with() {
    rotation::what_was_interrupted_is_gone_on_with(&File::new()).await;
}

#[tokio::test]
async fn a_damaged_value_keeps_its_key() {
    let damage = "UPDATE checkouts SET personal = substr(personal, 1, 60) WHERE hex(id) = upper('{id}')";
    rotation::a_damaged_value_keeps_its_key(&File::new(), damage, &[]).await;
    let nothing = "UPDATE checkouts SET personal = x'' WHERE hex(id) = upper('{id}')";
    let first_format =
        "UPDATE checkouts SET personal = CAST(x'01' || substr(personal, 2) AS BLOB) WHERE hex(id) = upper('{id}')";
    for damage in [nothing, first_format] {
        rotation::a_damaged_value_keeps_its_key(&File::new(), damage, &[DataKeyId::new(1)]).await;
    }
}

#[tokio::test]
async fn a_copy_is_useless_without_the_ring() {
    copied::a_copy_is_useless_without_the_ring(&File::new()).await;
}

/// An answer of the first format is bound to what its key is made of, a later one to the digest that is in the row.
#[tokio::test]
async fn stored_answers_of_both_formats_are_found() {
    let file = File::new();
    let world = World::new(file.open(ring(&[1])).await.unwrap().0).await;
    let claim = world.claim("key", "one", START);
    let answer = lendport_storage::ClaimState::Completed { status: 201, body: "{\"a\":1}".to_owned() };
    let mut opening = world.opening(AttemptState::AwaitingCustomer);
    opening.claim = Some(lendport_storage::ClaimWrite {
        route: claim.route.clone(),
        key: claim.key.clone(),
        owner: claim.owner.clone(),
        state: answer.clone(),
    });
    world.store.insert_checkout(world.tenant, Some(claim.clone()), opening).await.unwrap();
    let found = async || world.store.idempotency(world.tenant, &claim.route, &claim.key).await.unwrap().unwrap().state;
    assert_eq!(found().await, answer);
    let name = format!("{}/test/{}/{}", world.tenant.merchant, claim.route, claim.key);
    let place = Place { table: "idempotency", column: "body", row: &name };
    let old = Vault::new(Secret::new([1; 32])).seal(place, b"{\"a\":1}").unwrap();
    Connection::open(file.path()).unwrap().execute("UPDATE answers SET body = ?1", [old]).unwrap();
    assert_eq!(found().await, answer);
}

const CHILD: &str = "reencrypts_until_it_is_killed";

#[tokio::test]
#[ignore = "a child of the test below"]
async fn reencrypts_until_it_is_killed() {
    let Some(path) = rotation::input() else { return };
    let keys = SqliteKeys::with_lead(path, Vault::new(Secret::new([1; 32])), SignedDuration::ZERO);
    // Never comes to its end: a piece, and then nothing until the parent kills it.
    keys.reload().await.unwrap();
    let column = keys.columns().iter().position(|column| column == "checkouts.personal").unwrap();
    keys.reseal_some(column, 0).await.unwrap();
    let again = reencrypt(&keys, by(), &|progress| {
        if progress.resealed > 0 {
            std::process::abort();
        }
    });
    again.await.unwrap();
}

/// Killed without a word in the middle, beside a store at work: nothing is lost, and the next one goes on.
#[tokio::test]
async fn a_process_that_dies_while_it_seals_anew_loses_nothing() {
    let file = File::new();
    let world = World::new(file.open(ring(&[1])).await.unwrap().0).await;
    let mut ids = Vec::new();
    for _ in 0..450 {
        ids.push(world.open(AttemptState::AwaitingCustomer).await.checkout.id);
    }
    let keys = file.keys(ring(&[1]));
    keys.new_data_key(by()).await.unwrap();
    let mut left = 450;
    for _ in 0..2 {
        let mut child = rotation::child(CHILD, file.path().to_str().unwrap());
        while child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let db = Connection::open(file.path()).unwrap();
        let old = "SELECT count(*) FROM checkouts WHERE substr(personal, 1, 5) = x'0200000001'";
        let now: u64 = db.query_row(old, [], |row| row.get::<_, i64>(0)).unwrap().try_into().unwrap();
        assert!(now < left && now > 0, "{now} of {left}");
        left = now;
        for id in &ids {
            world.read(*id).await;
        }
    }
    let outcome = reencrypt(&*keys, by(), &|_| ()).await.unwrap();
    assert_eq!((outcome.resealed, outcome.left), (left, 0));
}
