//! From the page to the money: paid, reviewed, held, captured, canceled, expired.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Desk, READY, TOTAL, TURN};
use crate::harness::until;

#[tokio::test]
async fn what_is_paid_on_the_page_is_captured_by_itself_and_told_once() {
    let desk = Desk::open().await;
    let made = desk.checkout("automatic").await;
    assert_eq!((made.str("/status"), made.str("/next_action/type")), ("requires_customer_action", "redirect"));
    let there = desk.at_wepay(&made).await;
    assert_eq!((there["state"].as_str(), there["page"].as_str()), (Some("new"), Some(made.str("/next_action/url"))));

    desk.decide(&made, &json!({ "status": "pay" })).await;
    let seen = desk.merchant.until_status(&made.id(), "captured").await;
    assert_eq!((seen.str("/amounts/captured"), seen.str("/attempt/evidence")), (TOTAL, "fetched"));
    assert_eq!((&seen.body["can_fulfill"], &seen.body["next_action"]), (&json!(true), &Value::Null));
    assert_eq!(desk.told(&made, [READY, "checkout.captured"]).await, [1, 1]);
    assert_eq!((desk.calls("create").await, desk.all_at_wepay().await.len()), (1, 1));
    assert_eq!(desk.merchant.attention(&made.id()).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_page_is_an_iframe_where_the_merchant_wants_one() {
    let desk = Desk::open().await;
    let mut cart = super::cart("automatic");
    cart["provider_options"] = json!({ "wepay": { "mode": "iframe" } });
    let made = desk.merchant.open(&cart).await;
    assert_eq!(made.ok(201).str("/next_action/type"), "iframe");
}

#[tokio::test]
async fn nothing_is_shipped_while_wepay_reviews_the_payment() {
    let desk = Desk::open().await;
    let made = desk.checkout("automatic").await;
    desk.decide(&made, &json!({ "status": "authorized" })).await;
    let seen = desk.merchant.until_status(&made.id(), "authorized").await;
    assert_eq!((&seen.body["can_fulfill"], &seen.body["blockers"]), (&json!(false), &json!(["risk_review_open"])));
    desk.post(&made, "refunds", &json!({})).await.refused(409, "invalid_state");
    assert_eq!((desk.calls("refund").await, desk.told(&made, [READY]).await), (0, [0]));

    desk.decide(&made, &json!({ "status": "reviewed" })).await;
    let seen = desk.merchant.until_status(&made.id(), "captured").await;
    assert_eq!((&seen.body["can_fulfill"], &seen.body["blockers"]), (&json!(true), &json!([])));
    assert_eq!(desk.told(&made, [READY]).await, [1]);
}

#[tokio::test]
async fn a_declined_card_is_a_failed_payment() {
    let desk = Desk::open().await;
    let made = desk.checkout("automatic").await;
    desk.decide(&made, &json!({ "status": "decline" })).await;
    let seen = desk.merchant.until_status(&made.id(), "failed").await;
    assert_eq!((&seen.body["can_fulfill"], seen.str("/amounts/authorized")), (&json!(false), "0.00"));
    assert_eq!(desk.told(&made, [READY]).await, [0]);
}

#[tokio::test]
async fn held_money_is_captured_later_and_only_as_a_whole() {
    let desk = Desk::open().await;
    let held = desk.held().await;
    assert_eq!((held.str("/amounts/authorized"), held.str("/amounts/captured")), (TOTAL, "0.00"));
    let capture_by: Timestamp = desk.refresh(&held).await.str("/deadlines/capture_by").parse().unwrap();
    let days = capture_by.duration_since(held.str("/created_at").parse().unwrap()).as_hours() / 24;
    assert!((13..=14).contains(&days), "{capture_by}");

    let line = held.str("/items/0/id").to_owned();
    let part = desk.post(&held, "capture", &json!({ "lines": [{ "line_id": line, "quantity": 1 }] })).await;
    part.refused(422, "operation_not_supported");
    assert_eq!(desk.at_wepay(&held).await["state"], "reserved");

    let captured = desk.post(&held, "capture", &json!({})).await;
    assert_eq!((captured.ok(200).str("/status"), captured.str("/amounts/captured")), ("captured", TOTAL));
    assert_eq!(desk.at_wepay(&held).await["state"], "captured");
    // There is nothing left to do.
    for command in ["capture", "cancel"] {
        let again = desk.post(&held, command, &json!({})).await;
        assert_eq!(again.refused(409, "invalid_state").str("/checkout/status"), "captured", "{command}");
    }
    assert_eq!([desk.calls("capture").await, desk.calls("cancel").await], [1, 0]);
    assert_eq!(desk.told(&held, ["checkout.captured"]).await, [1]);
}

#[tokio::test]
async fn a_capture_that_shows_late_is_sent_once_and_counted_once() {
    let desk = Desk::open().await;
    let held = desk.held().await;
    desk.dial(&json!({ "capture_lag_ms": 40_000 })).await;
    let captured = desk.post(&held, "capture", &json!({})).await;
    assert_eq!((captured.ok(200).str("/status"), captured.str("/amounts/captured")), ("authorized", "0.00"));
    desk.post(&held, "capture", &json!({})).await.refused(409, "invalid_state");
    let seen = desk.passes_until_status(&held.id(), "captured").await;
    assert_eq!(seen.str("/amounts/captured"), TOTAL);
    assert_eq!(desk.calls("capture").await, 1);
    assert_eq!(desk.told(&held, ["checkout.captured", "operation.failed"]).await, [1, 0]);
}

#[tokio::test]
async fn held_money_is_let_go_by_a_cancel() {
    let desk = Desk::open().await;
    let held = desk.held().await;
    let canceled = desk.post(&held, "cancel", &json!({ "reason": "out of stock" })).await;
    assert_eq!((canceled.ok(200).str("/status"), canceled.str("/amounts/authorized")), ("canceled", "0.00"));
    assert_eq!(desk.at_wepay(&held).await["state"], "cancelled");
    for command in ["capture", "cancel", "refunds"] {
        let refused = desk.post(&held, command, &json!({})).await;
        assert_eq!(refused.refused(409, "invalid_state").str("/checkout/status"), "canceled", "{command}");
    }
    assert_eq!([desk.calls("capture").await, desk.calls("refund").await], [0, 0]);
    assert_eq!(desk.all_at_wepay().await.len(), 1);
    assert_eq!((desk.calls("cancel").await, desk.told(&held, ["checkout.canceled"]).await), (1, [1]));
    desk.refresh(&held).await;
    assert_eq!(desk.merchant.attention(&held.id()).await, [""; 0], "the merchant asked for it");
}

#[tokio::test]
async fn what_is_paid_after_it_was_canceled_here_is_undone_at_wepay_and_never_ready() {
    let desk = Desk::open().await;
    for (capture, undone) in [("manual", "cancelled"), ("automatic", "refunded")] {
        let made = desk.checkout(capture).await;
        let canceled = desk.post(&made, "cancel", &json!({ "reason": "out of stock" })).await;
        assert_eq!(
            (canceled.ok(200).str("/status"), canceled.str("/attempt/reason")),
            ("canceled", "canceled_locally")
        );
        assert_eq!(desk.at_wepay(&made).await["state"], "new", "WePay has no call that cancels an unpaid page");

        desk.decide(&made, &json!({ "status": "pay", "silent": true })).await;
        let shows = async || (desk.at_wepay(&made).await["state"] == undone).then_some(());
        desk.passes_until("the payment to be undone", TURN, shows).await;
        let item = format!("/v1/attention?checkout={}&kind=paid_after_cancel", made.id());
        desk.passes_until("the item to be settled", TURN * 10, async || {
            let items = desk.merchant.get(&item).await;
            let settled = &items.ok(200).body["data"][0]["resolution"]["choice"];
            (settled == "by_evidence").then_some(())
        })
        .await;
        let seen = desk.merchant.read(&made.id()).await;
        assert_eq!((seen.str("/status"), &seen.body["can_fulfill"]), ("canceled", &json!(false)), "{capture}");
        assert_eq!(desk.told(&made, [READY, "checkout.canceled"]).await, [0, 1]);
    }
}

#[tokio::test]
async fn a_page_that_nobody_pays_on_expires_and_is_told_before() {
    let desk = Desk::open().await;
    let made = desk.checkout("automatic").await;
    desk.passes(SignedDuration::from_mins(21)).await;
    until("the end to be told", async || (desk.told(&made, ["checkout.expiring"]).await == [1]).then_some(())).await;
    assert_eq!(desk.merchant.status(&made.id()).await, "requires_customer_action");
    desk.passes(SignedDuration::from_mins(10)).await;
    let seen = desk.passes_until_status(&made.id(), "expired").await;
    assert_eq!((&seen.body["can_fulfill"], &seen.body["next_action"]), (&json!(false), &Value::Null));
    assert_eq!(desk.at_wepay(&made).await["state"], "expired");
    assert_eq!((seen.str("/amounts/authorized"), desk.all_at_wepay().await.len()), ("0.00", 1));
    assert_eq!(desk.told(&made, ["checkout.expiring", "checkout.expired", READY]).await, [1, 1, 0]);
}

#[tokio::test]
async fn money_that_nobody_captures_is_told_of_in_time_and_then_gone() {
    let desk = Desk::open().await;
    let held = desk.held().await;
    desk.passes(SignedDuration::from_hours(10 * 24)).await;
    until("the time to capture", async || (desk.told(&held, ["checkout.capture_due"]).await == [1]).then_some(()))
        .await;
    desk.passes(SignedDuration::from_hours(5 * 24)).await;
    let seen = desk.passes_until_status(&held.id(), "canceled").await;
    assert_eq!((seen.str("/amounts/authorized"), &seen.body["can_fulfill"]), ("0.00", &json!(false)));
    assert!(desk.merchant.attention(&held.id()).await.contains(&"withdrawn_approval".to_owned()));
    assert_eq!(desk.told(&held, ["checkout.capture_due", "checkout.canceled"]).await, [1, 1]);
}

#[tokio::test]
async fn what_it_can_do_is_said_with_the_reasons_for_what_it_cannot() {
    let desk = Desk::open().await;
    let shown = desk.merchant.get("/v1/providers/wepay").await;
    assert_eq!((shown.ok(200).str("/product"), shown.str("/capture")), ("payment", "automatic"));
    let all = shown.body["capabilities"].as_array().unwrap();
    let support = |operation: &str| {
        let shown = all.iter().find(|shown| shown["operation"] == operation).unwrap();
        assert!(!shown["note"].as_str().unwrap().is_empty(), "{operation}");
        shown["support"].as_str().unwrap().to_owned()
    };
    let asked = ["refund_partial", "capture_partial", "disputes", "amend_callback", "native_idempotency"].map(support);
    assert_eq!(asked, ["native", "none", "inbound", "native", "native"]);
    let dialects = json!(["2015-08-15..2016-06-22", "2016-07-13..2019-04-03"]);
    assert_eq!(shown.body["dialects"], dialects);
}
