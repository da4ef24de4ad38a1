//! What a merchant can ask for: an event once more, and a made-up one to try a receiver with.

use serde_json::{Value, json};

use crate::harness::{Receiver, Shop, fresh};

/// Between two tries, in seconds, a fifth more or less.
const PAUSES_S: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

#[tokio::test]
async fn an_event_can_be_sent_once_more_and_says_that_it_is_the_same() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    let endpoint = receiver.subscribe(&shop.merchant, Some(&["checkout.ready_to_fulfill"])).await;
    shop.approved().await;
    let event = receiver.until_count(1).await[0].id().to_owned();
    let delivery = shop.merchant.until_tried(&endpoint.id(), &event, 1).await;
    let path = format!("/v1/deliveries/{}/resend", delivery["id"].as_str().unwrap());
    let key = fresh();
    let queued = shop.merchant.post(&path, &key, &json!({})).await;
    assert_eq!((queued.ok(202).str("/state"), &queued.body["tries"]), ("pending", &json!(0)));
    let heard = receiver.until_count(2).await;
    assert_eq!((heard[1].id(), heard[1].text()), (event.as_str(), heard[0].text()));
    let delivery = shop.merchant.until_tried(&endpoint.id(), &event, 2).await;
    assert_eq!(delivery["state"], "delivered");

    assert!(shop.merchant.post(&path, &key, &json!({})).await.ok(202).replayed());
    let mark = shop.merchant.test_event(&endpoint.id(), "checkout.created").await;
    let heard = receiver.until_count(3).await;
    assert_eq!(heard[2].id(), mark, "the same key asks for nothing more");
}

#[tokio::test]
async fn what_failed_for_good_goes_out_when_it_is_asked_for() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    let endpoint = receiver.subscribe(&shop.merchant, None).await;
    receiver.answer(|_| 500);
    let event = shop.merchant.test_event(&endpoint.id(), "checkout.created").await;
    for (tries, pause_s) in (1..).zip(PAUSES_S) {
        shop.merchant.until_tried(&endpoint.id(), &event, tries).await;
        shop.seconds_pass(pause_s * 6 / 5 + 1);
    }
    let failed = shop.merchant.until_tried(&endpoint.id(), &event, 10).await;
    assert_eq!((&failed["state"], &failed["next_at"], receiver.count()), (&json!("failed"), &Value::Null, 10));
    receiver.answer(|_| 200);
    shop.hours_pass(24);
    let path = format!("/v1/deliveries/{}/resend", failed["id"].as_str().unwrap());
    shop.merchant.post(&path, &fresh(), &json!({})).await.ok(202);
    let delivered = shop.merchant.until_tried(&endpoint.id(), &event, 11).await;
    assert_eq!((&delivered["state"], &delivered["tries"]), (&json!("delivered"), &json!(1)));
    assert_eq!((receiver.count(), receiver.ids().len()), (11, 1));
}

#[tokio::test]
async fn a_made_up_event_of_any_type_is_signed_and_says_that_it_is_one() {
    let (shop, receiver, other) = (Shop::open().await, Receiver::start().await, Receiver::start().await);
    let endpoint = receiver.subscribe(&shop.merchant, Some(&["dispute.opened", "dispute.closed"])).await;
    other.subscribe(&shop.merchant, None).await;
    let kinds =
        ["checkout.refunded", "attention.opened", "dispute.opened", "dispute.closed", "webhook_endpoint.disabled"];
    for (number, kind) in (1..).zip(kinds) {
        let event = shop.merchant.test_event(&endpoint.id(), kind).await;
        let heard = receiver.until_count(number).await;
        let (received, document) = (&heard[number - 1], heard[number - 1].document());
        assert_eq!(
            (&document["id"], &document["type"], &document["test"]),
            (&json!(event), &json!(kind), &json!(true))
        );
        assert!(received.is_signed_with(endpoint.str("/secret"), shop.now()));
        let read = shop.merchant.get(&format!("/v1/events/{event}")).await;
        assert_eq!(read.ok(200).text, received.text());
    }
    shop.merchant.until_nothing_pending(&endpoint.id()).await;
    assert_eq!((receiver.count(), other.count()), (kinds.len(), 0), "to the endpoint that is tried and to no other");
}
