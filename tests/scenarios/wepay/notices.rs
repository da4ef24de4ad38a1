//! Notices only say "look": lost, repeated, too early, and about states that nobody knows.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Desk, READY, TOTAL};
use crate::harness::{Answer, until};

/// Waits until the gateway has answered every notice about a checkout with 200, and says how many there were.
async fn heard(desk: &Desk, made: &Answer) -> usize {
    until("every notice to be answered", async || {
        let there = desk.at_wepay(made).await;
        let notices = there["postbacks"].as_array().unwrap();
        let delivered = notices.iter().all(|notice| notice["delivered"] == true);
        (!notices.is_empty() && delivered).then_some(notices.len())
    })
    .await
}

#[tokio::test]
async fn ten_equal_notices_make_one_move_and_one_event() {
    let desk = Desk::open().await;
    let made = desk.checkout("automatic").await;
    desk.decide(&made, &json!({ "status": "pay", "times": 10, "parallel": true })).await;
    // However many come at one moment of a clock that stands still, a look is due.
    desk.merchant.until_status(&made.id(), "captured").await;
    assert!(heard(&desk, &made).await >= 10);
    let seen = desk.refresh(&made).await;
    assert_eq!((seen.str("/amounts/captured"), desk.told(&made, [READY, "checkout.captured"]).await), (TOTAL, [1, 1]));
}

#[tokio::test]
async fn a_notice_about_another_checkout_is_recorded_and_moves_nothing() {
    let desk = Desk::open().await;
    let (made, other) = (desk.checkout("automatic").await, desk.checkout("automatic").await);
    desk.decide(&other, &json!({ "status": "pay", "silent": true })).await;
    let number = made.str("/attempt/provider_reference");
    let body = format!("checkout_id={}", other.str("/attempt/provider_reference"));
    let told = json!({ "body": body, "await": true });
    let told = desk.control(reqwest::Method::POST, &format!("requests/{number}/postbacks"), Some(&told)).await;
    assert_eq!(told["deliveries"][0]["status"], 200);
    let status = async |id: String| desk.merchant.status(&id).await;
    assert_eq!([status(made.id()).await, status(other.id()).await], ["requires_customer_action"; 2]);
    assert_eq!(desk.calls("lookup").await, 0);
}

#[tokio::test]
async fn what_a_lost_notice_would_have_told_is_found() {
    let desk = Desk::open().await;
    let made = desk.checkout("automatic").await;
    desk.fault(json!({ "on": "ipn", "kind": "drop" })).await;
    desk.decide(&made, &json!({ "status": "pay" })).await;
    assert_eq!(desk.at_wepay(&made).await["postbacks"][0]["dropped"], true);
    assert_eq!(desk.merchant.status(&made.id()).await, "requires_customer_action");
    desk.passes(SignedDuration::from_mins(7)).await;
    let seen = desk.merchant.until_status(&made.id(), "captured").await;
    assert_eq!((seen.str("/attempt/evidence"), &seen.body["can_fulfill"]), ("fetched", &json!(true)));
    assert_eq!(desk.told(&made, [READY]).await, [1]);
}

#[tokio::test]
async fn a_refund_and_a_dispute_of_which_nobody_was_told_are_found() {
    let desk = Desk::open().await;
    let paid = desk.captured().await;
    desk.decide(&paid, &json!({ "status": "refund", "amount": "20.00" })).await;
    desk.decide(&paid, &json!({ "status": "chargeback", "amount": "30.00" })).await;
    desk.passes(SignedDuration::from_hours(30)).await;
    let seen = until("the sums to be found", async || {
        Some(desk.merchant.read(&paid.id()).await).filter(|seen| seen.str("/amounts/refunded") == "20.00")
    })
    .await;
    assert_eq!((seen.str("/amounts/charged_back"), seen.str("/dispute")), ("30.00", "open"));
    assert_eq!(desk.told(&paid, ["checkout.refunded", "dispute.opened"]).await, [1, 1]);
}

#[tokio::test]
async fn a_notice_that_overtakes_the_answer_to_create_is_not_lost() {
    let limits = [("providers.wepay.throttle_calls", "0"), ("providers.wepay.request_timeout_ms", "28000")];
    let desk = Desk::open_with(&limits, &json!({ "throttle_calls": 0 })).await;
    // On a busy machine the notice needs its time as well.
    desk.fault(json!({ "on": "create", "kind": "late", "delay_ms": 12_000 })).await;
    let mut cart = super::cart("automatic");
    // The simulator's word for: paid a moment after creation.
    cart["customer"]["last_name"] = json!("Autopay");
    let made = desk.merchant.open(&cart).await.ok(201).clone();
    heard(&desk, &made).await;
    // What was stored first comes first among what was stored at one moment. The answer alone says `new`.
    let timeline = desk.merchant.timeline(&made.id()).await;
    let place = |name: &str, word: &str| {
        let found = |entry: &Value| entry["kind"] == "observation" && entry[name] == word;
        timeline.iter().position(found).unwrap_or_else(|| panic!("no {name} {word} in {timeline:?}"))
    };
    assert!(place("evidence", "token") < place("what", "new"), "the answer was first: {timeline:?}");
    let seen = desk.passes_until_status(&made.id(), "captured").await;
    assert_eq!(seen.body["can_fulfill"], true);
    assert_eq!((desk.told(&made, [READY]).await, desk.all_at_wepay().await.len()), ([1], 1));
}

#[tokio::test]
async fn a_look_that_fails_is_made_again_and_the_notice_is_not_lost() {
    let desk = Desk::open().await;
    let made = desk.checkout("automatic").await;
    desk.fault(json!({ "on": "lookup", "kind": "error", "error_code": 1008, "times": 2 })).await;
    desk.decide(&made, &json!({ "status": "pay" })).await;
    assert_eq!(heard(&desk, &made).await, 1, "answered once stored, whatever the look says");
    desk.passes_until_status(&made.id(), "captured").await;
    assert_eq!(desk.told(&made, [READY]).await, [1]);
}

#[tokio::test]
async fn a_state_that_nobody_knows_moves_nothing_and_is_shown_to_a_person() {
    let desk = Desk::open().await;
    let made = desk.checkout("manual").await;
    desk.decide(&made, &json!({ "status": "pay", "say": "in_limbo" })).await;
    until("the word to be shown to a person", async || {
        desk.merchant.attention(&made.id()).await.contains(&"unknown_status".to_owned()).then_some(())
    })
    .await;
    let seen = desk.merchant.read(&made.id()).await;
    assert_eq!((seen.str("/status"), &seen.body["can_fulfill"]), ("requires_customer_action", &json!(false)));
    assert_eq!(desk.told(&made, [READY]).await, [0]);

    desk.decide(&made, &json!({ "say": null })).await;
    let seen = desk.passes_until_status(&made.id(), "authorized").await;
    assert_eq!(seen.body["can_fulfill"], true);
}

#[tokio::test]
async fn notices_go_to_a_new_address_once_the_merchant_asks_for_one() {
    let desk = Desk::open().await;
    let made = desk.checkout("automatic").await;
    let before = desk.at_wepay(&made).await["callback_uri"].clone();
    desk.post(&made, "renew_callback", &json!({})).await.ok(200);
    let after = desk.at_wepay(&made).await["callback_uri"].clone();
    assert_ne!(before, after);
    desk.decide(&made, &json!({ "status": "pay" })).await;
    desk.passes_until_status(&made.id(), "captured").await;
    heard(&desk, &made).await;
    assert_eq!(desk.calls("modify").await, 1);
}
