//! PostgreSQL: the shared suite, and what only a server can do to us.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod commits;
#[path = "../shared/copied.rs"]
mod copied;
mod full;
mod key_uses;
mod keys;
mod lines;
mod proxy;
mod recovery;
mod restart;
#[path = "../shared/rotation.rs"]
mod rotation;
mod schema;
mod secrecy;
#[path = "../shared/telling.rs"]
mod telling;
mod tls;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use lendport_core::{AttemptState, CheckoutId, Secret};
use lendport_storage::postgres::{PostgresSettings, PostgresStore};
use lendport_storage::{Database, StoreError, Vault};
use lendport_testkit::postgres::Cluster;
use lendport_testkit::storage_suite::{StoreFactory, World, run_all};

fn vault(key: u8) -> Vault {
    Vault::new(Secret::new([key; 32]))
}

fn settings(url: &str) -> PostgresSettings {
    PostgresSettings::new(Secret::from(url))
}

async fn open(settings: &PostgresSettings) -> Database {
    Database::of(Arc::new(PostgresStore::open(settings, vault(1)).await.unwrap()))
}

/// A database of its own in the shared server; its name and how to reach it.
fn fresh() -> (String, PostgresSettings) {
    let name = Cluster::shared().create_database();
    let settings = settings(&Cluster::shared().url(&name));
    (name, settings)
}

/// Runs statements in a database of the shared server, as a person would.
fn psql(database: &str, sql: &str) -> String {
    Cluster::shared().psql(database, sql)
}

/// Writes one checkout; says which, or why not.
async fn write(world: &World) -> Result<CheckoutId, StoreError> {
    let opening = world.opening(AttemptState::AwaitingCustomer);
    let id = opening.checkout.as_ref().unwrap().id;
    world.store.insert_checkout(world.tenant, None, opening).await.map(|_| id)
}

/// Looks again and again until it is so, for a minute.
async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    for _ in 0..1_200 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never came to be that {what}");
}

/// A database of its own for every case.
struct Databases(Mutex<Option<PostgresSettings>>);

#[async_trait]
impl StoreFactory for Databases {
    async fn empty(&self) -> Database {
        let (_, settings) = fresh();
        *self.0.lock().unwrap() = Some(settings.clone());
        open(&settings).await
    }

    async fn second(&self) -> Option<Database> {
        let settings = self.0.lock().unwrap().clone()?;
        Some(open(&settings).await)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_passes_the_suite() {
    run_all(&Databases(Mutex::default())).await;
}
