//! Endpoints that change while events are on their way: a new secret, switched off, taken away.

use serde_json::json;

use crate::harness::{Answer, Merchant, Receiver, Shop, fresh};

async fn rotated(merchant: &Merchant, endpoint: &str, overlap_hours: u32) -> Answer {
    let path = format!("/v1/webhook_endpoints/{endpoint}/rotate_secret");
    merchant.post(&path, &fresh(), &json!({ "overlap_hours": overlap_hours })).await.ok(200).clone()
}

async fn changed(merchant: &Merchant, endpoint: &str, change: serde_json::Value) -> Answer {
    let request = merchant.request(reqwest::Method::PATCH, &format!("/v1/webhook_endpoints/{endpoint}"));
    merchant.send(request.json(&change)).await.ok(200).clone()
}

#[tokio::test]
async fn while_a_secret_is_replaced_both_sign_and_then_the_new_one_alone() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    let endpoint = receiver.subscribe(&shop.merchant, None).await;
    let old = endpoint.str("/secret").to_owned();
    let new = rotated(&shop.merchant, &endpoint.id(), 24).await.str("/secret").to_owned();
    assert_ne!(old, new);

    let by_whom = async |count: usize| {
        shop.merchant.test_event(&endpoint.id(), "checkout.created").await;
        let heard = receiver.until_count(count).await;
        // Written as well, or its lease is over with the hours and it is sent again.
        shop.merchant.until_nothing_pending(&endpoint.id()).await;
        let last = heard.last().unwrap();
        let signatures = last.header("webhook-signature").split(' ').count();
        (last.is_signed_with(&old, shop.now()), last.is_signed_with(&new, shop.now()), signatures)
    };
    assert_eq!(by_whom(1).await, (true, true, 2));
    shop.hours_pass(23);
    assert_eq!(by_whom(2).await, (true, true, 2));
    shop.hours_pass(1);
    assert_eq!(by_whom(3).await, (false, true, 1));
}

#[tokio::test]
async fn after_a_leak_the_old_secret_signs_nothing_more_not_even_a_repeat() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    let endpoint = receiver.subscribe(&shop.merchant, None).await;
    receiver.answer(|_| 500);
    let event = shop.merchant.test_event(&endpoint.id(), "checkout.created").await;
    shop.merchant.until_tried(&endpoint.id(), &event, 1).await;
    let new = rotated(&shop.merchant, &endpoint.id(), 0).await.str("/secret").to_owned();
    receiver.answer(|_| 200);
    shop.seconds_pass(7);
    let heard = receiver.until_count(2).await;
    assert_eq!(heard[1].id(), event);
    assert!(heard[1].is_signed_with(&new, shop.now()));
    assert!(!heard[1].is_signed_with(endpoint.str("/secret"), shop.now()));
}

#[tokio::test]
async fn an_endpoint_that_moves_is_sent_the_repeat_at_its_new_address() {
    let (shop, old, new) = (Shop::open().await, Receiver::start().await, Receiver::start().await);
    let endpoint = old.subscribe(&shop.merchant, None).await;
    old.answer(|_| 500);
    let event = shop.merchant.test_event(&endpoint.id(), "checkout.created").await;
    shop.merchant.until_tried(&endpoint.id(), &event, 1).await;
    changed(&shop.merchant, &endpoint.id(), json!({ "url": new.url })).await;
    shop.seconds_pass(7);
    assert_eq!(new.until_count(1).await[0].id(), event);
    let delivery = shop.merchant.until_tried(&endpoint.id(), &event, 2).await;
    let urls: Vec<_> = (0..2).map(|number| delivery["attempts"][number]["request"]["url"].clone()).collect();
    assert_eq!(urls, [old.url.as_str(), new.url.as_str()], "the log says where each try went");
    assert_eq!(old.count(), 1);
}

#[tokio::test]
async fn an_endpoint_that_was_off_can_have_what_it_missed() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    let endpoint = receiver.subscribe(&shop.merchant, None).await;
    let before = shop.now();
    changed(&shop.merchant, &endpoint.id(), json!({ "state": "disabled" })).await;
    let loan = shop.approved().await;
    shop.seconds_pass(60);
    changed(&shop.merchant, &endpoint.id(), json!({ "state": "enabled" })).await;
    assert_eq!(receiver.count(), 0, "switched on again is not yet asking for what was missed");

    let path = format!("/v1/webhook_endpoints/{}/recover", endpoint.id());
    shop.merchant.post(&path, &fresh(), &json!({ "since": before.to_string() })).await.ok(202);
    receiver.until_count(3).await;
    shop.merchant.until_nothing_pending(&endpoint.id()).await;
    assert_eq!(receiver.kinds(), shop.merchant.events(&loan.id).await, "oldest first");
    // Asked for again: it has accepted them all.
    shop.merchant.post(&path, &fresh(), &json!({ "since": before.to_string() })).await.ok(202);
    let mark = shop.merchant.test_event(&endpoint.id(), "checkout.created").await;
    let heard = receiver.until_count(4).await;
    assert_eq!((heard[3].id(), receiver.ids().len()), (mark.as_str(), 4));
}

#[tokio::test]
async fn a_deleted_endpoint_is_sent_nothing_more() {
    let (shop, old, new) = (Shop::open().await, Receiver::start().await, Receiver::start().await);
    let (gone, kept) = (old.subscribe(&shop.merchant, None).await, new.subscribe(&shop.merchant, None).await);
    old.answer(|_| 500);
    let loan = shop.loan().await;
    let created = shop.merchant.event_documents(&loan.id).await[0]["id"].as_str().unwrap().to_owned();
    shop.merchant.until_tried(&gone.id(), &created, 1).await;
    let request = shop.merchant.request(reqwest::Method::DELETE, &format!("/v1/webhook_endpoints/{}", gone.id()));
    shop.merchant.send(request).await.ok(204);
    let before = old.count();
    assert_eq!(loan.tell("approved").await.status, 200);
    shop.hours_pass(25);
    new.until_kind("checkout.ready_to_fulfill").await;
    shop.merchant.until_nothing_pending(&kept.id()).await;
    assert_eq!(old.count(), before);
    let log = shop.merchant.delivery(&gone.id(), &created).await;
    assert_eq!((&log["state"], log["attempts"].as_array().unwrap().len()), (&json!("failed"), 1), "its log stays");
}
