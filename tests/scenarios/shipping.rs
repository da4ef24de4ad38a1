//! What the lender is told of the goods, and what it cannot be asked.

use serde_json::{Value, json};

use crate::harness::{Loan, TestGateway, carts, fresh};

async fn approved(gateway: &TestGateway) -> Loan {
    let loan = Loan::open_cart(&gateway.merchant, &gateway.lender, &carts::two_items()).await;
    assert_eq!(gateway.lender.decide(&loan.inv_id, json!({ "status": "approved" })).await, [200]);
    loan
}

async fn updates(gateway: &TestGateway, loan: &Loan) -> Vec<Value> {
    gateway.lender.request(&loan.inv_id).await["shipping_updates"].as_array().unwrap().clone()
}

fn parcel() -> Value {
    json!({
        "status": "shipped", "carrier": "UPS", "service": "Ground", "tracking_number": "1Z999AA10123456784",
        "shipped_on": "2026-11-20", "expected_on": "2026-11-24", "message": "left the warehouse"
    })
}

#[tokio::test]
async fn the_documented_call_carries_what_the_merchant_said() {
    let gateway = TestGateway::start().await;
    let loan = approved(&gateway).await;
    let told = gateway.merchant.ship(&loan.id, &parcel()).await;
    told.ok(201);
    assert_eq!((told.str("/object"), told.str("/phase")), ("shipment", "settled"));
    assert_eq!(gateway.lender.calls("shipping").await, 1);
    assert_eq!(gateway.lender.calls("shipping_v3").await + gateway.lender.calls("auth").await, 0);

    let updates = updates(&gateway, &loan).await;
    let text = updates[0].to_string();
    for part in [
        r#""date":"2026-11-20""#,
        r#""state":"dispatched""#,
        r#""expected_delivery_date":"2026-11-24""#,
        r#""service_type":"Ground""#,
        r#""shipment_company":"UPS""#,
        r#""tracking_number":"1Z999AA10123456784""#,
        r#""message":"left the warehouse""#,
        r#""items":["ref 43","ref 342"]"#,
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let seen = loan.seen().await;
    assert_eq!((seen.str("/fulfillment"), seen.str("/status")), ("shipped", "authorized"));
    let list = gateway.merchant.get(&format!("/v1/checkouts/{}/shipments", loan.id)).await;
    assert_eq!(list.body["data"], json!([told.body]));
    assert!(loan.merchant.events(&loan.id).await.contains(&"shipment.confirmed".to_owned()));
}

#[tokio::test]
async fn each_state_of_the_goods_has_its_word_in_the_documented_call() {
    let gateway = TestGateway::start().await;
    for (status, word, fulfilment) in [
        ("confirmed", "accepted", "none"),
        ("partially_shipped", "partial", "partial"),
        ("shipped", "dispatched", "shipped"),
        ("delivered", "delivered", "delivered"),
        ("recalled", "recalled", "returned"),
        ("out_of_stock", "other", "none"),
    ] {
        let loan = approved(&gateway).await;
        gateway.merchant.ship(&loan.id, &json!({ "status": status })).await.ok(201);
        let text = updates(&gateway, &loan).await[0].to_string();
        assert!(text.contains(&format!(r#""state":"{word}""#)), "{status}: {text}");
        assert!(!text.contains("null"), "{text}");
        assert_eq!(loan.seen().await.str("/fulfillment"), fulfilment, "{status}");
    }
}

#[tokio::test]
async fn some_lines_make_a_partial_shipment() {
    let gateway = TestGateway::start().await;
    let loan = approved(&gateway).await;
    let line = loan.seen().await.body["items"][0]["id"].clone();
    let part = json!({ "status": "shipped", "lines": [{ "line_id": line, "quantity": 1 }] });
    gateway.merchant.ship(&loan.id, &part).await.ok(201);
    assert!(updates(&gateway, &loan).await[0].to_string().contains(r#""items":["ref 43"]"#));
    assert_eq!(loan.seen().await.str("/fulfillment"), "partial");

    let foreign = approved(&gateway).await.seen().await.body["items"][0]["id"].clone();
    let strange = json!({ "status": "shipped", "lines": [
        { "line_id": line, "quantity": 3 }, { "line_id": foreign, "quantity": 1 }
    ] });
    let refused = gateway.merchant.ship(&loan.id, &strange).await;
    refused.refused(422, "validation_failed");
    let pointers: Vec<String> = refused.errors().into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/lines/0/quantity", "/lines/1/line_id"]);
    assert_eq!(gateway.lender.calls("shipping").await, 1);
}

#[tokio::test]
async fn an_account_may_use_the_call_of_the_plugins() {
    let gateway = TestGateway::start().await;
    gateway.set_account(&[("shipping_api", "v3")]).await;
    for (status, word) in [
        ("confirmed", "stocked"),
        ("partially_shipped", "shipped"),
        ("shipped", "shipped"),
        ("delivered", "delivered"),
        ("out_of_stock", "shortage"),
    ] {
        let loan = approved(&gateway).await;
        let mut parcel = parcel();
        parcel["status"] = json!(status);
        gateway.merchant.ship(&loan.id, &parcel).await.ok(201);
        let text = updates(&gateway, &loan).await[0].to_string();
        for part in [
            format!(r#""shipping_status":"{word}""#),
            r#""tracking_id":"1Z999AA10123456784""#.to_owned(),
            r#""tracking_company":"UPS""#.to_owned(),
            r#""delivery_date":"2026-11-24""#.to_owned(),
        ] {
            assert!(text.contains(&part), "{part} is not in {text}");
        }
    }
    assert_eq!((gateway.lender.calls("auth").await, gateway.lender.calls("shipping_v3").await), (5, 5));
    assert_eq!(gateway.lender.calls("shipping").await, 0);

    let loan = approved(&gateway).await;
    let refused = gateway.merchant.ship(&loan.id, &json!({ "status": "recalled" })).await;
    refused.refused(422, "operation_not_supported");
    assert!(refused.str("/detail").contains("shipping_api"), "{}", refused.text);
    assert_eq!(gateway.lender.calls("auth").await, 5);
}

#[tokio::test]
async fn before_the_approval_there_is_nothing_to_ship() {
    let gateway = TestGateway::start().await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    gateway.merchant.ship(&loan.id, &parcel()).await.refused(409, "invalid_state");
    loan.tell("preapproved").await;
    gateway.merchant.ship(&loan.id, &parcel()).await.refused(409, "invalid_state");
    loan.tell("rejected").await;
    gateway.merchant.ship(&loan.id, &parcel()).await.refused(409, "invalid_state");
    assert_eq!(gateway.lender.calls("shipping").await, 0);
    assert_eq!(loan.seen().await.str("/fulfillment"), "none");
}

#[tokio::test]
async fn a_shipment_without_an_answer_is_unknown_and_sent_again_only_when_asked() {
    let gateway = TestGateway::start().await;
    let loan = approved(&gateway).await;
    gateway.lender.fault(json!({ "on": "shipping", "kind": "lose_reply" })).await;
    let (path, key) = (format!("/v1/checkouts/{}/shipments", loan.id), fresh());
    let lost = gateway.merchant.post(&path, &key, &parcel()).await;
    lost.refused(504, "provider_outcome_unknown");
    assert_eq!(loan.seen().await.str("/fulfillment"), "none");
    assert_eq!(gateway.lender.calls("shipping").await, 1, "nothing is repeated by itself");
    let again = gateway.merchant.post(&path, &key, &parcel()).await;
    assert!(!again.ok(201).replayed());
    assert_eq!(loan.seen().await.str("/fulfillment"), "shipped");
    let list = gateway.merchant.get(&path).await;
    assert_eq!(list.body["data"].as_array().unwrap().len(), 1, "one shipment, told twice");
}

#[tokio::test]
async fn what_the_lender_cannot_do_is_refused_with_what_to_do_instead() {
    let gateway = TestGateway::start().await;
    let loan = approved(&gateway).await;
    let before = loan.seen().await;
    let line = before.body["items"][0]["id"].clone();
    let some = json!({ "lines": [{ "line_id": line, "quantity": 1 }] });
    for (operation, body, alternative) in [
        ("cancel", json!({}), "portal"),
        ("cancel", some.clone(), "new checkout"),
        ("capture", json!({}), "pays the merchant"),
        ("capture", some.clone(), "pays the merchant"),
        ("refunds", json!({}), "portal"),
        ("refunds", json!({ "amount": "10.00", "reason": "returned" }), "portal"),
        ("refunds", some, "portal"),
    ] {
        let refused = gateway.merchant.post(&format!("/v1/checkouts/{}/{operation}", loan.id), &fresh(), &body).await;
        refused.refused(422, "operation_not_supported");
        assert!(refused.str("/detail").contains(alternative), "{operation}: {}", refused.str("/detail"));
        assert_eq!(refused.str("/provider/id"), "wegetfinancing");
        assert_eq!(refused.body["retryable"], false);
    }
    let refresh = gateway.merchant.request(reqwest::Method::POST, &format!("/v1/checkouts/{}/refresh", loan.id));
    let refused = gateway.merchant.send(refresh).await;
    refused.refused(422, "operation_not_supported");
    assert!(refused.str("/detail").contains("postback"), "{}", refused.text);
    assert_eq!(loan.seen().await.facts(), before.facts(), "nothing changed");
    for endpoint in ["shipping", "shipping_v3", "auth"] {
        assert_eq!(gateway.lender.calls(endpoint).await, 0);
    }
    assert_eq!(gateway.lender.calls("create").await, 1);
}
