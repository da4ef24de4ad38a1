//! Opens the database that `storage.url` names: a file for one process, or a server for many.

use std::sync::Arc;
use std::time::Duration;

use lendport_core::Secret;
use lendport_storage::postgres::{self, PostgresSettings};
use lendport_storage::sqlite::{self, SqliteSettings};
use lendport_storage::{Database, PostgresStore, SqliteStore, Vault};

use crate::config::{Config, StoragePlace};
use crate::failure::Failure;

/// Opens it with the configured key, its schema brought up to date.
pub async fn open(config: &Config) -> Result<Database, Failure> {
    let vault = Vault::new(key(config)?);
    match config.storage.place() {
        StoragePlace::Sqlite(path) => {
            let settings = SqliteSettings { readers: config.storage.readers, ..SqliteSettings::new(path) };
            let opened = tokio::task::spawn_blocking(move || SqliteStore::open(&settings, vault)).await;
            let store = opened.map_err(|error| Failure::other(format!("opening the database: {error}")))??;
            Ok(Database::of(Arc::new(store)))
        }
        StoragePlace::Postgres(url) => {
            let store = PostgresStore::open(&server(config, url), vault).await?;
            Ok(Database::of(Arc::new(store)))
        }
    }
}

/// Brings its schema up to date; says which migrations ran.
pub async fn migrate(config: &Config) -> Result<Vec<String>, Failure> {
    match config.storage.place() {
        StoragePlace::Sqlite(path) => Ok(sqlite::migrate(&SqliteSettings::new(path))?),
        StoragePlace::Postgres(url) => Ok(postgres::migrate(&server(config, url)).await?),
    }
}

fn server(config: &Config, url: Secret<String>) -> PostgresSettings {
    let storage = &config.storage;
    let statement_timeout = Duration::from_millis(storage.statement_timeout_ms);
    let usual = PostgresSettings::new(url);
    PostgresSettings {
        connections: storage.connections,
        connection_wait: Duration::from_millis(storage.connection_wait_ms),
        // Whoever waits for a row is told so before the statement as a whole is cut off.
        lock_timeout: usual.lock_timeout.min(statement_timeout.saturating_mul(4) / 5),
        statement_timeout,
        ..usual
    }
}

fn key(config: &Config) -> Result<Secret<[u8; 32]>, Failure> {
    config.security.encryption_key.clone().ok_or_else(|| {
        Failure::other(
            "security.encryption_key is not set. Make one with `openssl rand -base64 32`, keep it in a file, and name \
             the file in security.encryption_key_file.",
        )
    })
}
