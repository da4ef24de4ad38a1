//! Files that cannot be written for a while: clear errors, nothing lost, and work goes on afterwards.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lendport_core::{AttemptState, CheckoutId, EndpointState, Secret, WebhookEndpoint, WebhookEndpointId};
use lendport_storage::sqlite::{SqliteSettings, SqliteStore};
use lendport_storage::{Database, Outbox as _, OutboxAsk, OutboxChange, Store as _, StoreError, Vault};
use lendport_testkit::SeededIds;
use lendport_testkit::clock::START;
use lendport_testkit::storage_suite::World;
use rusqlite::Connection;

fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(&SqliteSettings::new(path), Vault::new(Secret::new([1; 32])))
}

async fn world(path: &Path) -> World {
    World::new(Database::of(Arc::new(open(path).unwrap()))).await
}

/// Writes one checkout; says which, or why not.
async fn write(world: &World) -> Result<CheckoutId, StoreError> {
    let opening = world.opening(AttemptState::AwaitingCustomer);
    let id = opening.checkout.as_ref().unwrap().id;
    world.store.insert_checkout(world.tenant, None, opening).await.map(|_| id)
}

/// A backup that holds the file longer than a statement waits for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_held_by_a_backup() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lendport.db");
    let world = world(&path).await;
    let before = write(&world).await.unwrap();
    let backup = Connection::open(&path).unwrap();
    backup.execute_batch("BEGIN IMMEDIATE").unwrap();

    let (first, second, ready) = tokio::join!(write(&world), write(&world), world.store.ready());
    for error in [first.unwrap_err(), second.unwrap_err(), ready.unwrap_err()] {
        assert!(matches!(&error, StoreError::Unavailable(why) if why.contains("locked")), "{error:?}");
    }
    // Reading goes on meanwhile.
    assert_eq!(world.read(before).await.checkout.version, 1);
    // Whoever waits no longer than the lock lasts does not notice it.
    let waiting = async { write(&world).await };
    let released = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        backup.execute_batch("COMMIT").unwrap();
    };
    let (after, ()) = tokio::join!(waiting, released);
    assert_eq!(world.store.ready().await, Ok(()));
    world.store.close().await;
    let again = self::world(&path).await;
    for id in [before, after.unwrap()] {
        assert_eq!(again.read(id).await.checkout.version, 1);
    }
}

/// A file that nobody may write: reads go on, writes are refused in clear words, and so is the question whether all is
/// well.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lendport.db");
    let first = world(&path).await;
    let (before, tenant) = (write(&first).await.unwrap(), first.tenant);
    let late = first.opening(AttemptState::AwaitingCustomer);
    first.store.close().await;
    drop(first);
    // The header says that only a newer SQLite may write; permissions would not bind a superuser.
    set_write_version(&path, 3);
    let bytes = std::fs::read(&path).unwrap();
    let store = open(&path).unwrap();
    let endpoint = WebhookEndpoint {
        id: WebhookEndpointId::mint(&SeededIds::new(7)),
        url: "https://shop.example/hooks".to_owned(),
        description: None,
        events: Vec::new(),
        secrets: Vec::new(),
        state: EndpointState::Enabled,
        failing_since: None,
        version: 1,
        created_at: START,
        updated_at: START,
    };
    let change = OutboxChange { endpoint: Some(endpoint), ..OutboxChange::default() };
    let refused = [
        store.ready().await.unwrap_err(),
        store.insert_checkout(tenant, None, late.clone()).await.unwrap_err(),
        store.change_outbox(tenant, OutboxAsk::default(), Box::new(move |_| change.clone())).await.unwrap_err(),
    ];
    for error in refused {
        assert!(matches!(error, StoreError::ReadOnly(_)), "{error:?}");
    }
    assert_eq!(store.checkout(tenant, before).await.unwrap().map(|record| record.checkout.version), Some(1));
    store.close().await;
    assert!(std::fs::read(&path).unwrap() == bytes, "the file was written all the same");
    set_write_version(&path, 2);
    let again = open(&path).unwrap();
    assert_eq!(again.ready().await, Ok(()));
    assert_eq!(again.checkout(tenant, before).await.unwrap().map(|record| record.checkout.version), Some(1));
    assert!(again.insert_checkout(tenant, None, late).await.is_ok());
}

fn set_write_version(path: &Path, version: u8) {
    use std::io::{Seek as _, SeekFrom, Write as _};
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(18)).unwrap();
    file.write_all(&[version]).unwrap();
}
