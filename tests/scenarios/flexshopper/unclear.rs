//! Confirmations whose answer does not come: one lease, and no guess.

use super::*;

/// So long may a call to FlexShopper take here, in milliseconds: all of them but the one that is not answered have to end in it
/// on a busy machine, too.
const LIMIT_MS: &str = "8000";

#[tokio::test]
async fn a_confirmation_that_is_not_answered_in_time_leaves_one_lease() {
    let desk = Desk::open_with(&[("providers.flexshopper.request_timeout_ms", LIMIT_MS)]).await;
    let made = desk.checkout().await;
    desk.control(Method::POST, "faults", &json!({ "on": "finalize", "kind": "silence" })).await;
    desk.signs(&made, &desk.order(&made).await).await;
    until("the confirmation to be unclear", async || {
        desk.merchant().attention(&made.id()).await.contains(&"unknown_command".to_owned()).then_some(())
    })
    .await;
    let seen = desk.merchant().until_status(&made.id(), "authorized").await;
    assert_eq!((seen.str("/amounts/authorized"), &seen.body["can_fulfill"]), (TOTAL, &json!(true)));
    assert_eq!((desk.calls("finalize").await, desk.calls("cancel").await), (2, 0));
    let all = desk.control(Method::GET, "requests", &Value::Null).await;
    assert_eq!(all["requests"].as_array().unwrap().len(), 1, "{all}");
    let ready = desk.merchant().events(&made.id()).await;
    assert_eq!(ready.iter().filter(|event| *event == "checkout.ready_to_fulfill").count(), 1);
    until("the item to be settled", async || desk.merchant().open_items(&made.id()).await.is_empty().then_some(()))
        .await;
}

#[tokio::test]
async fn one_that_is_refused_after_an_unclear_one_is_a_persons() {
    let desk = Desk::open().await;
    desk.control(Method::POST, "settings", &json!({ "repeated_finalize": "refuse" })).await;
    let made = desk.checkout().await;
    desk.control(Method::POST, "faults", &json!({ "on": "finalize", "kind": "lose_reply" })).await;
    desk.signs(&made, &desk.order(&made).await).await;
    let item = until("an item for a person", async || {
        let items = desk.merchant().open_items(&made.id()).await;
        items.into_iter().find(|item| item["kind"] == "agreement_mismatch")
    })
    .await;
    assert!(item["detail"].as_str().unwrap().contains("look whether it is confirmed"), "{item}");
    let seen = desk.merchant().read(&made.id()).await;
    assert_eq!((seen.str("/status"), &seen.body["can_fulfill"]), ("requires_merchant_action", &json!(false)));
    assert_eq!((desk.calls("finalize").await, desk.calls("cancel").await), (2, 0), "neither confirmed nor undone");

    // The person has looked: the first one took effect.
    let unknown = desk.merchant().open_items(&made.id()).await;
    let unknown = unknown.iter().find(|item| item["kind"] == "unknown_command").unwrap();
    let path = format!("/v1/attention/{}/resolve", unknown["id"].as_str().unwrap());
    let ruling = json!({ "choice": "took_effect", "reason": "FlexShopper's portal shows it as active" });
    desk.merchant().post(&path, &fresh(), &ruling).await.ok(200);
    let seen = desk.merchant().until_status(&made.id(), "authorized").await;
    assert_eq!((seen.str("/amounts/authorized"), desk.calls("finalize").await), (TOTAL, 2));
}
