//! The create call: samples of the documents, countries, errors in their order.

use serde_json::{Value, json};

use crate::support::{USER, basic, sample, sample_with, start};

#[tokio::test]
async fn the_newest_documents_sample() {
    let sim = start().await;
    let reply = sim.create(&sample()).await;
    assert_eq!(reply.status, 200);
    let body = reply.json();
    let inv_id = body["inv_id"].as_str().unwrap();
    assert_eq!(inv_id.len(), 32);
    assert!(inv_id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
    assert_eq!(body["amount"], "1420.00");
    assert_eq!(body["href"], format!("http://{}/partner.sandbox/lc/info/{inv_id}", sim.address));
    assert_eq!(body.as_object().unwrap().len(), 3);
    let seen = sim.seen(inv_id).await;
    assert_eq!((&seen["state"], &seen["tax"], &seen["version"]), (&json!("created"), &json!("52.69"), &json!("1.9")));
    assert_eq!(sim.control("GET", "/calls", &Value::Null).await.json()["create"], 1);
    sim.stop().await;
}

#[tokio::test]
async fn the_older_documents_sample_counts_its_price_as_gross() {
    let sim = start().await;
    let body = r#"{"first_name":"John","last_name":"Doe","shipping_address":{"street1":"15th Fantasy Street","city":"New York","state":"NY","zipcode":"10007"},"billing_address":{"street1":"15th Fantasy Street","city":"New York","state":"NY","zipcode":"10007"},"email":"johndoe.25742gf@gmail.com","cart_items":[{"sku":"ref03243","display_name":"Samsung TV 9340 DMX","quantity":1,"unit_price":2500,"unit_tax":300.00}],"shipping_amount":200.00,"version":"1.9","merchant_transaction_id":"order_2342"}"#;
    // The document prints 3000.00, tax on top. Its own table, the newer document and the live service say gross.
    assert_eq!(sim.create_raw(body).await.unwrap().json()["amount"], "2700.00");
    // With the net price and its tax declared as one gross price the printed total comes out.
    let gross = body.replace("2500", "\"2800.00\"");
    assert_eq!(sim.create_raw(&gross).await.unwrap().json()["amount"], "3000.00");
    let two = sample_with(json!({"shipping_amount": 0, "cart_items": [
        {"sku": "ref 43", "display_name": "TV Samsung 30inch DX43", "quantity": 2, "unit_price": 2500, "unit_tax": 250.00, "category": "electronics"},
        {"sku": "ref 342", "display_name": "MS Excel Training Course", "quantity": 1, "unit_price": 1500, "unit_tax": 150.00, "category": "services"}]}));
    assert_eq!(sim.create(&two).await.json()["amount"], "6500.00");
}

#[tokio::test]
async fn the_canadian_sample_and_the_country_table() {
    let sim = start().await;
    let canada = json!({
        "first_name": "Marie", "last_name": "Tremblay", "email": "marie@example.com", "phone": "4165550123",
        "currency": "USD",
        "billing_address": {"street1": "100 Queen St W", "city": "Toronto", "state": "ON", "zipcode": "M5H 2N2", "country": "CA"},
        "cart_items": [{"display_name": "TV", "quantity": 1, "unit_price": 1370, "unit_tax": 178.10}],
        "shipping_amount": 50, "merchant_transaction_id": "ORDER-124", "version": "1.9"
    });
    let inv_id = sim.created(&canada).await;
    let seen = sim.seen(&inv_id).await;
    assert_eq!(
        (&seen["amount"], &seen["country"], &seen["currency"]),
        (&json!("1420.00"), &json!("CA"), &json!("USD"))
    );

    let address = |country: &str| match country {
        "CA" => canada["billing_address"].clone(),
        "MX" => json!({"street1": "Calle 1", "city": "Tijuana", "state": "BC", "zipcode": "22000", "country": "MX"}),
        other => {
            let mut us = sample()["billing_address"].clone();
            us["country"] = other.into();
            us
        }
    };
    let table = [
        ("CA", "", "", ""),
        ("CA", "usd", "", ""),
        ("US", "USD", "", ""),
        ("CA", "CAD", "currency", "Invalid country/currency pairing: CA/CAD. Expected CA/USD."),
        ("US", "CAD", "currency", "Invalid country/currency pairing: US/CAD. Expected US/USD."),
        ("US", "cad", "currency", "Invalid country/currency pairing: US/CAD. Expected US/USD."),
        ("MX", "", "billing_address.country", "Unsupported country: 'MX'"),
        ("MX", "USD", "billing_address.country", "Unsupported country: 'MX'"),
        ("US", "EUR", "currency", "Must be one of USD, CAD"),
    ];
    for (country, currency, subject, reason) in table {
        let mut body = sample_with(json!({ "billing_address": address(country) }));
        if !currency.is_empty() {
            body["currency"] = currency.into();
        }
        let reply = sim.create(&body).await;
        if subject.is_empty() {
            assert_eq!(reply.status, 200, "{country} {currency}: {}", reply.text());
            continue;
        }
        let error = reply.json();
        assert_eq!((reply.status, &error["error"]), (400, &json!("invalid_parameters")), "{country} {currency}");
        assert_eq!(error["reasons"], json!({ subject: reason }));
        assert_eq!(error["subjects"], json!([subject]));
    }
    let mixed = sample_with(json!({ "billing_address": address("CA"), "shipping_address": address("US") }));
    let error = sim.create(&mixed).await.json();
    assert_eq!(error["reasons"]["shipping_address.country"], "Mismatched billing/shipping countries: CA vs US");
}

#[tokio::test]
async fn missing_comes_before_unknown_and_unknown_before_invalid() {
    let sim = start().await;
    let mut body = sample_with(
        json!({"phone": "123", "colour": "red", "billing_address": {"street1": "x", "city": "y", "state": "ZZ", "planet": "Mars"}}),
    );
    body.as_object_mut().unwrap().remove("first_name");
    let error = sim.create(&body).await.json();
    assert_eq!(error["type"], "error");
    assert_eq!((&error["error"], &error["code"]), (&json!("missing_parameters"), &json!(400)));
    assert_eq!(error["message"], "MissingParameters");
    assert_eq!(error["subjects"], json!(["billing_address.zipcode", "first_name"]));
    assert_eq!(error["reasons"]["first_name"], "Missing required parameter");
    assert_eq!(error["debug"], "Action post is missing parameter(s): billing_address.zipcode, first_name");
    assert!(error["stamp"].as_str().unwrap().starts_with("0x"));

    body["first_name"] = "John".into();
    body["billing_address"]["zipcode"] = "0774".into();
    let error = sim.create(&body).await.json();
    assert_eq!(error["error"], "unknown_parameters");
    assert_eq!(error["subjects"], json!(["billing_address.planet", "colour"]));

    body.as_object_mut().unwrap().remove("colour");
    body["billing_address"].as_object_mut().unwrap().remove("planet");
    let error = sim.create(&body).await.json();
    assert_eq!((&error["error"], &error["message"]), (&json!("invalid_parameters"), &json!("InvalidParameters")));
    assert_eq!(error["subjects"], json!(["billing_address.state", "billing_address.zipcode", "phone"]));
    assert_eq!(sim.stored().await, 0);
}

#[tokio::test]
async fn single_wrong_values_name_their_field() {
    let sim = start().await;
    let item = |member: Value| {
        let mut item = json!({"display_name": "TV", "quantity": 1, "unit_price": "10.00"});
        for (name, value) in member.as_object().unwrap() {
            item[name] = value.clone();
        }
        json!({ "cart_items": [item] })
    };
    let table = [
        (json!({"email": "john"}), "email"),
        (json!({"phone": "+12222222222"}), "phone"),
        (json!({"phone": null}), "phone"),
        (json!({"first_name": ""}), "first_name"),
        (json!({"last_name": 7}), "last_name"),
        (json!({"version": "2.0"}), "version"),
        (json!({"preapproval_only": false}), "preapproval_only"),
        (json!({"shipping_amount": "-1"}), "shipping_amount"),
        (json!({"shipping_amount": "1.001"}), "shipping_amount"),
        (json!({"shipping_amount": "1,000.00"}), "shipping_amount"),
        (json!({"amount": "lots"}), "amount"),
        (json!({"sent_to_consumer": "yes"}), "sent_to_consumer"),
        (json!({"postback_url": "javascript:alert(1)"}), "postback_url"),
        (json!({"success_url": "not a url"}), "success_url"),
        (json!({"billing_address": "home"}), "billing_address"),
        (json!({"cart_items": {}}), "cart_items"),
        (json!({"cart_items": [{"display_name": "TV"}]}), "cart_items"),
        (item(json!({"quantity": 0})), "cart_items"),
        (item(json!({"quantity": 1.5})), "cart_items"),
        (item(json!({"unit_price": 0})), "cart_items"),
        (item(json!({"colour": "red"})), "cart_items"),
        (item(json!({"sku": ""})), "cart_items"),
        (item(json!({"unit_tax": -1})), "cart_items"),
    ];
    for (members, subject) in table {
        let error = sim.create(&sample_with(members.clone())).await.json();
        assert_eq!(
            (&error["error"], &error["subjects"]),
            (&json!("invalid_parameters"), &json!([subject])),
            "{members}"
        );
    }
    for members in [
        json!({"amount": "999.99"}),
        json!({"phone": "", "success_url": "", "failure_url": ""}),
        json!({"cart_items": []}),
        json!({"billing_address": {"street1": "x", "city": "y", "state": "new jersey", "zipcode": "07740"}}),
        item(json!({"quantity": "2"})),
    ] {
        assert_eq!(sim.create(&sample_with(members.clone())).await.status, 200, "{members}");
    }
    let mut body = sample_with(json!({"amount": 1001.99, "cart_items": null}));
    body.as_object_mut().unwrap().remove("cart_items");
    assert_eq!(sim.create(&body).await.json()["amount"], "1001.99");
    body.as_object_mut().unwrap().remove("amount");
    assert_eq!(sim.create(&body).await.json()["subjects"], json!(["cart_items"]));
}

#[tokio::test]
async fn credentials_merchant_content_type_and_body() {
    let sim = start().await;
    let good = basic(USER, crate::support::PASSWORD);
    let json_type = ("content-type", "application/json");
    let body = sample().to_string();
    let path = "/merchant/1234/requests";
    let wrong = basic(USER, "wrong");
    for headers in [vec![json_type], vec![json_type, ("authorization", wrong.as_str())]] {
        let reply = sim.call("POST", path, &headers, body.as_bytes()).await.unwrap();
        let error = reply.json();
        assert_eq!(reply.status, 401);
        assert_eq!((&error["error"], &error["message"]), (&json!("http"), &json!("Unauthorized")));
        assert!(error["stamp"].is_string());
    }
    let with = |path: &'static str, content_type: &'static str, body: Vec<u8>| {
        let (sim, good) = (&sim, good.clone());
        async move {
            let headers = [("content-type", content_type), ("authorization", good.as_str())];
            sim.call("POST", path, &headers, &body).await.unwrap()
        }
    };
    let reply = with("/merchant/9/requests", "application/json", body.clone().into_bytes()).await;
    assert_eq!((reply.status, &reply.json()["error"]), (404, &json!("http")));
    let reply = with(path, "application/x-www-form-urlencoded", body.clone().into_bytes()).await;
    let all = json!(["billing_address", "cart_items", "email", "first_name", "last_name"]);
    assert_eq!((&reply.json()["error"], &reply.json()["subjects"]), (&json!("missing_parameters"), &all));
    for malformed in [&b"{"[..], b"", b"[]", b"\xff\xfe", b"{\"a\":NaN}"] {
        let reply = with(path, "application/json", malformed.to_vec()).await;
        assert_eq!((reply.status, &reply.json()["error"]), (400, &json!("http")), "{malformed:?}");
    }
    let reply = with(path, "application/json; charset=utf-8", vec![b' '; 1024 * 1024 + 1]).await;
    assert_eq!(reply.status, 413);

    let headers = [json_type, ("accept", "text/html")];
    let reply = sim.call("POST", path, &headers, body.as_bytes()).await.unwrap();
    assert_eq!(reply.status, 401);
    assert_eq!(reply.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(reply.text().starts_with("ERROR"));

    let reply = sim.call("GET", path, &[], b"").await.unwrap();
    assert_eq!((reply.status, &reply.json()["error"]), (405, &json!("http")));
    let reply = sim.call("GET", "/nowhere", &[], b"").await.unwrap();
    assert_eq!((reply.status, &reply.json()["error"]), (404, &json!("http")));
}
