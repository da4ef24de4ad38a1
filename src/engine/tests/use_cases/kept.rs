//! What is just being ended at the financer is not kept by a person, and nobody goes on believing in it.

use std::sync::Arc;

use jiff::SignedDuration;
use lendport_core::{AttemptState, CheckoutId, Claim, CommitClass, ErrorKind, OperationKind, Phase, ProviderError};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::settle::silence;
use crate::world::{World, id_of, push_at, word};

/// A worker that looks, and waits for the answer to what it sends then.
async fn undoing(world: &World, commands: usize) -> JoinHandle<()> {
    let engine = Arc::clone(&world.engine);
    let running = tokio::spawn(async move {
        engine.settle_due().await.unwrap();
    });
    while world.able.commanded().len() < commands {
        tokio::task::yield_now().await;
    }
    running
}

async fn keep(world: &World, id: CheckoutId, kind: &str, key: &str) -> Result<u16, &'static str> {
    let item = world.item(id, kind).await.id;
    let kept = world.resolve_with(item, "approval_holds", None, key).await;
    kept.map(|reply| reply.status).map_err(|error| word(&error))
}

#[tokio::test]
async fn a_sale_is_not_kept_while_its_undoing_is_under_way() {
    let world = World::new().await;
    let id = world.canceled_here().await;
    world.able.answer_retrieve(Claim::state(AttemptState::Captured));
    world.able.answer_command(Ok(Claim::Nothing));
    let gate = world.able.hold_commands();
    world.clock.advance(SignedDuration::from_secs(7));
    let running = undoing(&world, 2).await;
    assert_eq!(keep(&world, id, "paid_after_cancel", "sent").await, Err("wrong_state"));
    gate.notify_one();
    running.await.unwrap();
    assert_eq!(world.operation(id, OperationKind::Refund).await.phase, Phase::Acknowledged);
    assert_eq!(keep(&world, id, "paid_after_cancel", "taken in").await, Err("wrong_state"), "it does not show yet");
    world.able.answer_retrieve(Claim::state(AttemptState::Refunded));
    world.looks_pass(id, 1).await;
    assert_eq!((world.state(id).await, world.open_items(id).await), (AttemptState::Canceled, vec![]));
    assert!(!world.events(id).await.contains(&"checkout.ready_to_fulfill"));
}

#[tokio::test]
async fn it_is_kept_once_its_undoing_is_known_to_have_come_to_nothing() {
    let world = World::new().await;
    let id = world.canceled_here().await;
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    world.able.answer_command(Err(silence()));
    world.looks_pass(id, 1).await;
    assert_eq!(world.operation(id, OperationKind::Cancel).await.phase, Phase::Unknown);
    assert_eq!(keep(&world, id, "paid_after_cancel", "unknown").await, Err("wrong_state"));
    world.resolve(id, "unknown_command", "no_effect", None).await.unwrap();
    assert_eq!(keep(&world, id, "paid_after_cancel", "known").await, Ok(200));
    assert_eq!((world.state(id).await, world.shown(id).await.can_fulfill), (AttemptState::Authorized, true));
}

#[tokio::test]
async fn what_took_the_checkout_over_while_it_was_canceled_there_is_looked_at_at_once() {
    let world = World::new().await;
    let id = id_of(&world.open_at("able", "key").await.unwrap());
    world.clock.advance(SignedDuration::from_hours(72));
    assert_eq!(world.engine.expire_due().await, Ok(1));
    let tell = async |state: &str| {
        let told = push_at(&world.engine, "able", &world.able.last().token, json!({ "state": state })).await;
        assert_eq!(told.status, 200);
    };
    world.able.answer_retrieve(Claim::state(AttemptState::AwaitingMerchant));
    world.able.answer_command(Ok(Claim::state(AttemptState::Canceled)));
    let gate = world.able.hold_commands();
    tell("awaiting_merchant").await;
    world.clock.advance(SignedDuration::from_secs(7));
    let running = undoing(&world, 1).await;
    tell("authorized").await;
    assert_eq!(world.state(id).await, AttemptState::Authorized);
    world.able.answer_retrieve(Claim::state(AttemptState::Canceled));
    gate.notify_one();
    running.await.unwrap();
    assert_eq!(world.later(0).await, 1);
    assert_eq!(
        (world.state(id).await, world.open_items(id).await),
        (AttemptState::Canceled, vec!["withdrawn_approval"])
    );
}

#[tokio::test]
async fn a_refused_undoing_is_no_reason_to_wait() {
    let world = World::new().await;
    let id = world.canceled_here().await;
    let no = ProviderError::new(ErrorKind::Invalid, "no").committed_as(CommitClass::Rejected);
    world.able.answer_command(Err(no));
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    world.looks_pass(id, 1).await;
    assert_eq!(keep(&world, id, "paid_after_cancel", "refused").await, Ok(200));
}
