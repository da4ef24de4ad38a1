//! A customer who gets the page and never chooses.

use serde_json::json;

use super::{Browser, cart_for};
use crate::harness::{Receiver, Shop, postgres_url};

/// After which a checkout that nobody decided has expired.
const A_WEEK_H: i64 = 7 * 24 + 1;

#[tokio::test]
async fn a_checkout_whose_customer_never_chose_expires_and_the_merchants_server_is_told() {
    let sandbox = [
        ("providers.sandbox.enabled", "true"),
        ("merchant.accounts.sandbox.test.api_key", "sandbox-key"),
        ("merchant.accounts.sandbox.test.push_secret", "sandbox-push-secret"),
    ];
    let database = postgres_url().await;
    for storage in [None, Some(("storage.url", database.as_str()))] {
        let settings: Vec<_> = sandbox.into_iter().chain(storage).collect();
        let shop = Shop::open_with(&settings).await;
        let receiver = Receiver::start().await;
        receiver.subscribe(&shop.merchant, None).await.ok(201);
        let id = shop.merchant.open(&cart_for(&["wegetfinancing", "sandbox"])).await.ok(201).id();
        receiver.until_kind("checkout.created").await;
        shop.hours_pass(A_WEEK_H);
        let seen = shop.merchant.until_status(&id, "expired").await;
        assert_eq!((&seen.body["blockers"], &seen.body["attempt"]), (&json!(["expired"]), &json!(null)));
        let told = receiver.until_kind("checkout.expired").await.document();
        let told = &told["data"]["checkout"];
        assert_eq!((&told["id"], &told["status"]), (&json!(id), &json!("expired")));
        assert_eq!(shop.merchant.events(&id).await, ["checkout.created", "checkout.expired"]);
        let browser = Browser::of(&seen);
        let shown = browser.status().await;
        assert_eq!((&shown["state"], &shown["choices"]), (&json!("expired"), &json!([])));
        browser.choose("wegetfinancing").await.refused(409, "invalid_state");
        assert_eq!(shop.simulator.lender.calls("create").await, 0);
    }
}
