//! What is not known is looked at again, with growing pauses; silence is told once; nothing fails by age.

use jiff::SignedDuration;
use lendport_core::provider::{Found, Retrieved};
use lendport_core::{
    AttemptState, CheckoutId, Claim, Currency, ErrorKind, Money, OperationKind, Phase, ProviderError, ProviderRef,
};
use lendport_engine::RefundAsk;
use serde_json::json;

use crate::fake::stands;
use crate::world::{World, push_at, ticket};

pub(crate) fn silence() -> ProviderError {
    ProviderError::new(ErrorKind::NoAnswer, "silence")
}

impl World {
    /// Lets so much time pass and settles what is due; says how many were looked at.
    pub(crate) async fn later(&self, seconds: i64) -> u64 {
        self.clock.advance(SignedDuration::from_secs(seconds));
        self.engine.settle_due().await.unwrap()
    }
}

pub(crate) async fn unknown_at(world: &World, provider: &str) -> CheckoutId {
    let fake = if provider == "able" { &world.able } else { &world.strict };
    fake.fail_create(silence());
    assert_eq!(world.open_at(provider, "key").await.unwrap().status, 502);
    world.only().await
}

#[tokio::test]
async fn a_create_without_answer_is_found_by_our_reference() {
    let world = World::new().await;
    let id = unknown_at(&world, "able").await;
    assert_eq!(world.later(0).await, 0, "not before its time");
    // The provider may not know it yet: that is no evidence that it never will.
    assert_eq!(world.later(7).await, 1);
    assert_eq!(world.state(id).await, AttemptState::Indeterminate);
    let found = Found {
        reference: ProviderRef("found".to_owned()),
        others: 0,
        retrieved: Retrieved {
            amount_echoed: Some(world.attempt(id).await.amount),
            ..stands(Claim::state(AttemptState::Authorized))
        },
    };
    world.able.answer_find(Some(found));
    assert_eq!(world.later(40).await, 1);
    let attempt = world.attempt(id).await;
    assert_eq!((attempt.state, attempt.reference.unwrap().0.as_str()), (AttemptState::Authorized, "found"));
    assert_eq!((attempt.poll_at, attempt.polls), (None, 0));
    assert!(world.shown(id).await.can_fulfill);
    assert_eq!(world.open_items(id).await, Vec::<&str>::new());
    assert_eq!(world.able.asked().len(), 1, "looked up, not sent again");
}

#[tokio::test]
async fn pauses_grow_while_nothing_is_new_and_nothing_fails_by_age() {
    let world = World::new().await;
    let id = unknown_at(&world, "able").await;
    let version = world.record(id).await.checkout.version;
    let mut gaps = Vec::new();
    for _ in 0..9 {
        let due = world.attempt(id).await.poll_at.unwrap();
        let gap = due.duration_since(lendport_core::Clock::now(&world.clock)).as_secs();
        gaps.push(gap);
        assert_eq!(world.later(gap + 1).await, 1);
    }
    let steps = [5, 30, 120, 600, 1_800, 3_600, 21_600, 21_600, 21_600];
    for (gap, step) in gaps.iter().zip(steps) {
        assert!((step * 4 / 5 - 1..=step * 6 / 5).contains(gap), "{gaps:?}");
    }
    world.later(400 * 86_400).await;
    assert_eq!(world.state(id).await, AttemptState::Indeterminate, "a year is no evidence");
    assert_eq!(world.record(id).await.checkout.version, version, "looking is no new version");
    let timeline = world.timeline(id).await;
    assert_eq!(timeline.observations.len(), 1, "and fills no history");
}

#[tokio::test]
async fn a_provider_that_is_down_is_asked_again_and_fails_nothing() {
    let world = World::new().await;
    let id = world.only_under_review().await;
    world.able.fail_retrieve(silence());
    for seconds in [7, 40, 150] {
        assert_eq!(world.later(seconds).await, 1);
    }
    assert_eq!((world.state(id).await, world.able.looks()), (AttemptState::UnderReview, 3));
    assert_eq!(world.operation(id, OperationKind::Retrieve).await.phase, Phase::Failed);
    world.able.answer_retrieve(Claim::state(AttemptState::Preapproved));
    assert_eq!(world.later(800).await, 1);
    let attempt = world.attempt(id).await;
    assert_eq!((attempt.state, attempt.polls), (AttemptState::Preapproved, 0), "news starts the pauses over");
    let fact = world.timeline(id).await.observations.last().unwrap().0.observation.clone();
    assert_eq!((fact.grade.as_str(), fact.source.as_str()), ("fetched", "poll"));
}

#[tokio::test]
async fn a_clock_that_steps_back_an_hour_delays_no_look() {
    let world = World::new().await;
    unknown_at(&world, "able").await;
    world.clock.step_back(SignedDuration::from_hours(1));
    // Work goes at half speed until the clock has caught up: five seconds, a fifth more or less, are eight to twelve.
    assert_eq!(world.later(7).await, 0, "not before its time");
    assert_eq!(world.later(6).await, 1);
    assert_eq!(world.later(0).await, 0, "nor at once again");
}

