//! The financer says another sum than we asked for.

use std::sync::Arc;

use lendport_core::{AttemptState, Currency, Money, OperationKind, Phase};
use serde_json::{Value, json};

use crate::fake::created;
use crate::world::{World, body, id_of, push_through};

fn echo_too_little(world: &World, stops: bool) {
    world.easy.answer_create(move |asked| async move {
        let mut answer = created(&asked);
        answer.amount_echoed = Some(Money::parse("1370.00", Currency::USD).unwrap());
        answer.mismatch_stops = stops;
        Ok(answer)
    });
}

#[tokio::test]
async fn another_sum_stops_before_the_customer_sees_a_link() {
    let world = World::new().await;
    echo_too_little(&world, true);
    let reply = world.open("key").await;
    assert_eq!((reply.status, body(&reply)["error"].as_str()), (502, Some("provider_amount_mismatch")));
    let detail = body(&reply)["detail"].to_string();
    assert!(detail.contains("1420.00") && detail.contains("1370.00"), "both sums: {detail}");
    let id = world.only().await;
    let attempt = world.attempt(id).await;
    assert_eq!((attempt.state, attempt.next_action.clone()), (AttemptState::Failed, None));
    assert_eq!(attempt.reason.map(|reason| reason.0).as_deref(), Some("amount_mismatch"));
    assert!(attempt.reference.is_some(), "kept, so that a person can find it there");
    assert_eq!(world.attention(id).await, ["amount_mismatch"]);
    assert_eq!(world.operation(id, OperationKind::Create).await.phase, Phase::Settled);
    assert_eq!(world.key_state("key").await, "completed");
    // Should it be approved all the same, nothing is shipped and a person is told.
    world.push(json!({ "state": "authorized" })).await;
    assert_eq!(world.state(id).await, AttemptState::Failed);
    assert_eq!(world.attention(id).await, ["amount_mismatch", "contradicting_evidence"]);
    assert!(!world.events(id).await.contains(&"checkout.ready_to_fulfill"));
}

#[tokio::test]
async fn another_sum_after_an_early_approval_keeps_the_commitment_and_blocks_the_shipment() {
    let world = World::new().await;
    let engine = Arc::clone(&world.engine);
    world.easy.answer_create(move |asked| {
        let engine = Arc::clone(&engine);
        async move {
            push_through(&engine, &asked.token, json!({ "state": "authorized" })).await;
            let mut answer = created(&asked);
            answer.amount_echoed = Some(Money::parse("1370.00", Currency::USD).unwrap());
            Ok(answer)
        }
    });
    let reply = world.open("key").await;
    world.easy.accept_create();
    assert_eq!((reply.status, body(&reply)["error"].as_str()), (502, Some("provider_amount_mismatch")));
    let id = world.only().await;
    let view = world.engine.read_checkout(world.tenant, id, lendport_engine::Expand::default()).await.unwrap();
    assert_eq!((view.status, view.blockers), ("authorized", vec!["amount_mismatch".to_owned()]));
    assert_eq!(world.attention(id).await, ["amount_mismatch"]);
}

#[tokio::test]
async fn with_a_warning_only_it_goes_on_and_blocks_the_shipment() {
    let world = World::new().await;
    echo_too_little(&world, false);
    let reply = world.open("key").await;
    assert_eq!((reply.status, &body(&reply)["status"]), (201, &"requires_customer_action".into()));
    assert_ne!(body(&reply)["next_action"], Value::Null);
    let id = id_of(&reply);
    assert_eq!(world.attention(id).await, ["amount_mismatch"]);
    world.push(json!({ "state": "authorized" })).await;
    let view = world.engine.read_checkout(world.tenant, id, lendport_engine::Expand::default()).await.unwrap();
    assert_eq!((view.status, view.can_fulfill), ("authorized", false));
    assert_eq!(view.blockers, ["amount_mismatch"]);
    assert!(!world.events(id).await.contains(&"checkout.ready_to_fulfill"));
}
