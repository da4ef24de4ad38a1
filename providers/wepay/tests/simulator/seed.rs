//! The examples of WePay's own page (seed 003), produced field by field.

use serde_json::{Value, json};

use crate::support::{ACCOUNT, start_throttled};

/// The create example as printed.
const CREATE: &str = r#"{
  "account_id": 1548718026, "amount": 20, "type": "donation", "currency": "USD",
  "short_description": "test payment", "long_description": "This is a test payment",
  "email_message": {"to_payer": "Please contact us at 555-555-555 if you need assistance.",
    "to_payee": "Please note that we cover all shipping costs."},
  "delivery_type": "point_of_sale", "fee": {"app_fee": 1, "fee_payer": "payer"},
  "callback_uri": "http://www.example.com", "auto_capture": true,
  "hosted_checkout": {"redirect_uri": "http://www.example.com", "fallback_uri": "http://www.example.com",
    "shipping_fee": 2, "mode": "iframe", "require_shipping": true,
    "prefill_info": {"address": "main street", "zip": "94085", "country": "US"},
    "theme_object": {"name": "test", "primary_color": "ffffff", "background_color": "ffffff",
      "button_color": "000000", "secondary_color": "000000"},
    "funding_sources": ["credit_card"]}
}"#;

/// What the simulator makes up itself is put in its place.
fn made_up(mut expected: Value, got: &Value) -> Value {
    for pointer in ["/checkout_id", "/create_time", "/hosted_checkout/theme_object/theme_id"] {
        let own = got.pointer(pointer);
        if let (Some(place), Some(own)) = (expected.pointer_mut(pointer), own) {
            assert!(own.is_u64(), "{pointer}");
            *place = own.clone();
        }
    }
    for (pointer, shape) in [
        ("/hosted_checkout/checkout_uri", "http://wepay.test/api/iframe/ID/TOKEN/api_checkout?iframe=1"),
        ("/chargeback/dispute_uri", "http://wepay.test/dispute/payer_create/ID/TOKEN"),
    ] {
        let own = got.pointer(pointer).and_then(Value::as_str);
        if let (Some(place), Some(own)) = (expected.pointer_mut(pointer).filter(|place| place.is_string()), own) {
            let id = got["checkout_id"].to_string();
            let token = own.split(id.as_str()).nth(1).unwrap().split('/').nth(1).unwrap();
            assert_eq!(own, shape.replace("ID", &id).replace("TOKEN", token));
            *place = own.into();
        }
    }
    expected
}

#[tokio::test]
async fn a_new_checkout_as_looked_up() {
    let sim = start_throttled(|settings| settings.public_url = Some("http://wepay.test/".to_owned())).await;
    let mut create: Value = serde_json::from_str(CREATE).unwrap();
    create["short_description"] = "test".into();
    create["long_description"] = "test".into();
    create["callback_uri"] = "http://www.test.com".into();
    create["hosted_checkout"]["redirect_uri"] = "http://www.test.com".into();
    let made = sim.ok("create", &create).await;
    let expected = json!({
        "checkout_id": 649945633, "account_id": 1548718026, "type": "donation", "short_description": "test",
        "currency": "USD", "amount": 20, "state": "new", "soft_descriptor": "WPY*Wolverine", "auto_capture": true,
        "create_time": 1439582388, "delivery_type": "point_of_sale", "long_description": "test",
        "callback_uri": "http://www.test.com", "reference_id": null,
        "fee": {"app_fee": 1, "fee_payer": "payer", "processing_fee": 0}, "gross": 0,
        "chargeback": {"amount_charged_back": 0, "dispute_uri": null},
        "refund": {"amount_refunded": 0, "refund_reason": null},
        "hosted_checkout": {
            "checkout_uri": "http://wepay.com/api/iframe/649945633/51e59317/api_checkout?iframe=1",
            "redirect_uri": "http://www.test.com", "shipping_fee": 2, "require_shipping": true,
            "shipping_address": null,
            "theme_object": {"theme_id": 96914023, "name": "test", "primary_color": "ffffff",
                "secondary_color": "000000", "background_color": "ffffff", "button_color": "000000"},
            "mode": "iframe"},
        "payer": {"name": null, "email": null, "home_address": null}
    });
    assert_eq!(made, made_up(expected, &made));
    assert_eq!(sim.look(made["checkout_id"].as_u64().unwrap()).await, made);
    let seen = sim.seen(made["checkout_id"].as_u64().unwrap()).await;
    assert_eq!(seen["unknown_parameters"], json!([]), "every parameter of the example is known");
}

