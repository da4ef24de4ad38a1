//! What a financer tells beside its state, as a merchant sees it: risk reviews, sums of the back office, disputes, and
//! answers to create that are none of the usual ones. The made-up provider plays the parts.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Merchant, TestGateway, carts, fresh, until};

/// The usual cart for the made-up provider; the cents of its total decide what is odd about it.
fn cart(cents: &str) -> Value {
    let mut cart = carts::usa();
    cart["provider"] = json!("sandbox");
    cart["shipping_amount"] = json!(format!("50.{cents}"));
    cart
}

/// Somebody at the lender, or at the customer's bank, does something.
async fn press(merchant: &Merchant, page: &str, form: &str) {
    let pressed = merchant.http.post(format!("{page}/decide"));
    let pressed = pressed.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
    let status = pressed.send().await.unwrap().status();
    assert!(status.is_success() || status.is_redirection(), "{form}: {status}");
}

async fn refresh(merchant: &Merchant, id: &str) -> Answer {
    merchant.send(merchant.request(Method::POST, &format!("/v1/checkouts/{id}/refresh"))).await
}

/// A captured checkout of 1420.00, and the page of its application.
async fn captured(merchant: &Merchant) -> (String, String) {
    let made = merchant.open(&cart("00")).await;
    let page = made.ok(201).str("/next_action/url").to_owned();
    press(merchant, &page, "decision=approve").await;
    (merchant.until_status(&made.id(), "captured").await.id(), page)
}

fn count(events: &[String], kind: &str) -> usize {
    events.iter().filter(|told| *told == kind).count()
}

#[tokio::test]
async fn an_order_waits_until_the_risk_review_is_over() {
    let gateway = TestGateway::start().await;
    let merchant = &gateway.merchant;
    let made = merchant.open(&cart("20")).await;
    let page = made.ok(201).str("/next_action/url").to_owned();
    let seen = merchant.until_status(&made.id(), "authorized").await;
    assert_eq!((&seen.body["can_fulfill"], &seen.body["blockers"]), (&json!(false), &json!(["risk_review_open"])));
    assert_eq!(count(&merchant.events(&made.id()).await, "checkout.ready_to_fulfill"), 0);

    press(merchant, &page, "decision=clear_review").await;
    let seen = merchant.until_status(&made.id(), "captured").await;
    assert_eq!((&seen.body["can_fulfill"], &seen.body["blockers"]), (&json!(true), &json!([])));
    assert_eq!(count(&merchant.events(&made.id()).await, "checkout.ready_to_fulfill"), 1);
}

#[tokio::test]
async fn a_review_that_ends_badly_takes_the_approval_back() {
    let gateway = TestGateway::start().await;
    let merchant = &gateway.merchant;
    let made = merchant.open(&cart("20")).await;
    merchant.until_status(&made.ok(201).id(), "authorized").await;
    press(merchant, made.str("/next_action/url"), "decision=reject").await;
    let seen = merchant.until_status(&made.id(), "canceled").await;
    assert_eq!(seen.str("/attempt/reason"), "withdrawn_by_provider");
    assert_eq!(count(&merchant.events(&made.id()).await, "checkout.ready_to_fulfill"), 0);
}

