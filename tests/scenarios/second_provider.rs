//! The same API with a provider that can do more, and two of them for one checkout.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Loan, Merchant, TestGateway, carts, fresh, together};

/// The usual cart for the made-up provider; the cents of its total decide by themselves.
fn cart(cents: &str) -> Value {
    let mut cart = carts::usa();
    cart["provider"] = json!("sandbox");
    cart["capture"] = json!("manual");
    cart["shipping_amount"] = json!(format!("50.{cents}"));
    cart
}

async fn press(merchant: &Merchant, made: &Answer, button: &str) {
    let url = format!("{}/decide", made.str("/next_action/url"));
    let pressed = merchant.http.post(url).header("content-type", "application/x-www-form-urlencoded");
    let status = pressed.body(format!("decision={button}")).send().await.unwrap().status();
    assert!(status.is_success() || status.is_redirection(), "{button}: {status}");
}

async fn approved(merchant: &Merchant) -> String {
    let made = merchant.open(&cart("00")).await;
    press(merchant, made.ok(201), "approve").await;
    merchant.until_status(&made.id(), "authorized").await.id()
}

async fn post(merchant: &Merchant, id: &str, operation: &str, body: &Value) -> Answer {
    merchant.post(&format!("/v1/checkouts/{id}/{operation}"), &fresh(), body).await
}

#[tokio::test]
async fn capture_and_refunds_move_the_amounts_once_each() {
    let gateway = TestGateway::start().await;
    let merchant = &gateway.merchant;
    let id = approved(merchant).await;
    let captured = post(merchant, &id, "capture", &json!({})).await;
    assert_eq!((captured.ok(200).str("/status"), captured.str("/amounts/captured")), ("captured", "1420.00"));

    let path = format!("/v1/checkouts/{id}/refunds");
    let (key, part) = (fresh(), json!({ "amount": "420.00", "reason": "one came back" }));
    let first = merchant.post(&path, &key, &part).await;
    assert_eq!((first.ok(201).str("/status"), first.str("/amounts/refunded")), ("captured", "420.00"));
    let again = merchant.post(&path, &key, &part).await;
    assert_eq!((again.replayed(), &again.text), (true, &first.text));
    let above = merchant.post(&path, &fresh(), &json!({ "amount": "1000.01" })).await;
    assert_eq!(above.refused(422, "validation_failed").errors()[0].0, "/amount");
    let rest = merchant.post(&path, &fresh(), &json!({})).await;
    assert_eq!((rest.ok(201).str("/status"), rest.str("/amounts/refunded")), ("refunded", "1420.00"));
    assert_eq!(merchant.get(&path).await.body["data"].as_array().unwrap().len(), 2);
    merchant.post(&path, &fresh(), &json!({ "amount": "0.01" })).await.refused(409, "invalid_state");
}

