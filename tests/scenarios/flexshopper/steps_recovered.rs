//! What goes wrong on the way to a signature, and how it goes on.

use super::steps::{Shop, application, signature};
use super::*;

#[tokio::test]
async fn a_payment_that_is_due_first_is_made_and_the_lease_signed_again() {
    let shop = Shop::open().await;
    let made = shop.checkout(CUSTOMER).await;
    let mut poor = application();
    poor.as_object_mut().unwrap().remove("bank_account");
    shop.post(&made, "application", &poor).await.ok(202);
    shop.until(&made, "preapproved", "sign_agreement").await;
    let document = shop.agreement(&made).await;
    let key = fresh();
    let path = format!("/v1/checkouts/{}/agreement/sign", made.id());
    let consent = signature(&document);
    shop.desk.merchant().post(&path, &key, &consent).await.refused(409, "invalid_state");
    shop.until(&made, "awaiting_customer", "pay").await;
    // A look does not forget it.
    shop.post(&made, "refresh", &json!({})).await.ok(200);
    shop.until(&made, "awaiting_customer", "pay").await;
    let unusable = json!({ "bank_account": {
        "routing_number": "063100505", "account_number": "83920174655", "type": "checking" } });
    shop.post(&made, "payment_methods", &unusable).await.refused(422, "provider_refused");
    let card = json!({ "card": { "tokens": [{ "gateway": "clover", "token": "tok-7Qz81" }], "last_four": "4242" } });
    shop.post(&made, "payment_methods", &card).await.ok(200);
    shop.until(&made, "awaiting_customer", "sign_agreement").await;
    shop.desk.merchant().post(&path, &key, &consent).await.ok(200);
    shop.desk.merchant().until_status(&made.id(), "authorized").await;
    assert_eq!((shop.desk.calls("sign").await, shop.desk.calls("create_lease").await), (2, 1));
}

#[tokio::test]
async fn a_lease_that_has_expired_is_followed_by_another_attempt() {
    let shop = Shop::open().await;
    let made = shop.approved(CUSTOMER).await;
    let document = shop.agreement(&made).await;
    let reference = made.str("/attempt/provider_reference").to_owned();
    shop.desk.control(Method::POST, &format!("requests/{reference}/decide"), &json!({ "status": "expire" })).await;
    shop.post(&made, "agreement/sign", &signature(&document)).await.refused(409, "invalid_state");
    assert_eq!((shop.desk.merchant().status(&made.id()).await.as_str(), shop.desk.calls("sign").await), ("expired", 0));
    let again = shop.post(&made, "attempts", &json!({ "provider": "flexshopper" })).await.ok(201).clone();
    assert_ne!(again.str("/attempt/provider_reference"), reference);
    assert_eq!(shop.get(&again, "offer").await.ok(200).str("/status"), "preapproved", "the decision stands");
    let document = shop.agreement(&again).await;
    shop.post(&again, "agreement/sign", &signature(&document)).await.ok(200);
    shop.desk.merchant().until_status(&made.id(), "authorized").await;
    assert_eq!((shop.desk.calls("apply").await, shop.desk.calls("finalize").await), (1, 1));
}

#[tokio::test]
async fn a_signature_that_comes_too_late_there_ends_the_attempt() {
    let shop = Shop::open().await;
    let made = shop.approved(CUSTOMER).await;
    let document = shop.agreement(&made).await;
    let late = json!({ "on": "sign", "kind": "error", "status": 410, "code": "LeaseExpired" });
    shop.desk.control(Method::POST, "faults", &late).await;
    shop.post(&made, "agreement/sign", &signature(&document)).await.refused(409, "invalid_state");
    assert_eq!(shop.desk.merchant().status(&made.id()).await, "expired");
}

