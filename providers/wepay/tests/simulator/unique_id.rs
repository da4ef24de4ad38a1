//! One call is carried out for each `unique_id`, whatever became of it.

use std::io::ErrorKind;

use serde_json::{Value, json};

use crate::support::{Running, order, start};

fn with(unique_id: &str) -> Value {
    order(json!({ "unique_id": unique_id }))
}

async fn again(sim: &Running, body: &Value) -> u64 {
    sim.refused("create", body).await.1
}

#[tokio::test]
async fn the_same_order_gets_the_same_answer() {
    let sim = start().await;
    let first = sim.call("create", &with("a1")).await;
    let id = first.json()["checkout_id"].as_u64().unwrap();
    sim.decide(id, json!({"status": "pay"})).await;
    let second = sim.call("create", &with("a1")).await;
    assert_eq!(first.body, second.body, "the answer of the prior call");
    assert_eq!(sim.stored().await, 1);
    assert_eq!(again(&sim, &order(json!({"unique_id": "a1", "amount": 99}))).await, 1003);
    sim.set(json!({"repeated_unique_id": "error"})).await;
    assert_eq!(again(&sim, &with("a1")).await, 1003);
    sim.ok("create", &order(json!({}))).await;
    sim.ok("create", &order(json!({}))).await;
    assert_eq!(sim.stored().await, 3, "without an id each call makes one");
}

#[tokio::test]
async fn a_repeat_that_differs_can_be_made_to_show() {
    let sim = start().await;
    sim.set(json!({"identical_repeats": true})).await;
    sim.fault(json!({"on": "create", "kind": "lose_reply", "accept": false})).await;
    assert!(sim.try_call("create", &with("a1")).await.is_err(), "it never got there");
    let other = order(json!({"unique_id": "a1", "short_description": "Another"}));
    assert_eq!(sim.refused("create", &other).await.2, "this unique_id came with another body before");
    assert_eq!(sim.stored().await, 0);
    sim.fault(json!({"on": "create", "kind": "lose_reply", "accept": false})).await;
    assert!(sim.try_call("create", &with("a2")).await.is_err());
    sim.ok("create", &with("a2")).await;
    assert_eq!(sim.ok("create", &with("a2")).await["reference_id"], with("a2")["reference_id"]);
}

#[tokio::test]
async fn a_time_out_may_be_repeated() {
    let sim = start().await;
    sim.fault(json!({"on": "create", "kind": "lose_reply", "times": 2})).await;
    for _ in 0..2 {
        let error = sim.try_call("create", &with("a1")).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    }
    sim.ok("create", &with("a1")).await;
    assert_eq!(sim.stored().await, 1);
}

#[tokio::test]
async fn the_unknown_error_may_be_repeated_and_others_not() {
    let sim = start().await;
    sim.fault(json!({"on": "create", "kind": "error"})).await;
    sim.fault(json!({"on": "create", "kind": "error", "accept": true})).await;
    let text = "there was an unknown error - please contact api@wepay.com for support";
    for stored in [0, 1] {
        assert_eq!(sim.refused("create", &with("a1")).await, (500, 1008, text.to_owned()));
        assert_eq!(sim.stored().await, stored);
    }
    sim.ok("create", &with("a1")).await;
    assert_eq!(sim.stored().await, 1);

    sim.fault(json!({"on": "create", "kind": "error", "error_description": "Unable to charge payment method"})).await;
    assert_eq!(again(&sim, &with("a2")).await, 1008);
    assert_eq!(again(&sim, &with("a2")).await, 1003, "used up");
    sim.fault(json!({"on": "create", "kind": "error", "error_code": 1003})).await;
    assert_eq!(again(&sim, &with("a3")).await, 1003);
    assert_eq!(sim.refused("create", &with("a3")).await.2, "this unique_id has already been used");
    sim.ok("create", &with("a4")).await;
}

#[tokio::test]
async fn a_refused_order_uses_its_id_up() {
    let sim = start().await;
    assert_eq!(again(&sim, &order(json!({"unique_id": "a1", "type": "gift"}))).await, 1003);
    assert_eq!(sim.refused("create", &with("a1")).await.2, "this unique_id has already been used");
    sim.fault(json!({"on": "create", "kind": "status", "status": 503})).await;
    assert_eq!(sim.call("create", &with("a2")).await.status, 503);
    sim.ok("create", &with("a2")).await;
    sim.set(json!({"unique_id_on_hosted": false})).await;
    sim.ok("create", &with("a2")).await;
    assert_eq!(sim.stored().await, 2, "it counts for tokens only");
    let token = order(json!({"unique_id": "t", "payment_method": {"type": "credit_card", "credit_card": {"id": 5}}}));
    assert_eq!(sim.ok("create", &token).await, sim.ok("create", &token).await);
}

#[tokio::test]
async fn many_at_the_same_moment_make_one() {
    let sim = start().await;
    let body = with("a1");
    let calls = (0..12).map(|_| sim.call("create", &body));
    let replies = futures_util::future::join_all(calls).await;
    assert!(replies.iter().all(|reply| reply.status == 200 && reply.body == replies[0].body));
    assert_eq!(sim.stored().await, 1);
}
