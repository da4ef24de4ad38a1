//! Look-ups that bring what cannot be followed, and those that confirm an amount: told once, and never due at once again.

use jiff::Timestamp;
use lendport_core::provider::{Found, Retrieved};
use lendport_core::{AttemptState, CheckoutId, Claim, Clock as _, Currency, Money, OperationKind, Phase, ProviderRef};
use serde_json::json;

use crate::attention_evidence::resolutions;
use crate::fake::{stands, with_total};
use crate::settle::{silence, unknown_at};
use crate::world::{World, id_of, push_at, ticket};

impl World {
    /// When one of the checkout's attempts is looked at next.
    async fn next_look(&self, id: CheckoutId) -> Option<Timestamp> {
        self.record(id).await.attempts.iter().filter_map(|attempt| attempt.poll_at).min()
    }

    /// Lets time pass until the next look and takes it. False when none is due any more. Afterwards nothing is due.
    async fn look(&self, id: CheckoutId) -> bool {
        let Some(at) = self.next_look(id).await else { return false };
        let seconds = at.duration_since(self.clock.now()).as_secs().max(0) + 1;
        assert_eq!(self.later(seconds).await, 1);
        let due = self.next_look(id).await;
        assert!(due.is_none_or(|at| at > self.clock.now()), "due again at the same moment: {due:?}");
        assert_eq!(self.engine.settle_due().await, Ok(0));
        true
    }

    /// The financer's answer to create is lost, and it pushes an approval that names no amount.
    async fn approved_without_amount(&self) -> CheckoutId {
        let id = unknown_at(self, "able").await;
        let approval = json!({ "state": "authorized", "reference": "r" });
        assert_eq!(push_at(&self.engine, "able", &self.able.last().token, approval).await.status, 200);
        assert_eq!(self.open_items(id).await, ["amount_unverified"]);
        id
    }
}

fn opened(kinds: &[&str]) -> usize {
    kinds.iter().filter(|kind| **kind == "attention.opened").count()
}

#[tokio::test]
async fn a_fenced_approval_is_told_once_however_often_it_is_looked_at() {
    let world = World::new().await;
    let id = world.opened("key").await;
    let first = world.easy.last().token;
    world.push(json!({ "state": "declined" })).await;
    let next = ticket("POST /attempts", "next", "able");
    let second = world.engine.start_attempt(world.tenant, id, Some("able".to_owned()), None, next).await.unwrap();
    assert_eq!(second.status, 201, "{}", second.body);
    let token = world.able.last().token;
    push_at(&world.engine, "able", &token, json!({ "state": "under_review" })).await;
    world.push_to(&first, json!({ "state": "authorized" })).await;
    assert_eq!(world.record(id).await.status().as_str(), "authorized");

    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    for _ in 0..12 {
        assert!(world.look(id).await);
    }
    assert_eq!(world.attention(id).await, ["late_approval"]);
    assert_eq!(opened(&world.events(id).await), 1);
    let timeline = world.timeline(id).await;
    let fenced: Vec<_> = timeline.observations.iter().filter(|(row, _)| row.outcome == "commit_fence").collect();
    let [(_, repeats)] = fenced.as_slice() else { panic!("{fenced:?}") };
    assert_eq!((*repeats, timeline.observations.len()), (11, 6), "one fact, told again eleven times");
    // The financer's push of it is the same question too.
    push_at(&world.engine, "able", &token, json!({ "state": "authorized" })).await;
    assert_eq!(world.open_items(id).await, ["late_approval"]);
    world.resolve(id, "late_approval", "unwound", None).await.unwrap();
    assert_eq!(world.next_look(id).await, None);
}

#[tokio::test]
async fn what_a_person_settled_is_not_asked_again_for_the_same_claim() {
    let world = World::new().await;
    let id = world.only_under_review().await;
    world.able.answer_retrieve(Claim::UnknownStatus);
    for _ in 0..3 {
        assert!(world.look(id).await);
    }
    assert_eq!(world.attention(id).await, ["unknown_status"]);
    world.resolve(id, "unknown_status", "acknowledge", None).await.unwrap();
    for _ in 0..3 {
        assert!(world.look(id).await);
        world.engine.refresh(world.tenant, id).await.unwrap();
    }
    assert_eq!(world.attention(id).await, ["unknown_status"]);
    // Another word is another claim.
    let other = Retrieved { raw_status: Some("new word".to_owned()), ..stands(Claim::UnknownStatus) };
    world.able.answer_look(other);
    assert!(world.look(id).await);
    assert_eq!(world.attention(id).await, ["unknown_status", "unknown_status"]);
    assert_eq!(world.open_items(id).await.len(), 1);
}

