//! The schema: who may make it, change it, and start on it.

use lendport_storage::StoreError;
use lendport_storage::postgres::{PostgresSettings, PostgresStore, migrate};
use lendport_testkit::postgres::Cluster;

use super::{fresh, psql, settings, vault};

fn refusal<T>(result: Result<T, StoreError>) -> String {
    let Err(StoreError::Migration(why)) = result else { panic!("not refused") };
    why
}

async fn start(settings: &PostgresSettings) -> Result<PostgresStore, StoreError> {
    PostgresStore::open(settings, vault(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_at_once_migrate_once() {
    let (name, settings) = fresh();
    let starts = (0..6).map(|_| {
        let settings = settings.clone();
        tokio::spawn(async move { migrate(&settings).await.unwrap() })
    });
    let mut ran = Vec::new();
    for start in starts.collect::<Vec<_>>() {
        ran.extend(start.await.unwrap());
    }
    let all = ["start", "outbox", "watch", "details", "pages", "unchosen", "lines", "sweeps"];
    let named = (1..).zip(all).map(|(number, name)| format!("{number:04}_{name}"));
    assert_eq!(ran, named.collect::<Vec<_>>());
    assert_eq!(migrate(&settings).await, Ok(vec![]));
    assert_eq!(psql(&name, "SELECT count(*) FROM schema_migrations"), "8");
    // Nobody keeps the lock.
    let locks = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
                 WHERE l.locktype = 'advisory' AND d.datname = current_database()";
    assert_eq!(psql(&name, locks), "0");
}

#[tokio::test]
async fn migrations_are_compared_at_every_start() {
    let (name, settings) = fresh();
    start(&settings).await.unwrap();
    psql(&name, "UPDATE schema_migrations SET checksum = 'other' WHERE version = 1");
    let why = refusal(start(&settings).await);
    assert!(why.contains("0001_start is not the one") && why.contains("must not be edited"), "{why}");
    psql(&name, "UPDATE schema_migrations SET name = 'other' WHERE version = 1");
    assert!(refusal(migrate(&settings).await).contains("expected 0001_start and found 0001_other"));
    psql(&name, "DELETE FROM schema_migrations WHERE version = 1");
    assert!(refusal(migrate(&settings).await).contains("migration 0001 is missing"));
}

/// A newer version may have migrated while this one is still at work, or starts again; only what says so stops it.
#[tokio::test]
async fn a_newer_schema_stops_only_where_it_says_so() {
    let (name, settings) = fresh();
    start(&settings).await.unwrap();
    psql(&name, "INSERT INTO schema_migrations VALUES (7000, 'later', 'x', false)");
    assert!(start(&settings).await.is_ok());
    psql(&name, "INSERT INTO schema_migrations VALUES (7001, 'breaking', 'x', true)");
    assert!(refusal(start(&settings).await).contains("newer version of Lendport"));
}

#[tokio::test]
async fn a_database_that_is_not_ours_is_left_alone() {
    let (name, ours) = fresh();
    psql(&name, "CREATE TABLE recipes (name text)");
    assert!(refusal(start(&ours).await).contains("not Lendport's"));
    assert_eq!(psql(&name, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "1");

    let missing = start(&settings(&Cluster::shared().url("nowhere"))).await;
    assert!(matches!(missing, Err(StoreError::Database(why)) if why.contains("nowhere")));
    let latin = "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0";
    psql("postgres", latin);
    assert!(refusal(start(&settings(&Cluster::shared().url("latin"))).await).contains("UTF8"));
}

/// Two first starts with two keys: one of them made the database, and the other one is told.
#[tokio::test(flavor = "multi_thread")]
async fn the_wrong_key_shows_at_the_start() {
    let (_, settings) = fresh();
    let (first, second) =
        tokio::join!(PostgresStore::open(&settings, vault(1)), PostgresStore::open(&settings, vault(2)));
    let (winner, loser) = if first.is_ok() { (1, second) } else { (2, first) };
    assert!(matches!(loser, Err(StoreError::Sealed)));
    assert!(PostgresStore::open(&settings, vault(winner)).await.is_ok());
    assert!(matches!(PostgresStore::open(&settings, vault(3 - winner)).await, Err(StoreError::Sealed)));
}
