//! The work beside requests is shared: nobody leads, and nobody does what another has in hand.

use std::collections::BTreeMap;

use lendport::gateway::Ambient;
use lendport_testkit::postgres::Cluster;
use serde_json::json;

use super::{Shops, sender};
use crate::harness::{Loan, Receiver, carts, together, until};

/// What one replica sends at the same time in this test: a quarter of its places, for it knows none of the endpoints, and all are
/// one merchant's.
const AT_ONCE: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_replicas_share_two_hundred_deliveries_and_none_is_sent_twice() {
    let (shops, receiver) = (Shops::new().await, Receiver::start().await);
    let mut replicas = Vec::new();
    for number in 0..3 {
        // Looked at once a minute: it is the news of the database that set them to work.
        let at_once = [("delivery.concurrency", "24"), ("delivery.poll_interval_ms", "60000")];
        replicas.push(shops.replica_with(number, Ambient::system().clock, &at_once).await);
    }
    let mut endpoints = Vec::new();
    for _ in 0..10 {
        endpoints.push(receiver.subscribe(&replicas[0].merchant, None).await.id());
    }
    // Nothing is answered until more is under way than two of them can have: each has its part.
    receiver.hold();
    let loans = together((0..10).map(|number: usize| {
        let (merchant, lender) = (replicas[number % 3].merchant.clone(), shops.simulator.lender.clone());
        async move { Loan::open(&merchant, &lender).await.id }
    }))
    .await;
    receiver.until_under_way(3 * AT_ONCE).await;
    receiver.let_go();
    receiver.until_count(200).await;

    let mut sent = BTreeMap::<u8, usize>::new();
    for (number, endpoint) in endpoints.iter().enumerate() {
        let asked = &replicas[number % 3].merchant;
        asked.until_nothing_pending(endpoint).await;
        let deliveries = asked.deliveries(endpoint).await;
        assert_eq!(deliveries.len(), 20);
        for delivery in deliveries {
            assert_eq!((&delivery["state"], &delivery["tries"]), (&"delivered".into(), &1.into()));
            let [tried] = delivery["attempts"].as_array().unwrap().as_slice() else { panic!("{delivery}") };
            *sent.entry(sender(tried)).or_default() += 1;
        }
    }
    assert_eq!(sent.keys().copied().collect::<Vec<_>>(), [0, 1, 2]);
    assert!(sent.values().all(|part| *part >= AT_ONCE) && sent.values().sum::<usize>() == 200, "{sent:?}");
    assert_eq!((receiver.count(), receiver.ids().len()), (200, 2 * loans.len()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_connection_is_held_while_financers_and_merchants_take_their_time() {
    let (shops, receiver) = (Shops::new().await, Receiver::start().await);
    let connections = [("storage.connections", "2")];
    let replica = shops.replica_with(0, Ambient::system().clock, &connections).await;
    let (merchant, lender) = (&replica.merchant, &shops.simulator.lender);
    receiver.hold();
    let mut endpoints = Vec::new();
    // Of an endpoint that nothing is known of, one at a time is sent.
    for _ in 0..8 {
        endpoints.push(receiver.subscribe(merchant, Some(&["checkout.declined"])).await.id());
    }
    for endpoint in &endpoints {
        merchant.test_event(endpoint, "checkout.declined").await;
    }
    lender.fault(json!({ "on": "create", "kind": "late", "delay_ms": 12_000, "times": 6 })).await;
    let opening = together((0..6).map(|_| {
        let merchant = merchant.clone();
        async move { merchant.open(&carts::usa()).await.status }
    }));
    let others = async {
        receiver.until_under_way(8).await;
        until("six at the financer", async || (lender.calls("create").await == 6).then_some(())).await;
        // Fourteen calls wait, two connections are there, and whoever asks is answered. If each call held one, the last of
        // the creates would begin after 24 seconds and end after the 30 that a request may take.
        merchant.get("/v1/checkouts").await.ok(200);
        merchant.test_event(&endpoints[0], "checkout.declined").await;
    };
    let (opened, ()) = tokio::join!(opening, others);
    assert_eq!(opened, [201; 6]);
    receiver.let_go();
    for endpoint in &endpoints {
        merchant.until_nothing_pending(endpoint).await;
    }
    assert_eq!(receiver.count(), 9);
}

/// Work that nobody was told of: the database's news may be lost with the connection by which they come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_news_told_of_is_found_by_looking() {
    let (shops, receiver) = (Shops::new().await, Receiver::start().await);
    let replica = shops.replica(0).await;
    let endpoint = receiver.subscribe(&replica.merchant, None).await.id();
    let event = replica.merchant.test_event(&endpoint, "checkout.created").await;
    replica.merchant.until_tried(&endpoint, &event, 1).await;
    let (_, database) = shops.url.rsplit_once('/').unwrap();
    let database = database.split('?').next().unwrap().to_owned();
    // Behind the gateway's back, and without a word to anybody.
    let due_again = "UPDATE deliveries SET state = 'pending', next_at = created_at, due_at = created_at";
    tokio::task::spawn_blocking(move || Cluster::shared().psql(&database, due_again)).await.unwrap();
    let heard = receiver.until_count(2).await;
    assert_eq!((heard[1].id(), heard.len()), (event.as_str(), 2));
    replica.merchant.until_nothing_pending(&endpoint).await;
}
