//! Whatever is posted, the answer names the places and is never a 500.

use serde_json::{Value, json};

use crate::world::{World, sample};

/// The sample with one place replaced.
fn with(pointer: &str, value: Value) -> Vec<u8> {
    let mut body = sample();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match body.pointer_mut(parent).unwrap() {
        Value::Object(map) => _ = map.insert(name.to_owned(), value),
        Value::Array(list) => list[name.parse::<usize>().unwrap()] = value,
        _ => panic!("{pointer}"),
    }
    body.to_string().into_bytes()
}

fn without(pointer: &str) -> Vec<u8> {
    let mut body = sample();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap().as_object_mut().unwrap().shift_remove(name).unwrap();
    body.to_string().into_bytes()
}

/// The sample's text with a piece replaced, for what a JSON library would not write.
fn text(from: &str, to: &str) -> Vec<u8> {
    let body = sample().to_string();
    assert!(body.contains(from), "{from}");
    body.replacen(from, to, 1).into_bytes()
}

#[tokio::test]
async fn wrong_content_is_422_with_every_pointer() {
    let world = World::new().await;
    let quantity = "\"quantity\":1";
    let items = |count: usize| json!(vec![json!({ "name": "TV", "quantity": 1, "unit_price": "1.00" }); count]);
    let many_options: Value =
        (0..21).map(|n| (format!("other_{n}"), json!({}))).collect::<serde_json::Map<_, _>>().into();
    let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("array body", b"[]".to_vec(), &[" wrong_type"]),
        ("string body", b"\"hello\"".to_vec(), &[" wrong_type"]),
        ("null body", b"null".to_vec(), &[" wrong_type"]),
        ("number body", b"1".to_vec(), &[" wrong_type"]),
        ("name is a number", with("/customer/first_name", json!(5)), &["/customer/first_name wrong_type"]),
        ("customer is an array", with("/customer", json!([])), &["/customer wrong_type"]),
        ("address is text", with("/billing_address", json!("x")), &["/billing_address wrong_type"]),
        ("items is an object", with("/items", json!({})), &["/items wrong_type"]),
        ("an item is null", with("/items/0", Value::Null), &["/items/0 wrong_type"]),
        ("no items", with("/items", json!([])), &["/items too_few"]),
        ("items missing", without("/items"), &["/items missing"]),
        ("items null", with("/items", Value::Null), &["/items missing"]),
        ("10,000 items", with("/items", items(10_000)), &["/items too_many"]),
        ("name missing", without("/customer/last_name"), &["/customer/last_name missing"]),
        ("name null", with("/customer/last_name", Value::Null), &["/customer/last_name missing"]),
        ("name blank", with("/customer/last_name", json!("  ")), &["/customer/last_name blank"]),
        ("name too long", with("/customer/last_name", json!("x".repeat(201))), &["/customer/last_name too_long"]),
        (
            "name with a line break",
            with("/customer/last_name", json!("a\nb")),
            &["/customer/last_name control_character"],
        ),
        ("unknown field", with("/colour", json!("red")), &["/colour unknown_field"]),
        ("unknown field deep", with("/items/0/unit_pirce", json!("1")), &["/items/0/unit_pirce unknown_field"]),
        (
            "repeated field",
            text("\"currency\":\"USD\"", "\"currency\":\"USD\",\"currency\":\"CAD\""),
            &["/currency duplicate_field"],
        ),
        ("repeated deep", text(quantity, "\"quantity\":1,\"quantity\":2"), &["/items/0/quantity duplicate_field"]),
        ("1e400", text("\"1370.00\"", "1e400"), &["/items/0/unit_price out_of_range"]),
        ("negative", text("\"1370.00\"", "-1370"), &["/items/0/unit_price negative"]),
        ("negative text", text("\"1370.00\"", "\"-1370\""), &["/items/0/unit_price negative"]),
        ("NaN as text", text("\"1370.00\"", "\"NaN\""), &["/items/0/unit_price not_a_number"]),
        ("exponent as text", text("\"1370.00\"", "\"1e3\""), &["/items/0/unit_price not_a_number"]),
        ("three digits", text("\"1370.00\"", "1370.005"), &["/items/0/unit_price too_many_digits"]),
        ("amount is true", with("/shipping_amount", json!(true)), &["/shipping_amount wrong_type"]),
        ("quantity text", text(quantity, "\"quantity\":\"1\""), &["/items/0/quantity wrong_type"]),
        ("quantity 1.5", text(quantity, "\"quantity\":1.5"), &["/items/0/quantity not_whole"]),
        ("quantity zero", text(quantity, "\"quantity\":0"), &["/items/0/quantity out_of_range"]),
        ("quantity negative", text(quantity, "\"quantity\":-1"), &["/items/0/quantity out_of_range"]),
        ("quantity huge", text(quantity, "\"quantity\":1e99"), &["/items/0/quantity not_whole"]),
        ("lone surrogate", text("\"TV\"", r#""\ud83d""#), &["/items/0/name invalid_text"]),
        (
            "lone surrogate as a name",
            text("\"metadata\":{", r#""metadata":{"\udc00":"x","#),
            &["/metadata invalid_text"],
        ),
        (
            "too deep",
            text("\"metadata\":{", &format!("\"metadata\":{{\"a\":{}{},", "[".repeat(40), "]".repeat(40))),
            &["/metadata/a/0/0"],
        ),
        ("wrong currency", with("/currency", json!("DOLLAR")), &["/currency unknown_currency"]),
        ("wrong state", with("/billing_address/state", json!("XX")), &["/billing_address/state invalid_state"]),
        ("wrong capture", with("/capture", json!("later")), &["/capture unknown_choice"]),
        ("unknown provider", with("/provider", json!("nobody")), &["/provider unknown_provider"]),
        (
            "providers of all kinds",
            with("/providers", json!(["acme", 1])),
            &["/providers/1 wrong_type", "/providers conflict"],
        ),
        (
            "return to a script",
            with("/return_urls/success", json!("javascript:alert(1)")),
            &["/return_urls/success invalid_url"],
        ),
        (
            "return with a password",
            with("/return_urls/success", json!("https://a:b@shop.example/")),
            &["/return_urls/success invalid_url"],
        ),
        ("return to nowhere", with("/return_urls/failure", json!("cart")), &["/return_urls/failure invalid_url"]),
        ("metadata number", with("/metadata/cart", json!(42)), &["/metadata/cart wrong_type"]),
        ("metadata long", with("/metadata/cart", json!("x".repeat(501))), &["/metadata/cart too_long"]),
        (
            "metadata with a null character",
            with("/metadata/cart", json!("a\u{0}")),
            &["/metadata/cart control_character"],
        ),
        (
            "options of a slip",
            with("/provider_options", json!({ "acmee": {} })),
            &["/provider_options/acmee unknown_provider"],
        ),
        (
            "options of no name",
            with("/provider_options", json!({ "No Name": {} })),
            &["/provider_options/No Name unknown_provider"],
        ),
        ("options for too many", with("/provider_options", many_options), &["/provider_options too_many"]),
        (
            "options too long",
            with("/provider_options", json!({ "acme": { "a": "x".repeat(5000) } })),
            &["/provider_options/acme too_long"],
        ),
        (
            "far too many providers",
            with("/providers", json!((0..10_000).map(|n| format!("p{n}")).collect::<Vec<_>>())),
            &["/providers too_many"],
        ),
        ("options no object", with("/provider_options", json!({ "acme": 1 })), &["/provider_options/acme wrong_type"]),
    ];
    for (name, body, expected) in cases {
        let answer = world.create(body).await;
        assert_eq!(answer.status, 422, "{name}: {}", answer.text);
        assert_eq!(answer.problem(), (422, "validation_failed".to_owned()), "{name}");
        let found = answer.pointers();
        for wanted in expected {
            assert!(found.iter().any(|one| one.starts_with(wanted)), "{name}: {wanted} is not among {found:?}");
        }
    }
    assert_eq!(world.fake.count(), 0, "no financer was called");
    assert_eq!(world.get("/v1/checkouts").await.json()["data"], json!([]), "nothing was stored");
}

#[tokio::test]
async fn shape_and_meaning_come_in_one_answer() {
    let world = World::new().await;
    let mut body = sample();
    body["customer"] = json!({ "first_name": 1, "email": "nobody" });
    body["items"][0] = json!({ "name": "TV", "quantity": 0, "unit_price": "1.005", "color": "red" });
    body["surprise"] = json!(true);
    let answer = world.create(body.to_string()).await;
    assert_eq!(
        answer.pointers(),
        [
            "/surprise unknown_field",
            "/customer/first_name wrong_type",
            "/items/0/color unknown_field",
            "/customer/last_name missing",
            "/customer/email invalid_email",
            "/items/0/quantity out_of_range",
            "/items/0/unit_price too_many_digits",
        ]
    );
    assert_eq!(answer.json()["detail"], "7 things are wrong with the request");
    let text = answer.text;
    assert!(!text.contains("nobody"), "a person's data is not repeated: {text}");
}

#[tokio::test]
async fn what_is_not_json_is_400() {
    let world = World::new().await;
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("blank", b" \n".to_vec()),
        ("NaN", text("\"1370.00\"", "NaN")),
        ("Infinity", text("\"1370.00\"", "-Infinity")),
        ("leading zero", text("\"1370.00\"", "01370")),
        ("invalid UTF-8", text("\"TV\"", "\"TV\"").into_iter().map(|b| if b == b'T' { 0xff } else { b }).collect()),
        ("byte order mark", [b"\xef\xbb\xbf", sample().to_string().as_bytes()].concat()),
        ("cut off", sample().to_string().into_bytes()[..200].to_vec()),
        ("two documents", format!("{}{}", sample(), sample()).into_bytes()),
        ("single quotes", b"{'a':1}".to_vec()),
        ("trailing comma", b"{\"a\":1,}".to_vec()),
        ("a comment", b"{} // hello".to_vec()),
        ("control character in a string", b"{\"a\":\"\x01\"}".to_vec()),
        ("form data", b"reference=1".to_vec()),
    ];
    for (name, body) in cases {
        let answer = world.create(body).await;
        assert_eq!(answer.problem(), (400, "malformed_json".to_owned()), "{name}");
    }
    let answer = world.create("{\n  \"a\": nope }").await;
    assert!(answer.json()["detail"].as_str().unwrap().contains("line 2"), "{}", answer.text);
}

#[tokio::test]
async fn unusual_but_right_is_accepted() {
    let world = World::new().await;
    let mut body = sample();
    body["customer"]["first_name"] = json!("🦊");
    body["customer"]["last_name"] = json!("Ægir O’Neil-Ndiaye");
    body["items"][0]["name"] = json!("📺 téléviseur");
    body["discount_amount"] = Value::Null;
    let body = body.to_string().replace("\"1370.00\"", "1.37e3").replace("\"50.00\"", "50.0");
    let answer = world.create(body).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["amounts"]["total"]),
        (201, &json!("1420.00")),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn many_errors_are_counted() {
    let world = World::new().await;
    let answer = world.create(with("/items", json!(vec![json!({}); 300]))).await;
    assert_eq!(answer.pointers().len(), 100);
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with("900 things") && detail.ends_with("and 800 more"), "{detail}");
}

