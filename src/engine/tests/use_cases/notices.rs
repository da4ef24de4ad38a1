//! Notices that say nothing but "look": stored and answered at once, and looked after until the look has succeeded.

use std::sync::Arc;

use lendport_core::{AttemptState, Claim, ErrorKind, OperationKind, ProviderError};
use serde_json::json;

use crate::fake::created;
use crate::settle::silence;
use crate::world::{World, id_of, push_at};

impl World {
    /// Tells `able` to look at its latest request, or the same again.
    pub(crate) async fn notice(&self) {
        let answer = push_at(&self.engine, "able", &self.able.last().token, json!({ "look": true })).await;
        assert_eq!((answer.status, answer.body), (200, "OK"));
    }
}

#[tokio::test]
async fn a_notice_is_answered_before_anybody_looks_and_the_look_moves() {
    let world = World::new().await;
    let id = id_of(&world.open_at("able", "key").await.unwrap());
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    world.notice().await;
    assert_eq!((world.able.looks(), world.state(id).await), (0, AttemptState::AwaitingCustomer));
    // Whoever waits for work in this process is woken.
    let woken = tokio::time::timeout(std::time::Duration::from_secs(60), world.engine.settling_wanted());
    woken.await.expect("woken");
    assert_eq!((world.later(0).await, world.able.looks()), (1, 1));
    assert_eq!(world.state(id).await, AttemptState::Authorized);
    assert_eq!((world.later(60).await, world.attempt(id).await.poll_at), (0, None), "nothing else is due");
}

#[tokio::test]
async fn a_look_that_fails_is_tried_again_with_growing_pauses_whatever_the_state() {
    let world = World::new().await;
    let id = world.approved_by_able("key").await;
    world.able.fail_retrieve(silence());
    world.notice().await;
    assert_eq!(world.later(0).await, 1);
    let mut gaps = Vec::new();
    for _ in 0..4 {
        let due = world.attempt(id).await.poll_at.unwrap();
        gaps.push(due.duration_since(lendport_core::Clock::now(&world.clock)).as_secs());
        assert_eq!(world.later(gaps[gaps.len() - 1] + 1).await, 1);
    }
    for (gap, step) in gaps.iter().zip([30, 120, 600, 1_800]) {
        assert!((step * 8 / 10..=step * 12 / 10).contains(gap), "{gaps:?}");
    }
    world.able.answer_retrieve(Claim::state(AttemptState::Captured));
    assert_eq!(world.later(3_600 * 2).await, 1);
    assert_eq!((world.state(id).await, world.attempt(id).await.poll_at), (AttemptState::Captured, None));
}

#[tokio::test]
async fn a_provider_that_asks_to_slow_down_is_not_asked_earlier() {
    let world = World::new().await;
    let id = world.approved_by_able("key").await;
    let mut throttled = ProviderError::new(ErrorKind::NotNow, "slow down");
    throttled.retry_after_s = Some(400);
    world.able.fail_retrieve(throttled);
    world.notice().await;
    assert_eq!((world.later(0).await, world.later(399).await, world.later(1).await), (1, 0, 1));
    assert_eq!(world.able.looks(), 2);
    assert_eq!(world.state(id).await, AttemptState::Authorized);
}

#[tokio::test]
async fn what_is_due_stays_due_however_many_notices_come_at_one_moment() {
    let world = World::new().await;
    let id = id_of(&world.open_at("able", "key").await.unwrap());
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    for notices in 1..6 {
        world.notice().await;
        let due = world.attempt(id).await.poll_at.unwrap();
        assert!(due <= lendport_core::Clock::now(&world.clock), "{notices} notices, due {due}");
    }
    assert_eq!((world.later(0).await, world.state(id).await), (1, AttemptState::Authorized));
    assert_eq!((world.later(0).await, world.able.looks()), (0, 1), "one look for all of them");
}