#[tokio::test]
async fn paid_checkouts_as_found() {
    let sim = start_throttled(|settings| settings.public_url = Some("http://wepay.test".to_owned())).await;
    let mut create: Value = serde_json::from_str(CREATE).unwrap();
    create["long_description"] = "This is a test payment.".into();
    create["reference_id"] = "123abc".into();
    create["hosted_checkout"]["redirect_uri"] = "http://www.test.com".into();
    let id = sim.ok("create", &create).await["checkout_id"].as_u64().unwrap();
    sim.decide(id, json!({"status": "pay"})).await;
    let token = json!({
        "account_id": ACCOUNT, "amount": 20, "type": "donation", "currency": "USD",
        "short_description": "test payment", "long_description": "This is a test payment.",
        "reference_id": "123abc", "callback_uri": "http://www.example.com", "delivery_type": "shipping",
        "fee": {"app_fee": 1}, "payment_method": {"type": "credit_card", "credit_card": {"id": 2291714459_u64}}
    });
    sim.ok("create", &token).await;
    sim.control("POST", "/settings", &json!({"account_name": "Vasusen"})).await;

    let search = json!({"account_id": ACCOUNT, "reference_id": "123abc", "state": "captured", "sort_order": "ASC"});
    let found = sim.ok("find", &search).await;
    assert_eq!(found.as_array().unwrap().len(), 2);
    let hosted = json!({
        "checkout_id": 513220415, "account_id": 1548718026, "type": "donation", "short_description": "test payment",
        "currency": "USD", "amount": 20, "state": "captured", "soft_descriptor": "WPY*Vasusen", "auto_capture": true,
        "create_time": 1439582902, "delivery_type": "point_of_sale", "gross": 23.96,
        "long_description": "This is a test payment.", "reference_id": "123abc",
        "callback_uri": "http://www.example.com",
        "fee": {"app_fee": 1, "fee_payer": "payer", "processing_fee": 0.96},
        "chargeback": {"amount_charged_back": 0,
            "dispute_uri": "http://wepay.com/dispute/payer_create/148/81bdda6feea880d5d586"},
        "refund": {"amount_refunded": 0, "refund_reason": null},
        "hosted_checkout": {
            "checkout_uri": "http://wepay.com/api/iframe/513220415/8a8d959e/api_checkout?iframe=1",
            "redirect_uri": "http://www.test.com", "shipping_fee": 2, "require_shipping": true,
            "shipping_address": {"name": "Test Smith", "address1": "Main Street", "address2": "",
                "city": "Sunnyvale", "country": "US", "state": "CA", "zip": "94085"},
            "theme_object": {"theme_id": 21146702, "name": "test", "primary_color": "ffffff",
                "secondary_color": "000000", "background_color": "ffffff", "button_color": "000000"},
            "mode": "iframe"},
        "payer": {"email": "test@test.com", "name": "Test Smith", "home_address": null}
    });
    assert_eq!(found[0], made_up(hosted, &found[0]));
    let token = json!({
        "checkout_id": 734762390, "account_id": 1548718026, "type": "donation", "short_description": "test payment",
        "currency": "USD", "amount": 20, "state": "captured", "soft_descriptor": "WPY*Vasusen", "auto_capture": true,
        "create_time": 1439335332, "delivery_type": "shipping", "gross": 21.9,
        "long_description": "This is a test payment.", "reference_id": "123abc",
        "callback_uri": "http://www.example.com",
        "fee": {"app_fee": 1, "fee_payer": "payer", "processing_fee": 0.9},
        "chargeback": {"amount_charged_back": 0, "dispute_uri": null},
        "refund": {"amount_refunded": 0, "refund_reason": null},
        "payment_method": {"type": "credit_card", "credit_card": {"id": 2291714459_u64}},
        "payer": {"email": "payer@example.com", "name": "Test Payer", "home_address": null}
    });
    assert_eq!(found[1], made_up(token, &found[1]));
}

#[tokio::test]
async fn the_short_answers_and_modify() {
    let sim = start_throttled(|_| {}).await;
    let create: Value = serde_json::from_str(CREATE).unwrap();
    let mut held = create.clone();
    held["auto_capture"] = 0.into();
    let mut made = Vec::new();
    for body in [&held, &held, &create] {
        let id = sim.ok("create", body).await["checkout_id"].as_u64().unwrap();
        sim.decide(id, json!({"status": "pay"})).await;
        made.push(id);
    }
    let reason = "Product was defective. Do not want.";
    let [cancelled, captured, refunded] = made[..] else { return assert_eq!(made.len(), 3) };
    for (verb, body, state) in [
        ("cancel", json!({"checkout_id": cancelled, "cancel_reason": reason}), "cancelled"),
        ("capture", json!({"checkout_id": captured}), "captured"),
        ("refund", json!({"checkout_id": refunded, "refund_reason": reason}), "refunded"),
    ] {
        assert_eq!(sim.ok(verb, &body).await, json!({"checkout_id": body["checkout_id"], "state": state}));
        assert_eq!(sim.state(body["checkout_id"].as_u64().unwrap()).await, state);
    }
    assert_eq!(sim.look(refunded).await["refund"], json!({"amount_refunded": 23.96, "refund_reason": reason}));
    let uri = "https://www.example.com/ipn/12345";
    let modified = sim.ok("modify", &json!({"checkout_id": captured, "callback_uri": uri})).await;
    assert_eq!((&modified["callback_uri"], &modified["checkout_id"]), (&json!(uri), &json!(captured)));
    assert_eq!(sim.look(captured).await, modified);
}
