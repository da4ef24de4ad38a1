//! A command that was taken in and whose effect shows later is neither failed nor sent again.

use lendport_core::{AttemptState, Claim, OperationKind, Phase};
use lendport_engine::{CommandAsk, EngineError};
use serde_json::json;

use crate::world::{World, push_at, ticket, word};

const LAGS: Claim = Claim::State { state: AttemptState::Authorized, reason: None };

impl World {
    /// Captures, and the provider says that it has taken that in.
    async fn capture_taken_in(&self) -> lendport_core::CheckoutId {
        let id = self.approved_by_able("key").await;
        self.able.answer_command(Ok(LAGS));
        self.able.answer_retrieve(LAGS);
        let capture = ticket("POST /capture", "key", "");
        let reply = self.engine.capture(self.tenant, id, None, CommandAsk::default(), capture).await.unwrap();
        assert_eq!((reply.status, self.shown(id).await.status), (201, "authorized"));
        assert_eq!(self.operation(id, OperationKind::Capture).await.phase, Phase::Acknowledged);
        id
    }
}

#[tokio::test]
async fn a_capture_that_lags_is_looked_at_until_it_shows() {
    let world = World::new().await;
    let id = world.capture_taken_in().await;
    let again = ticket("POST /capture", "another key", "");
    let refused = world.engine.capture(world.tenant, id, None, CommandAsk::default(), again).await.unwrap_err();
    assert_eq!(word(&refused), "wrong_state");
    assert!(matches!(refused, EngineError::WrongState { .. }));
    for pause in [7, 40, 150] {
        assert_eq!(world.later(pause).await, 1, "{pause}");
        assert_eq!(world.operation(id, OperationKind::Capture).await.phase, Phase::Acknowledged);
    }
    world.able.answer_retrieve(Claim::state(AttemptState::Captured));
    assert_eq!(world.later(800).await, 1);
    assert_eq!(world.operation(id, OperationKind::Capture).await.phase, Phase::Settled);
    assert_eq!((world.state(id).await, world.attempt(id).await.awaited), (AttemptState::Captured, None));
    assert_eq!((world.able.commanded().len(), world.attention(id).await), (1, vec![]));
    assert_eq!(world.events(id).await.iter().filter(|kind| **kind == "checkout.captured").count(), 1);
    assert_eq!(world.attempt(id).await.poll_at, None);
    let known = ticket("POST /capture", "key", "");
    let reply = world.engine.capture(world.tenant, id, None, CommandAsk::default(), known).await.unwrap();
    assert_eq!((reply.replayed, world.able.commanded().len()), (true, 1));
}

#[tokio::test]
async fn a_push_of_the_effect_settles_it_too() {
    let world = World::new().await;
    let id = world.capture_taken_in().await;
    push_at(&world.engine, "able", &world.able.last().token, json!({ "state": "captured" })).await;
    assert_eq!(world.operation(id, OperationKind::Capture).await.phase, Phase::Settled);
    assert_eq!(world.attempt(id).await.awaited, None);
}

#[tokio::test]
async fn an_effect_that_never_shows_is_a_persons_to_find_out() {
    let world = World::new().await;
    let id = world.capture_taken_in().await;
    world.later(23 * 3_600).await;
    assert_eq!(world.operation(id, OperationKind::Capture).await.phase, Phase::Acknowledged);
    world.later(8 * 3_600).await;
    assert_eq!(world.operation(id, OperationKind::Capture).await.phase, Phase::Unknown);
    assert_eq!(world.open_items(id).await, ["unknown_command"]);
    world.able.answer_retrieve(Claim::state(AttemptState::Captured));
    world.later(8 * 3_600).await;
    assert_eq!((world.open_items(id).await, world.state(id).await), (vec![], AttemptState::Captured));
}

#[tokio::test]
async fn a_cancel_that_lags_is_settled_by_the_end_that_is_seen() {
    let world = World::new().await;
    let id = world.approved_by_able("key").await;
    world.able.answer_command(Ok(LAGS));
    world.able.answer_retrieve(LAGS);
    let cancel = ticket("POST /cancel", "key", "");
    world.engine.cancel(world.tenant, id, None, CommandAsk::default(), cancel).await.unwrap();
    assert_eq!(world.operation(id, OperationKind::Cancel).await.phase, Phase::Acknowledged);
    world.able.answer_retrieve(Claim::state(AttemptState::Canceled));
    world.later(7).await;
    assert_eq!(world.operation(id, OperationKind::Cancel).await.phase, Phase::Settled);
    assert_eq!((world.state(id).await, world.able.commanded().len()), (AttemptState::Canceled, 1));
    assert_eq!((world.attention(id).await, world.attempt(id).await.awaited), (vec![], None));
}
