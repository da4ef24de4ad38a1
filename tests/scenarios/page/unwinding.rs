//! A page that was left is paid on after another financer has the order: the gateway gives the payment back where a person says
//! so.

use serde_json::{Value, json};

use super::{cart_for, open, press, wepay_request};
use crate::harness::{TestGateway, fresh, until};

#[tokio::test]
async fn what_is_paid_on_a_page_that_was_left_is_undone_at_the_financer() {
    for (capture, ended) in [("manual", "cancelled"), ("automatic", "refunded")] {
        let gateway = TestGateway::start().await;
        let merchant = &gateway.merchant;
        let mut cart = cart_for(&["wegetfinancing", "wepay"]);
        cart["capture"] = json!(capture);
        let (id, browser) = open(merchant, &cart).await;
        browser.choose("wepay").await.ok(200);
        let request = wepay_request(&gateway, &id).await;
        let there = async || -> Value { merchant.http.get(&request).send().await.unwrap().json().await.unwrap() };
        let next = browser.choose("wegetfinancing").await.ok(200).body.clone();
        press(&browser, &next["next_action"], "approve").await;
        browser.until_state("approved").await;
        let paid = merchant.http.post(format!("{request}/decide")).json(&json!({ "status": "pay" }));
        assert!(paid.send().await.unwrap().status().is_success());

        let found = async || merchant.open_items(&id).await.into_iter().find(|item| item["kind"] == "late_approval");
        let item = until("the late payment to be seen", found).await;
        assert_eq!(item["unwind"]["support"], "native");
        let path = format!("/v1/attention/{}/resolve", item["id"].as_str().unwrap());
        let (key, order) = (fresh(), json!({ "choice": "unwind", "reason": "the loan was first" }));
        let settled = merchant.post(&path, &key, &order).await;
        assert_eq!((settled.ok(200).str("/state"), settled.str("/resolution/choice")), ("resolved", "unwind"));
        assert!(merchant.post(&path, &key, &order).await.replayed());

        until("it to be undone", async || (there().await["state"] == ended).then_some(())).await;
        until("the items to close", async || merchant.open_items(&id).await.is_empty().then_some(())).await;
        let seen = merchant.read(&id).await;
        assert_eq!((seen.str("/provider"), &seen.body["can_fulfill"]), ("wegetfinancing", &json!(true)));
        assert_eq!((seen.str("/amounts/authorized"), seen.str("/amounts/refunded")), ("1420.00", "0.00"));
        let events = merchant.events(&id).await;
        assert_eq!(events.iter().filter(|kind| *kind == "checkout.ready_to_fulfill").count(), 1);
        let sent: Vec<_> = merchant.timeline(&id).await;
        let undone = sent.iter().filter(|entry| entry["what"] == "cancel" || entry["what"] == "refund");
        let undone = undone.filter(|entry| entry["kind"] == "operation").count();
        assert_eq!(undone, 1, "stored before it was sent, and sent once");
    }
}