impl World {
    /// A checkout at `able` that is being decided.
    pub(crate) async fn only_under_review(&self) -> CheckoutId {
        self.open_at("able", "key").await.unwrap();
        let token = self.able.last().token;
        assert_eq!(push_at(&self.engine, "able", &token, json!({ "state": "under_review" })).await.status, 200);
        self.only().await
    }
}

#[tokio::test]
async fn silence_of_a_provider_that_only_pushes_is_told_once() {
    let world = World::new().await;
    let id = world.opened("key").await;
    assert_eq!(world.attempt(id).await.poll_at, None, "the customer owes the answer, not the provider");
    world.push(json!({ "state": "under_review" })).await;
    assert_eq!(world.later(23 * 3_600).await, 0);
    assert_eq!(world.later(3_601).await, 1);
    assert_eq!(world.open_items(id).await, ["silent_provider"]);
    assert_eq!(world.later(30 * 86_400).await, 0);
    assert_eq!(
        (world.state(id).await, world.attention(id).await),
        (AttemptState::UnderReview, vec!["silent_provider"])
    );
    // A person wants to hear of it once more.
    world.resolve(id, "silent_provider", "ask_again", None).await.unwrap();
    assert_eq!(world.later(25 * 3_600).await, 1);
    assert_eq!(world.open_items(id).await, ["silent_provider"]);
    // Whatever it says now is news.
    world.push(json!({ "state": "preapproved" })).await;
    assert_eq!(world.open_items(id).await, Vec::<&str>::new());
    assert!(world.attempt(id).await.poll_at.is_some(), "the next answer is due");
    world.push(json!({ "state": "authorized" })).await;
    assert_eq!(world.attempt(id).await.poll_at, None);
}

#[tokio::test]
async fn a_person_can_have_the_provider_asked_at_once() {
    let world = World::new().await;
    let id = unknown_at(&world, "strict").await;
    world.later(25 * 3_600).await;
    assert_eq!(world.open_items(id).await, ["unknown_outcome", "silent_provider"]);
    world.resolve(id, "silent_provider", "acknowledge", None).await.unwrap();
    assert_eq!(world.later(30 * 86_400).await, 0, "acknowledged: not told again without news");
    assert_eq!(world.state(id).await, AttemptState::Indeterminate);
}

#[tokio::test]
async fn an_unknown_capture_is_settled_by_what_is_seen() {
    for (seen, phase, state) in [
        (AttemptState::Captured, Phase::Settled, AttemptState::Captured),
        (AttemptState::Canceled, Phase::Failed, AttemptState::Canceled),
        (AttemptState::Authorized, Phase::Unknown, AttemptState::Authorized),
    ] {
        let world = World::new().await;
        let id = world.approved_by_able("key").await;
        world.able.answer_command(Err(silence()));
        let asked = lendport_engine::CommandAsk::default();
        world.engine.capture(world.tenant, id, None, asked, ticket("POST /capture", "key", "")).await.unwrap();
        world.able.answer_retrieve(Claim::state(seen));
        assert_eq!(world.later(7).await, 1);
        assert_eq!(world.operation(id, OperationKind::Capture).await.phase, phase, "{seen:?}");
        assert_eq!(world.state(id).await, state);
        let waits = world.open_items(id).await.contains(&"unknown_command");
        assert_eq!(
            (waits, world.attempt(id).await.poll_at.is_some()),
            (phase == Phase::Unknown, phase == Phase::Unknown)
        );
    }
}

#[tokio::test]
async fn an_unknown_refund_is_settled_by_the_sum_and_counted_once() {
    let world = World::new().await;
    let id = world.approved_by_able("key").await;
    world.able.answer_command(Err(silence()));
    let asked = || RefundAsk { amount: Some(lendport_core::parse_decimal("20").unwrap()), ..RefundAsk::default() };
    let refund = ticket("POST /refunds", "key", "");
    world.engine.refund(world.tenant, id, None, asked(), refund.clone()).await.unwrap();
    world.able.answer_refunded(Money::parse("20.00", Currency::USD).unwrap());
    assert_eq!(world.later(7).await, 1);
    assert_eq!(world.operation(id, OperationKind::Refund).await.phase, Phase::Settled);
    for _ in 0..2 {
        world.engine.refresh(world.tenant, id).await.unwrap();
    }
    assert_eq!(world.engine.refund(world.tenant, id, None, asked(), refund).await.unwrap().status, 201);
    assert_eq!((world.shown(id).await.amounts.refunded.as_str(), world.able.commanded().len()), ("20.00", 1));
    world.able.answer_refunded(Money::parse("5.00", Currency::USD).unwrap());
    world.engine.refresh(world.tenant, id).await.unwrap();
    assert_eq!(world.shown(id).await.amounts.refunded, "20.00", "what was counted stays");
}

#[tokio::test]
async fn an_attempt_is_looked_at_once_by_two_workers() {
    let world = World::new().await;
    world.only_under_review().await;
    world.able.answer_retrieve(Claim::state(AttemptState::Preapproved));
    world.clock.advance(SignedDuration::from_secs(7));
    let (one, other) = tokio::join!(world.engine.settle_due(), world.engine.settle_due());
    assert_eq!(one.unwrap() + other.unwrap(), u64::from(world.able.looks()));
    let moves = world.events(world.only().await).await;
    assert_eq!(moves.iter().filter(|kind| **kind == "attempt.preapproved").count(), 1);
}
