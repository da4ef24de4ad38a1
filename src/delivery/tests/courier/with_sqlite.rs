//! The courier over a real database.

use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lendport_core::{
    AttemptState, Checkout, CheckoutId, Clock as _, Delivery, DeliveryAttempt, DeliveryState, EndpointSecret,
    EndpointState, Event, EventType, Secret, WebhookEndpoint, WebhookEndpointId,
};
use lendport_storage::sqlite::SqliteSettings;
use lendport_storage::{
    Change, ChangeOutcome, Database, DeliveryFilter, OutboxAsk, OutboxChange, PageAsk, SqliteStore, Vault,
    change_outbox_with,
};
use lendport_testkit::ManualClock;
use lendport_testkit::storage_suite::World as Stored;
use tokio::time::{Duration, Instant, sleep};

use crate::receiver::{Receiver, Reply};
use crate::world::{Running, SECRET, quick, run};

/// A delivery with its tries.
type Logged = (Delivery, Vec<DeliveryAttempt>);

struct World {
    stored: Stored,
    clock: ManualClock,
}

fn open(folder: &Path) -> Database {
    let settings = SqliteSettings::new(folder.join("lendport.db"));
    Database::of(Arc::new(SqliteStore::open(&settings, Vault::new(Secret::new([7; 32]))).unwrap()))
}

impl World {
    async fn new(folder: &Path) -> Self {
        Self { stored: Stored::new(open(folder)).await, clock: ManualClock::new() }
    }

    fn start(&self, seed: u64) -> Running {
        run(Arc::clone(&self.stored.outbox), &self.clock, quick(format!("courier-{seed}")), seed)
    }

    async fn endpoint(&self, url: &str) -> WebhookEndpointId {
        let endpoint = WebhookEndpoint {
            id: WebhookEndpointId::mint(&self.stored.ids),
            url: url.to_owned(),
            description: None,
            events: Vec::new(),
            secrets: vec![EndpointSecret { text: Secret::from(SECRET), expires_at: None }],
            state: EndpointState::Enabled,
            failing_since: None,
            version: 1,
            created_at: self.clock.now(),
            updated_at: self.clock.now(),
        };
        let id = endpoint.id;
        let change = OutboxChange { endpoint: Some(endpoint), ..OutboxChange::default() };
        let decide = move |_: lendport_storage::OutboxLoaded<'_>| (change.clone(), ());
        let written =
            change_outbox_with(self.stored.outbox.as_ref(), self.stored.tenant, OutboxAsk::default(), decide).await;
        assert_eq!(written.unwrap().0, ChangeOutcome::Done);
        id
    }

    async fn endpoint_now(&self, id: WebhookEndpointId) -> WebhookEndpoint {
        self.stored.outbox.endpoint(self.stored.tenant, id).await.unwrap().unwrap()
    }

