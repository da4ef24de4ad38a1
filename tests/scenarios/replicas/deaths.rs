//! One replica ends, as it should or as it should not: the others go on with what it had in hand.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lendport::gateway::Ambient;
use lendport_testkit::ManualClock;
use serde_json::json;

use super::{Shops, sender};
use crate::harness::{Binary, Receiver, carts, fresh, until};

/// How long a worker has a delivery: the time limit of a call and what is left for writing the result.
const LEASE_S: i64 = 15 + 15;

/// A clock an hour behind: who has it takes nothing of what the others write, until it is set right.
fn behind() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(now() - SignedDuration::from_hours(1)))
}

fn now() -> Timestamp {
    Ambient::system().clock.now()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_replica_had_in_hand_is_sent_by_another_when_its_lease_is_over() {
    let (shops, receiver, data) = (Shops::new().await, Receiver::start().await, tempfile::tempdir().unwrap());
    let clock = behind();
    let heir = shops.replica_with(1, clock.clone(), &[]).await;
    let (mut binary, merchant) = Binary::serve(&shops.settings(data.path())).await;
    let endpoint = receiver.subscribe(&merchant, None).await.id();
    // Whoever has answered quickly once gets more than two at a time.
    merchant.test_event(&endpoint, "checkout.created").await;
    receiver.until_count(1).await;
    merchant.until_nothing_pending(&endpoint).await;
    receiver.hold();
    let mut events = Vec::new();
    for _ in 0..3 {
        events.push(merchant.test_event(&endpoint, "checkout.created").await);
    }
    receiver.until_under_way(3).await;
    binary.kill();
    until("its calls to break off", async || (receiver.under_way() == 0).then_some(())).await;
    receiver.let_go();

    // Within the lease the other works on, and leaves them alone: they may still arrive.
    let first = heir.merchant.get(&format!("/v1/events/{}", events[0])).await;
    let written: Timestamp = first.str("/created_at").parse().unwrap();
    clock.set(written + SignedDuration::from_secs(LEASE_S - 1));
    let mark = heir.merchant.test_event(&endpoint, "checkout.updated").await;
    assert_eq!(receiver.until_count(5).await[4].id(), mark);
    for event in &events {
        assert_eq!(heir.merchant.delivery(&endpoint, event).await["attempts"], json!([]));
    }
    clock.set(now() + SignedDuration::from_secs(LEASE_S));
    receiver.until_count(8).await;
    heir.merchant.until_nothing_pending(&endpoint).await;
    for event in &events {
        let delivery = heir.merchant.delivery(&endpoint, event).await;
        assert_eq!((&delivery["state"], sender(&delivery["attempts"][0])), (&json!("delivered"), 1));
    }
    assert_eq!((receiver.count(), receiver.ids().len()), (8, 5), "twice is what a death costs, and the id tells");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_that_died_with_its_replica_is_unknown_to_the_others_and_its_key_goes_on() {
    let (shops, data) = (Shops::new().await, tempfile::tempdir().unwrap());
    let clock = Arc::new(ManualClock::at(now()));
    let heir = shops.replica_with(1, clock.clone(), &[]).await;
    let (mut binary, merchant) = Binary::serve(&shops.settings(data.path())).await;
    let lender = &shops.simulator.lender;
    lender.fault(json!({ "on": "create", "kind": "late", "delay_ms": 60_000 })).await;
    let key = fresh();
    let request = merchant.request(reqwest::Method::POST, "/v1/checkouts").header("idempotency-key", &key);
    let lost = tokio::spawn(request.json(&carts::usa()).send());
    until("the request at the provider", async || lender.requests().await.pop()).await;
    binary.kill();
    assert!(lost.await.unwrap().is_err(), "the merchant hears nothing");

    let meanwhile = heir.merchant.post("/v1/checkouts", &key, &carts::usa()).await;
    meanwhile.refused(409, "idempotency_key_in_flight");
    let id = heir.merchant.get("/v1/checkouts").await.str("/data/0/id").to_owned();
    clock.set(now() + SignedDuration::from_secs(61));
    heir.merchant.until_status(&id, "indeterminate").await;
    let made = heir.merchant.post("/v1/checkouts", &key, &carts::usa()).await;
    assert_eq!((made.ok(201).id(), made.str("/status")), (id, "requires_customer_action"));
    assert_eq!(lender.calls("create").await, 2, "the first was never answered for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_signal_lets_deliveries_finish_and_leaves_the_rest_to_the_others() {
    let (shops, receiver, data) = (Shops::new().await, Receiver::start().await, tempfile::tempdir().unwrap());
    let clock = behind();
    let heir = shops.replica_with(1, clock.clone(), &[]).await;
    let (mut binary, merchant) = Binary::serve(&shops.settings(data.path())).await;
    let endpoint = receiver.subscribe(&merchant, None).await.id();
    receiver.hold();
    let in_hand = merchant.test_event(&endpoint, "checkout.created").await;
    receiver.until_under_way(1).await;
    let asked = std::process::Command::new("kill").args(["-TERM", &binary.id().to_string()]).status().unwrap();
    assert!(asked.success());
    until("it to stop", async || binary.stderr().contains("stopping").then_some(())).await;
    // Nobody takes it from the one that is stopping.
    let left = heir.merchant.test_event(&endpoint, "checkout.updated").await;
    receiver.until_under_way(2).await;
    receiver.let_go();
    assert_eq!(binary.stop().await, Some(0), "{}", binary.stderr());

    let finished = heir.merchant.delivery(&endpoint, &in_hand).await;
    assert_eq!((&finished["state"], &finished["tries"]), (&json!("delivered"), &json!(1)), "written before it went");
    let other = heir.merchant.until_tried(&endpoint, &left, 1).await;
    assert_eq!(sender(&other["attempts"][0]), 1);
    heir.merchant.until_nothing_pending(&endpoint).await;
    assert_eq!((receiver.count(), receiver.ids().len()), (2, 2), "nothing twice: nobody died");
}
