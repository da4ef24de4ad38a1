//! One replica ends, as it should or as it should not: the others go on with what it had in hand.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lendport::gateway::Ambient;
use lendport_testkit::ManualClock;
use serde_json::json;

use super::{Shops, sender};
use crate::harness::{Binary, Receiver, carts, fresh, until};

/// A clock an hour behind: who has it takes nothing of what the others write, until it is set right.
fn behind() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(now() - SignedDuration::from_hours(1)))
}

fn now() -> Timestamp {
    Ambient::system().clock.now()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_killed_replica_had_in_hand_is_sent_by_another_before_its_lease_is_over() {
    let (shops, receiver, data) = (Shops::new().await, Receiver::start().await, tempfile::tempdir().unwrap());
    let clock = behind();
    let heir = shops.replica_with(1, clock.clone(), &[]).await;
    let (mut binary, merchant) = Binary::serve(&shops.settings(data.path())).await;
    receiver.hold();
    let mut events = Vec::new();
    // Of an endpoint that nothing is known of, one at a time is sent.
    for _ in 0..3 {
        let endpoint = receiver.subscribe(&merchant, None).await.id();
        let event = merchant.test_event(&endpoint, "checkout.created").await;
        events.push((endpoint, event));
    }
    receiver.until_under_way(3).await;
    binary.kill();
    until("its calls to break off", async || (receiver.under_way() == 0).then_some(())).await;
    receiver.let_go();

    // By the heir's clock the leases, which are over a minute, have just begun.
    let last = heir.merchant.get(&format!("/v1/events/{}", events[2].1)).await;
    clock.set(last.str("/created_at").parse().unwrap());
    receiver.until_count(6).await;
    for (endpoint, event) in &events {
        heir.merchant.until_nothing_pending(endpoint).await;
        let delivery = heir.merchant.delivery(endpoint, event).await;
        assert_eq!((&delivery["state"], sender(&delivery["attempts"][0])), (&json!("delivered"), 1));
    }
    assert_eq!((receiver.count(), receiver.ids().len()), (6, 3), "twice is what a death costs, and the id tells");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
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
