//! What a customer agreed to is stored before the lender hears of it, and nothing can be signed that was not handed out.

use lendport_core::{AttemptState, Clock as _, Consent, OperationKind, Phase};
use lendport_engine::{EngineError, StepAsk};

use crate::fake_lender::{Fault, LIMIT_S, document};
use crate::steps::Walk;
use crate::world::{ticket, word};

impl Walk {
    /// The consent that is stored with the latest signature.
    async fn stored_consent(&self) -> Vec<(String, String)> {
        let operation = self.world.operation(self.id, OperationKind::Sign).await;
        let fields = operation.calls.iter().flat_map(|call| call.fields.clone());
        fields.filter(|(name, _)| name.starts_with("consent")).collect()
    }

    async fn refused_at(&self, step: StepAsk) -> (String, String) {
        let Err(EngineError::Invalid(invalid)) = self.ask(step, "refused").await else { panic!("it was taken") };
        let [note] = invalid.0.as_slice() else { panic!("{invalid:?}") };
        (note.pointer.clone(), note.code.clone())
    }
}

fn expected(consent: &Consent) -> Vec<(String, String)> {
    let field = |name: &str, value: String| (name.to_owned(), value);
    vec![
        field("consent_document_sha256", consent.document_sha256.clone()),
        field("consent_at", consent.at.to_string()),
        field("consent_ip", "203.0.113.7".to_owned()),
    ]
}

#[tokio::test]
async fn the_consent_outlives_a_process_that_is_killed_while_it_signs() {
    for (fault, done) in [(Fault::DoneAndSilent, true), (Fault::Silent, false)] {
        let walk = Walk::agreed().await;
        let StepAsk::Sign(consent) = walk.signature().await else { panic!("a signature") };
        walk.lender.fail(OperationKind::Sign, fault);
        let (engine, tenant, id) = (std::sync::Arc::clone(&walk.engine), walk.world.tenant, walk.id);
        let (asked, key) = (StepAsk::Sign(consent.clone()), ticket("POST /agreement/sign", "sign", ""));
        let signing = tokio::spawn(async move { engine.take_step(tenant, id, None, asked, key).await.map(drop) });
        while walk.times("sign") == 0 {
            tokio::task::yield_now().await;
        }
        // The lender has it, and nothing has come back.
        assert_eq!(walk.phase(OperationKind::Sign).await, Phase::Sent);
        assert_eq!(walk.stored_consent().await, expected(&consent), "stored before the call");
        signing.abort();
        let _ended = signing.await;
        let next = walk.restarted("second process");
        assert_eq!(next.recover_interrupted(true).await.unwrap(), 1);
        assert_eq!(walk.stored_consent().await, expected(&consent));
        walk.later(i64::from(LIMIT_S) + 60).await;
        let phase = if done { Phase::Settled } else { Phase::Failed };
        assert_eq!((walk.phase(OperationKind::Sign).await, walk.times("sign")), (phase, 1));
        assert_eq!(walk.stored_consent().await, expected(&consent), "what became of it takes nothing away");
    }
}

#[tokio::test]
async fn the_consent_stays_with_what_the_lender_answered() {
    let walk = Walk::agreed().await;
    let StepAsk::Sign(consent) = walk.signature().await else { panic!("a signature") };
    walk.take(StepAsk::Sign(consent.clone()), "sign").await.unwrap();
    let operation = walk.world.operation(walk.id, OperationKind::Sign).await;
    assert_eq!((operation.phase, operation.calls.len()), (Phase::Settled, 2), "the consent, and the call");
    assert_eq!(walk.stored_consent().await, expected(&consent));
    assert_eq!(walk.lender.sent().last().unwrap().split(' ').nth(1), Some(consent.document_sha256.as_str()));
}

#[tokio::test]
async fn what_was_not_handed_out_cannot_be_signed() {
    let walk = Walk::agreed().await;
    let known = document(&walk.world.attempt(walk.id).await);
    let not_shown = ("/document_sha256".to_owned(), "not_shown".to_owned());
    // Its digest was told, and nobody has asked for the document.
    assert_eq!(walk.refused_at(StepAsk::Sign(walk.consent(known.clone()))).await, not_shown);
    walk.signature().await;
    assert_eq!(walk.refused_at(StepAsk::Sign(walk.consent("f".repeat(64)))).await, not_shown);
    let early =
        Consent { at: walk.world.clock.now() - jiff::SignedDuration::from_secs(600), ..walk.consent(known.clone()) };
    assert_eq!(walk.refused_at(StepAsk::Sign(early)).await.0, "/accepted_at");
    assert_eq!(walk.times("sign"), 0);
    // Read again, the same document is the one that was agreed to.
    let agreed = walk.consent(known);
    walk.world.clock.advance(jiff::SignedDuration::from_secs(3_600));
    walk.signature().await;
    assert_eq!(walk.take(StepAsk::Sign(agreed), "sign").await.unwrap().status, 201);
}

#[tokio::test]
async fn any_process_knows_what_was_handed_out() {
    let walk = Walk::agreed().await;
    let signature = walk.signature().await;
    for replica in ["another replica", "after a restart"] {
        let other = walk.restarted(replica);
        let unknown = StepAsk::Sign(walk.consent("f".repeat(64)));
        let key = ticket("POST /agreement/sign", replica, "");
        let refused = other.take_step(walk.world.tenant, walk.id, None, unknown, key).await;
        assert_eq!(word(&refused.unwrap_err()), "invalid");
    }
    let other = walk.restarted("the one that signs");
    let key = ticket("POST /agreement/sign", "sign", "");
    let (signed, _) = other.take_step(walk.world.tenant, walk.id, None, signature, key).await.unwrap();
    assert_eq!((signed.status, walk.times("sign")), (201, 1), "{}", signed.body);
}

#[tokio::test]
async fn what_an_earlier_attempt_handed_out_is_not_signed_for_the_next() {
    let walk = Walk::agreed().await;
    let StepAsk::Sign(earlier) = walk.signature().await else { panic!("a signature") };
    walk.lender.there().lease = Some("expired");
    walk.take(StepAsk::Agree, "expired").await.unwrap();
    assert_eq!(walk.stands().await.0, AttemptState::Expired);
    let next = ticket("POST /attempts", "next", "stepped");
    let again = walk.engine.start_attempt(walk.world.tenant, walk.id, Some("stepped".to_owned()), None, next).await;
    assert_eq!((again.unwrap().status, walk.world.attempt(walk.id).await.number), (201, 2));
    walk.engine.refresh(walk.world.tenant, walk.id).await.unwrap();
    walk.take(StepAsk::Agree, "next").await.unwrap();
    walk.signature().await;
    let stale = Consent { at: walk.world.clock.now(), ..earlier };
    assert_eq!(walk.refused_at(StepAsk::Sign(stale)).await.1, "not_shown");
}
