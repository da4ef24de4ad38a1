//! The create examples of the provider's documents, through our API and the simulator.

use serde_json::{Value, json};

use crate::harness::{Answer, TestGateway, carts};

async fn opened(gateway: &TestGateway, cart: &Value) -> (Answer, Value) {
    let made = gateway.merchant.open(cart).await;
    made.ok(201);
    let received = gateway.lender.received(made.str("/attempt/provider_reference")).await;
    (made, received)
}

/// What section 4.8 of the reference asks of every create request.
fn follows_the_rules(received: &Value, callback_base: &str) {
    let members = received.as_object().unwrap();
    let required = [
        "first_name",
        "last_name",
        "email",
        "billing_address",
        "shipping_address",
        "cart_items",
        "shipping_amount",
        "currency",
        "version",
        "merchant_transaction_id",
        "postback_url",
        "software_name",
        "software_version",
        "software_plugin_version",
    ];
    for name in required {
        assert!(members.contains_key(name), "{name} is missing");
    }
    let optional = ["phone", "success_url", "failure_url"];
    for name in members.keys() {
        assert!(required.contains(&name.as_str()) || optional.contains(&name.as_str()), "{name} is not asked for");
    }
    no_nulls(received);
    assert_eq!(received["version"], "1.9");
    assert_eq!(received["currency"], "USD");
    for address in ["billing_address", "shipping_address"] {
        let mut names: Vec<_> = received[address].as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(names, ["city", "country", "state", "street1", "zipcode"]);
    }
    for item in received["cart_items"].as_array().unwrap() {
        assert!(item["quantity"].is_u64());
        assert!(!item["sku"].as_str().unwrap().is_empty());
        two_decimals(&item["unit_price"]);
        two_decimals(&item["unit_tax"]);
    }
    two_decimals(&received["shipping_amount"]);
    let callback = received["postback_url"].as_str().unwrap();
    let token = callback.strip_prefix(&format!("{callback_base}/callbacks/wegetfinancing/")).unwrap();
    assert!(token.len() >= 43 && token.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)), "{token}");
}

fn two_decimals(amount: &Value) {
    let (major, minor) = amount.as_str().unwrap().split_once('.').unwrap();
    assert!(minor.len() == 2 && format!("{major}{minor}").chars().all(|c| c.is_ascii_digit()), "{amount}");
}

fn no_nulls(value: &Value) {
    match value {
        Value::Null => panic!("a null was sent"),
        Value::String(text) => assert!(!text.is_empty(), "an empty text was sent"),
        Value::Array(items) => items.iter().for_each(no_nulls),
        Value::Object(members) => members.values().for_each(no_nulls),
        _ => {}
    }
}

#[tokio::test]
async fn the_curl_sample_gives_3000_when_its_prices_are_declared_net() {
    let gateway = TestGateway::start().await;
    let (made, received) = opened(&gateway, &carts::curl_sample(false)).await;
    assert_eq!(made.str("/amounts/total"), "3000.00");
    assert_eq!((made.str("/amounts/tax"), made.str("/amounts/shipping")), ("300.00", "200.00"));
    assert_eq!(gateway.lender.request(made.str("/attempt/provider_reference")).await["amount"], "3000.00");
    follows_the_rules(&received, &gateway.merchant.url);
    assert_eq!(
        received["cart_items"],
        json!([{ "sku": "ref03243", "display_name": "Samsung TV 9340 DMX", "quantity": 1,
                 "unit_price": "2800.00", "unit_tax": "300.00" }])
    );
    assert!(received.get("phone").is_none(), "there was no phone to send");
}

#[tokio::test]
async fn the_curl_sample_gives_2700_when_its_prices_include_tax() {
    let gateway = TestGateway::start().await;
    let (made, received) = opened(&gateway, &carts::curl_sample(true)).await;
    assert_eq!(made.str("/amounts/total"), "2700.00");
    follows_the_rules(&received, &gateway.merchant.url);
    assert_eq!(received["cart_items"][0]["unit_price"], "2500.00");
    assert_eq!(received["cart_items"][0]["unit_tax"], "300.00");
}

#[tokio::test]
async fn the_two_item_sample_gives_6500() {
    let gateway = TestGateway::start().await;
    let (made, received) = opened(&gateway, &carts::two_items()).await;
    assert_eq!((made.str("/amounts/total"), made.str("/amounts/tax")), ("6500.00", "650.00"));
    follows_the_rules(&received, &gateway.merchant.url);
    assert_eq!(received["cart_items"][0]["quantity"], 2);
    assert_eq!(received["cart_items"][1]["category"], "services");
}

