//! The provider took the request in and we never heard: unknown is not failed, and what it tells later counts.

use serde_json::{Value, json};

use crate::harness::{Loan, TestGateway, carts, fresh};

async fn lost(gateway: &TestGateway, key: &str) -> Loan {
    gateway.lender.fault(json!({ "on": "create", "kind": "lose_reply" })).await;
    let problem = gateway.merchant.post("/v1/checkouts", key, &carts::usa()).await;
    problem.refused(504, "provider_outcome_unknown");
    assert_eq!(problem.str("/checkout/status"), "indeterminate", "never `failed`");
    let id = problem.str("/checkout/id").to_owned();
    Loan::behind(&gateway.merchant, &gateway.lender, &gateway.lender.requests().await[0], id).await
}

#[tokio::test]
async fn an_approval_settles_what_nobody_knew() {
    let gateway = TestGateway::start().await;
    let loan = lost(&gateway, &fresh()).await;
    assert_eq!(gateway.lender.decide(&loan.inv_id, json!({ "status": "approved" })).await, [200]);
    let seen = loan.seen().await;
    assert_eq!(seen.str("/status"), "authorized");
    assert_eq!(seen.str("/attempt/provider_reference"), loan.inv_id, "the id was learnt from the postback");
    // The answer that would have said the amount is lost: approved, yet nobody confirmed for how much.
    assert_eq!((&seen.body["can_fulfill"], &seen.body["blockers"]), (&json!(false), &json!(["amount_unverified"])));
}

#[tokio::test]
async fn before_the_id_is_known_only_our_own_reference_vouches_for_a_postback() {
    let gateway = TestGateway::start().await;
    let loan = lost(&gateway, &fresh()).await;
    for reference in [Value::Null, json!("**"), json!("ORDER-123"), json!(format!("{}0", loan.reference))] {
        let mut body = loan.body(&json!({ "status": "approved" }));
        body["merchant_transaction_id"] = reference;
        assert_eq!(loan.push(&body).await.status, 409);
    }
    assert_eq!(loan.status().await, "indeterminate");
    assert_eq!(loan.tell("approved").await.status, 200);
    assert_eq!(loan.status().await, "authorized");
}

#[tokio::test]
async fn the_same_key_makes_a_new_link_and_a_second_approval_waits_for_a_person() {
    let gateway = TestGateway::start().await;
    let key = fresh();
    let first = lost(&gateway, &key).await;
    let made = gateway.merchant.post("/v1/checkouts", &key, &carts::usa()).await;
    assert_eq!(made.ok(201).id(), first.id);
    let second = Loan::of(&gateway.merchant, &gateway.lender, &made).await;
    assert_ne!((&first.inv_id, &first.reference), (&second.inv_id, &second.reference), "each try has its own names");
    assert_eq!(gateway.lender.calls("create").await, 2);

    assert_eq!(second.tell("approved").await.status, 200);
    assert_eq!(second.status().await, "authorized");
    assert_eq!(first.tell("approved").await.status, 200, "stored, whatever it leads to");
    let seen = second.seen().await;
    assert_eq!(seen.str("/amounts/authorized"), "1420.00", "never two commitments");
    let states: Vec<_> = seen.body["attempts"].as_array().unwrap().iter().map(|a| a["status"].clone()).collect();
    assert_eq!(states, ["canceled", "authorized"], "the first was superseded by its repeat");
    assert!(second.merchant.attention(&first.id).await.contains(&"late_approval".to_owned()));
}

#[tokio::test]
async fn after_an_approval_the_same_key_hears_of_it_and_asks_nobody() {
    let gateway = TestGateway::start().await;
    let key = fresh();
    let loan = lost(&gateway, &key).await;
    assert_eq!(loan.tell("approved").await.status, 200);
    let again = gateway.merchant.post("/v1/checkouts", &key, &carts::usa()).await;
    assert_eq!((again.ok(201).id(), again.str("/status")), (loan.id.clone(), "authorized"));
    assert_eq!(gateway.lender.calls("create").await, 1);
}

#[tokio::test]
async fn an_approval_that_overtakes_the_answer_is_not_lost() {
    let gateway = TestGateway::start().await;
    let mut cart = carts::usa();
    cart["customer"]["last_name"] = json!("Autoapprove");
    cart["customer"]["email"] = json!("john+late@example.com");
    let made = gateway.merchant.open(&cart).await;
    made.ok(201);
    let seen = gateway.merchant.until_status(&made.id(), "authorized").await;
    assert_eq!(seen.body["can_fulfill"], true);
    let events = gateway.merchant.events(&made.id()).await;
    assert_eq!(events.iter().filter(|kind| *kind == "checkout.ready_to_fulfill").count(), 1);
}
