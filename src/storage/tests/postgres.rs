//! PostgreSQL in the shared suite.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use lendport_core::Secret;
use lendport_storage::postgres::{PostgresSettings, PostgresStore};
use lendport_storage::{Database, Vault};
use lendport_testkit::postgres::Cluster;
use lendport_testkit::storage_suite::{StoreFactory, run_all};

/// A database of its own for every case.
struct Databases(Mutex<String>);

impl Databases {
    async fn open(&self) -> Database {
        let url = self.0.lock().unwrap().clone();
        let settings = PostgresSettings::new(Secret::new(url));
        Database::of(Arc::new(PostgresStore::open(&settings, Vault::new(Secret::new([1; 32]))).await.unwrap()))
    }
}

#[async_trait]
impl StoreFactory for Databases {
    async fn empty(&self) -> Database {
        let cluster = Cluster::shared();
        *self.0.lock().unwrap() = cluster.url(&cluster.create_database());
        self.open().await
    }

    async fn second(&self) -> Option<Database> {
        Some(self.open().await)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_passes_the_suite() {
    run_all(&Databases(Mutex::default())).await;
}
