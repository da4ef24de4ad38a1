//! What a customer signed is confirmed once, by the gateway; an unclear confirmation is asked for again only with the word that
//! it may have been sent, and then left to a person.

use jiff::SignedDuration;
use lendport_core::{
    AttemptState, AttentionDraft, AttentionKind, CheckoutId, Claim, CommitClass, ErrorKind, Finalized, OperationKind,
    Phase, ProviderError, Reason,
};
use lendport_engine::{CameBack, CommandAsk};
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
    let sent = [&["finalize 1420.00"][..], &["finalize 1420.00 again"; 4]].concat();
    assert_eq!(world.able.commanded(), sent);
    assert_eq!(world.attention(id).await, ["unknown_command"; 5]);
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
async fn what_is_refused_for_good_is_a_persons_and_not_tried_for_ever() {
    let world = World::new().await;
    world.able.answer_finalize(Err(ProviderError::new(ErrorKind::Credentials, "wrong key")));
    let id = world.signed().await;
    for _ in 0..30 {
        world.later(3_600).await;
    }
    assert_eq!(world.able.commanded().len(), 5);
    assert_eq!(world.open_items(id).await, ["agreement_mismatch"]);
    assert_eq!(world.events(id).await.iter().filter(|event| **event == "operation.failed").count(), 5);
}

#[tokio::test]
async fn a_confirmation_that_makes_three_slow_calls_is_not_taken_for_interrupted() {
    let world = World::new().await;
    let id = world.unanswered().await;
    let gate = world.able.hold_commands();
    let worker = loop {
        let engine = world.restarted("a slow one");
        let worker = tokio::spawn(async move { engine.settle_due().await });
        while !worker.is_finished() && world.able.commanded().is_empty() {
            tokio::task::yield_now().await;
        }
        if !world.able.commanded().is_empty() {
            break worker;
        }
        world.clock.advance(SignedDuration::from_secs(1));
    };
    world.clock.advance(SignedDuration::from_secs(179));
    assert_eq!(world.engine.recover_interrupted(false).await, Ok(0));
    world.able.answer_finalize(Ok(authorized()));
    gate.notify_one();
    worker.await.unwrap().unwrap();
    assert_eq!((world.state(id).await, world.able.commanded().len()), (AttemptState::Authorized, 1));
}

impl World {
    /// An order whose customer has signed while no confirmation is answered.
    async fn unanswered(&self) -> CheckoutId {
        self.able.hold_commands();
        let id = id_of(&self.open_at("able", "key").await.unwrap());
        self.able.answer_retrieve(Claim::state(AttemptState::AwaitingMerchant));
        let signed = json!({ "state": "awaiting_merchant" });
        push_at(&self.engine, "able", &self.able.last().token, signed).await;
        id
    }

    /// Goes on until a worker is confirming, and kills its process; another one starts. After how many seconds that was.
    async fn dies_confirming(&self) -> usize {
        let sent = self.able.commanded().len();
        for waited in 0..1_000 {
            let engine = self.restarted("one that dies");
            let worker = tokio::spawn(async move { engine.settle_due().await });
            while !worker.is_finished() && self.able.commanded().len() == sent {
                tokio::task::yield_now().await;
            }
            if self.able.commanded().len() > sent {
                worker.abort();
                let _ended = worker.await;
                assert_eq!(self.engine.recover_interrupted(true).await, Ok(1));
                return waited;
            }
            self.clock.advance(SignedDuration::from_secs(1));
        }
        panic!("nothing is sent any more");
    }
}

#[tokio::test]
async fn one_that_is_interrupted_again_and_again_waits_longer_each_time_and_is_then_a_persons() {
    let world = World::new().await;
    let id = world.unanswered().await;
    world.dies_confirming().await;
    for pause in [5, 30, 120, 600] {
        // What asks for a look asks for no confirmation.
        world.engine.customer_came_back(world.tenant, id, CameBack::Complete).await.unwrap();
        let waited = world.dies_confirming().await;
        assert!((pause..pause + 5).contains(&waited), "{waited} seconds instead of {pause}");
    }
    world.able.let_commands_pass();
    for _ in 0..20 {
        world.later(3_600).await;
    }
    assert_eq!(world.able.commanded().len(), 5);
    assert_eq!((world.state(id).await, world.open_items(id).await.len()), (AttemptState::AwaitingMerchant, 5));
}

#[tokio::test]
async fn what_is_definite_counts_at_once_however_long_the_pause_is() {
    for answered in [false, true] {
        let world = World::new().await;
        let id = world.unanswered().await;
        for _ in 0..3 {
            world.dies_confirming().await;
        }
        world.able.let_commands_pass();
        world.able.answer_finalize(Ok(authorized()));
        let waits = if answered { 121 } else { 0 };
        if !answered {
            world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
            world.engine.customer_came_back(world.tenant, id, CameBack::Complete).await.unwrap();
        }
        world.later(waits).await;
        assert_eq!((world.state(id).await, world.open_items(id).await), (AttemptState::Authorized, vec![]));
        assert_eq!(world.able.commanded().len(), 3 + usize::from(answered));
    }
}

#[tokio::test]
async fn a_crash_between_intent_and_answer_is_an_unclear_confirmation() {
    let world = World::new().await;
    let id = world.unanswered().await;
    world.dies_confirming().await;
    world.able.let_commands_pass();
    world.able.answer_finalize(Ok(authorized()));
    assert_eq!(world.operation(id, OperationKind::Finalize).await.phase, Phase::Unknown);
    world.later(120).await;
    assert_eq!(world.able.commanded(), ["finalize 1420.00", "finalize 1420.00 again"]);
    assert_eq!((world.state(id).await, world.open_items(id).await), (AttemptState::Authorized, vec![]));
}
