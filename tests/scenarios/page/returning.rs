//! The browser comes back, or says so. Nothing of it is believed; it is a reason to look.

use serde_json::json;

use super::{at_wepay, cart_for, open, press, sent_to_wepay};
use crate::harness::{TestGateway, fresh, together, until};

#[tokio::test]
async fn a_forged_completion_changes_nothing_however_often_it_is_sent() {
    let gateway = TestGateway::start().await;
    for provider in ["wegetfinancing", "wepay", "sandbox"] {
        let (id, browser) = open(&gateway.merchant, &cart_for(&[provider])).await;
        let before = gateway.merchant.read(&id).await;
        let urls = {
            let seen = browser.status().await;
            seen["next_action"]["url"].as_str().unwrap().to_owned()
        };
        together((0..20).map(|number| {
            let browser = browser.clone();
            async move {
                let outcome = if number % 3 == 0 { "abort" } else { "complete" };
                assert_eq!(browser.came_back(outcome).await.status, 202);
            }
        }))
        .await;
        // Whoever is to be asked has been asked by then.
        let looked = async || {
            let timeline = gateway.merchant.timeline(&id).await;
            let said = timeline.iter().filter(|entry| entry["evidence"] == "browser").count();
            (said > 0).then_some(timeline)
        };
        until("what the browser said to be kept", looked).await;
        let after = gateway.merchant.read(&id).await;
        assert_eq!((after.str("/status"), &after.body["can_fulfill"]), ("requires_customer_action", &json!(false)));
        assert_eq!(before.body["events"], after.body["events"], "nobody is told anything");
        assert_eq!(browser.status().await["next_action"]["url"], urls.as_str());
        let words = [("status", "approved"), ("outcome", "approved"), ("state", "authorized")];
        for (name, word) in words {
            let body = json!({ name: word });
            let path = format!("{}/came_back", browser.base);
            browser.ask(reqwest::Method::POST, &path, &[], Some(&body)).await.refused(422, "validation_failed");
        }
    }
}

#[tokio::test]
async fn a_payment_whose_notice_was_lost_is_found_when_the_browser_comes_back() {
    let gateway = TestGateway::start().await;
    let mut cart = cart_for(&["wepay"]);
    cart["provider_options"] = json!({ "wepay": { "mode": "iframe" } });
    let (id, browser) = open(&gateway.merchant, &cart).await;
    let seen = browser.status().await;
    assert_eq!(seen["next_action"]["type"], "iframe");
    let origin = seen["next_action"]["origin"].as_str().unwrap();
    let policy = browser.page().await.header("content-security-policy").to_owned();
    assert!(policy.contains(&format!("frame-src 'self' {origin};")), "{policy}");
    at_wepay(&gateway, &id, &json!({ "status": "pay", "silent": true })).await;
    assert_eq!(browser.state().await, "continue");
    assert_eq!(browser.came_back("complete").await.body, json!({ "looking": true }));
    browser.until_state("approved").await;
    // Where cookies are blocked in frames, WePay leads the browser to a page that shows the same checkout again.
    let fallback = sent_to_wepay(&gateway, &id).await["hosted_checkout"]["fallback_uri"].as_str().unwrap().to_owned();
    let landed = browser.http.get(&fallback).header("sec-fetch-dest", "document").send().await.unwrap();
    let page = landed.headers()["location"].to_str().unwrap();
    assert!(page.starts_with("/c/") && page.contains("?back=abort&of=att_"), "{page}");
}

#[tokio::test]
async fn wepay_by_redirect_comes_back_to_our_page() {
    let gateway = TestGateway::start().await;
    let (id, browser) = open(&gateway.merchant, &cart_for(&["wepay"])).await;
    assert_eq!(browser.status().await["next_action"]["type"], "redirect");
    at_wepay(&gateway, &id, &json!({ "status": "pay" })).await;
    let seen = browser.until_state("approved").await;
    assert_eq!(seen["return_url"], "https://shop.example/ok");
}

#[tokio::test]
async fn in_a_frame_the_way_back_tells_the_page_around_it() {
    let gateway = TestGateway::start().await;
    let (_, browser) = open(&gateway.merchant, &cart_for(&["wegetfinancing"])).await;
    let next = browser.status().await["next_action"].clone();
    for (button, outcome) in [("abandon", "abort"), ("approve", "complete")] {
        let back = press(&browser, &next, button).await;
        let framed = browser.http.get(&back).header("sec-fetch-dest", "iframe").send().await.unwrap();
        let policy = framed.headers()["content-security-policy"].to_str().unwrap().to_owned();
        // Our page is around it, and the shop's may be around that.
        assert!(policy.contains("frame-ancestors 'self' http://127.0.0.1:"), "{policy}");
        let text = framed.text().await.unwrap();
        assert!(text.contains(&format!("data-outcome=\"{outcome}\"")), "{text}");
    }
    browser.until_state("approved").await;
}

#[tokio::test]
async fn a_link_that_has_run_out_is_made_anew_by_the_merchants_server_alone() {
    let shop = crate::harness::Shop::open_with(&[("page.client_token_minutes", "5")]).await;
    let loan = shop.loan().await;
    let browser = super::Browser::of(&shop.merchant.read(&loan.id).await);
    assert_eq!(browser.state().await, "continue");
    shop.seconds_pass(300);
    let late = browser.page().await;
    assert_eq!(late.status, 410);
    assert!(!late.text.contains("1,420") && !late.text.contains("next_action"), "{}", late.text);
    for path in ["status", "events"] {
        let path = format!("{}/{path}", browser.base);
        browser.ask(reqwest::Method::GET, &path, &[], None).await.refused(401, "client_token_expired");
    }
    assert_eq!(browser.came_back("complete").await.status, 401);
    browser.choose_after("wegetfinancing", &json!(null)).await.refused(401, "client_token_expired");
    let path = format!("/v1/checkouts/{}/client_token", loan.id);
    let made = shop.merchant.post(&path, &fresh(), &json!({})).await;
    assert_eq!(super::Browser::of(made.ok(200)).state().await, "continue");
    assert_eq!(loan.tell("approved").await.status, 200, "the checkout itself does not mind");
}
