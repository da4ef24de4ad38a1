//! Two replicas at work at the same time.

use std::sync::Arc;

use jiff::SignedDuration;
use lendport::gateway::Ambient;
use lendport_core::Clock as _;
use lendport_testkit::ManualClock;
use serde_json::json;

use super::{Shops, moved, sender};
use crate::harness::binary::{command, run};
use crate::harness::{Receiver, carts, fresh, together};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_start_at_once_on_an_empty_database_serve_the_same_shop() {
    let shops = Shops::new().await;
    let (first, second, third) = tokio::join!(shops.replica(0), shops.replica(1), shops.replica(2));
    let loan = shops.loan(&first).await;
    for replica in [&first, &second, &third] {
        let ready = replica.merchant.http.get(format!("{}/readyz", replica.merchant.url)).send().await.unwrap();
        assert_eq!(ready.status(), 200);
        assert_eq!(replica.merchant.status(&loan.id).await, "requires_customer_action");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_declare_a_new_shop_at_once_declare_the_same_one() {
    let (shops, data) = (Shops::new().await, tempfile::tempdir().unwrap());
    // The schema is there, so that nobody waits for it and all of them find no shop.
    let mut migrate = command(&["migrate", "--config"]);
    migrate.arg(shops.settings(data.path()));
    let migrated = run(migrate).await;
    assert_eq!(migrated.code, Some(0), "{migrated:?}");
    let (first, second, third) = tokio::join!(shops.replica(0), shops.replica(1), shops.replica(2));
    let loan = shops.loan(&first).await;
    for replica in [&second, &third] {
        assert_eq!(replica.merchant.status(&loan.id).await, "requires_customer_action");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkout_made_at_one_is_read_moved_and_told_of_by_the_other() {
    let (shops, receiver) = (Shops::new().await, Receiver::start().await);
    let first = shops.replica(0).await;
    let second = shops.replica(1).await;
    let endpoint = receiver.subscribe(&first.merchant, None).await;
    let loan = shops.loan(&first).await;
    let read = second.merchant.read(&loan.id).await;
    let seen = loan.seen().await;
    assert_eq!(read.body["next_action"]["url"], seen.body["next_action"]["url"]);
    assert_eq!((&read.body["attempts"], &read.body["events"]), (&seen.body["attempts"], &seen.body["events"]));

    let there = moved(&loan, &second.merchant);
    assert_eq!(there.tell("approved").await.status, 200);
    assert_eq!(loan.status().await, "authorized");
    // A repeat at the first is a repeat.
    assert_eq!(loan.tell("approved").await.status, 200);
    receiver.until_count(3).await;
    second.merchant.until_nothing_pending(&endpoint.id()).await;
    first.stop().await;

    let refund = there.body(&json!({ "status": "refund", "amount": "20.00" }));
    assert_eq!(there.push(&refund).await.status, 200);
    let told = receiver.until_kind("checkout.refunded").await;
    let delivery = second.merchant.until_tried(&endpoint.id(), told.id(), 1).await;
    assert_eq!(sender(&delivery["attempts"][0]), 1, "the first is gone");
    second.merchant.until_nothing_pending(&endpoint.id()).await;
    assert_eq!(receiver.kinds(), second.merchant.events(&loan.id).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_at_both_at_once_makes_one_create() {
    let shops = Shops::new().await;
    let replicas = [shops.replica(0).await, shops.replica(1).await];
    let key = fresh();
    let answers = together((0..20).map(|number: usize| {
        let (merchant, key) = (replicas[number % 2].merchant.clone(), key.clone());
        async move { merchant.post("/v1/checkouts", &key, &carts::usa()).await }
    }))
    .await;
    assert_eq!(shops.simulator.lender.calls("create").await, 1);
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201 && !answer.replayed()).collect();
    assert_eq!(made.len(), 1);
    for answer in &answers {
        if answer.status == 201 {
            assert_eq!(answer.text, made[0].text);
        } else {
            answer.refused(409, "idempotency_key_in_flight");
        }
    }
    for replica in &replicas {
        let again = replica.merchant.post("/v1/checkouts", &key, &carts::usa()).await;
        assert_eq!((again.ok(201).replayed(), &again.text), (true, &made[0].text));
        assert_eq!(replica.merchant.get("/v1/checkouts").await.body["data"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_postback_at_both_at_once_is_told_once() {
    let (shops, receiver) = (Shops::new().await, Receiver::start().await);
    let replicas = [shops.replica(0).await, shops.replica(1).await];
    let endpoint = receiver.subscribe(&replicas[0].merchant, Some(&["checkout.ready_to_fulfill"])).await;
    let loan = Arc::new(shops.loan(&replicas[0]).await);
    let there = Arc::new(moved(&loan, &replicas[1].merchant));
    let body = loan.body(&json!({ "status": "approved" })).to_string();
    let heard = together((0..10).map(|number| {
        let (loan, body) = (Arc::clone(if number % 2 == 0 { &loan } else { &there }), body.clone());
        async move { loan.push_raw("application/json", body.as_bytes(), Some("1700000000")).await.status }
    }))
    .await;
    assert_eq!(heard, [200; 10]);
    receiver.until_count(1).await;
    replicas[0].merchant.until_nothing_pending(&endpoint.id()).await;
    let events = replicas[1].merchant.events(&loan.id).await;
    assert_eq!(events, ["checkout.created", "attempt.created", "checkout.ready_to_fulfill"]);
    assert_eq!(receiver.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_that_both_see_pass_is_told_once() {
    let (shops, receiver) = (Shops::new().await, Receiver::start().await);
    let clock = Arc::new(ManualClock::at(Ambient::system().clock.now()));
    let first = shops.replica_with(0, clock.clone(), &[]).await;
    let second = shops.replica_with(1, clock.clone(), &[]).await;
    let endpoint = receiver.subscribe(&first.merchant, Some(&["checkout.expired"])).await;
    let loans = [shops.loan(&first).await, shops.loan(&second).await];
    clock.advance(SignedDuration::from_hours(7 * 24 + 1));
    for loan in &loans {
        second.merchant.until_status(&loan.id, "expired").await;
    }
    receiver.until_count(2).await;
    first.merchant.until_nothing_pending(&endpoint.id()).await;
    for loan in &loans {
        assert_eq!(first.merchant.events(&loan.id).await, ["checkout.created", "attempt.created", "checkout.expired"]);
    }
    assert_eq!((receiver.count(), receiver.ids().len()), (2, 2));
    assert!(clock.now() > Ambient::system().clock.now());
}
