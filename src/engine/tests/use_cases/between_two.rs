//! What is told of a financer between its end and the start of the next one, which is waited for, is looked after.

use std::sync::Arc;

use jiff::SignedDuration;
use lendport_core::{AttemptState, CheckoutId, Claim};
use lendport_engine::Engine;
use serde_json::{Value, json};

use crate::breaker::broken;
use crate::cascade::{automatic, opened, states};
use crate::world::{World, push_at};

async fn told(world: &World, engine: &Arc<Engine>, body: Value) {
    assert_eq!(push_at(engine, "watched", &world.watched.last().token, body).await.status, 200);
}

/// A checkout that `watched` said no to, while `able`, which is to follow, does not work.
async fn between(world: &World) -> (Arc<Engine>, CheckoutId) {
    let id = opened(world, automatic(&["watched", "able"])).await;
    let engine = broken(world).await;
    told(world, &engine, json!({ "state": "declined" })).await;
    engine.follow_due().await.unwrap();
    assert_eq!(world.record(id).await.attempts.len(), 1, "the next one is waited for");
    (engine, id)
}

#[tokio::test]
async fn a_notice_that_only_says_look_is_looked_after_though_the_next_one_starts() {
    for waits in [true, false] {
        let world = World::new().await;
        let (engine, id) = between(&world).await;
        world.able.accept_create();
        world.watched.answer_retrieve(Claim::state(AttemptState::Authorized));
        if !waits {
            world.clock.advance(SignedDuration::from_secs(31));
        }
        told(&world, &engine, json!({ "look": true })).await;
        engine.settle_due().await.unwrap();
        if waits {
            world.clock.advance(SignedDuration::from_secs(31));
        }
        for _ in 0..2 {
            engine.settle_due().await.unwrap();
        }
        let found: Vec<_> = states(&world, id).await.into_iter().map(|(_, state)| state).collect();
        assert_eq!(found, [AttemptState::Authorized, AttemptState::AwaitingCustomer], "waits: {waits}");
        assert_eq!((world.watched.looks(), world.able.asked().len()), (1, 4), "once, and nobody is asked twice");
        assert!(world.shown(id).await.can_fulfill);
    }
}

#[tokio::test]
async fn what_is_signed_there_is_canceled_and_then_the_next_one_starts() {
    let world = World::new().await;
    let (engine, id) = between(&world).await;
    world.able.accept_create();
    world.watched.answer_retrieve(Claim::state(AttemptState::AwaitingMerchant));
    world.watched.answer_command(Ok(Claim::state(AttemptState::Canceled)));
    told(&world, &engine, json!({ "state": "awaiting_merchant" })).await;
    assert_eq!(world.open_items(id).await, ["late_approval"]);
    for _ in 0..3 {
        world.clock.advance(SignedDuration::from_secs(12));
        engine.settle_due().await.unwrap();
        engine.follow_due().await.unwrap();
    }
    assert_eq!(world.watched.commanded(), ["cancel 1420.00 Ended before it was signed."]);
    assert_eq!((world.attention(id).await, world.open_items(id).await), (vec!["late_approval"], vec![]));
    let found: Vec<_> = states(&world, id).await.into_iter().map(|(_, state)| state).collect();
    assert_eq!(found, [AttemptState::Declined, AttemptState::AwaitingCustomer]);
    assert_eq!(world.watched.commanded().len(), 1);
}
