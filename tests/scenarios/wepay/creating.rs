//! A create whose answer is lost, late or an error: one checkout at WePay, and never a failure that may be none.

use jiff::SignedDuration;
use serde_json::json;

use super::{Desk, cart};
use crate::harness::{Answer, fresh};

/// The one checkout that WePay has, which has to be this one's.
async fn the_only_one(desk: &Desk, seen: &Answer) {
    let there = desk.all_at_wepay().await;
    assert_eq!(there.len(), 1, "{there:?}");
    assert_eq!(there[0]["checkout_id"].to_string(), seen.str("/attempt/provider_reference"));
    assert_eq!(there[0]["reference_id"], format!("{}-1", seen.id()));
}

#[tokio::test]
async fn a_create_that_times_out_after_it_was_sent_makes_one_checkout() {
    let limit = [("providers.wepay.throttle_calls", "0"), ("providers.wepay.request_timeout_ms", "2000")];
    let desk = Desk::open_with(&limit, &json!({ "throttle_calls": 0 })).await;
    desk.fault(json!({ "on": "create", "kind": "silence" })).await;
    let key = fresh();
    let answer = desk.merchant.post("/v1/checkouts", &key, &cart("automatic")).await;
    // On a slow machine the next answers may come too late as well: then the outcome is unknown, and found.
    let id = match answer.status {
        201 => answer.id(),
        _ => answer.str("/checkout/id").to_owned(),
    };
    let seen = desk.passes_until_status(&id, "requires_customer_action").await;
    assert!(!seen.str("/next_action/url").is_empty());
    the_only_one(&desk, &seen).await;
    let again = desk.merchant.post("/v1/checkouts", &key, &cart("automatic")).await;
    assert_eq!(again.ok(201).id(), id);
    the_only_one(&desk, &seen).await;
}

#[tokio::test]
async fn every_lost_answer_ends_with_one_checkout_and_one_create_that_counts() {
    for kind in ["lose_reply", "half_body", "reset", "status", "html", "empty"] {
        let desk = Desk::open().await;
        desk.fault(json!({ "on": "create", "kind": kind })).await;
        let made = desk.checkout("automatic").await;
        assert_eq!(made.str("/status"), "requires_customer_action", "{kind}");
        the_only_one(&desk, &made).await;
        assert_eq!(desk.calls("create").await, 2, "{kind}");
    }
}

#[tokio::test]
async fn what_no_answer_and_no_search_told_is_unknown_and_found_later() {
    let desk = Desk::open().await;
    desk.fault(json!({ "on": "create", "kind": "lose_reply", "times": 3 })).await;
    desk.fault(json!({ "on": "find", "kind": "reset" })).await;
    let key = fresh();
    let problem = desk.merchant.post("/v1/checkouts", &key, &cart("automatic")).await;
    problem.refused(504, "provider_outcome_unknown");
    assert_eq!(problem.str("/checkout/status"), "indeterminate");
    let id = problem.str("/checkout/id").to_owned();
    assert_eq!(desk.merchant.attention(&id).await, ["unknown_outcome"]);

    let seen = desk.passes_until_status(&id, "requires_customer_action").await;
    assert!(!seen.str("/next_action/url").is_empty(), "the page came with the look");
    the_only_one(&desk, &seen).await;
    let again = desk.merchant.post("/v1/checkouts", &key, &cart("automatic")).await;
    assert_eq!((again.ok(201).id(), desk.calls("create").await), (id.clone(), 3));
    desk.decide(&seen, &json!({ "status": "pay" })).await;
    desk.merchant.until_status(&id, "captured").await;
}

#[tokio::test]
async fn an_unknown_error_that_passes_is_not_even_noticed() {
    let desk = Desk::open().await;
    desk.fault(json!({ "on": "create", "kind": "error", "error_code": 1008, "times": 2 })).await;
    let made = desk.checkout("automatic").await;
    assert_eq!(made.str("/status"), "requires_customer_action");
    assert_eq!(desk.calls("create").await, 3, "with one number");
    the_only_one(&desk, &made).await;
}

#[tokio::test]
async fn an_unknown_error_for_ever_is_tried_with_a_bound_and_never_becomes_a_failure() {
    let desk = Desk::open().await;
    desk.fault(json!({ "on": "create", "kind": "error", "error_code": 1008, "times": 1000 })).await;
    let key = fresh();
    let problem = desk.merchant.post("/v1/checkouts", &key, &cart("automatic")).await;
    problem.refused(503, "provider_unavailable");
    assert_eq!(problem.str("/checkout/status"), "indeterminate");
    let id = problem.str("/checkout/id").to_owned();
    let looks = desk.calls("find").await;
    for _ in 0..3 {
        desk.passes(SignedDuration::from_hours(1)).await;
        desk.merchant.post("/v1/checkouts", &key, &cart("automatic")).await.refused(409, "commit_fence");
        assert_eq!(desk.merchant.status(&id).await, "indeterminate");
    }
    desk.passes_until("WePay to be searched again", super::TURN * 60, async || {
        (desk.calls("find").await > looks).then_some(())
    })
    .await;
    assert_eq!((desk.calls("create").await, desk.all_at_wepay().await.len()), (3, 0));

    // A person who looked says that there is nothing; then the same key goes on, with another number.
    desk.behave().await;
    let items = desk.merchant.get(&format!("/v1/attention?checkout={id}&kind=unknown_outcome")).await;
    let item = items.ok(200).body["data"][0]["id"].as_str().unwrap().to_owned();
    let nothing = json!({ "choice": "not_committed", "reason": "WePay's dashboard has nothing" });
    desk.merchant.post(&format!("/v1/attention/{item}/resolve"), &fresh(), &nothing).await.ok(200);
    let made = desk.merchant.post("/v1/checkouts", &key, &cart("automatic")).await;
    assert_eq!((made.ok(201).id(), made.str("/status")), (id.clone(), "requires_customer_action"));
    let there = desk.all_at_wepay().await;
    assert_eq!((there.len(), there[0]["reference_id"].as_str()), (1, Some(format!("{id}-2").as_str())));
}

#[tokio::test]
async fn what_wepay_surely_refuses_is_a_failure_with_its_reason() {
    let desk = Desk::open().await;
    desk.fault(json!({ "on": "create", "kind": "error", "error_code": 1011 })).await;
    let problem = desk.merchant.open(&cart("automatic")).await;
    problem.refused(502, "provider_credentials_rejected");
    assert_eq!((problem.str("/checkout/status"), desk.calls("create").await), ("failed", 1));
}