    /// Adds an event to a checkout, whose snapshot says which one it is.
    async fn tell(&self, id: CheckoutId) {
        let now: Timestamp = self.clock.now();
        let checkout = self.stored.read(id).await.checkout;
        let sequence = checkout.sequence + 1;
        let snapshot = format!(r#"{{"id":"{id}"}}"#);
        let event = Event { snapshot, created_at: now, ..self.stored.event(id, EventType::CheckoutUpdated, sequence) };
        let checkout = Checkout { sequence, version: checkout.version + 1, ..checkout };
        let change = Change { checkout: Some(Box::new(checkout)), events: vec![event], ..Change::default() };
        assert_eq!(self.stored.change(id, move |_| change.clone()).await, Ok(ChangeOutcome::Done));
    }

    async fn checkout(&self) -> CheckoutId {
        self.stored.open(AttemptState::AwaitingCustomer).await.checkout.id
    }

    async fn deliveries(&self, endpoint: WebhookEndpointId) -> Vec<Logged> {
        let filter = DeliveryFilter { endpoint: Some(endpoint), ..DeliveryFilter::default() };
        let page = PageAsk { limit: 100, after: None };
        self.stored.outbox.deliveries(self.stored.tenant, &filter, page).await.unwrap().rows
    }

    async fn until(&self, what: &str, endpoint: WebhookEndpointId, holds: fn(&[Logged]) -> bool) {
        let end = Instant::now() + Duration::from_secs(120);
        while !holds(&self.deliveries(endpoint).await) {
            assert!(Instant::now() < end, "waited too long for: {what}");
            sleep(Duration::from_millis(2)).await;
        }
    }
}

fn all_delivered(rows: &[Logged]) -> bool {
    rows.iter().all(|(delivery, _)| delivery.state == DeliveryState::Delivered)
}

#[tokio::test]
async fn a_receiver_that_was_down_gets_everything_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(folder.path()).await;
    let shop = Receiver::start(Reply::Status(503, "")).await;
    let endpoint = world.endpoint(&shop.url).await;
    let mut checkouts = Vec::new();
    for _ in 0..3 {
        checkouts.push(world.checkout().await);
    }
    let courier = world.start(1);
    for _ in 0..5 {
        for checkout in &checkouts {
            world.tell(*checkout).await;
        }
    }
    world
        .until("the first tries", endpoint, |rows| rows.iter().filter(|(_, tries)| !tries.is_empty()).count() == 3)
        .await;
    assert_eq!(world.endpoint_now(endpoint).await.failing_since, Some(world.clock.now()));
    let before = shop.count();
    shop.reply(Reply::Status(200, ""));
    world.clock.advance(SignedDuration::from_hours(24));
    world.until("all deliveries", endpoint, |rows| rows.len() == 15 && all_delivered(rows)).await;
    courier.stopped().await;
    assert_eq!(world.endpoint_now(endpoint).await.failing_since, None);
    let received = shop.received().split_off(before);
    for checkout in checkouts {
        let of_it = received.iter().filter(|one| one.document()["data"]["checkout"]["id"] == checkout.to_string());
        assert_eq!(of_it.map(|one| one.sequence()).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    }
    let logged: usize = world.deliveries(endpoint).await.iter().map(|(_, tries)| tries.len()).sum();
    assert_eq!(logged, shop.count());
}

#[tokio::test]
async fn gone_is_told_once_to_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(folder.path()).await;
    let (gone, other) = (Receiver::start(Reply::HangThen(410)).await, Receiver::start(Reply::Status(200, "")).await);
    let (gone_id, other_id) = (world.endpoint(&gone.url).await, world.endpoint(&other.url).await);
    for _ in 0..10 {
        let checkout = world.checkout().await;
        world.tell(checkout).await;
    }
    let courier = world.start(1);
    crate::world::until("the try", || gone.count() == 1).await;
    gone.reply(Reply::Status(410, ""));
    gone.let_go();
    world.until("the news", other_id, |rows| rows.len() == 11 && all_delivered(rows)).await;
    courier.stopped().await;
    let endpoint = world.endpoint_now(gone_id).await;
    assert_eq!((endpoint.state, endpoint.version), (EndpointState::Gone, 2));
    let news = other.received().iter().filter(|one| one.document()["type"] == "webhook_endpoint.disabled").count();
    assert_eq!(news, 1);
}

/// The process is gone in the middle of a send; the next one sends it again.
#[tokio::test]
async fn what_a_dead_process_had_is_sent_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(folder.path()).await;
    let shop = Receiver::start(Reply::HangThen(200)).await;
    let endpoint = world.endpoint(&shop.url).await;
    let checkout = world.checkout().await;
    world.tell(checkout).await;
    let dead = world.start(1);
    crate::world::until("the try", || shop.count() == 1).await;
    dead.task.abort();
    let _ = dead.task.await;
    world.stored.store.close().await;
    let World { stored, clock } = world;
    let (ids, tenant) = (stored.ids.clone(), stored.tenant);
    drop(stored.store);
    drop(stored.outbox);

    shop.reply(Reply::Status(200, ""));
    let Database { store, outbox } = open(folder.path());
    let world = World { stored: Stored { store, outbox, other: None, ids, tenant }, clock };
    let next = world.start(2);
    world.until("the delivery", endpoint, |rows| rows.len() == 1 && all_delivered(rows)).await;
    next.stopped().await;
    let received = shop.received();
    assert_eq!((received.len(), &received[0].body), (2, &received[1].body));
    assert_eq!(received[0].headers["webhook-id"], received[1].headers["webhook-id"]);
}
