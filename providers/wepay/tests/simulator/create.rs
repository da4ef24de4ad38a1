//! The create call: what it needs, what it refuses, what it makes.

use serde_json::{Value, json};

use crate::support::{order, start};

#[tokio::test]
async fn what_is_missing_comes_first() {
    let sim = start().await;
    for name in ["account_id", "short_description", "type", "amount", "currency"] {
        let mut body = order(json!({"delivery_type": "wrong"}));
        body.as_object_mut().unwrap().remove(name);
        let refused = sim.refused("create", &body).await;
        assert_eq!(refused, (400, 1004, format!("{name} parameter is required")));
        body[name] = Value::Null;
        assert_eq!(sim.refused("create", &body).await.1, 1004, "{name}: null is nothing");
    }
    assert_eq!(sim.stored().await, 0);
}

#[tokio::test]
async fn single_wrong_values() {
    let sim = start().await;
    let long = |count: usize| "x".repeat(count);
    let hosted = |members: Value| json!({ "hosted_checkout": members });
    let table = [
        json!({"type": "GOODS"}),
        json!({"type": "gift"}),
        json!({"amount": 0}),
        json!({"amount": -5}),
        json!({"amount": 1.005}),
        json!({"amount": "1,000"}),
        json!({"amount": [1]}),
        json!({"currency": "usd"}),
        json!({"currency": "GBP"}),
        json!({"short_description": long(256)}),
        json!({"short_description": 7}),
        json!({"long_description": long(2048)}),
        json!({"reference_id": 12345}),
        json!({"reference_id": long(256)}),
        json!({"unique_id": 12345}),
        json!({"unique_id": long(256)}),
        json!({"delivery_type": "drone"}),
        json!({"auto_capture": "maybe"}),
        json!({"callback_uri": "example.com/ipn"}),
        json!({"callback_uri": "https://www.wepay.com/ipn"}),
        json!({"callback_uri": format!("https://a.example/{}", long(2083))}),
        json!({"fee": {"app_fee": 20.01}}),
        json!({"fee": {"app_fee": -1}}),
        json!({"fee": {"fee_payer": "bank"}}),
        json!({"fee": "1"}),
        json!({"email_message": {"to_payer": long(65_536)}}),
        hosted(json!({"mode": "popup"})),
        hosted(json!({"redirect_uri": "/done"})),
        hosted(json!({"shipping_fee": -1})),
        hosted(json!({"require_shipping": "perhaps"})),
        hosted(json!({"funding_sources": ["payment_bank"]})),
        hosted(json!({"funding_sources": "credit_card"})),
        hosted(json!({"prefill_info": {"address": {"address1": "x"}}})),
        hosted(json!({"prefill_info": {"phone_number": long(16)}})),
        hosted(json!({"theme_object": {"name": "x", "primary_color": "#ffffff"}})),
        hosted(json!({"theme_object": {"name": long(65)}})),
        json!({"hosted_checkout": {}, "payment_method": {"type": "credit_card", "credit_card": {"id": 1}}}),
        json!({"payment_method": {"type": "cash"}}),
        json!({"payment_method": {"type": "payment_bank", "payment_bank": {"id": 1}}}),
    ];
    for members in table {
        let refused = sim.refused("create", &order(members.clone())).await;
        assert_eq!((refused.0, refused.1), (400, 1003), "{members}");
    }
    for members in [
        json!({"payment_method": {"type": "credit_card"}}),
        json!({"payment_method": {"type": "credit_card", "credit_card": {}}}),
        json!({"payment_method": {}}),
    ] {
        assert_eq!(sim.refused("create", &order(members.clone())).await.1, 1004, "{members}");
    }
    assert_eq!(sim.stored().await, 0);
    for members in [
        json!({"amount": "20.00", "auto_capture": "false"}),
        json!({"short_description": "é".repeat(255)}),
        json!({"fee": {"app_fee": 20}}),
        hosted(json!({"funding_sources": ["bank_account", "credit_card"]})),
        hosted(json!({"prefill_info": {"name": "A", "email": "a@b.c", "address": "main street", "zip": "94085"}})),
        json!({"callback_uri": "http://127.0.0.1:9/ipn"}),
        json!({}),
    ] {
        assert_eq!(sim.ok("create", &order(members.clone())).await["state"], "new", "{members}");
    }
    sim.set(json!({ "refuse_local_callbacks": true })).await;
    assert_eq!(sim.refused("create", &order(json!({"callback_uri": "http://127.0.0.1:9/ipn"}))).await.1, 1003);
}

