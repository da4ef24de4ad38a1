//! A new address for a financer's notices: valid before the financer is told, and back to the old one when it refuses.

use lendport_core::{AttemptState, Claim, CommitClass, ErrorKind, OperationKind, Phase, ProviderError};
use lendport_engine::{EngineError, Reply};
use serde_json::json;

use crate::settle::silence;
use crate::world::{World, id_of, push_at, ticket, word};

impl World {
    async fn renew(&self, id: lendport_core::CheckoutId, key: &str) -> Result<Reply, EngineError> {
        self.engine.renew_callback(self.tenant, id, None, ticket("POST /renew_callback", key, "")).await
    }

    /// What a push to `able` is answered.
    async fn pushed_to(&self, token: &str, state: &str) -> u16 {
        push_at(&self.engine, "able", token, json!({ "state": state })).await.status
    }

    /// The token that the financer was told last.
    fn told_last(&self) -> String {
        self.able.commanded().last().unwrap().strip_prefix("amend ").unwrap().to_owned()
    }
}

#[tokio::test]
async fn pushes_come_to_the_new_address_and_no_more_to_the_old_one() {
    let world = World::new().await;
    let id = id_of(&world.open_at("able", "key").await.unwrap());
    let old = world.able.last().token;
    assert_eq!(world.renew(id, "one").await.unwrap().status, 201);
    let new = world.told_last();
    assert_eq!((world.pushed_to(&old, "declined").await, world.pushed_to(&new, "authorized").await), (404, 200));
    assert_eq!(world.state(id).await, AttemptState::Authorized);
    assert_eq!(world.operation(id, OperationKind::Amend).await.phase, Phase::Settled);
    assert!(world.renew(id, "one").await.unwrap().replayed);
    assert_eq!(world.able.commanded().len(), 1);
}

#[tokio::test]
async fn what_was_pushed_in_between_is_made_up_for_by_a_look() {
    let world = World::new().await;
    let id = id_of(&world.open_at("able", "key").await.unwrap());
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    world.renew(id, "one").await.unwrap();
    assert_eq!((world.later(0).await, world.state(id).await), (1, AttemptState::Authorized));
}

#[tokio::test]
async fn a_refusal_leaves_the_old_address_as_it_was() {
    let world = World::new().await;
    let id = id_of(&world.open_at("able", "key").await.unwrap());
    let no = ProviderError::new(ErrorKind::Invalid, "no").committed_as(CommitClass::Rejected);
    world.able.answer_command(Err(no));
    assert_eq!(world.renew(id, "one").await.unwrap().status, 502);
    assert_eq!(world.pushed_to(&world.told_last(), "declined").await, 404);
    assert_eq!(world.pushed_to(&world.able.last().token, "authorized").await, 200);
}

#[tokio::test]
async fn after_an_unknown_outcome_it_is_told_once_more() {
    let world = World::new().await;
    let id = id_of(&world.open_at("able", "key").await.unwrap());
    world.able.answer_command(Err(silence()));
    assert_eq!(world.renew(id, "one").await.unwrap().status, 502);
    assert_eq!(world.open_items(id).await, ["unknown_command"]);
    let unsure = world.told_last();
    assert_eq!(world.pushed_to(&unsure, "under_review").await, 200);
    world.able.answer_command(Ok(Claim::Nothing));
    assert_eq!(world.renew(id, "two").await.unwrap().status, 201);
    assert_eq!(
        (world.pushed_to(&unsure, "declined").await, world.pushed_to(&world.told_last(), "authorized").await),
        (404, 200)
    );
    world.resolve(id, "unknown_command", "no_effect", None).await.unwrap();
    assert_eq!(world.open_items(id).await, Vec::<&str>::new());
}

#[tokio::test]
async fn a_fixed_address_is_a_typed_refusal() {
    let world = World::new().await;
    let id = world.opened("key").await;
    assert_eq!(word(&world.renew(id, "one").await.unwrap_err()), "operation_not_supported");
}
