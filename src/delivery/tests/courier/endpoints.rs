//! When an endpoint is switched off, and who is told.

use jiff::SignedDuration;
use lendport_core::{Clock as _, DeliveryState, EndpointState, EventType};

use crate::receiver::{Receiver, Reply};
use crate::world::{SECRET, World, until};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn told_of_disabling(shop: &Receiver) -> Vec<serde_json::Value> {
    let documents = shop.received().into_iter().map(|one| one.document());
    documents.filter(|document| document["type"] == "webhook_endpoint.disabled").collect()
}

#[tokio::test]
async fn gone_switches_off_and_is_told_once() {
    let world = World::new();
    let gone = Receiver::start(Reply::HangThen(410)).await;
    let other = Receiver::start(Reply::Status(200, "")).await;
    let (gone_id, other_id) = (world.endpoint(&format!("{}/t0ken?key=t0ken", gone.url)), world.endpoint(&other.url));
    let courier = world.start();
    // It earns more than one place; then several tries are answered with 410 at the same moment, and more are waiting.
    gone.reply(Reply::Status(200, ""));
    world.tell(world.checkout(), 1);
    until("the first answer", || world.outbox.all_delivered(gone_id)).await;
    gone.reply(Reply::HangThen(410));
    for _ in 0..20 {
        world.tell(world.checkout(), 1);
    }
    until("several tries", || gone.count() >= 3).await;
    gone.reply(Reply::Status(410, ""));
    gone.let_go();
    until("the switch", || world.outbox.endpoint_now(gone_id).state == EndpointState::Gone).await;
    until("the other's deliveries", || {
        let rows = world.outbox.deliveries_to(other_id);
        rows.len() == 22 && rows.iter().all(|row| row.delivery.state == DeliveryState::Delivered)
    })
    .await;
    courier.stopped().await;

    let endpoint = world.outbox.endpoint_now(gone_id);
    assert_eq!((endpoint.state, endpoint.version), (EndpointState::Gone, 2));
    let told = told_of_disabling(&other);
    assert_eq!(told.len(), 1);
    let shown = &told[0]["data"]["webhook_endpoint"];
    assert_eq!((&shown["id"], &shown["state"]), (&gone_id.to_string().into(), &"gone".into()));
    let origin = gone.url.trim_end_matches("/hook");
    assert_eq!((&shown["origin"], &shown["description"]), (&origin.into(), &"Shop é".into()));
    // The event lies open in the database and goes to every other endpoint: no path, no query, and nothing unforeseen.
    let mut names: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["description", "failing_since", "id", "mode", "object", "origin", "state"]);
    let rows = world.outbox.deliveries_to(other_id);
    let stored = rows.iter().find(|row| row.event.kind == EventType::WebhookEndpointDisabled).unwrap();
    assert!(!stored.event.snapshot.contains("t0ken") && !stored.event.snapshot.contains("/hook"));
    assert_eq!((&told[0]["sequence"], told[0].get("test")), (&0.into(), None));
    let text = other.received().iter().map(|one| String::from_utf8_lossy(&one.body).into_owned()).collect::<String>();
    assert!(!text.contains(SECRET) && !text.contains("whsec_"));
    assert!(told_of_disabling(&gone).is_empty());
    // What was answered has failed, what was not tried waits for the endpoint to come back.
    for row in world.outbox.deliveries_to(gone_id).into_iter().skip(1) {
        let expected = if row.tries.is_empty() { DeliveryState::Pending } else { DeliveryState::Failed };
        assert_eq!(row.delivery.state, expected);
    }
}

#[tokio::test]
async fn five_days_of_nothing_but_failure_switch_off_and_are_told_once() {
    let world = World::new();
    let down = Receiver::start(Reply::Status(500, "")).await;
    let other = Receiver::start(Reply::Status(200, "")).await;
    let (down_id, other_id) = (world.endpoint(&down.url), world.endpoint(&other.url));
    let courier = world.start();
    for day in 1..=5 {
        for _ in 0..4 {
            world.tell(world.checkout(), 1);
        }
        until("the tries", || {
            let rows = world.outbox.deliveries_to(down_id);
            rows.len() == 4 * day && rows.iter().all(|row| !row.tries.is_empty())
        })
        .await;
        assert_eq!(world.outbox.endpoint_now(down_id).state, EndpointState::Enabled, "day {day}");
        world.clock.advance(DAY);
    }
    until("the switch", || world.outbox.endpoint_now(down_id).state == EndpointState::Failing).await;
    until("the news", || told_of_disabling(&other).len() == 1).await;
    until("the rest", || {
        let rows = world.outbox.deliveries_to(other_id);
        rows.iter().all(|row| row.delivery.state == DeliveryState::Delivered)
    })
    .await;
    courier.stopped().await;
    let told = told_of_disabling(&other);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["data"]["webhook_endpoint"]["state"], "failing");
    assert_eq!(told[0]["data"]["webhook_endpoint"]["failing_since"], "2026-11-21T12:00:00Z");
    assert!(told_of_disabling(&down).is_empty());
}

#[tokio::test]
async fn one_success_begins_the_five_days_anew() {
    let world = World::new();
    let shop = Receiver::start(Reply::Status(500, "")).await;
    let id = world.endpoint(&shop.url);
    let courier = world.start();
    world.tell(world.checkout(), 1);
    until("the failure", || world.outbox.endpoint_now(id).failing_since.is_some()).await;
    shop.reply(Reply::Status(200, ""));
    world.clock.advance(DAY * 4);
    until("the success", || world.outbox.endpoint_now(id).failing_since.is_none()).await;
    shop.reply(Reply::Status(500, ""));
    world.clock.advance(DAY * 4);
    world.tell(world.checkout(), 1);
    until("the failure", || world.outbox.endpoint_now(id).failing_since == Some(world.clock.now())).await;
    courier.stopped().await;
    assert_eq!(world.outbox.endpoint_now(id).state, EndpointState::Enabled);
}

/// The merchant moved the endpoint while a try to the old address was under way: its 410 says nothing about the new one.
#[tokio::test]
async fn gone_of_an_address_that_was_left_switches_nothing_off() {
    let world = World::new();
    let shop = Receiver::start(Reply::HangThen(410)).await;
    let id = world.endpoint(&shop.url);
    let courier = world.start();
    world.tell(world.checkout(), 1);
    until("the try", || shop.count() == 1).await;
    world.outbox.alter(id, |endpoint| endpoint.url.push_str("/new"));
    shop.reply(Reply::Status(200, ""));
    shop.let_go();
    until("the answer", || world.outbox.deliveries_to(id)[0].delivery.state == DeliveryState::Failed).await;
    world.tell(world.checkout(), 1);
    until("the new address", || world.outbox.deliveries_to(id)[1].delivery.state == DeliveryState::Delivered).await;
    courier.stopped().await;
    assert_eq!(world.outbox.endpoint_now(id).state, EndpointState::Enabled);
    assert_eq!(shop.received()[1].path, "/hook/new");
}
