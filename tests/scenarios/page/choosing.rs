//! The customer chooses who finances the cart, changes its mind, and is never charged twice.

use serde_json::{Value, json};

use super::{Browser, at_wepay, cart_for, open, press};
use crate::harness::{Merchant, ServedGateway, TestGateway, carts, fresh, postgres_url, together, until};

fn ids(choices: &Value) -> Vec<&str> {
    choices.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn from_a_choice_by_way_of_the_lenders_page_to_an_order_that_may_be_shipped() {
    let gateway = TestGateway::start().await;
    let made = gateway.merchant.open(&cart_for(&["wegetfinancing", "wepay"])).await;
    assert_eq!((made.ok(201).str("/status"), &made.body["next_action"]), ("open", &Value::Null));
    assert_eq!((made.str("/route/rule"), &made.body["blockers"]), ("customer_choice", &json!(["awaiting_choice"])));
    let browser = Browser::of(&made);
    let seen = browser.status().await;
    assert_eq!((seen["state"].as_str(), ids(&seen["choices"])), (Some("choose"), vec!["wegetfinancing", "wepay"]));
    assert_eq!((&seen["choices"][0]["kind"], &seen["choices"][1]["kind"]), (&json!("loan"), &json!("payment")));
    let page = browser.page().await;
    assert!(page.text.contains("WeGetFinancing") && page.text.contains("WePay"), "{}", page.text);
    let seen = browser.choose("wegetfinancing").await.ok(200).body.clone();
    assert_eq!((&seen["state"], &seen["next_action"]["type"]), (&json!("continue"), &json!("lightbox")));
    let policy = browser.page().await.header("content-security-policy").to_owned();
    let origin = seen["next_action"]["origin"].as_str().unwrap();
    // Its lenders have hosts of their own.
    assert!(policy.contains(&format!("frame-src 'self' https: {origin};")), "{policy}");

    let back = press(&browser, &seen["next_action"], "approve").await;
    let seen = browser.until_state("approved").await;
    assert_eq!((&seen["return_url"], &seen["is_final"]), (&json!("https://shop.example/ok"), &json!(true)));
    let landed = browser.http.get(&back).header("sec-fetch-dest", "document").send().await.unwrap();
    assert_eq!(landed.status().as_u16(), 303);
    assert!(landed.headers()["location"].to_str().unwrap().starts_with("/c/"), "to our page, which knows");
    let seen = gateway.merchant.until_status(&made.id(), "authorized").await;
    assert_eq!(seen.body["can_fulfill"], true);
}

#[tokio::test]
async fn one_that_is_left_alone_goes_straight_on_and_a_cart_nobody_serves_is_refused() {
    let gateway = TestGateway::start().await;
    let mut canada = carts::canada();
    canada.as_object_mut().unwrap().remove("provider");
    canada["providers"] = json!(["wegetfinancing", "wepay"]);
    canada["customer_chooses"] = json!(true);
    canada["currency"] = json!("CAD");
    let made = gateway.merchant.open(&canada).await;
    assert_eq!((made.ok(201).str("/provider"), made.str("/status")), ("wepay", "requires_customer_action"));
    let skipped = &made.body["route"]["skipped"];
    assert_eq!(skipped.as_array().map(Vec::len), Some(1), "{skipped}");
    assert_eq!(
        (&skipped[0]["provider"], &skipped[0]["reason"]),
        (&json!("wegetfinancing"), &json!("unsupported_currency"))
    );
    assert_eq!(skipped[0]["exclusions"][0]["pointer"], "/currency");
    canada["providers"] = json!(["wegetfinancing"]);
    let refused = gateway.merchant.open(&canada).await;
    assert_eq!(refused.refused(422, "validation_failed").errors()[0].0, "/currency");
}

#[tokio::test]
async fn after_a_no_the_customer_chooses_another_and_the_reason_stays_untold() {
    let gateway = TestGateway::start().await;
    let (id, browser) = open(&gateway.merchant, &cart_for(&["sandbox", "wegetfinancing", "wepay"])).await;
    let seen = browser.choose("sandbox").await.ok(200).body.clone();
    press(&browser, &seen["next_action"], "reject").await;
    let seen = browser.until_state("choose").await;
    assert_eq!((&seen["previous"]["id"], &seen["previous"]["outcome"]), (&json!("sandbox"), &json!("declined")));
    assert_eq!(ids(&seen["choices"]), ["wegetfinancing", "wepay"]);
    assert_eq!(seen["return_url"], "https://shop.example/cart");
    assert!(!browser.page().await.text.contains("reason"));
    let same = browser.choose("sandbox").await;
    same.refused(422, "validation_failed");
    let seen = browser.choose("wegetfinancing").await.ok(200).body.clone();
    press(&browser, &seen["next_action"], "approve").await;
    browser.until_state("approved").await;
    assert_eq!(gateway.merchant.read(&id).await.body["attempts"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_tabs_give_one_attempt_whatever_they_press() {
    let gateway = TestGateway::start().await;
    let (id, browser) = open(&gateway.merchant, &cart_for(&["wegetfinancing", "wepay"])).await;
    let pressed = together((0..16).map(|number| {
        let browser = browser.clone();
        let provider = if number % 2 == 0 { "wegetfinancing" } else { "wepay" };
        async move { (provider, browser.choose_after(provider, &Value::Null).await) }
    }))
    .await;
    let seen = gateway.merchant.read(&id).await;
    let attempts = seen.body["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 1);
    let chosen = attempts[0]["provider"].as_str().unwrap();
    for (provider, answer) in &pressed {
        match *provider == chosen {
            true => assert_eq!(answer.status, 200, "{}", answer.text),
            false => assert!(matches!(answer.status, 409 | 412), "{}", answer.text),
        }
    }
    assert_eq!(browser.state().await, "continue");
}

#[tokio::test]
async fn a_page_that_was_left_cannot_charge_a_second_time() {
    let gateway = TestGateway::start().await;
    let (id, browser) = open(&gateway.merchant, &cart_for(&["wegetfinancing", "wepay"])).await;
    let first = browser.choose("wegetfinancing").await.ok(200).body.clone();
    assert_eq!(ids(&first["choices"]), ["wepay"]);
    let second = browser.choose("wepay").await.ok(200).body.clone();
    assert_eq!((&second["state"], &second["financer"]["id"]), (&json!("continue"), &json!("wepay")));
    at_wepay(&gateway, &id, &json!({ "status": "pay" })).await;
    browser.until_state("approved").await;
    // The page that was left is still open in another window, and its lender says yes.
    press(&browser, &first["next_action"], "approve").await;
    let flagged = async || gateway.merchant.attention(&id).await.contains(&"late_approval".to_owned()).then_some(());
    until("the late approval to be flagged", flagged).await;
    let seen = gateway.merchant.read(&id).await;
    assert_eq!((seen.str("/provider"), seen.str("/amounts/authorized")), ("wepay", "1420.00"));
    let ready = gateway.merchant.events(&id).await;
    assert!(ready.iter().filter(|kind| *kind == "checkout.ready_to_fulfill").count() <= 1);
}

#[tokio::test]
async fn who_paid_and_then_chooses_another_is_told_that_it_is_paid() {
    let gateway = TestGateway::start().await;
    let (id, browser) = open(&gateway.merchant, &cart_for(&["wegetfinancing", "wepay"])).await;
    let paid = browser.choose("wepay").await.ok(200).body["attempt"].clone();
    // Nobody has heard of the payment yet when the other button is pressed.
    at_wepay(&gateway, &id, &json!({ "status": "pay", "silent": true })).await;
    let refused = browser.choose_after("wegetfinancing", &paid).await;
    refused.refused(409, "commit_fence");
    assert_eq!(browser.state().await, "approved");
    assert_eq!(gateway.lender.calls("create").await, 0);
}

#[tokio::test]
async fn the_fence_refuses_what_the_browser_asks_for() {
    let gateway = TestGateway::start().await;
    let (id, browser) = open(&gateway.merchant, &cart_for(&["wegetfinancing", "wepay"])).await;
    gateway.lender.fault(json!({ "on": "create", "kind": "lose_reply", "times": 1 })).await;
    let unknown = browser.choose("wegetfinancing").await.ok(200).body.clone();
    // Nobody saw that link, so it may be asked for again there; elsewhere it may not.
    assert_eq!((&unknown["state"], ids(&unknown["choices"])), (&json!("choose"), vec!["wegetfinancing"]));
    assert_eq!(unknown["previous"]["outcome"], "failed");
    browser.choose_after("wepay", &unknown["attempt"]).await.refused(409, "commit_fence");
    assert_eq!(gateway.merchant.read(&id).await.body["attempts"].as_array().unwrap().len(), 1);
    let again = browser.choose("wegetfinancing").await.ok(200).body.clone();
    assert_eq!((&again["state"], gateway.lender.calls("create").await), (&json!("continue"), 2));
    press(&browser, &again["next_action"], "approve").await;
    browser.until_state("approved").await;
    // The merchant's own no is final as well.
    let (id, browser) = open(&gateway.merchant, &cart_for(&["sandbox", "wegetfinancing"])).await;
    browser.choose("sandbox").await.ok(200);
    gateway.merchant.post(&format!("/v1/checkouts/{id}/cancel"), &fresh(), &json!({})).await.ok(200);
    let seen = browser.until_state("canceled").await;
    assert_eq!(seen["choices"], json!([]));
    browser.choose_after("wegetfinancing", &seen["attempt"]).await.refused(409, "invalid_state");
}

#[tokio::test]
async fn a_choice_is_made_once_on_postgresql_too_and_every_replica_shows_it() {
    let simulator = crate::harness::LoneSimulator::start(None).await;
    let sandbox = [
        ("providers.sandbox.enabled", "true"),
        ("merchant.accounts.sandbox.test.api_key", "sandbox-key"),
        ("merchant.accounts.sandbox.test.push_secret", "sandbox-push-secret"),
    ];
    let database = postgres_url().await;
    let mut settings = vec![("storage.url", database.as_str())];
    settings.extend(sandbox);
    let ambient = lendport::gateway::Ambient::system();
    let first = ServedGateway::start_on(&simulator.lender.url, &ambient, &settings).await;
    let second = ServedGateway::start_on(&simulator.lender.url, &ambient, &settings).await;
    let (id, here) = open(&first.merchant, &cart_for(&["wegetfinancing", "sandbox"])).await;
    let there = here.with_gateway(&second.merchant.url);
    let mut listener = there.listen(None).await;
    assert_eq!(listener.until("choose").await.data["attempt"], Value::Null);
    let tabs = [here.clone(), there.clone(), here.clone(), there.clone()];
    let pressed = together(tabs.map(|tab| async move { tab.choose_after("wegetfinancing", &Value::Null).await })).await;
    for answer in &pressed {
        answer.ok(200);
    }
    listener.until("continue").await;
    let merchant: &Merchant = &second.merchant;
    assert_eq!(merchant.read(&id).await.body["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(simulator.lender.calls("create").await, 1);
    first.stop().await;
    second.stop().await;
}
