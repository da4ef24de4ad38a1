//! Steps whose process died, or whose answer was lost: what was done is found, and a signature is never sent on a guess.

use std::sync::Arc;

use lendport_core::{AttemptState, NextActionKind, OperationKind, Phase};
use lendport_engine::StepAsk;

use crate::fake_lender::{Fault, document};
use crate::steps::{Walk, application};
use crate::world::{body, word};

/// A minute after the lender's limit for a step: nothing of a step can be on its way any more.
const OVER_S: i64 = 180;

impl Walk {
    /// The process dies while a step waits for its answer, and another one starts.
    async fn killed_at(mut self, step: StepAsk, fault: Fault) -> Self {
        let kind = match step {
            StepAsk::Apply(_) => OperationKind::Apply,
            StepAsk::Agree => OperationKind::Agree,
            _ => OperationKind::Sign,
        };
        self.lender.fail(kind, fault);
        let walk = Arc::new(self);
        let (own, before) = (Arc::clone(&walk), walk.lender.sent().len());
        let under_way = tokio::spawn(async move { own.take(step, "killed").await.map(drop) });
        while walk.lender.sent().len() == before {
            tokio::task::yield_now().await;
        }
        under_way.abort();
        let _ended = under_way.await;
        self = Arc::into_inner(walk).unwrap();
        self.engine = self.restarted("second process");
        assert_eq!(self.engine.recover_interrupted(true).await.unwrap(), 1);
        self
    }

    async fn told_of_failures(&self) -> usize {
        let events = self.world.events(self.id).await;
        events.iter().filter(|kind| **kind == "operation.failed").count()
    }
}

#[tokio::test]
async fn a_process_that_died_before_the_call_left_nothing_and_it_is_asked_for_again() {
    let walk = Walk::new().await;
    let (_, work) = walk.ask(application(), "first").await.unwrap();
    drop(work);
    let next = walk.restarted("second process");
    assert_eq!(next.recover_interrupted(true).await.unwrap(), 1);
    assert_eq!(walk.phase(OperationKind::Apply).await, Phase::Unknown);
    // It may still be on its way, as far as anybody knows.
    assert_eq!(word(&walk.ask(application(), "second").await.unwrap_err()), "wrong_state");
    walk.later(OVER_S).await;
    assert_eq!((walk.phase(OperationKind::Apply).await, walk.told_of_failures().await), (Phase::Failed, 1));
    assert_eq!(walk.lender.sent(), Vec::<String>::new(), "it is not sent by itself: nobody knows what was said");
    walk.take(application(), "second").await.unwrap();
    assert_eq!((walk.stands().await.0, walk.times("apply")), (AttemptState::Preapproved, 1));
}

#[tokio::test]
async fn what_was_done_before_the_process_died_is_found() {
    let walk = Walk::new().await.killed_at(application(), Fault::DoneAndSilent).await;
    walk.later(OVER_S).await;
    assert_eq!(walk.phase(OperationKind::Apply).await, Phase::Settled);
    assert_eq!(walk.stands().await, (AttemptState::Preapproved, Some(NextActionKind::SignAgreement)));

    let walk = walk.killed_at(StepAsk::Agree, Fault::DoneAndSilent).await;
    // Asked for again at once, it is the one that was made.
    assert_eq!(walk.take(StepAsk::Agree, "again").await.unwrap().status, 200);
    let known = walk.world.store.operations(walk.world.tenant, walk.id, OperationKind::Agree).await.unwrap();
    assert!(known.iter().all(|one| one.phase == Phase::Settled), "{known:?}");

    let signature = walk.signature().await;
    let walk = walk.killed_at(signature, Fault::DoneAndSilent).await;
    walk.later(OVER_S).await;
    assert_eq!(walk.phase(OperationKind::Sign).await, Phase::Settled);
    walk.later(60).await;
    assert_eq!(walk.stands().await.0, AttemptState::Authorized);
    assert_eq!(walk.told_of_failures().await, 0);
    for what in ["apply", "agree", "sign", "finalize"] {
        assert_eq!(walk.times(what), 1, "{what}");
    }
}

