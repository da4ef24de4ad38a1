//! What a customer signed is confirmed once, by the gateway; an unclear confirmation is asked for again only with the word that
//! it may have been sent, and then left to a person.

use lendport_core::{
    AttemptState, AttentionDraft, AttentionKind, CheckoutId, Claim, CommitClass, ErrorKind, Finalized, OperationKind,
    Phase, ProviderError, Reason,
};
use lendport_engine::CommandAsk;
use serde_json::json;

use crate::fake::stands;
use crate::world::{World, id_of, push_at, ticket, word};

fn authorized() -> Finalized {
    Finalized { retrieved: stands(Claim::state(AttemptState::Authorized)), attention: None }
}

fn unknown() -> ProviderError {
    ProviderError::new(ErrorKind::NoAnswer, "no answer").committed_as(CommitClass::Unknown)
}

impl World {
    /// A checkout at `able` whose customer has signed; the worker comes once.
    async fn signed(&self) -> CheckoutId {
        let id = id_of(&self.open_at("able", "key").await.unwrap());
        self.able.answer_retrieve(Claim::state(AttemptState::AwaitingMerchant));
        let signed = json!({ "state": "awaiting_merchant" });
        assert_eq!(push_at(&self.engine, "able", &self.able.last().token, signed).await.status, 200);
        self.later(10).await;
        id
    }
}

#[tokio::test]
async fn a_signature_is_confirmed_once_and_the_order_is_ready() {
    let world = World::new().await;
    world.able.answer_finalize(Ok(authorized()));
    let id = world.signed().await;
    assert_eq!(world.state(id).await, AttemptState::Authorized);
    assert_eq!(world.able.commanded(), ["finalize 1420.00"]);
    assert_eq!(world.operation(id, OperationKind::Finalize).await.phase, Phase::Settled);
    assert!(world.events(id).await.contains(&"checkout.ready_to_fulfill"));
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    for _ in 0..5 {
        world.later(3_600).await;
    }
    assert_eq!(world.able.commanded().len(), 1);
    assert_eq!(world.attention(id).await, Vec::<&str>::new());
}

#[tokio::test]
async fn an_unclear_confirmation_is_tried_again_as_one_and_then_a_persons() {
    let world = World::new().await;
    world.able.answer_finalize(Err(unknown()));
    let id = world.signed().await;
    assert_eq!(world.state(id).await, AttemptState::AwaitingMerchant);
    for _ in 0..20 {
        world.later(3_600).await;
    }
    let sent = ["finalize 1420.00", "finalize 1420.00 again", "finalize 1420.00 again"];
    assert_eq!(world.able.commanded(), sent);
    assert_eq!(world.attention(id).await, ["unknown_command"; 3]);
    let asked = CommandAsk::default();
    let refused = world.engine.cancel(world.tenant, id, None, asked, ticket("POST /cancel", "key", "")).await;
    assert_eq!(word(&refused.unwrap_err()), "wrong_state", "it may be confirmed");
}

#[tokio::test]
async fn a_later_answer_settles_what_was_unclear() {
    let world = World::new().await;
    world.able.answer_finalize(Err(unknown()));
    let id = world.signed().await;
    assert_eq!(world.attention(id).await, ["unknown_command"]);
    world.able.answer_finalize(Ok(authorized()));
    world.later(60).await;
    assert_eq!(world.able.commanded(), ["finalize 1420.00", "finalize 1420.00 again"]);
    assert_eq!((world.state(id).await, world.open_items(id).await), (AttemptState::Authorized, vec![]));
    let known = world.store.operations(world.tenant, id, OperationKind::Finalize).await.unwrap();
    assert!(known.iter().all(|one| one.phase == Phase::Settled), "{known:?}");
}

#[tokio::test]
async fn what_was_signed_for_something_else_is_undone_and_a_person_told() {
    let world = World::new().await;
    let reason = Some(Reason::new("agreement_mismatch"));
    let retrieved = stands(Claim::State { state: AttemptState::Canceled, reason });
    let attention = Some(AttentionDraft::new(AttentionKind::AgreementMismatch, "the sum differs"));
    world.able.answer_finalize(Ok(Finalized { retrieved, attention }));
    let id = world.signed().await;
    let attempt = world.attempt(id).await;
    assert_eq!((attempt.state, attempt.reason.unwrap().0.as_str()), (AttemptState::Canceled, "agreement_mismatch"));
    assert_eq!(world.attention(id).await, ["agreement_mismatch"]);
    assert!(!world.events(id).await.contains(&"checkout.ready_to_fulfill"));
}

#[tokio::test]
async fn what_cannot_be_compared_waits_for_a_person() {
    let world = World::new().await;
    let attention = Some(AttentionDraft::new(AttentionKind::AgreementMismatch, "the sum is not said"));
    world.able.answer_finalize(Ok(Finalized { retrieved: stands(Claim::Nothing), attention }));
    let id = world.signed().await;
    for _ in 0..5 {
        world.later(3_600).await;
    }
    assert_eq!(world.able.commanded().len(), 1, "not again while a person is asked");
    assert_eq!(
        (world.state(id).await, world.attention(id).await),
        (AttemptState::AwaitingMerchant, vec!["agreement_mismatch"])
    );
}

#[tokio::test]
async fn a_refusal_is_tried_again_with_growing_pauses() {
    let world = World::new().await;
    world.able.answer_finalize(Err(ProviderError::new(ErrorKind::Credentials, "wrong key")));
    let id = world.signed().await;
    for _ in 0..4 {
        world.later(10).await;
    }
    let tries = world.able.commanded().len();
    assert!((1..=3).contains(&tries), "{tries} in a minute");
    world.able.answer_finalize(Ok(authorized()));
    world.later(7_200).await;
    assert_eq!(world.state(id).await, AttemptState::Authorized);
    assert!(!world.able.commanded().iter().any(|sent| sent.ends_with("again")), "nothing was unclear");
}

#[tokio::test]
async fn a_crash_between_intent_and_answer_is_an_unclear_confirmation() {
    let world = World::new().await;
    let held = world.able.hold_commands();
    let id = id_of(&world.open_at("able", "key").await.unwrap());
    world.able.answer_retrieve(Claim::state(AttemptState::AwaitingMerchant));
    let signed = json!({ "state": "awaiting_merchant" });
    push_at(&world.engine, "able", &world.able.last().token, signed).await;
    world.clock.advance(jiff::SignedDuration::from_secs(10));
    let engine = std::sync::Arc::clone(&world.engine);
    let worker = tokio::spawn(async move { engine.settle_due().await });
    while world.able.commanded().is_empty() {
        tokio::task::yield_now().await;
    }
    worker.abort();
    let _ended = worker.await;
    drop(held);
    world.able.let_commands_pass();
    world.able.answer_finalize(Ok(authorized()));
    let next = world.restarted("second process");
    assert_eq!(next.recover_interrupted(true).await.unwrap(), 1);
    assert_eq!(world.operation(id, OperationKind::Finalize).await.phase, Phase::Unknown);
    world.clock.advance(jiff::SignedDuration::from_secs(120));
    next.settle_due().await.unwrap();
    assert_eq!(world.able.commanded(), ["finalize 1420.00", "finalize 1420.00 again"]);
    assert_eq!((world.state(id).await, world.open_items(id).await), (AttemptState::Authorized, vec![]));
}
