//! SQLite in the shared suite.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use async_trait::async_trait;
use lendport_core::Secret;
use lendport_storage::sqlite::{SqliteSettings, SqliteStore};
use lendport_storage::{Database, Vault};
use lendport_testkit::storage_suite::{StoreFactory, run_all};
use tempfile::TempDir;

struct Files(TempDir);

#[async_trait]
impl StoreFactory for Files {
    async fn empty(&self) -> Database {
        let folder = tempfile::tempdir_in(self.0.path()).unwrap().keep();
        let settings = SqliteSettings::new(folder.join("lendport.db"));
        Database::of(Arc::new(SqliteStore::open(&settings, Vault::new(Secret::new([1; 32]))).unwrap()))
    }

    async fn second(&self) -> Option<Database> {
        None
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite_passes_the_suite() {
    run_all(&Files(tempfile::tempdir().unwrap())).await;
}
