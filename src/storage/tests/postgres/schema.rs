//! The schema: who may make it, change it, and start on it.

use lendport_storage::StoreError;
use lendport_storage::postgres::{PostgresSettings, PostgresStore, migrate};
use lendport_testkit::postgres::Cluster;

use super::{fresh, psql, settings, until, vault};

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
    let all = [
        "start",
        "outbox",
        "watch",
        "details",
        "pages",
        "unchosen",
        "lines",
        "sweeps",
        "tenants",
        "data_keys",
        "routing",
        "tokens",
        "limits",
    ];
    let named = (1..).zip(all).map(|(number, name)| format!("{number:04}_{name}"));
    assert_eq!(ran, named.collect::<Vec<_>>());
    assert_eq!(migrate(&settings).await, Ok(vec![]));
    assert_eq!(psql(&name, "SELECT count(*) FROM schema_migrations"), "13");
    // Nobody keeps the lock.
    let locks = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
                 WHERE l.locktype = 'advisory' AND d.datname = current_database()";
    assert_eq!(psql(&name, locks), "0");
}

/// Whoever writes locks checkouts before attempts, and so does the migration that needs both: neither is sent away.
#[tokio::test(flavor = "multi_thread")]
async fn a_migration_takes_tables_in_the_order_of_those_who_write() {
    let (name, settings) = fresh();
    migrate(&settings).await.unwrap();
    let undo = "DELETE FROM schema_migrations WHERE version = 13; DROP INDEX checkouts_due_of; \
                ALTER TABLE attempts DROP COLUMN tenant; ALTER TABLE recoveries DROP COLUMN turn; \
                ALTER TABLE merchants DROP COLUMN quotas";
    psql(&name, undo);
    let (writer, line) = tokio_postgres::connect(&Cluster::shared().url(&name), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(line);
    writer.batch_execute("BEGIN; LOCK TABLE checkouts IN ROW EXCLUSIVE MODE").await.unwrap();
    let migrating = tokio::spawn(async move { migrate(&settings).await });
    let waits = "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_database d \
                 ON d.oid = l.database WHERE c.relname = 'checkouts' AND NOT l.granted AND d.datname = current_database()";
    until("the migration waits", || async { psql(&name, waits) == "1" }).await;
    writer.batch_execute("LOCK TABLE attempts IN ROW EXCLUSIVE MODE NOWAIT; COMMIT").await.unwrap();
    assert_eq!(migrating.await.unwrap(), Ok(vec!["0013_limits".to_owned()]));
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
    assert!(matches!(loser, Err(StoreError::WrongKey(_))));
    assert!(PostgresStore::open(&settings, vault(winner)).await.is_ok());
    assert!(matches!(PostgresStore::open(&settings, vault(3 - winner)).await, Err(StoreError::WrongKey(_))));
}

/// Whoever writes past the code: a tenant has one active profile all the same.
#[tokio::test]
async fn a_tenant_has_one_active_routing_profile_by_the_schema_itself() {
    let (name, settings) = fresh();
    migrate(&settings).await.unwrap();
    let two = "INSERT INTO merchants (id, name, created_at) VALUES (gen_random_uuid(), 'Shop', now()); \
               INSERT INTO routing_profiles (merchant, mode, version, id, active, document, created_by, created_at) \
               SELECT id, 'test', n, gen_random_uuid(), true, '{}', '', now() FROM merchants, generate_series(1, 2) n \
               ON CONFLICT DO NOTHING RETURNING version";
    assert_eq!(psql(&name, two), "1");
}
