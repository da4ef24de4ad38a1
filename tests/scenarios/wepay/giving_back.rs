//! Refunds and disputes: totals are read with every look, and the books follow them.

use serde_json::json;

use super::{Desk, READY, TOTAL};
use crate::harness::fresh;

#[tokio::test]
async fn two_parts_and_then_the_rest_are_given_back_once_each() {
    let desk = Desk::open().await;
    let paid = desk.captured().await;
    for (amount, total) in [("20.50", "20.50"), ("100.00", "120.50")] {
        let told = desk.post(&paid, "refunds", &json!({ "amount": amount, "reason": "one came back" })).await;
        assert_eq!((told.ok(201).str("/amounts/refunded"), told.str("/status")), (total, "captured"));
        assert_eq!(desk.at_wepay(&paid).await["state"], "captured", "WePay keeps its word for it");
    }
    let above = desk.post(&paid, "refunds", &json!({ "amount": "1299.51" })).await;
    assert_eq!(above.refused(422, "validation_failed").errors()[0].0, "/amount");

    let (path, key) = (format!("/v1/checkouts/{}/refunds", paid.id()), fresh());
    let rest = desk.merchant.post(&path, &key, &json!({})).await;
    assert_eq!((rest.ok(201).str("/amounts/refunded"), rest.str("/status")), (TOTAL, "refunded"));
    let again = desk.merchant.post(&path, &key, &json!({})).await;
    assert_eq!((again.replayed(), &again.text), (true, &rest.text));
    assert_eq!(desk.merchant.get(&path).await.body["data"].as_array().unwrap().len(), 3);

    // Looking again counts nothing again.
    let seen = desk.refresh(&paid).await;
    assert_eq!((seen.str("/amounts/refunded"), seen.str("/status")), (TOTAL, "refunded"));
    let there = desk.at_wepay(&paid).await;
    assert!(there["refunded"].as_str().unwrap().starts_with("1420.0"), "{there}");
    assert_eq!((desk.calls("refund").await, desk.told(&paid, ["checkout.refunded"]).await), (3, [3]));
    assert_eq!(desk.merchant.attention(&paid.id()).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_full_refund_is_one_call_without_an_amount() {
    let desk = Desk::open().await;
    let paid = desk.captured().await;
    let told = desk.post(&paid, "refunds", &json!({})).await;
    assert_eq!((told.ok(201).str("/amounts/refunded"), told.str("/status")), (TOTAL, "refunded"));
    assert_eq!(desk.at_wepay(&paid).await["state"], "refunded", "the payer has the fees back too");
    assert_eq!((desk.calls("refund").await, desk.told(&paid, ["checkout.refunded"]).await), (1, [1]));
}

#[tokio::test]
async fn a_refund_whose_answer_is_lost_is_found_and_not_sent_again() {
    let desk = Desk::open().await;
    let paid = desk.captured().await;
    desk.fault(json!({ "on": "refund", "kind": "lose_reply" })).await;
    let asked = desk.post(&paid, "refunds", &json!({ "amount": "20.00" })).await;
    asked.refused(504, "provider_outcome_unknown");
    let seen = desk
        .passes_until("the refund to be found", super::TURN * 10, async || {
            Some(desk.merchant.read(&paid.id()).await).filter(|seen| seen.str("/amounts/refunded") == "20.00")
        })
        .await;
    assert_eq!(seen.str("/status"), "captured");
    assert_eq!((desk.calls("refund").await, desk.told(&paid, ["checkout.refunded"]).await), (1, [1]));
}

#[tokio::test]
async fn a_refund_of_the_back_office_is_found_without_a_notice() {
    let desk = Desk::open().await;
    let paid = desk.captured().await;
    desk.decide(&paid, &json!({ "status": "refund", "amount": "20.00" })).await;
    let seen = desk.refresh(&paid).await;
    assert_eq!((seen.str("/amounts/refunded"), seen.str("/status")), ("20.00", "captured"));
    assert_eq!(desk.told(&paid, ["checkout.refunded"]).await, [1]);
}

#[tokio::test]
async fn a_part_that_a_bank_takes_back_is_disputed_and_won() {
    let desk = Desk::open().await;
    let paid = desk.captured().await;
    desk.decide(&paid, &json!({ "status": "chargeback", "amount": "100.00" })).await;
    let seen = desk.refresh(&paid).await;
    assert_eq!((seen.str("/status"), seen.str("/dispute")), ("captured", "open"), "WePay keeps its word for it");
    assert_eq!(seen.str("/amounts/charged_back"), "100.00");
    assert_eq!((&seen.body["can_fulfill"], &seen.body["blockers"]), (&json!(false), &json!(["dispute_open"])));
    assert!(!seen.str("/dispute_uri").is_empty(), "where the dispute is led");

    desk.decide(&paid, &json!({ "status": "chargeback_won" })).await;
    let seen = desk.refresh(&paid).await;
    assert_eq!((seen.str("/dispute"), seen.str("/amounts/charged_back")), ("won", "0.00"));
    assert_eq!(seen.body["can_fulfill"], true);
    let told = desk.told(&paid, ["checkout.charged_back", "dispute.opened", "dispute.closed"]).await;
    assert_eq!(told, [1, 1, 1]);
}

#[tokio::test]
async fn all_that_a_bank_takes_back_is_the_merchants_again_when_the_dispute_is_won() {
    let desk = Desk::open().await;
    let paid = desk.captured().await;
    desk.decide(&paid, &json!({ "status": "chargeback" })).await;
    let seen = desk.merchant.until_status(&paid.id(), "charged_back").await;
    assert_eq!((seen.str("/amounts/charged_back"), seen.str("/dispute")), (TOTAL, "open"));
    desk.decide(&paid, &json!({ "status": "chargeback_won" })).await;
    let seen = desk.merchant.until_status(&paid.id(), "captured").await;
    assert_eq!((seen.str("/amounts/charged_back"), seen.str("/dispute")), ("0.00", "won"));
    assert_eq!((seen.str("/amounts/captured"), &seen.body["can_fulfill"]), (TOTAL, &json!(true)));
    let told = desk.told(&paid, ["checkout.charged_back", "dispute.opened", "dispute.closed", READY]).await;
    assert_eq!(told, [1, 1, 1, 1], "ready once in its life");
}

#[tokio::test]
async fn a_dispute_that_is_lost_is_closed_by_a_person_as_wepay_has_no_word_for_it() {
    let desk = Desk::open().await;
    let paid = desk.captured().await;
    desk.decide(&paid, &json!({ "status": "chargeback" })).await;
    desk.merchant.until_status(&paid.id(), "charged_back").await;
    desk.decide(&paid, &json!({ "status": "chargeback_lost" })).await;
    let seen = desk.refresh(&paid).await;
    assert_eq!((seen.str("/status"), seen.str("/dispute")), ("charged_back", "open"));

    let items = desk.merchant.get(&format!("/v1/attention?checkout={}&kind=dispute_opened", paid.id())).await;
    let item = items.ok(200).body["data"][0]["id"].as_str().unwrap().to_owned();
    let lost = json!({ "choice": "dispute_lost", "reason": "WePay's mail of today" });
    desk.merchant.post(&format!("/v1/attention/{item}/resolve"), &fresh(), &lost).await.ok(200);
    let seen = desk.refresh(&paid).await;
    assert_eq!((seen.str("/status"), seen.str("/dispute")), ("charged_back", "lost"));
    assert_eq!(seen.str("/amounts/charged_back"), TOTAL);
    let told = desk.told(&paid, ["checkout.charged_back", "dispute.opened", "dispute.closed"]).await;
    assert_eq!(told, [1, 1, 1]);
}
