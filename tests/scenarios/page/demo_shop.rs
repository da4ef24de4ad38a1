//! The demo shop beside the development gateway: a merchant like any other, whose story anybody can click through.

use serde_json::{Value, json};

use super::{Browser, answer, press};
use crate::harness::{Answer, TestGateway, until};

async fn buy(gateway: &TestGateway, site: &str, order: &Value) -> Answer {
    let bought = gateway.merchant.http.post(format!("{site}/api/orders")).json(order).send().await.unwrap();
    answer(bought).await
}

async fn order(gateway: &TestGateway, made: &Answer) -> Answer {
    let url = format!("{}/api/orders/{}", gateway.dev.shop.url, made.str("/order"));
    answer(gateway.merchant.http.get(url).send().await.unwrap()).await
}

#[tokio::test]
async fn a_cart_becomes_an_order_that_ships_when_the_signed_word_comes() {
    let gateway = TestGateway::start().await;
    let shop = gateway.dev.shop.url.clone();
    let made = buy(&gateway, &shop, &json!({ "cart": "all", "financers": ["wegetfinancing", "wepay"] })).await;
    assert_eq!(made.ok(201).str("/status"), "open");
    let browser = Browser::of(&made);
    let seen = browser.choose("wegetfinancing").await.ok(200).body.clone();
    assert!(seen["return_url"].as_str().unwrap().starts_with(&shop));
    press(&browser, &seen["next_action"], "approve").await;
    browser.until_state("approved").await;
    let shipped = async || Some(order(&gateway, &made).await).filter(|order| order.body["shipped"] == true);
    let known = until("the shop to have heard of it", shipped).await;
    assert_eq!(known.str("/status"), "authorized");

    // Everything that was said, in order, and again for who was away.
    let url = format!("{shop}/api/orders/{}/events", made.str("/order"));
    let mut told =
        super::Listener { response: gateway.merchant.http.get(&url).send().await.unwrap(), heard: String::new() };
    let mut kinds = Vec::new();
    while !kinds.contains(&"decision".to_owned()) {
        let card = told.next().await.unwrap();
        assert_eq!((card.event.as_str(), card.id), ("card", card.data["n"].to_string()));
        if card.data["kind"] == "webhook" {
            assert_eq!(card.data["verified"], true);
        }
        kinds.push(card.data["kind"].as_str().unwrap().to_owned());
    }
    // The first webhook may overtake the answer.
    assert_eq!(kinds[0], "request");
    assert!(kinds.contains(&"answer".to_owned()) && kinds.contains(&"webhook".to_owned()), "{kinds:?}");
    let late = gateway.merchant.http.get(&url).header("last-event-id", "1").send().await.unwrap();
    let mut late = super::Listener { response: late, heard: String::new() };
    assert_eq!(late.next().await.unwrap().data["n"], 2);
}

#[tokio::test]
async fn the_three_carts_are_served_at_both_addresses_and_refusals_are_shown() {
    let gateway = TestGateway::start().await;
    let here = format!("{}/demo", gateway.merchant.url);
    for site in [here.as_str(), gateway.dev.shop.url.as_str()] {
        let page = answer(gateway.merchant.http.get(site).send().await.unwrap()).await;
        let policy = page.ok(200).header("content-security-policy");
        assert!(policy.contains(&format!("frame-src {};", gateway.merchant.url)), "{policy}");
        assert!(page.text.contains(&format!("{}/assets/lendport.js", gateway.merchant.url)), "{}", page.text);
        let carts = answer(gateway.merchant.http.get(format!("{site}/api/carts")).send().await.unwrap()).await;
        let ids: Vec<_> =
            carts.ok(200).body["data"].as_array().unwrap().iter().map(|cart| cart["id"].clone()).collect();
        assert_eq!(ids, ["all", "small", "canada"]);
        for cart in ids {
            let made = buy(&gateway, site, &json!({ "cart": cart })).await;
            let seen = Browser::of(made.ok(201)).status().await;
            assert_eq!(seen["state"], "choose");
            let offered = seen["choices"].to_string();
            assert_eq!(offered.contains("wegetfinancing"), cart != "canada", "{offered}");
            assert!(seen["return_url"].as_str().unwrap().starts_with(site));
        }
    }
    let refused = buy(&gateway, &here, &json!({ "cart": "canada", "financers": ["wegetfinancing"] })).await;
    assert_eq!((refused.status, &refused.body["error"]["status"]), (502, &json!(422)), "{}", refused.text);
    assert_eq!(buy(&gateway, &here, &json!({ "cart": "nothing" })).await.status, 404);
    assert_eq!(gateway.merchant.get("/v1/webhook_endpoints").await.body["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_webhook_that_is_not_signed_by_the_gateway_is_not_believed() {
    let gateway = TestGateway::start().await;
    let made = buy(&gateway, &gateway.dev.shop.url.clone(), &json!({ "cart": "all" })).await;
    let reference = made.ok(201).str("/order").to_owned();
    let forged = json!({
        "id": "evt_1", "type": "checkout.ready_to_fulfill", "sequence": 99,
        "data": { "checkout": { "reference": reference, "status": "authorized" } }
    });
    let now = lendport::gateway::Ambient::system().clock.now().as_second();
    for signature in ["", "v1,AAAA", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="] {
        let sent = gateway.merchant.http.post(format!("{}/webhooks", gateway.dev.shop.url));
        let sent = sent.header("webhook-id", "evt_1").header("webhook-signature", signature);
        let sent = sent.header("webhook-timestamp", now.to_string());
        assert_eq!(sent.json(&forged).send().await.unwrap().status().as_u16(), 401);
    }
    let known = order(&gateway, &made).await;
    assert_eq!((known.str("/status"), &known.body["shipped"]), ("open", &json!(false)));
    // A new link for a customer who comes back later.
    let url = format!("{}/api/orders/{reference}/client_token", gateway.dev.shop.url);
    let fresh = answer(gateway.merchant.http.post(url).send().await.unwrap()).await;
    assert_eq!(Browser::of(fresh.ok(200)).state().await, "choose");
}
