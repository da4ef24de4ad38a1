//! Table 4.5 of the reference: who is financed in which currency, and what the others are told.

use serde_json::{Value, json};

use crate::harness::{TestGateway, carts};

fn cart(country: Option<&str>, currency: Option<&str>) -> Value {
    let mut cart = if country == Some("CA") { carts::canada() } else { carts::usa() };
    match currency {
        Some(currency) => cart["currency"] = json!(currency),
        None => drop(cart.as_object_mut().unwrap().remove("currency")),
    }
    match country {
        Some(country) => cart["billing_address"]["country"] = json!(country),
        None => drop(cart["billing_address"].as_object_mut().unwrap().remove("country")),
    }
    cart
}

#[tokio::test]
async fn the_accepted_rows_are_financed_in_us_dollars() {
    let gateway = TestGateway::start().await;
    for (country, currency, expected) in
        [(None, None, "US"), (Some("US"), Some("USD"), "US"), (Some("CA"), None, "CA"), (Some("CA"), Some("USD"), "CA")]
    {
        let made = gateway.merchant.open(&cart(country, currency)).await;
        made.ok(201);
        assert_eq!(made.str("/amounts/currency"), "USD", "{country:?} {currency:?}");
        let received = gateway.lender.received(made.str("/attempt/provider_reference")).await;
        assert_eq!(received["currency"], "USD");
        assert_eq!(received["billing_address"]["country"], expected);
        assert_eq!(received["shipping_address"]["country"], expected);
    }
    assert_eq!(gateway.lender.calls("create").await, 4);
}

#[tokio::test]
async fn the_refused_rows_are_told_the_documented_text_and_reach_no_provider() {
    let gateway = TestGateway::start().await;
    let mismatch = |billing: Value, shipping: Value| {
        let mut cart = billing;
        cart["shipping_address"] = shipping["billing_address"].clone();
        cart
    };
    let mexico = |mut cart: Value| {
        cart["billing_address"] = json!({
            "line1": "Calle 1", "city": "Cancun", "state": "ROO", "postal_code": "77500", "country": "MX"
        });
        cart
    };
    for (cart, pointer, text) in [
        (cart(Some("CA"), Some("CAD")), "/currency", "Invalid country/currency pairing: CA/CAD. Expected CA/USD."),
        (cart(Some("US"), Some("CAD")), "/currency", "Invalid country/currency pairing: US/CAD. Expected US/USD."),
        (mexico(carts::usa()), "/billing_address/country", "Unsupported country: 'MX'"),
        (mexico(cart(Some("US"), Some("CAD"))), "/billing_address/country", "Unsupported country: 'MX'"),
        (
            mismatch(carts::usa(), carts::canada()),
            "/shipping_address/country",
            "Mismatched billing/shipping countries: US vs CA",
        ),
        (
            mismatch(carts::canada(), carts::usa()),
            "/shipping_address/country",
            "Mismatched billing/shipping countries: CA vs US",
        ),
    ] {
        let refused = gateway.merchant.open(&cart).await;
        refused.refused(422, "validation_failed");
        assert_eq!(refused.errors(), [(pointer.to_owned(), text.to_owned())], "{cart}");
    }
    assert_eq!(gateway.lender.calls("create").await, 0, "nobody was asked");
    assert_eq!(gateway.merchant.get("/v1/checkouts").await.body["data"], json!([]), "nothing was stored");
}

#[tokio::test]
async fn regions_and_codes_that_the_country_does_not_have_are_refused_here() {
    let gateway = TestGateway::start().await;
    for (country, state, postal_code, pointer) in [
        ("US", "PR", "00901", "/billing_address/state"),
        ("US", "ON", "07740", "/billing_address/state"),
        ("US", "NJ", "M5H 2N2", "/billing_address/postal_code"),
        ("CA", "NJ", "M5H 2N2", "/billing_address/state"),
        ("CA", "ON", "07740", "/billing_address/postal_code"),
    ] {
        let mut cart = carts::usa();
        for (name, value) in [("country", country), ("state", state), ("postal_code", postal_code)] {
            cart["billing_address"][name] = json!(value);
        }
        let refused = gateway.merchant.open(&cart).await;
        refused.refused(422, "validation_failed");
        let pointers: Vec<String> = refused.errors().into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(pointers, [pointer], "{country} {state} {postal_code}");
    }
    assert_eq!(gateway.lender.calls("create").await, 0);
}
