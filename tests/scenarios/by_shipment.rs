//! A provider that pays by shipment: units are shipped and paid for, canceled, and returned, and what it refuses is told.

use serde_json::{Value, json};

use crate::harness::{Answer, TestGateway, carts, fresh};

/// Three televisions, and a cable that can neither be stopped nor sent back; the cents of the total make it so.
fn cart() -> Value {
    let mut cart = carts::usa();
    cart["provider"] = json!("sandbox");
    cart["items"] = json!([
        { "sku": "TV", "name": "TV", "quantity": 3, "unit_price": "100.00" },
        { "sku": "FAIL-1", "name": "Cable", "quantity": 1, "unit_price": "10.38" }
    ]);
    cart["shipping_amount"] = json!("20.00");
    cart
}

#[tokio::test]
async fn units_are_paid_for_canceled_and_returned_and_the_books_agree_with_the_provider() {
    let gateway = TestGateway::start().await;
    let merchant = &gateway.merchant;
    let made = merchant.open(&cart()).await;
    let url = format!("{}/decide", made.ok(201).str("/next_action/url"));
    let pressed = merchant.http.post(url).header("content-type", "application/x-www-form-urlencoded");
    assert!(pressed.body("decision=approve").send().await.unwrap().status().is_redirection());
    let id = merchant.until_status(&made.id(), "authorized").await.id();
    let line = |at: usize, quantity: u32| json!({ "line_id": made.body["items"][at]["id"], "quantity": quantity });
    let post =
        async |what: &str, body: Value| merchant.post(&format!("/v1/checkouts/{id}/{what}"), &fresh(), &body).await;
    let counts = |answer: &Answer| -> Vec<Value> {
        let lines = answer.body["lines"].as_array().unwrap();
        lines.iter().map(|line| json!([line["requested"], line["done"], line["failed"]])).collect()
    };
    let sums = async || {
        let seen = merchant.read(&id).await;
        ["/status", "/amounts/authorized", "/amounts/captured", "/amounts/refunded"].map(|at| seen.str(at).to_owned())
    };

    let canceled = post("cancel", json!({ "lines": [line(0, 1), line(1, 1)] })).await;
    assert_eq!(counts(canceled.ok(200)), [json!([1, 1, 0]), json!([1, 0, 1])]);
    let refused = post("cancel", json!({ "lines": [line(1, 1)] })).await;
    assert_eq!(refused.refused(422, "provider_refused").errors()[0].0, "/lines/0");
    assert_eq!(sums().await, ["authorized", "230.38", "0.00", "0.00"]);
    post("shipments", json!({ "status": "partially_shipped", "lines": [line(0, 1)] })).await.ok(201);
    assert_eq!(sums().await, ["authorized", "230.38", "100.00", "0.00"]);
    post("shipments", json!({ "status": "shipped" })).await.ok(201);
    assert_eq!(sums().await, ["captured", "230.38", "230.38", "0.00"]);
    let returned = post("refunds", json!({ "lines": [line(0, 2), line(1, 1)] })).await;
    assert_eq!(counts(returned.ok(201)), [json!([2, 2, 0]), json!([1, 0, 1])]);
    post("refresh", json!({})).await.ok(200);
    assert_eq!(sums().await, ["captured", "230.38", "230.38", "200.00"]);
    assert!(merchant.open_items(&id).await.is_empty());
}
