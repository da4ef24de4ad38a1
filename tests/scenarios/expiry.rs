//! Customers who never come back: a checkout expires by our own timer, and what the lender says later still counts.

use serde_json::json;

use crate::harness::{Shop, carts, fresh, until};

/// After which a checkout that nobody decided has expired.
const A_WEEK_H: i64 = 7 * 24 + 1;

#[tokio::test]
async fn an_undecided_checkout_expires_and_a_late_approval_takes_it_back() {
    let shop = Shop::open().await;
    let loan = shop.loan().await;
    shop.hours_pass(A_WEEK_H);
    let seen = loan.merchant.until_status(&loan.id, "expired").await;
    assert_eq!((&seen.body["can_fulfill"], &seen.body["next_action"]), (&json!(false), &json!(null)));
    assert!(loan.merchant.events(&loan.id).await.contains(&"checkout.expired".to_owned()));

    assert_eq!(loan.tell("approved").await.status, 200);
    let seen = loan.seen().await;
    assert_eq!((seen.str("/status"), &seen.body["can_fulfill"]), ("authorized", &json!(true)));
    let events = loan.merchant.events(&loan.id).await;
    assert!(events.contains(&"attempt.late_approval".to_owned()), "{events:?}");
}

#[tokio::test]
async fn what_is_decided_does_not_expire() {
    let shop = Shop::open().await;
    let (approved, rejected, waiting) = (shop.loan().await, shop.loan().await, shop.loan().await);
    approved.tell("approved").await;
    rejected.tell("rejected").await;
    shop.hours_pass(A_WEEK_H);
    waiting.merchant.until_status(&waiting.id, "expired").await;
    assert_eq!(approved.status().await, "authorized");
    assert_eq!(rejected.status().await, "declined");
}

#[tokio::test]
async fn an_unknown_outcome_does_not_become_a_failure_by_age() {
    let shop = Shop::open().await;
    shop.simulator.lender.fault(json!({ "on": "create", "kind": "lose_reply" })).await;
    let lost = shop.merchant.open(&carts::usa()).await;
    let id = lost.refused(504, "provider_outcome_unknown").str("/checkout/id").to_owned();
    let waiting = shop.loan().await;
    shop.hours_pass(A_WEEK_H);
    waiting.merchant.until_status(&waiting.id, "expired").await;
    assert_eq!(shop.merchant.status(&id).await, "indeterminate");
}

#[tokio::test]
async fn an_old_idempotency_key_is_forgotten_and_may_be_used_anew() {
    let shop = Shop::open().await;
    let key = fresh();
    let merchant = &shop.merchant;
    let first = merchant.post("/v1/checkouts", &key, &carts::usa()).await.ok(201).id();
    shop.hours_pass(A_WEEK_H);
    let anew = async || {
        let answer = merchant.post("/v1/checkouts", &key, &carts::usa()).await;
        (!answer.ok(201).replayed()).then_some(answer.id())
    };
    let second = until("the key to be forgotten", anew).await;
    assert_ne!(first, second);
}
