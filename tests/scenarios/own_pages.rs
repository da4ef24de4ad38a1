//! Applications that the merchant's own pages carry, at a provider that pushes: the routes are nobody's own.

use lendport::gateway::Ambient;
use serde_json::{Value, json};

use crate::harness::{TestGateway, carts, fresh};

#[tokio::test]
async fn the_same_routes_carry_an_application_to_another_financer() {
    let gateway = TestGateway::start().await;
    let merchant = &gateway.merchant;
    let mut cart = carts::usa();
    cart["provider"] = json!("sandbox");
    cart["shipping_amount"] = json!("50.39");
    let made = merchant.open(&cart).await.ok(201).clone();
    assert_eq!((made.str("/next_action/type"), &made.body["next_action"]["url"]), ("apply", &Value::Null));
    let post = async |step: &str, body: Value| {
        merchant.post(&format!("/v1/checkouts/{}/{step}", made.id()), &fresh(), &body).await
    };
    let said = json!({ "date_of_birth": "1971-03-19", "ssn": "471198362", "mobile_phone": "7325550186" });
    post("application", said).await.ok(202);
    merchant.until_status(&made.id(), "preapproved").await;
    let document = post("agreement", json!({})).await.ok(200).str("/document_sha256").to_owned();
    let read = merchant.get(&format!("/v1/checkouts/{}/agreement", made.id())).await.ok(200).clone();
    assert_eq!(read.str("/document_sha256"), document);
    let page = merchant.http.get(made.str("/checkout_url")).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let said = page.text().await.unwrap();
    assert!(said.contains("Your application goes on at"), "the page leads nowhere, and says so: {said}");
    let status = merchant.http.get(format!("{}/status", made.str("/checkout_url"))).send().await.unwrap();
    assert_eq!(status.json::<Value>().await.unwrap()["in_shop"], true);
    let consent = json!({
        "document_sha256": document, "accepted": true, "accepted_at": Ambient::system().clock.now().to_string(),
        "ip_address": "203.0.113.7"
    });
    post("agreement/sign", consent).await.ok(200);
    let seen = merchant.until_status(&made.id(), "captured").await;
    assert_eq!((seen.str("/amounts/captured"), &seen.body["next_action"]), ("1420.39", &Value::Null));
}