#[tokio::test]
async fn notices_at_one_moment_during_a_look_lead_to_another_look() {
    for notices in 1..4 {
        let world = World::new().await;
        let id = id_of(&world.open_at("able", "key").await.unwrap());
        world.able.answer_retrieve(Claim::state(AttemptState::AwaitingCustomer));
        world.notice().await;
        let gate = world.able.hold_looks();
        let engine = Arc::clone(&world.engine);
        let looking = tokio::spawn(async move { engine.settle_due().await });
        while world.able.looks() == 0 {
            tokio::task::yield_now().await;
        }
        for _ in 0..notices {
            world.notice().await;
        }
        world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
        world.able.let_looks_pass();
        gate.notify_one();
        assert_eq!(looking.await.unwrap(), Ok(1));
        world.later(0).await;
        assert_eq!(world.state(id).await, AttemptState::Authorized, "{notices} notices");
    }
}

#[tokio::test]
async fn the_same_notice_again_is_another_look() {
    let world = World::new().await;
    let id = world.approved_by_able("key").await;
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    for looks in 1..4 {
        world.notice().await;
        assert_eq!((world.later(1).await, world.able.looks()), (1, looks));
    }
    let kept = world.timeline(id).await.observations;
    assert_eq!(kept.iter().filter(|(row, _)| row.observation.dedupe_key.contains("look")).count(), 1, "stored once");
}

#[tokio::test]
async fn a_notice_about_what_is_over_is_looked_at_too() {
    let world = World::new().await;
    let id = world.approved_by_able("key").await;
    for state in ["captured", "refunded"] {
        push_at(&world.engine, "able", &world.able.last().token, json!({ "state": state })).await;
    }
    world.able.answer_retrieve(Claim::state(AttemptState::ChargedBack));
    world.notice().await;
    assert_eq!((world.later(0).await, world.state(id).await), (1, AttemptState::ChargedBack));
    // One that cannot be looked at at all is given up some day.
    world.able.fail_retrieve(silence());
    world.notice().await;
    let mut looks = 0;
    while world.attempt(id).await.poll_at.is_some() {
        looks += world.later(86_400).await;
        assert!(looks < 40);
    }
    assert!(looks > 10, "{looks}");
}

#[tokio::test]
async fn a_notice_before_the_answer_to_create_is_not_lost() {
    let world = World::new().await;
    let engine = Arc::clone(&world.engine);
    // It comes, and is looked at in vain, while the create is on its way; the answer is older than what it tells of.
    world.able.answer_create(move |asked| {
        let engine = Arc::clone(&engine);
        async move {
            let answer = push_at(&engine, "able", &asked.token, json!({ "look": true })).await;
            assert_eq!(answer.status, 200);
            engine.settle_due().await.unwrap();
            Ok(created(&asked))
        }
    });
    let id = id_of(&world.open_at("able", "key").await.unwrap());
    assert_eq!((world.state(id).await, world.able.looks()), (AttemptState::AwaitingCustomer, 1));
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    assert_eq!((world.later(0).await, world.state(id).await), (1, AttemptState::Authorized));
    assert!(world.shown(id).await.can_fulfill);
}

#[tokio::test]
async fn a_notice_during_a_look_leads_to_another_look() {
    let world = Arc::new(World::new().await);
    let id = world.approved_by_able("key").await;
    // What the first look saw is older than the second notice.
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    world.notice().await;
    let gate = world.able.hold_looks();
    let looking = {
        let engine = Arc::clone(&world.engine);
        tokio::spawn(async move { engine.settle_due().await })
    };
    while world.able.looks() == 0 {
        tokio::task::yield_now().await;
    }
    world.able.answer_retrieve(Claim::state(AttemptState::Captured));
    world.notice().await;
    world.able.let_looks_pass();
    gate.notify_one();
    looking.await.unwrap().unwrap();
    world.later(1).await;
    assert_eq!(world.state(id).await, AttemptState::Captured);
    assert!(world.store.operations(world.tenant, id, OperationKind::Retrieve).await.unwrap().len() <= 2);
}
