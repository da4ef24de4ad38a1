//! A repeat that is harmless takes the place of the attempt nobody knows about.

use std::sync::Arc;

use lendport_core::{AttemptState, CheckoutId, OperationKind, Phase};
use serde_json::json;

use crate::attention_evidence::resolutions;
use crate::settle::silence;
use crate::world::{World, body, id_of};

/// The first try was not answered; its key was used again and worked. With the token of the first.
async fn repeated(world: &World) -> (CheckoutId, String) {
    world.easy.fail_create(silence());
    assert_eq!(world.open("key").await.status, 502);
    let first = world.easy.last().token;
    world.easy.accept_create();
    let reply = world.open("key").await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    (id_of(&reply), first)
}

async fn states(world: &World, id: CheckoutId) -> Vec<AttemptState> {
    world.record(id).await.attempts.iter().map(|attempt| attempt.state).collect()
}

#[tokio::test]
async fn a_no_to_the_repeat_is_the_checkouts_no() {
    let world = World::new().await;
    let (id, _) = repeated(&world).await;
    let closed = world.record(id).await.attempts[0].clone();
    assert_eq!((closed.state, closed.reason.unwrap().0.as_str()), (AttemptState::Canceled, "superseded"));
    assert_eq!(resolutions(&world, id).await, [("unknown_outcome", Some("by_evidence".to_owned()))]);
    let creates = world.store.operations(world.tenant, id, OperationKind::Create).await.unwrap();
    let phases: Vec<_> = creates.iter().map(|create| create.phase).collect();
    assert_eq!(phases, [Phase::Unknown, Phase::Settled], "what became of the first create nobody knows");
    world.push(json!({ "state": "declined" })).await;
    assert_eq!(world.record(id).await.status().as_str(), "declined");
    assert!(world.events(id).await.ends_with(&["checkout.declined"]));
}

#[tokio::test]
async fn a_late_approval_of_a_superseded_try_takes_the_checkout_back_or_meets_the_fence() {
    for repeat_approved in [false, true] {
        let world = World::new().await;
        let (id, first) = repeated(&world).await;
        if repeat_approved {
            world.push(json!({ "state": "authorized" })).await;
        }
        let late = json!({ "state": "authorized", "reference": "first" });
        assert_eq!(world.push_to(&first, late).await.status, 200);
        let created = world.store.operations(world.tenant, id, OperationKind::Create).await.unwrap()[0].clone();
        if repeat_approved {
            assert_eq!(states(&world, id).await, [AttemptState::Canceled, AttemptState::Authorized]);
            assert_eq!((world.open_items(id).await, created.phase), (vec!["late_approval"], Phase::Unknown));
        } else {
            assert_eq!(states(&world, id).await, [AttemptState::Authorized, AttemptState::AwaitingCustomer]);
            assert_eq!((world.open_items(id).await, created.phase), (vec!["amount_unverified"], Phase::Settled));
            assert!(world.events(id).await.contains(&"attempt.late_approval"));
        }
    }
}

#[tokio::test]
async fn an_answer_that_comes_after_all_opens_no_second_way_in() {
    let world = Arc::new(World::new().await);
    let gate = Arc::new(tokio::sync::Notify::new());
    let held = Arc::clone(&gate);
    world.easy.answer_create(move |asked| {
        let held = Arc::clone(&held);
        async move {
            held.notified().await;
            Ok(crate::fake::created(&asked))
        }
    });
    let slow = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.open("key").await }
    });
    while world.easy.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    let lease = i64::try_from(crate::world::LEASE_MS).unwrap();
    world.clock.advance(jiff::SignedDuration::from_millis(lease + 1));
    world.easy.accept_create();
    let quick = world.open("key").await;
    gate.notify_one();
    let slow = slow.await.unwrap();
    let id = id_of(&quick);
    assert_eq!(states(&world, id).await, [AttemptState::Canceled, AttemptState::AwaitingCustomer]);
    assert_eq!(body(&slow)["next_action"], body(&quick)["next_action"], "both show the one link");
    assert_eq!(world.open("key").await.body, quick.body);
}