#[tokio::test]
async fn later_versions_ask_for_other_shapes() {
    let sim = start().await.speaking("2019-04-03");
    let hosted = json!({"prefill_info": {"address": {"address1": "Main", "region": "CA", "postal_code": "94085", "country": "US"}},
        "funding_sources": ["payment_bank"]});
    let made = sim.ok("create", &order(json!({"currency": "GBP", "hosted_checkout": hosted}))).await;
    assert_eq!((&made["currency"], &made["initiated_by"]), (&json!("GBP"), &json!("none")));
    let flat = json!({"prefill_info": {"address": "main street"}});
    assert_eq!(sim.refused("create", &order(json!({ "hosted_checkout": flat }))).await.1, 1003);
}

#[tokio::test]
async fn strange_parameters_are_noted_or_refused() {
    let sim = start().await;
    let strange = json!({"colour": "red", "auto_release": true, "hosted_checkout": {"mode": "regular", "cancel_uri": "https://a.example"}});
    let id = sim.created(strange.clone()).await;
    assert_eq!(
        sim.seen(id).await["unknown_parameters"],
        json!(["auto_release", "colour", "hosted_checkout.cancel_uri"])
    );
    let body: Value = serde_json::from_str(sim.seen(id).await["body"].as_str().unwrap()).unwrap();
    assert_eq!(body, order(strange.clone()), "the body is shown as it came");
    let held = sim.paid(json!({ "auto_capture": false })).await;
    assert_eq!(sim.ok("capture", &json!({"checkout_id": held, "amount": 5})).await["state"], "captured");
    assert_eq!(sim.seen(held).await["unknown_parameters"], json!(["capture: amount"]), "and all of it was captured");
    sim.set(json!({ "refuse_unknown_parameters": true })).await;
    assert_eq!(sim.refused("create", &order(strange)).await.1, 1003);
    assert_eq!(sim.refused("capture", &json!({"checkout_id": id, "amount": 5})).await.1, 1003);
}

#[tokio::test]
async fn tokens_are_charged_at_once_or_declined() {
    let sim = start().await;
    let card = |id: u64| json!({"payment_method": {"type": "credit_card", "credit_card": {"id": id}}});
    let made = sim.ok("create", &order(card(2_291_714_459))).await;
    assert_eq!(
        (&made["state"], &made["gross"], &made["fee"]["processing_fee"]),
        (&json!("captured"), &json!(100), &json!(3.2))
    );
    assert!(made.get("hosted_checkout").is_none());
    for (id, status, code) in [(12_004, 400, 2004), (22_005, 400, 2005), (14_003, 400, 4003), (11_008, 500, 1008)] {
        let (got, number, _) = sim.refused("create", &order(card(id))).await;
        assert_eq!((got, number), (status, code));
    }
    let preapproval = json!({"payment_method": {"type": "preapproval", "preapproval": {"id": 77}}});
    assert_eq!(sim.ok("create", &order(preapproval)).await["payment_method"]["preapproval"]["id"], 77);
    sim.set(json!({"review_ms": 1000, "absent": "null"})).await;
    let made = sim.ok("create", &order(card(5))).await;
    assert_eq!((&made["state"], &made["hosted_checkout"]), (&json!("authorized"), &Value::Null));
    assert_eq!(made["payment_method"]["credit_card"]["data"], json!({"emv_receipt": null, "signature_url": null}));
    sim.set(json!({ "absent": "missing" })).await;
    let id = made["checkout_id"].as_u64().unwrap();
    let seen = sim.look(id).await;
    for name in ["long_description", "callback_uri", "reference_id", "delivery_type", "hosted_checkout"] {
        assert!(seen.get(name).is_none(), "{name}");
    }
}