#[tokio::test]
async fn a_limit_below_the_cart_lets_a_smaller_cart_through() {
    let shop = Shop::open().await;
    let email = "john+limit200@example.com";
    let made = shop.checkout(email).await;
    shop.post(&made, "application", &application()).await.ok(202);
    let seen = shop.until(&made, "preapproved", "").await;
    assert_eq!(seen.str("/attempt/reason"), "limit_below_cart");
    let offer = shop.get(&made, "offer").await.ok(200).clone();
    assert_eq!((offer.str("/available"), offer.str("/shortfall")), ("200.00", "330.00"));
    shop.post(&made, "agreement", &json!({})).await.refused(409, "invalid_state");
    assert_eq!(shop.desk.calls("create_lease").await, 0);
    shop.post(&made, "cancel", &json!({})).await.ok(200);

    let mut smaller = cart();
    smaller["customer"]["email"] = json!(email);
    smaller["items"] = json!([{ "sku": "CABLE", "name": "Cable", "quantity": 2, "unit_price": "50.00" }]);
    let made = shop.desk.merchant().open(&smaller).await.ok(201).clone();
    assert_eq!(shop.get(&made, "offer").await.ok(200).str("/status"), "preapproved", "no second application");
    let document = shop.agreement(&made).await;
    shop.post(&made, "agreement/sign", &signature(&document)).await.ok(200);
    let seen = shop.desk.merchant().until_status(&made.id(), "authorized").await;
    assert_eq!((seen.str("/amounts/authorized"), shop.desk.calls("apply").await), ("130.00", 1));
}

#[tokio::test]
async fn a_customers_token_goes_with_no_other_key() {
    let shop = Shop::open().await;
    let made = shop.approved(CUSTOMER).await;
    let other = json!({ "api_key": "another-server-key", "auth_key": "another-public-key" });
    shop.desk.control(Method::POST, "accounts", &other).await;
    let before = shop.desk.calls("authorize").await;
    shop.set_account(&[("api_key", "another-server-key"), ("auth_key", "another-public-key")]).await;
    // What is known of an account is a second old at most: asked until it goes with the new key.
    let moved = async || {
        assert_eq!(shop.get(&made, "offer").await.status, 200);
        (shop.desk.calls("authorize").await > before).then_some(())
    };
    until("a token of the new key", moved).await;
    let accounts = shop.desk.control(Method::GET, "accounts", &Value::Null).await;
    let mixed: Vec<u64> =
        accounts["accounts"].as_array().unwrap().iter().map(|one| one["mixed_tokens"].as_u64().unwrap()).collect();
    assert_eq!(mixed, [0, 0], "{accounts}");
    // One that was made with another key is refused there, and a token that has run out is made anew.
    shop.desk.control(Method::POST, &format!("users/{CUSTOMER}/decide"), &json!({ "end_tokens": true })).await;
    assert_eq!(shop.get(&made, "offer").await.ok(200).str("/status"), "preapproved");
}

#[tokio::test]
async fn an_application_whose_answer_is_lost_is_found_and_not_made_twice() {
    let shop = Shop::open().await;
    let made = shop.checkout("john+502@example.com").await;
    shop.post(&made, "application", &application()).await.ok(202);
    shop.until(&made, "preapproved", "sign_agreement").await;
    assert_eq!(shop.desk.calls("apply").await, 1);
    let settled = async || {
        let timeline = shop.desk.merchant().timeline(&made.id()).await;
        let settled = |entry: &Value| entry["outcome"].as_str().is_some_and(|outcome| outcome.starts_with("settled"));
        timeline.iter().any(|entry| entry["what"] == "apply" && settled(entry)).then_some(())
    };
    until("the application to be settled", settled).await;
    shop.desk.control(Method::POST, "faults", &json!({ "on": "create_lease", "kind": "lose_reply" })).await;
    let lost = shop.post(&made, "agreement", &json!({})).await;
    assert!(lost.status >= 500, "{}", lost.text);
    let document = shop.agreement(&made).await;
    shop.desk.control(Method::POST, "faults", &json!({ "on": "sign", "kind": "lose_reply" })).await;
    let lost = shop.post(&made, "agreement/sign", &signature(&document)).await;
    assert!(lost.status >= 500, "{}", lost.text);
    shop.desk.merchant().until_status(&made.id(), "authorized").await;
    for (call, times) in [("create_lease", 1), ("sign", 1), ("finalize", 1)] {
        assert_eq!(shop.desk.calls(call).await, times, "{call}");
    }
}