#[tokio::test]
async fn what_was_not_done_before_the_process_died_may_be_asked_for_again() {
    let walk = Walk::new().await.killed_at(application(), Fault::Silent).await;
    walk.later(OVER_S).await;
    assert_eq!((walk.phase(OperationKind::Apply).await, walk.told_of_failures().await), (Phase::Failed, 1));
    walk.take(application(), "again").await.unwrap();
    let walk = walk.killed_at(StepAsk::Agree, Fault::Silent).await;
    walk.take(StepAsk::Agree, "again").await.unwrap();
    let signature = walk.signature().await;
    let walk = walk.killed_at(signature, Fault::Silent).await;
    for _ in 0..5 {
        walk.later(OVER_S).await;
    }
    assert_eq!((walk.phase(OperationKind::Sign).await, walk.times("sign")), (Phase::Failed, 1));
    let signature = walk.signature().await;
    assert_eq!(walk.take(signature, "again").await.unwrap().status, 201);
    assert_eq!((walk.stands().await.0, walk.times("sign")), (AttemptState::AwaitingMerchant, 2));
}

#[tokio::test]
async fn a_signature_without_an_answer_is_read_and_never_sent_again_on_a_guess() {
    let walk = Walk::agreed().await;
    walk.lender.fail(OperationKind::Sign, Fault::LostAnswer);
    let signature = walk.signature().await;
    assert_eq!(walk.take(signature, "key").await.unwrap().status, 502);
    assert_eq!(walk.phase(OperationKind::Sign).await, Phase::Unknown);
    for key in ["key", "another key"] {
        let again = StepAsk::Sign(walk.consent(document(&walk.world.attempt(walk.id).await)));
        // Answered as a conflict, whether its key is new or the one that was not answered.
        match walk.take(again, key).await {
            Ok(reply) => assert_eq!(body(&reply)["error"], "wrong_state", "{}", reply.body),
            Err(error) => assert_eq!(word(&error), "wrong_state"),
        }
    }
    assert_eq!(walk.times("sign"), 1);
    walk.later(OVER_S).await;
    walk.later(60).await;
    assert_eq!(
        (walk.phase(OperationKind::Sign).await, walk.stands().await.0),
        (Phase::Settled, AttemptState::Authorized)
    );
    assert_eq!((walk.times("sign"), walk.told_of_failures().await), (1, 0));
}

#[tokio::test]
async fn a_signature_that_never_arrived_is_told_of_and_is_the_customers_again() {
    let walk = Walk::agreed().await;
    walk.lender.fail(OperationKind::Sign, Fault::NeverArrived);
    let signature = walk.signature().await;
    assert_eq!(walk.take(signature, "first").await.unwrap().status, 502);
    // A look that comes while it may be on its way says nothing.
    walk.engine.refresh(walk.world.tenant, walk.id).await.unwrap();
    assert_eq!(walk.phase(OperationKind::Sign).await, Phase::Unknown);
    let signature = walk.signature().await;
    assert_eq!(word(&walk.take(signature, "early").await.unwrap_err()), "wrong_state");
    walk.later(OVER_S).await;
    assert_eq!((walk.phase(OperationKind::Sign).await, walk.told_of_failures().await), (Phase::Failed, 1));
    assert_eq!(walk.times("sign"), 1);
    let signature = walk.signature().await;
    assert_eq!(walk.take(signature, "second").await.unwrap().status, 201);
    assert_eq!(walk.times("sign"), 2);
}

#[tokio::test]
async fn an_answer_that_tells_nothing_takes_back_nothing_that_a_look_found_out() {
    for (fault, known, told) in [(Fault::Silent, Phase::Failed, 1), (Fault::DoneAndSilent, Phase::Settled, 0)] {
        let walk = Arc::new(Walk::agreed().await);
        walk.lender.fail(OperationKind::Sign, fault);
        let (own, signature) = (Arc::clone(&walk), walk.signature().await);
        let waiting = tokio::spawn(async move { own.take(signature, "key").await.map(drop) });
        while walk.times("sign") == 0 {
            tokio::task::yield_now().await;
        }
        // Long past its time, it counts as interrupted, and is looked for.
        walk.world.clock.advance(jiff::SignedDuration::from_secs(OVER_S));
        assert_eq!(walk.engine.recover_interrupted(false).await.unwrap(), 1);
        walk.later(OVER_S).await;
        assert_eq!(walk.phase(OperationKind::Sign).await, known);
        walk.lender.hang_up();
        waiting.await.unwrap().unwrap();
        assert_eq!(walk.phase(OperationKind::Sign).await, known);
        walk.later(OVER_S).await;
        assert_eq!((walk.phase(OperationKind::Sign).await, walk.told_of_failures().await), (known, told));
    }
}
