//! A financer that is shown by a script: what it is handed comes from the stored checkout, its host alone is let into the page,
//! and nobody is led to the script.

use serde_json::{Value, json};

use super::{Browser, cart_for, open, press};
use crate::harness::{TestGateway, fresh};

/// A cart that the made-up provider shows by a script.
fn cart() -> Value {
    let mut cart = cart_for(&["sandbox"]);
    cart["items"] = json!([{ "sku": "TV-1", "name": "TV", "quantity": 2, "unit_price": "500.18" }]);
    cart["shipping_amount"] = json!("0.00");
    cart
}

/// The sources that a policy names for something.
fn sources<'p>(policy: &'p str, name: &str) -> Vec<&'p str> {
    let part = policy.split("; ").find(|part| part.starts_with(&format!("{name} "))).unwrap();
    part.split(' ').skip(1).collect()
}

#[tokio::test]
async fn the_page_neither_leads_to_a_script_nor_frames_it() {
    let gateway = TestGateway::start().await;
    let (id, browser) = open(&gateway.merchant, &cart()).await;
    let seen = gateway.merchant.read(&id).await.body.clone();
    let script = seen["next_action"]["url"].as_str().unwrap().to_owned();
    assert_eq!(seen["next_action"]["type"], "plugin");
    let status = browser.status().await;
    assert_eq!((&status["state"], &status["next_action"]["type"]), (&json!("continue"), &json!("plugin")));
    let page = browser.page().await;
    assert!(!page.text.contains(&format!("href=\"{script}")), "{}", page.text);
    assert!(!page.text.contains(&format!("src=\"{script}")), "{}", page.text);
}

#[tokio::test]
async fn its_host_alone_is_let_in_on_that_page_alone() {
    let gateway = TestGateway::start().await;
    let (_, browser) = open(&gateway.merchant, &cart()).await;
    let status = browser.status().await;
    let origin = status["next_action"]["origin"].as_str().unwrap();
    let page = browser.page().await;
    let policy = page.header("content-security-policy");
    let [nonce, host] = sources(policy, "script-src")[..] else { panic!("{policy}") };
    assert!(nonce.starts_with("'nonce-") && host == origin, "{policy}");
    for (name, ours) in [("frame-src", 1), ("connect-src", 1), ("img-src", 2), ("style-src", 2)] {
        assert_eq!(sources(policy, name)[ours..], [origin], "{policy}");
    }
    let (loads, _) = policy.split_once("; frame-ancestors").unwrap();
    assert_eq!((loads.matches(origin).count(), loads.matches("http").count()), (5, 5), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");

    // Nowhere else: another financer's page, the same page when there is nothing more to do, a page that leads nowhere.
    let mut other = cart_for(&["sandbox"]);
    other["shipping_amount"] = json!("50.00");
    let (_, elsewhere) = open(&gateway.merchant, &other).await;
    press(&browser, &json!({ "url": page_of(&status) }), "approve").await;
    browser.until_state("approved").await;
    let nothing = Browser { base: "/c/nothing".to_owned(), ..browser.clone() };
    for one in [elsewhere, browser, nothing] {
        let page = one.page().await;
        let policy = page.header("content-security-policy");
        for name in ["script-src", "style-src", "img-src", "connect-src"] {
            assert!(sources(policy, name).iter().all(|source| !source.contains("://")), "{policy}");
        }
    }
}

/// The page that a script of the made-up provider shows.
fn page_of(status: &Value) -> &str {
    status["next_action"]["url"].as_str().unwrap().trim_end_matches("/script.js")
}

#[tokio::test]
async fn what_the_script_is_handed_is_the_stored_order_and_the_same_for_page_and_merchant() {
    let gateway = TestGateway::start().await;
    let (id, browser) = open(&gateway.merchant, &cart()).await;
    let path = format!("/v1/checkouts/{id}/plugin");
    let told = gateway.merchant.get(&path).await;
    let seen = gateway.merchant.read(&id).await;
    assert_eq!((told.ok(200).str("/object"), told.str("/script_url")), ("plugin", seen.str("/next_action/url")));
    assert_eq!(told.str("/order/application"), seen.str("/attempt/provider_reference"));
    assert_eq!(told.body["order"]["amount_cents"], 100_036);
    assert_eq!(told.body["order"]["items"][0]["quantity"], 2);
    let page = format!("{}/plugin", browser.base);
    let shown = browser.ask(reqwest::Method::GET, &page, &[], None).await;
    assert_eq!((shown.ok(200).body.clone(), shown.header("cache-control")), (told.body.clone(), "no-store, private"));

    // Who must not know it does not.
    let stranger = gateway.another_merchant("stranger").await;
    assert_eq!(stranger.get(&path).await.status, 404);
    let without_key = gateway.merchant.http.get(format!("{}{path}", gateway.merchant.url)).send().await.unwrap();
    assert_eq!(without_key.status(), 401);
    let nobody = browser.ask(reqwest::Method::GET, "/c/nothing/plugin", &[], None).await;
    assert_eq!(nobody.status, 404);

    // Nothing to sign any more, or never by a script.
    let canceled = gateway.merchant.post(&format!("/v1/checkouts/{id}/cancel"), &fresh(), &json!({})).await;
    assert!(canceled.status < 300, "{}", canceled.text);
    let mut other = cart_for(&["sandbox"]);
    other["shipping_amount"] = json!("50.00");
    let (plain, _) = open(&gateway.merchant, &other).await;
    for id in [&id, &plain] {
        let refused = gateway.merchant.get(&format!("/v1/checkouts/{id}/plugin")).await;
        assert_eq!((refused.status, refused.str("/code")), (409, "invalid_state"), "{}", refused.text);
    }
    let gone = browser.ask(reqwest::Method::GET, &page, &[], None).await;
    assert_eq!((gone.status, gone.str("/code")), (409, "invalid_state"), "{}", gone.text);
}
