//! What WePay has no call for is a typed refusal with what to do instead, before any call.

use serde_json::json;

use super::{Desk, TOTAL};

/// Calls that could change something at WePay.
async fn changing(desk: &Desk) -> Vec<u64> {
    let mut all = Vec::new();
    for call in ["create", "cancel", "capture", "release", "refund", "modify"] {
        all.push(desk.calls(call).await);
    }
    all
}

#[tokio::test]
async fn what_wepay_cannot_do_is_said_with_the_way_round_it() {
    let desk = Desk::open().await;
    let held = desk.held().await;
    let line = held.str("/items/0/id").to_owned();
    let part = json!({ "lines": [{ "line_id": line, "quantity": 1 }] });
    let before = changing(&desk).await;
    for (operation, body, word, instead) in [
        ("capture", &part, "capture_partial", "refund the difference"),
        ("cancel", &part, "cancel_partial", "refund the difference"),
        ("shipments", &json!({ "status": "shipped" }), "confirm_shipment", "capture when they are sent"),
    ] {
        let refused = desk.post(&held, operation, body).await;
        refused.refused(422, "operation_not_supported");
        assert!(refused.str("/detail").contains(instead), "{operation}: {}", refused.text);
        assert_eq!(refused.str("/provider/id"), "wepay", "{operation}");
        assert!(refused.str("/provider/message").contains(word), "{operation}: {}", refused.text);
    }
    assert_eq!(changing(&desk).await, before, "nothing was asked of WePay");
    let seen = desk.merchant.read(&held.id()).await;
    assert_eq!((seen.str("/status"), seen.str("/amounts/authorized")), ("authorized", TOTAL));
    assert_eq!(desk.told(&held, ["operation.failed"]).await, [0]);
}

#[tokio::test]
async fn lines_are_given_back_at_their_price() {
    let desk = Desk::open().await;
    let paid = desk.captured().await;
    let line = paid.str("/items/0/id").to_owned();
    let more = json!({ "lines": [{ "line_id": line, "quantity": 1000 }] });
    let refused = desk.post(&paid, "refunds", &more).await;
    assert_eq!(refused.refused(422, "validation_failed").errors()[0].0, "/lines/0/quantity");
    let both = json!({ "lines": [{ "line_id": line, "quantity": 1 }], "amount": "1.00" });
    desk.post(&paid, "refunds", &both).await.refused(422, "validation_failed");
    assert_eq!(desk.calls("refund").await, 0);

    let one = json!({ "lines": [{ "line_id": line, "quantity": 1 }], "reason": "came back" });
    let told = desk.post(&paid, "refunds", &one).await;
    let refunded = told.ok(201).str("/amounts/refunded").to_owned();
    let row = desk.merchant.get(&format!("/v1/checkouts/{}/refunds", paid.id())).await;
    assert_eq!(row.ok(200).str("/data/0/amount"), refunded);
    let cents = |text: &str| text.replace('.', "").parse::<u64>().unwrap();
    assert!((1..cents(TOTAL)).contains(&cents(&refunded)), "{refunded}");
    let there = desk.at_wepay(&paid).await["refunded"].as_str().unwrap().to_owned();
    assert!(there.starts_with(refunded.trim_end_matches('0').trim_end_matches('.')), "{there}");
    assert_eq!((told.str("/status"), desk.calls("refund").await), ("captured", 1));
}
