//! Opens the database that `storage.url` names: a file for one process, or a server for many.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lendport_core::{Clock as _, Secret};
use lendport_storage::postgres::{self, PostgresKeys, PostgresSettings};
use lendport_storage::sqlite::{self, SqliteKeys, SqliteSettings};
use lendport_storage::{Database, KeyRing, Keys, PostgresStore, SqliteStore, StoreError, Vault};

use crate::ambient::SystemClock;
use crate::config::{Config, StoragePlace};
use crate::failure::Failure;

/// By how much clocks may differ before it is worth a word.
const CLOCKS_APART_MAX: SignedDuration = SignedDuration::from_secs(5);

/// A database, and the keys that it is sealed with.
pub struct Opened {
    /// Both sides of the store.
    pub database: Database,
    /// The keys.
    pub keys: Arc<dyn Keys>,
    /// What knows them.
    pub vault: Vault,
}

/// Opens it with the configured keys, its schema brought up to date.
pub async fn open(config: &Config) -> Result<Database, Failure> {
    Ok(open_with_keys(config).await?.database)
}

/// The same, with its keys.
pub async fn open_with_keys(config: &Config) -> Result<Opened, Failure> {
    let vault = vault(config)?;
    match config.storage.place() {
        StoragePlace::Sqlite(path) => {
            let settings = SqliteSettings { readers: config.storage.readers, ..SqliteSettings::new(path) };
            let known = vault.clone();
            let opened = tokio::task::spawn_blocking(move || SqliteStore::open(&settings, known)).await;
            let store = opened.map_err(|error| Failure::other(format!("opening the database: {error}")))??;
            let keys = Arc::new(store.keys());
            Ok(Opened { database: Database::of(Arc::new(store)), keys, vault })
        }
        StoragePlace::Postgres(url) => {
            let store = PostgresStore::open(&server(config, url), vault.clone()).await?;
            compare_clocks(&store).await?;
            let keys = Arc::new(store.keys());
            Ok(Opened { database: Database::of(Arc::new(store)), keys, vault })
        }
    }
}

/// As [`open`], for a command; where a gateway has the file for itself, `instead` says what can be done beside it.
pub async fn open_for_command(config: &Config, instead: &str) -> Result<Database, Failure> {
    open(config).await.map_err(|failure| match failure {
        Failure::Store(StoreError::InUse(why)) => Failure::other(format!("{why}\n{instead}")),
        other => other,
    })
}

/// The keys of the database, without the store: whoever works at them may do so beside a gateway.
pub fn keys(config: &Config) -> Result<Arc<dyn Keys>, Failure> {
    let vault = vault(config)?;
    Ok(match config.storage.place() {
        StoragePlace::Sqlite(path) => Arc::new(SqliteKeys::new(path, vault)),
        StoragePlace::Postgres(url) => Arc::new(PostgresKeys::new(&server(config, url), vault)?),
    })
}

/// Refuses keys that do not open the database, before anything else is begun.
pub async fn check_keys(config: &Config) -> Result<(), Failure> {
    Ok(keys(config)?.check().await?)
}

/// Says so when this machine's clock is not that of the server: replicas whose clocks differ take leases for ended that
/// are not.
async fn compare_clocks(store: &PostgresStore) -> Result<(), Failure> {
    let clock = SystemClock::start();
    let before = clock.steady();
    let server = store.server_time().await?;
    let apart = apart(before, server, clock.steady());
    if apart > CLOCKS_APART_MAX {
        tracing::warn!(
            seconds = apart.as_secs(),
            "this machine's clock and the database server's differ; every machine needs its clock set by NTP"
        );
    }
    Ok(())
}

/// By how much a clock is off that showed `shown` at some moment from `before` to `after`, at least.
fn apart(before: Timestamp, shown: Timestamp, after: Timestamp) -> SignedDuration {
    before.duration_since(shown).max(shown.duration_since(after)).max(SignedDuration::ZERO)
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

fn vault(config: &Config) -> Result<Vault, Failure> {
    let key = config.security.encryption_key.clone().ok_or_else(|| {
        Failure::other(
            "security.encryption_key is not set. Make one with `openssl rand -base64 32`, keep it in a file, and name \
             the file in security.encryption_key_file.",
        )
    })?;
    Ok(Vault::with_ring(KeyRing::new(key, config.security.older_encryption_keys.iter().cloned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_question_took_is_not_taken_for_a_wrong_clock() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let seconds = |before, shown, after| apart(at(before), at(shown), at(after)).as_secs();
        assert_eq!([seconds(100, 100, 100), seconds(100, 104, 120), seconds(100, 120, 120)], [0, 0, 0]);
        assert_eq!([seconds(100, 94, 120), seconds(100, 3_720, 120)], [6, 3_600]);
    }
}