#[tokio::test]
async fn the_samples_for_the_usa_and_canada_give_1420_and_a_link_that_works() {
    let gateway = TestGateway::start().await;
    for (cart, country, tax) in [(carts::usa(), "US", "52.69"), (carts::canada(), "CA", "178.10")] {
        let (made, received) = opened(&gateway, &cart).await;
        assert_eq!((made.str("/amounts/total"), made.str("/amounts/tax")), ("1420.00", tax));
        assert_eq!(made.str("/amounts/currency"), "USD");
        follows_the_rules(&received, &gateway.merchant.url);
        assert_eq!(received["billing_address"]["country"], country);
        // Without an address to send to, the bill's is sent.
        assert_eq!(received["billing_address"], received["shipping_address"]);
        assert_eq!(received["phone"], cart["customer"]["phone"]);

        assert_eq!(made.str("/status"), "requires_customer_action");
        assert_eq!(made.body["can_fulfill"], false);
        assert_eq!(made.body["blockers"], json!(["awaiting_customer"]));
        assert_eq!(made.str("/next_action/type"), "lightbox");
        let page = gateway.merchant.http.get(made.str("/next_action/url")).send().await.unwrap();
        assert_eq!(page.status(), 200);
        assert!(page.text().await.unwrap().contains("<form"), "a person can decide there");
    }
}

#[tokio::test]
async fn the_lender_gets_our_own_unguessable_reference() {
    let gateway = TestGateway::start().await;
    let (first, one) = opened(&gateway, &carts::usa()).await;
    let (second, other) = opened(&gateway, &carts::usa()).await;
    assert_ne!(first.id(), second.id());
    let reference = |received: &Value| received["merchant_transaction_id"].as_str().unwrap().to_owned();
    assert_ne!(reference(&one), reference(&other));
    // The checkout's id holds 74 random bits; the merchant's own order number is not in it.
    assert_eq!(reference(&one), format!("{}-1", first.id()));
    assert!(!one.to_string().contains("ORDER-123"));
}

#[tokio::test]
async fn state_names_phones_and_postal_codes_are_normalised() {
    let gateway = TestGateway::start().await;
    let mut cart = carts::canada();
    cart["customer"]["phone"] = json!("+1 (416) 555-0123");
    cart["billing_address"]["state"] = json!("ontario");
    cart["billing_address"]["postal_code"] = json!("m5h2n2");
    let (_, received) = opened(&gateway, &cart).await;
    assert_eq!(received["phone"], "4165550123");
    assert_eq!(received["billing_address"]["state"], "ON");
    assert_eq!(received["billing_address"]["zipcode"], "M5H 2N2");

    let mut cart = carts::usa();
    cart["billing_address"]["postal_code"] = json!("07740-1234");
    cart["billing_address"]["line2"] = json!("Suite 5");
    cart["return_urls"] = json!({ "success": "https://shop.example/ok", "failure": "https://shop.example/cart" });
    let (_, received) = opened(&gateway, &cart).await;
    assert_eq!(received["billing_address"]["zipcode"], "07740");
    assert_eq!(received["billing_address"]["street1"], "6 West End Court 1 Suite 5");
    // The browser comes back to our page, which waits for what the lender says itself, and then leads to the shop.
    for name in ["success_url", "failure_url"] {
        let back = received[name].as_str().unwrap();
        assert!(back.starts_with(&format!("{}/r/", gateway.merchant.url)), "{back}");
    }
    assert_ne!(received["success_url"], received["failure_url"]);
    follows_the_rules(&received, &gateway.merchant.url);
}

#[tokio::test]
async fn a_line_that_does_not_divide_into_cents_is_split_without_losing_one() {
    let gateway = TestGateway::start().await;
    let mut cart = carts::usa();
    cart["items"] = json!([{ "sku": "A", "name": "Thing", "quantity": 3, "unit_price": "100.00" }]);
    cart["shipping_amount"] = json!("0.00");
    cart["discount_amount"] = json!("0.01");
    let (made, received) = opened(&gateway, &cart).await;
    assert_eq!(made.str("/amounts/total"), "299.99");
    assert_eq!(gateway.lender.request(made.str("/attempt/provider_reference")).await["amount"], "299.99");
    follows_the_rules(&received, &gateway.merchant.url);
}