#[tokio::test]
async fn refunds_of_the_back_office_are_found_and_none_is_counted_twice() {
    let gateway = TestGateway::start().await;
    let merchant = &gateway.merchant;
    let (id, page) = captured(merchant).await;
    // Nobody is told of the first one; the second one is pushed with its own amount.
    press(merchant, &page, "decision=refund&cents=2000&quiet=true").await;
    let seen = refresh(merchant, &id).await;
    assert_eq!((seen.ok(200).str("/status"), seen.str("/amounts/refunded")), ("captured", "20.00"));
    press(merchant, &page, "decision=refund&cents=3000").await;
    until("the pushed refund", async || {
        let seen = merchant.read(&id).await;
        (seen.str("/amounts/refunded") == "50.00").then_some(())
    })
    .await;
    let asked = json!({ "amount": "70.00" });
    let ours = merchant.post(&format!("/v1/checkouts/{id}/refunds"), &fresh(), &asked).await;
    assert_eq!((ours.ok(201).str("/amounts/refunded"), ours.str("/status")), ("120.00", "captured"));
    assert_eq!(refresh(merchant, &id).await.str("/amounts/refunded"), "120.00");
    press(merchant, &page, "decision=refund&quiet=true").await;
    let seen = refresh(merchant, &id).await;
    assert_eq!((seen.ok(200).str("/status"), seen.str("/amounts/refunded")), ("refunded", "1420.00"));
    assert_eq!(count(&merchant.events(&id).await, "checkout.refunded"), 4);
    assert_eq!(merchant.attention(&id).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_part_that_is_charged_back_is_disputed_and_won() {
    let gateway = TestGateway::start().await;
    let merchant = &gateway.merchant;
    let (id, page) = captured(merchant).await;
    press(merchant, &page, "decision=charge_back&cents=10000").await;
    let seen = until("the dispute", async || {
        let seen = merchant.read(&id).await;
        (seen.str("/dispute") == "open").then_some(seen)
    })
    .await;
    assert_eq!((seen.str("/status"), seen.str("/amounts/charged_back")), ("captured", "100.00"));
    assert_eq!(seen.body["blockers"], json!(["dispute_open"]));
    assert!(seen.body.get("dispute_uri").is_none());
    assert!(refresh(merchant, &id).await.str("/dispute_uri").ends_with("#dispute"));
    let above = merchant.post(&format!("/v1/checkouts/{id}/refunds"), &fresh(), &json!({ "amount": "1320.01" })).await;
    above.refused(422, "validation_failed");

    press(merchant, &page, "decision=win_dispute").await;
    until("the end of the dispute", async || {
        let seen = merchant.read(&id).await;
        (seen.str("/dispute") == "won" && seen.str("/amounts/charged_back") == "0.00").then_some(())
    })
    .await;
    let events = merchant.events(&id).await;
    let told = ["checkout.charged_back", "dispute.opened", "dispute.closed"].map(|kind| count(&events, kind));
    assert_eq!(told, [1, 1, 1], "{events:?}");
}

#[tokio::test]
async fn everything_is_charged_back_and_the_dispute_is_lost() {
    let gateway = TestGateway::start().await;
    let merchant = &gateway.merchant;
    let (id, page) = captured(merchant).await;
    press(merchant, &page, "decision=charge_back").await;
    let seen = merchant.until_status(&id, "charged_back").await;
    assert_eq!((seen.str("/amounts/charged_back"), seen.str("/dispute")), ("1420.00", "open"));
    press(merchant, &page, "decision=lose_dispute&quiet=true").await;
    let seen = refresh(merchant, &id).await;
    assert_eq!((seen.ok(200).str("/status"), seen.str("/dispute")), ("charged_back", "lost"));
    let events = merchant.events(&id).await;
    let told = ["checkout.charged_back", "dispute.opened", "dispute.closed"].map(|kind| count(&events, kind));
    assert_eq!(told, [1, 1, 1], "{events:?}");
}

#[tokio::test]
async fn a_create_that_is_declined_is_an_answer_and_the_next_financer_may_follow() {
    let gateway = TestGateway::start().await;
    let merchant = &gateway.merchant;
    let declined = merchant.open(&cart("21")).await;
    assert_eq!((declined.ok(201).str("/status"), declined.str("/attempt/status")), ("declined", "declined"));
    let mut two = cart("21");
    two.as_object_mut().unwrap().remove("provider");
    two["providers"] = json!(["sandbox", "wegetfinancing"]);
    let made = merchant.open(&two).await;
    assert_eq!(made.ok(201).str("/status"), "open");
    let next = merchant.post(&format!("/v1/checkouts/{}/attempts", made.id()), &fresh(), &json!({})).await;
    assert_eq!((next.ok(201).str("/status"), next.str("/provider")), ("requires_customer_action", "wegetfinancing"));
}

#[tokio::test]
async fn where_the_customer_goes_comes_with_a_later_look() {
    let gateway = TestGateway::start().await;
    let merchant = &gateway.merchant;
    let made = merchant.open(&cart("22")).await;
    assert_eq!((made.ok(201).str("/status"), &made.body["next_action"]), ("requires_customer_action", &Value::Null));
    let seen = refresh(merchant, &made.id()).await;
    assert!(seen.ok(200).str("/next_action/url").contains("/apply/"), "{}", seen.text);
}

#[tokio::test]
async fn several_applications_of_one_name_are_shown_to_a_person() {
    let gateway = TestGateway::start().await;
    let merchant = &gateway.merchant;
    let unknown = merchant.open(&cart("23")).await;
    unknown.refused(503, "provider_unavailable");
    let id = unknown.str("/checkout/id").to_owned();
    refresh(merchant, &id).await.ok(200);
    let seen = merchant.until_status(&id, "requires_customer_action").await;
    assert!(seen.str("/next_action/url").contains("/apply/"));
    assert!(merchant.attention(&id).await.contains(&"several_requests".to_owned()));
}
