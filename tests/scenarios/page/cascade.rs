//! The next financer follows by itself: the customer's open page leads on, the merchant is told, and one that does not work is
//! passed over until it works again.

use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{Browser, press};
use crate::harness::{Merchant, Shop, TestGateway, carts, fresh, lone_sandbox};

fn unnamed() -> Value {
    let mut cart = carts::usa();
    cart.as_object_mut().unwrap().remove("provider");
    cart["return_urls"] = json!({ "success": "https://shop.example/ok", "failure": "https://shop.example/cart" });
    cart
}

async fn route(merchant: &Merchant, cascade: &[&str]) {
    let policies = json!({ "after_decline": "automatic", "after_expiry": "offer", "after_failure": "automatic" });
    let profile = json!({ "cascade": cascade, "policies": policies });
    let put = merchant.request(Method::PUT, "/v1/routing").header("if-match", "\"0\"").json(&profile);
    let put = merchant.send(put).await;
    assert!(put.status < 300, "{}", put.text);
}

#[tokio::test]
async fn after_a_no_the_open_page_leads_on_to_the_next_financer() {
    let gateway = TestGateway::start().await;
    route(&gateway.merchant, &["sandbox", "wegetfinancing"]).await;
    let made = gateway.merchant.open(&unnamed()).await;
    assert_eq!((made.ok(201).str("/provider"), made.str("/route/rule")), ("sandbox", "cascade"));
    let browser = Browser::of(&made);
    let mut listener = browser.listen(None).await;
    let first = listener.next().await.unwrap();
    assert_eq!(first.data["state"], "continue");

    press(&browser, &first.data["next_action"], "reject").await;
    let led_on = loop {
        let told = listener.next().await.unwrap();
        assert_ne!(told.data["state"], "choose", "nobody is offered while the next one is asked");
        if told.data["state"] == "continue" && told.data["attempt"] != first.data["attempt"] {
            break told;
        }
    };
    assert_ne!(led_on.data["next_action"]["url"], first.data["next_action"]["url"]);
    let page = browser.page().await;
    assert!(page.text.contains("WeGetFinancing"), "{}", page.text);

    // Who holds only `next_action` hears of the new one.
    let id = made.id();
    let told = gateway.merchant.events(&id).await;
    assert_eq!(
        told,
        ["checkout.created", "attempt.created", "attempt.declined", "attempt.created", "checkout.updated"]
    );
    let seen = gateway.merchant.read(&id).await;
    assert_eq!((seen.str("/provider"), seen.str("/status")), ("wegetfinancing", "requires_customer_action"));
    assert_eq!(seen.str("/next_action/url"), led_on.data["next_action"]["url"].as_str().unwrap());

    press(&browser, &led_on.data["next_action"], "approve").await;
    listener.until("approved").await;
    let seen = gateway.merchant.until_status(&id, "authorized").await;
    assert_eq!(seen.body["can_fulfill"], true);
}

#[tokio::test]
async fn one_that_does_not_work_is_left_alone_until_it_works_again() {
    let stop = CancellationToken::new();
    let sandbox = lone_sandbox(&stop).await;
    let mut settings = vec![("engine.breaker_failures", "3"), ("engine.breaker_open_s", "30")];
    settings.extend(sandbox.iter().map(|(key, value)| (*key, value.as_str())));
    let shop = Shop::open_with(&settings).await;
    let merchant = &shop.merchant;
    shop.simulator.lender.fault(json!({ "on": "create", "kind": "status", "status": 503, "times": 3 })).await;
    for _ in 0..3 {
        let failed = merchant.open(&carts::usa()).await;
        assert_eq!(failed.status, 503, "{}", failed.text);
    }
    let health = merchant.get("/v1/providers/wegetfinancing").await.body["health"].clone();
    assert_eq!((&health["breaker"], &health["recent_failures"]), (&json!("open"), &json!(3)), "{health}");
    // Nobody is called; the caller hears when to come again.
    let key = fresh();
    let refused = merchant.post("/v1/checkouts", &key, &carts::usa()).await;
    assert_eq!(refused.refused(503, "provider_unavailable").header("retry-after"), "31");
    route(merchant, &["wegetfinancing", "sandbox"]).await;
    shop.seconds_pass(29);
    let passed = merchant.open(&unnamed()).await;
    assert_eq!(
        (passed.ok(201).str("/provider"), passed.str("/route/skipped/0/reason")),
        ("sandbox", "provider_unhealthy")
    );
    assert_eq!(shop.simulator.lender.calls("create").await, 3);
    // The same key works once it works again.
    shop.seconds_pass(1);
    assert_eq!(merchant.get("/v1/providers/wegetfinancing").await.str("/health/breaker"), "half_open");
    let made = merchant.post("/v1/checkouts", &key, &carts::usa()).await;
    assert_eq!(made.ok(201).str("/provider"), "wegetfinancing");
    assert_eq!(merchant.get("/v1/providers/wegetfinancing").await.str("/health/breaker"), "closed");
}