#[tokio::test]
async fn two_contradictions_are_two_questions_and_each_is_asked_once() {
    let world = World::new().await;
    world.able.answer_create(|asked| async move {
        let other = Some(Money::parse("1370.00", Currency::USD).unwrap());
        Ok(lendport_core::Created { amount_echoed: other, ..crate::fake::created(&asked) })
    });
    assert_eq!(world.open_at("able", "key").await.unwrap().status, 502);
    let id = world.only().await;
    for seen in [AttemptState::Authorized, AttemptState::Authorized, AttemptState::Captured, AttemptState::Captured] {
        world.able.answer_retrieve(Claim::state(seen));
        world.engine.refresh(world.tenant, id).await.unwrap();
    }
    let asked = ["amount_mismatch", "contradicting_evidence", "contradicting_evidence"];
    assert_eq!(world.attention(id).await, asked);
    for item in world.timeline(id).await.attention {
        if item.kind.as_str() == "contradicting_evidence" {
            world.resolve_with(item.id, "acknowledge", None, &item.id.to_string()).await.unwrap();
        }
    }
    world.engine.refresh(world.tenant, id).await.unwrap();
    assert_eq!((world.attention(id).await, world.state(id).await), (asked.to_vec(), AttemptState::Failed));
}

#[tokio::test]
async fn whatever_a_look_brings_nothing_is_due_at_the_same_moment_again() {
    let sum = || Some(Money::parse("20.00", Currency::USD).unwrap());
    let mut answers: Vec<_> = AttemptState::ALL.into_iter().map(|state| Some(stands(Claim::state(state)))).collect();
    answers.push(Some(stands(Claim::Nothing)));
    answers.push(Some(stands(Claim::UnknownStatus)));
    answers.push(Some(with_total(sum().unwrap())));
    answers.push(Some(Retrieved { amount_echoed: sum(), ..stands(Claim::Nothing) }));
    answers.push(None);
    for answer in answers {
        for unknown in [true, false] {
            let world = World::new().await;
            let id = if unknown { unknown_at(&world, "able").await } else { world.only_under_review().await };
            match &answer {
                Some(retrieved) => world.able.answer_look(retrieved.clone()),
                None => world.able.fail_retrieve(silence()),
            }
            let reference = ProviderRef("found".to_owned());
            world.able.answer_find(answer.clone().map(|retrieved| Found { reference, retrieved, others: 0 }));
            let mut rounds = 0;
            while rounds < 4 && world.look(id).await {
                rounds += 1;
            }
            let timeline = world.timeline(id).await;
            assert!(rounds > 0 && timeline.observations.len() <= 5, "{answer:?}: {}", timeline.observations.len());
        }
    }
}

#[tokio::test]
async fn a_look_confirms_the_amount_of_an_approval_whose_create_was_not_answered() {
    let world = World::new().await;
    let id = world.approved_without_amount().await;
    assert!(!world.shown(id).await.can_fulfill);
    let amount = Some(world.attempt(id).await.amount);
    world.able.answer_look(Retrieved { amount_echoed: amount, ..stands(Claim::state(AttemptState::Authorized)) });
    assert!(world.look(id).await);
    let by_evidence = || Some("by_evidence".to_owned());
    let told = [("unknown_outcome", by_evidence()), ("amount_unverified", by_evidence())];
    assert_eq!(resolutions(&world, id).await, told);
    assert!(world.shown(id).await.can_fulfill);
    assert!(world.events(id).await.ends_with(&["attention.resolved", "checkout.ready_to_fulfill"]));
    assert_eq!(world.next_look(id).await, None, "nothing is left to ask");
    assert_eq!(world.operation(id, OperationKind::Create).await.phase, Phase::Settled);
}

#[tokio::test]
async fn a_look_that_names_another_amount_leaves_it_to_a_person() {
    let world = World::new().await;
    let id = world.approved_without_amount().await;
    let other = Some(Money::parse("1370.00", Currency::USD).unwrap());
    world.able.answer_look(Retrieved { amount_echoed: other, ..stands(Claim::state(AttemptState::Authorized)) });
    assert!(world.look(id).await);
    assert_eq!(world.open_items(id).await, ["amount_mismatch"]);
    assert_eq!(world.shown(id).await.blockers, ["amount_mismatch"]);
    assert!(!world.events(id).await.contains(&"checkout.ready_to_fulfill"));
}

#[tokio::test]
async fn a_provider_that_names_no_amount_is_not_asked_for_ever() {
    let world = World::new().await;
    let id = world.approved_without_amount().await;
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    let mut looks = 0;
    while world.look(id).await {
        looks += 1;
    }
    assert_eq!((looks, world.open_items(id).await), (7, vec!["amount_unverified"]), "as often as there are pauses");
    world.resolve(id, "amount_unverified", "accept_amount", None).await.unwrap();
    assert!(world.shown(id).await.can_fulfill);
}

#[tokio::test]
async fn an_answer_that_names_the_amount_needs_no_look() {
    let world = World::new().await;
    let engine = std::sync::Arc::clone(&world.engine);
    world.able.answer_create(move |asked| {
        let engine = std::sync::Arc::clone(&engine);
        async move {
            push_at(&engine, "able", &asked.token, json!({ "state": "authorized" })).await;
            Ok(crate::fake::created(&asked))
        }
    });
    let id = id_of(&world.open_at("able", "key").await.unwrap());
    world.able.accept_create();
    assert_eq!((world.next_look(id).await, world.shown(id).await.can_fulfill), (None, true));
}