#[tokio::test]
async fn the_other_bodies_are_read_as_strictly() {
    let world = World::new().await;
    let id = world.opened("open").await;
    let line = "lin_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b";
    for (path, body, expected) in [
        ("cancel", json!({ "reasn": "x" }), "/reasn unknown_field"),
        ("cancel", json!({ "lines": [] }), "/lines too_few"),
        ("cancel", json!({ "lines": [{ "line_id": "x", "quantity": 1 }] }), "/lines/0/line_id invalid_id"),
        ("capture", json!({ "lines": [{ "line_id": line }] }), "/lines/0/quantity missing"),
        ("capture", json!({ "lines": [1] }), "/lines/0 wrong_type"),
        ("refunds", json!({ "amount": "0" }), "/amount out_of_range"),
        ("refunds", json!({ "amount": "-1" }), "/amount negative"),
        ("refunds", json!({ "amount": "1", "lines": [{ "line_id": line, "quantity": 1 }] }), "/lines conflict"),
        ("shipments", json!({}), "/status missing"),
        ("shipments", json!({ "status": "lost" }), "/status unknown_choice"),
        ("shipments", json!({ "status": "shipped", "shipped_on": "21.11.2026" }), "/shipped_on invalid_date"),
        ("shipments", json!({ "status": "shipped", "shipped_on": "2026-02-30" }), "/shipped_on invalid_date"),
        ("shipments", json!({ "status": "shipped", "tracking_url": "ftp://x.example" }), "/tracking_url invalid_url"),
        (
            "shipments",
            json!({ "status": "shipped", "shipped_on": "2026-11-21", "expected_on": "2026-11-20" }),
            "/expected_on out_of_order",
        ),
        ("attempts", json!({ "provider": 1 }), "/provider wrong_type"),
        ("attempts", json!([]), " wrong_type"),
    ] {
        let answer = world.post(&format!("/v1/checkouts/{id}/{path}"), "key", body.to_string()).await;
        assert_eq!(answer.problem(), (422, "validation_failed".to_owned()), "{path} {body}");
        assert!(answer.pointers().contains(&expected.to_owned()), "{path} {body}: {:?}", answer.pointers());
    }
}

#[tokio::test]
async fn a_body_that_may_be_left_out_may_be_null() {
    let world = World::new().await;
    let id = world.opened("open").await;
    for (number, body) in ["", "null", " null ", "{}"].into_iter().enumerate() {
        let answer = world.post(&format!("/v1/checkouts/{id}/capture"), &format!("key {number}"), body).await;
        assert_eq!(answer.problem().1, "operation_not_supported", "{body:?}");
    }
}

#[tokio::test]
async fn a_flood_of_unknown_names_is_answered_soon() {
    let world = World::new().await;
    let names: Vec<_> = (0..40_000).map(|number| format!("\"unit_prise{number}\":1")).collect();
    let started = std::time::Instant::now();
    let answer = world.create(format!("{{{}}}", names.join(","))).await;
    assert_eq!(answer.problem().1, "validation_failed");
    // Comparing each with each other one takes many minutes.
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}
