//! A cancel that the merchant asked for is no withdrawal, however the gateway hears of its effect; and one that had no effect
//! excuses none.

use std::sync::Arc;

use lendport_core::{AttemptState, Claim, CommitClass, ErrorKind, OperationKind, Phase, ProviderError};
use lendport_engine::{CommandAsk, EngineError, Reply};
use serde_json::json;

use crate::world::{LEASE_MS, World, push_at, ticket};

impl World {
    async fn cancel_of(&self, id: lendport_core::CheckoutId) -> Result<Reply, EngineError> {
        self.engine.cancel(self.tenant, id, None, CommandAsk::default(), ticket("POST /cancel", "cancel", "")).await
    }

    async fn hears_of_the_end(&self) {
        push_at(&self.engine, "able", &self.able.last().token, json!({ "state": "canceled" })).await;
    }
}

fn silence() -> ProviderError {
    ProviderError::new(ErrorKind::NoAnswer, "silence")
}

#[tokio::test]
async fn the_answer_to_it_opens_nothing() {
    let world = World::new().await;
    let id = world.approved_by_able("key").await;
    world.able.answer_command(Ok(Claim::state(AttemptState::Canceled)));
    world.cancel_of(id).await.unwrap();
    assert_eq!((world.state(id).await, world.attention(id).await), (AttemptState::Canceled, vec![]));
    assert_eq!(world.attempt(id).await.awaited, None);
}

#[tokio::test]
async fn a_notice_that_is_quicker_than_its_answer_opens_nothing() {
    for answer in [Ok(Claim::state(AttemptState::Canceled)), Err(silence())] {
        let world = Arc::new(World::new().await);
        let id = world.approved_by_able("key").await;
        world.able.answer_command(answer.clone());
        let gate = world.able.hold_commands();
        let running = tokio::spawn({
            let world = Arc::clone(&world);
            async move { world.cancel_of(id).await }
        });
        while world.able.commanded().is_empty() {
            tokio::task::yield_now().await;
        }
        world.hears_of_the_end().await;
        assert_eq!((world.state(id).await, world.attention(id).await), (AttemptState::Canceled, vec![]));
        gate.notify_one();
        let _ = running.await.unwrap();
        assert_eq!(world.operation(id, OperationKind::Cancel).await.phase, Phase::Settled, "{answer:?}");
        assert_eq!((world.attention(id).await, world.attempt(id).await.awaited), (vec![], None));
    }
}

#[tokio::test]
async fn one_whose_answer_is_lost_leaves_nothing_open_once_its_end_is_heard() {
    let world = World::new().await;
    let id = world.approved_by_able("key").await;
    world.able.answer_command(Err(silence()));
    world.cancel_of(id).await.unwrap();
    assert_eq!(world.open_items(id).await, ["unknown_command"]);
    world.hears_of_the_end().await;
    assert_eq!((world.state(id).await, world.open_items(id).await), (AttemptState::Canceled, vec![]));
    assert_eq!((world.attention(id).await, world.attempt(id).await.awaited), (vec!["unknown_command"], None));
}

#[tokio::test]
async fn one_whose_process_died_after_its_end_was_heard_asks_nobody() {
    let world = Arc::new(World::new().await);
    let id = world.approved_by_able("key").await;
    let _gate = world.able.hold_commands();
    let running = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.cancel_of(id).await }
    });
    while world.able.commanded().is_empty() {
        tokio::task::yield_now().await;
    }
    world.hears_of_the_end().await;
    running.abort();
    assert!(running.await.is_err());
    world.clock.advance(jiff::SignedDuration::from_millis(2 * i64::try_from(LEASE_MS).unwrap()));
    assert_eq!(world.engine.recover_interrupted(false).await, Ok(1));
    assert_eq!(world.operation(id, OperationKind::Cancel).await.phase, Phase::Settled);
    assert_eq!(world.attention(id).await, Vec::<&str>::new());
}

#[tokio::test]
async fn one_that_had_no_effect_excuses_no_withdrawal() {
    let refused = || ProviderError::new(ErrorKind::Invalid, "no").committed_as(CommitClass::Rejected);
    for (answer, settled_by_hand) in [(refused(), false), (silence(), true)] {
        let world = World::new().await;
        let id = world.approved_by_able("key").await;
        world.able.answer_command(Err(answer));
        world.cancel_of(id).await.unwrap();
        if settled_by_hand {
            let item = world.timeline(id).await.attention[0].id;
            world.resolve_with(item, "no_effect", None, "the portal shows it open").await.unwrap();
        }
        assert_eq!(world.attempt(id).await.awaited, None);
        world.hears_of_the_end().await;
        assert_eq!(world.open_items(id).await, ["withdrawn_approval"], "settled by hand: {settled_by_hand}");
    }
}