#[tokio::test]
async fn without_another_word_the_approval_takes_the_amount() {
    let gateway = TestGateway::start().await;
    let mut cart = cart("10");
    cart.as_object_mut().unwrap().remove("capture");
    let made = gateway.merchant.open(&cart).await;
    let seen = gateway.merchant.until_status(&made.ok(201).id(), "captured").await;
    assert_eq!((seen.str("/amounts/captured"), &seen.body["can_fulfill"]), ("1420.10", &json!(true)));
    let again = post(&gateway.merchant, &made.id(), "capture", &json!({})).await;
    assert!(again.status >= 400, "{}", again.text);
    assert_eq!(gateway.merchant.read(&made.id()).await.str("/amounts/captured"), "1420.10");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_equal_captures_take_the_amount_once() {
    let gateway = TestGateway::start().await;
    let id = approved(&gateway.merchant).await;
    let key = fresh();
    let answers = together((0..10).map(|_| {
        let (merchant, path, key) = (gateway.merchant.clone(), format!("/v1/checkouts/{id}/capture"), key.clone());
        async move { merchant.post(&path, &key, &json!({})).await }
    }))
    .await;
    for answer in &answers {
        if answer.status != 200 {
            answer.refused(409, "idempotency_key_in_flight");
        }
    }
    let seen = gateway.merchant.read(&id).await;
    assert_eq!((seen.str("/status"), seen.str("/amounts/captured")), ("captured", "1420.00"));
    let events = gateway.merchant.events(&id).await;
    assert_eq!(events.iter().filter(|kind| *kind == "checkout.captured").count(), 1);
}

#[tokio::test]
async fn a_cancel_releases_and_is_final_until_the_lender_says_otherwise() {
    let gateway = TestGateway::start().await;
    let merchant = &gateway.merchant;
    let id = approved(merchant).await;
    let canceled = post(merchant, &id, "cancel", &json!({ "reason": "out of stock" })).await;
    assert_eq!((canceled.ok(200).str("/status"), canceled.str("/amounts/authorized")), ("canceled", "0.00"));
    assert_eq!(canceled.body["can_fulfill"], false);
    let shipped = merchant.ship(&id, &json!({ "status": "shipped" })).await;
    shipped.refused(409, "invalid_state");
    let captured = post(merchant, &id, "capture", &json!({})).await;
    assert!(captured.status >= 400, "{}", captured.text);
    assert_eq!(merchant.read(&id).await.str("/amounts/captured"), "0.00");
}

#[tokio::test]
async fn a_shipment_and_a_refresh_reach_the_provider() {
    let gateway = TestGateway::start().await;
    let merchant = &gateway.merchant;
    let id = approved(merchant).await;
    merchant.ship(&id, &json!({ "status": "shipped", "carrier": "UPS" })).await.ok(201);
    let refresh = merchant.request(Method::POST, &format!("/v1/checkouts/{id}/refresh"));
    let seen = merchant.send(refresh).await;
    assert_eq!((seen.ok(200).str("/status"), seen.str("/fulfillment")), ("authorized", "shipped"));
}

#[tokio::test]
async fn the_oddities_of_the_made_up_provider_are_survived() {
    let gateway = TestGateway::start().await;
    let merchant = &gateway.merchant;
    for (cents, status) in [("10", "authorized"), ("11", "declined"), ("13", "authorized"), ("14", "preapproved")] {
        let made = merchant.open(&cart(cents)).await;
        made.ok(201);
        merchant.until_status(&made.id(), status).await;
    }
    merchant.open(&cart("12")).await.refused(422, "provider_refused");
    let unknown = merchant.open(&cart("16")).await;
    unknown.refused(503, "provider_unavailable");
    assert_eq!(unknown.str("/checkout/status"), "indeterminate");
}

#[tokio::test]
async fn with_several_providers_and_no_routing_one_has_to_be_named() {
    let gateway = TestGateway::start().await;
    let mut cart = carts::usa();
    cart.as_object_mut().unwrap().remove("provider");
    let refused = gateway.merchant.open(&cart).await;
    let errors = refused.refused(422, "validation_failed").errors();
    assert_eq!(errors[0].0, "/provider");
    assert!(errors[0].1.contains("sandbox") && errors[0].1.contains("wegetfinancing"), "{errors:?}");
    cart["providers"] = json!(["wegetfinancing", "nobody"]);
    assert_eq!(gateway.merchant.open(&cart).await.errors()[0].0, "/providers/1");
}

#[tokio::test]
async fn the_next_financer_follows_a_no_and_never_a_maybe() {
    let gateway = TestGateway::start().await;
    let merchant = &gateway.merchant;
    let mut cart = carts::usa();
    cart.as_object_mut().unwrap().remove("provider");
    cart["providers"] = json!(["sandbox", "wegetfinancing"]);
    let made = merchant.open(&cart).await;
    let id = made.ok(201).id();
    post(merchant, &id, "attempts", &json!({})).await.refused(409, "commit_fence");
    press(merchant, &made, "reject").await;
    merchant.until_status(&id, "open").await;

    let next = post(merchant, &id, "attempts", &json!({})).await;
    assert_eq!((next.ok(201).str("/status"), next.str("/provider")), ("requires_customer_action", "wegetfinancing"));
    let loan = Loan::of(merchant, &gateway.lender, &next).await;
    assert_eq!(loan.tell("approved").await.status, 200);
    let seen = merchant.read(&id).await;
    assert_eq!((seen.str("/status"), &seen.body["can_fulfill"]), ("authorized", &json!(true)));
    post(merchant, &id, "attempts", &json!({ "provider": "sandbox" })).await.refused(409, "commit_fence");

    // The first financer changes its mind: never two commitments.
    press(merchant, &made, "approve").await;
    crate::harness::until("the flag", async || {
        merchant.attention(&id).await.contains(&"late_approval".to_owned()).then_some(())
    })
    .await;
    let seen = merchant.read(&id).await;
    assert_eq!((seen.str("/status"), seen.str("/amounts/authorized")), ("authorized", "1420.00"));
    assert_eq!(seen.str("/provider"), "wegetfinancing");
}
