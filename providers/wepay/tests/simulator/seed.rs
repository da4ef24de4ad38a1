//! The examples of WePay's own page (seed 003), produced field by field.

use serde_json::{Value, json};

use crate::support::{ACCOUNT, start_throttled};

/// The examples as printed, by name: what is asked, and what is answered.
const EXAMPLES: [(&str, &str); 12] = [
    ("cancel_answer", include_str!("../seed_003/cancel_answer.json")),
    ("cancel_request", include_str!("../seed_003/cancel_request.json")),
    ("capture_answer", include_str!("../seed_003/capture_answer.json")),
    ("capture_request", include_str!("../seed_003/capture_request.json")),
    ("create_request", include_str!("../seed_003/create_request.json")),
    ("find_answer", include_str!("../seed_003/find_answer.json")),
    ("find_request", include_str!("../seed_003/find_request.json")),
    ("lookup_answer", include_str!("../seed_003/lookup_answer.json")),
    ("lookup_request", include_str!("../seed_003/lookup_request.json")),
    ("modify_request", include_str!("../seed_003/modify_request.json")),
    ("refund_answer", include_str!("../seed_003/refund_answer.json")),
    ("refund_request", include_str!("../seed_003/refund_request.json")),
];

/// One of them; each is used below.
fn example(name: &str) -> Value {
    let (_, text) = EXAMPLES.iter().find(|(known, _)| *known == name).unwrap();
    serde_json::from_str(text).unwrap()
}

/// One of them about a checkout that there is.
fn about(name: &str, id: u64) -> Value {
    let mut example = example(name);
    assert!(example["checkout_id"].is_u64(), "{name}");
    example["checkout_id"] = id.into();
    example
}

#[test]
fn all_twelve_examples_of_the_page_are_played() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/seed_003");
    let name = |entry: std::fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut there: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| name(entry.unwrap())).collect();
    there.sort();
    assert_eq!(there, EXAMPLES.map(|(name, _)| format!("{name}.json")));
    let tests = include_str!("seed.rs");
    for (name, _) in EXAMPLES {
        let used = ["example", "about"].iter().any(|with| tests.contains(&format!("{with}(\"{name}\"")));
        assert!(used, "{name}");
    }
}

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
    let mut create = example("create_request");
    create["short_description"] = "test".into();
    create["long_description"] = "test".into();
    create["callback_uri"] = "http://www.test.com".into();
    create["hosted_checkout"]["redirect_uri"] = "http://www.test.com".into();
    let made = sim.ok("create", &create).await;
    assert_eq!(made, made_up(example("lookup_answer"), &made));
    let id = made["checkout_id"].as_u64().unwrap();
    assert_eq!(sim.ok("", &about("lookup_request", id)).await, made);
    let seen = sim.seen(id).await;
    assert_eq!(seen["unknown_parameters"], json!([]), "every parameter of the example is known");
}

#[tokio::test]
async fn paid_checkouts_as_found() {
    let sim = start_throttled(|settings| settings.public_url = Some("http://wepay.test".to_owned())).await;
    let expected = example("find_answer");
    let mut create = example("create_request");
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

    let mut search = example("find_request");
    assert_eq!(sim.ok("find", &search).await, json!([]), "the example begins behind the tenth");
    search["start"] = 0.into();
    search["sort_order"] = "ASC".into();
    let found = sim.ok("find", &search).await;
    assert_eq!(found.as_array().unwrap().len(), 2);
    assert_eq!(found[0], made_up(expected[0].clone(), &found[0]));

    // The name of the account is the end of `soft_descriptor`, and the second example has another one.
    sim.control("POST", "/settings", &json!({"account_name": "Vasusen"})).await;
    let found = sim.ok("find", &search).await;
    let mut stored = made_up(expected[1].clone(), &found[1]);
    // The holder of a stored card is made up.
    stored["payer"] = json!({"email": "payer@example.com", "name": "Test Payer", "home_address": null});
    assert_eq!(found[1], stored);
}

#[tokio::test]
async fn the_short_answers_and_modify() {
    let sim = start_throttled(|_| {}).await;
    let create = example("create_request");
    let mut held = create.clone();
    held["auto_capture"] = 0.into();
    let mut made = Vec::new();
    for body in [&held, &held, &create] {
        let id = sim.ok("create", body).await["checkout_id"].as_u64().unwrap();
        sim.decide(id, json!({"status": "pay"})).await;
        made.push(id);
    }
    let [cancelled, captured, refunded] = made[..] else { return assert_eq!(made.len(), 3) };
    for (verb, body, answer) in [
        ("cancel", about("cancel_request", cancelled), about("cancel_answer", cancelled)),
        ("capture", about("capture_request", captured), about("capture_answer", captured)),
        ("refund", about("refund_request", refunded), about("refund_answer", refunded)),
    ] {
        assert_eq!(sim.ok(verb, &body).await, answer);
        assert_eq!(sim.state(body["checkout_id"].as_u64().unwrap()).await, answer["state"]);
    }
    let reason = "Product was defective. Do not want.";
    assert_eq!(sim.look(refunded).await["refund"], json!({"amount_refunded": 23.96, "refund_reason": reason}));
    let modified = sim.ok("modify", &about("modify_request", captured)).await;
    assert_eq!(modified["callback_uri"], example("modify_request")["callback_uri"]);
    assert_eq!(modified["checkout_id"], captured);
    assert_eq!(sim.look(captured).await, modified);
}
