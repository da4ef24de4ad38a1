//! Endpoints whose rows cannot be read: everybody else is served, and they miss nothing.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;
use lendport_core::{AttemptState, DeliveryState, EventId, EventType, MerchantId, Mode, Secret, WebhookEndpointId};
use lendport_storage::sqlite::{SqliteSettings, SqliteStore};
use lendport_storage::{Change, Database, DeliveryFilter, LeaseAsk, PageAsk, Tenant, Vault};
use lendport_testkit::clock::START;
use lendport_testkit::storage_suite::World;
use rusqlite::types::Value;
use rusqlite::{Connection, params};

fn open(path: &Path) -> Database {
    let store = SqliteStore::open(&SqliteSettings::new(path), Vault::new(Secret::new([1; 32]))).unwrap();
    Database::of(Arc::new(store))
}

async fn endpoint(world: &World) -> WebhookEndpointId {
    world.add_endpoint(&[EventType::CheckoutCreated]).await.id
}

async fn tell(world: &World) -> EventId {
    let checkout = world.open(AttemptState::AwaitingCustomer).await.checkout.id;
    let event = world.event(checkout, EventType::CheckoutCreated, 1);
    let change = Change { events: vec![event.clone()], ..Change::default() };
    world.change(checkout, move |_| change.clone()).await.unwrap();
    event.id
}

/// What a worker gets, in the order of the endpoints.
async fn leased(world: &World) -> Vec<(WebhookEndpointId, EventId)> {
    let until = START + SignedDuration::from_mins(1);
    let leased = world.outbox.lease_deliveries(&LeaseAsk::of("one", START, until, 100)).await.unwrap();
    let mut pairs: Vec<_> = leased.into_iter().map(|one| (one.endpoint.id, one.event.id)).collect();
    pairs.sort();
    pairs
}

/// Puts another value into a column of the first row, and answers what stood there. Nobody has the file meanwhile: the
/// process that owns it need not read again what it wrote itself.
async fn swap(world: &mut World, path: &Path, table: &str, column: &str, new: &Value) -> Value {
    world.store.close().await;
    let db = Connection::open(path).unwrap();
    let old = db.query_row(&format!("SELECT {column} FROM {table} WHERE pk = 1"), [], |row| row.get(0)).unwrap();
    db.execute(&format!("UPDATE {table} SET {column} = ?1 WHERE pk = 1"), params![new]).unwrap();
    let Database { store, outbox } = open(path);
    (world.store, world.outbox) = (store, outbox);
    old
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_read_keeps_nobody_back_and_misses_nothing() {
    for (table, column, bad) in [
        ("webhook_endpoints", "secrets", Value::Blob(vec![7; 40])),
        ("webhook_endpoints", "events", Value::Text("[\"of.the.future\"]".to_owned())),
        ("webhook_endpoints", "state", Value::Text("asleep".to_owned())),
        ("webhook_endpoints", "version", Value::Integer(-1)),
        ("webhook_urls", "url", Value::Blob(vec![7; 40])),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lendport.db");
        let mut world = World::new(open(&path)).await;
        let (spoiled, other) = (endpoint(&world).await, endpoint(&world).await);
        let old = swap(&mut world, &path, table, column, &bad).await;
        let event = tell(&world).await;
        let tenant = world.tenant;
        world.tenant = Tenant { merchant: MerchantId::mint(&world.ids), mode: Mode::Test };
        world.merchant(world.tenant.merchant, "somebody_else").await;
        let (elsewhere, told_elsewhere) = (endpoint(&world).await, tell(&world).await);

        let mut expected = vec![(other, event), (elsewhere, told_elsewhere)];
        expected.sort();
        assert_eq!(leased(&world).await, expected, "{column}");
        assert!(world.outbox.next_delivery_at().await.unwrap().is_some_and(|at| at > START), "only leases end");
        assert_eq!(world.outbox.recover_some(START, 10).await, Ok(0));
        assert_eq!(world.outbox.trim_events(START, 10).await, Ok(0));
        let filter = DeliveryFilter { state: Some(DeliveryState::Pending), ..DeliveryFilter::default() };
        let page = PageAsk { limit: 10, after: None };
        let pending = world.outbox.deliveries(tenant, &filter, page).await.unwrap().rows;
        assert!(pending.iter().any(|(delivery, _)| delivery.endpoint == spoiled), "{column}: its delivery waits");
        assert!(world.outbox.endpoint(tenant, spoiled).await.is_err(), "{column}: whoever asks for it is told");

        swap(&mut world, &path, table, column, &old).await;
        assert!(leased(&world).await.contains(&(spoiled, event)), "{column}: it goes once the row can be read");
        world.store.close().await;
    }
}
