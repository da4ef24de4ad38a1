//! Dialect B: `captured` is held money, `released` is the payee's, and a card may only be authorised.

use serde_json::json;

use crate::support::start;

const B: &str = "2016-08-10";

#[tokio::test]
async fn one_checkout_in_both_dialects() {
    let sim = start().await;
    let id = sim.paid(json!({ "auto_capture": false })).await;
    assert_eq!(sim.state(id).await, "reserved");
    let sim = sim.speaking(B);
    let seen = sim.look(id).await;
    assert_eq!((&seen["state"], &seen["auto_release"]), (&json!("captured"), &json!(false)));
    assert!(seen.get("auto_capture").is_none());
    for name in ["payment_method", "payment_error", "npo_information"] {
        assert!(seen.as_object().unwrap().contains_key(name) && seen[name].is_null(), "{name}");
    }
    assert_eq!(seen["in_review"], false);
    let refund = json!({"checkout_id": id, "refund_reason": "why"});
    let text = "Checkout object must be in state released. Currently it is in state captured";
    assert_eq!(sim.refused("refund", &refund).await, (400, 4004, text.to_owned()));
    let text = "Checkout object must be in state 'Authorized' to capture. Currently it is in state captured";
    assert_eq!(sim.refused("capture", &json!({ "checkout_id": id })).await, (400, 4004, text.to_owned()));
    let released = sim.ok("release", &json!({ "checkout_id": id })).await;
    assert_eq!((&released["state"], &released["amount"]), (&json!("released"), &json!(100)), "a whole checkout");
    assert_eq!(sim.ok("refund", &refund).await["state"], "refunded");
    let row = sim.seen(id).await;
    assert_eq!((&row["state"], &row["state_b"]), (&json!("refunded"), &json!("refunded")));
}

#[tokio::test]
async fn release_is_unknown_before() {
    let sim = start().await;
    let id = sim.paid(json!({ "auto_capture": false })).await;
    let refused = sim.refused("release", &json!({ "checkout_id": id })).await;
    assert_eq!(refused, (501, 1001, "that is not a recognized WePay API call".to_owned()));
}

#[tokio::test]
async fn held_money_is_released_or_goes_back() {
    let sim = start().await.speaking(B);
    let id = sim.paid(json!({ "auto_release": false })).await;
    assert_eq!(sim.state(id).await, "captured");
    sim.days(14).await;
    assert_eq!(sim.state(id).await, "cancelled");
    let id = sim.paid(json!({ "auto_release": false })).await;
    assert_eq!(sim.ok("cancel", &json!({"checkout_id": id, "cancel_reason": "why"})).await["state"], "cancelled");
    let id = sim.paid(json!({})).await;
    assert_eq!(sim.state(id).await, "released");
    sim.decide(id, json!({"status": "chargeback"})).await;
    assert_eq!(sim.state(id).await, "charged_back");
}

#[tokio::test]
async fn a_card_that_is_only_authorised() {
    let sim = start().await.speaking(B);
    let token = json!({"payment_method": {"type": "credit_card", "credit_card": {"id": 42, "auto_capture": false}}});
    let id = sim.created(token.clone()).await;
    let seen = sim.look(id).await;
    assert_eq!(
        (&seen["state"], &seen["payment_method"]["credit_card"]["auto_capture"]),
        (&json!("authorized"), &json!(false))
    );
    let part = sim.refused("capture", &json!({"checkout_id": id, "amount": 10})).await;
    assert_eq!(part.1, 4007);
    let captured = sim.ok("capture", &json!({ "checkout_id": id })).await;
    assert_eq!(captured["state"], "released", "released at once, as nothing asks to hold it");

    let mut held = token.clone();
    held["auto_release"] = false.into();
    let id = sim.created(held).await;
    sim.set(json!({ "capture_lag_ms": 60_000 })).await;
    assert_eq!(sim.ok("capture", &json!({ "checkout_id": id })).await["state"], "authorized", "news, not proof");
    sim.minutes(1).await;
    assert_eq!(sim.state(id).await, "captured");

    let id = sim.created(token).await;
    sim.days(6).await;
    assert_eq!(sim.state(id).await, "authorized");
    sim.days(1).await;
    assert_eq!(sim.state(id).await, "cancelled");
}

#[tokio::test]
async fn bank_payments_are_not_cancelled() {
    let sim = start().await.speaking(B);
    let bank = json!({"auto_release": false, "payment_method": {"type": "payment_bank", "payment_bank": {"id": 9}}});
    let id = sim.created(bank).await;
    assert_eq!(sim.state(id).await, "captured");
    assert_eq!(sim.refused("cancel", &json!({"checkout_id": id, "cancel_reason": "why"})).await.1, 4004);
    assert_eq!(sim.ok("release", &json!({ "checkout_id": id })).await["state"], "released");
}

#[tokio::test]
async fn addresses_and_answers_grow_with_the_versions() {
    let sim = start().await;
    let shipping = json!({"hosted_checkout": {"require_shipping": true}});
    let id = sim.paid(shipping).await;
    for (version, region, postcode, initiated) in [
        ("2015-08-15", "state", "zip", false),
        ("2016-05-18", "state", "zip", false),
        ("2016-06-22", "region", "postal_code", false),
        ("2019-04-03", "region", "postal_code", true),
    ] {
        let auth = format!("Bearer {}", crate::support::TOKEN);
        let headers = [
            ("authorization", auth.as_str()),
            ("user-agent", "x"),
            ("content-type", "application/json"),
            ("api-version", version),
        ];
        let body = json!({ "checkout_id": id }).to_string();
        let seen = sim.raw("POST", "/v2/checkout", &headers, body.as_bytes()).await.unwrap().json();
        let address = &seen["hosted_checkout"]["shipping_address"];
        assert_eq!((&address[region], &address[postcode]), (&json!("CA"), &json!("94085")), "{version}");
        assert_eq!(seen.get("initiated_by").is_some(), initiated, "{version}");
    }
}
