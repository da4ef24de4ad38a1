//! A financer's own deadlines: shown, told of once before they pass, and looked at when they have.

use jiff::{SignedDuration, Timestamp};
use lendport_core::provider::Retrieved;
use lendport_core::{AttemptState, CheckoutId, Claim, Clock as _, Created};
use serde_json::json;

use crate::fake::{created, stands};
use crate::world::{World, id_of, push_at};

impl World {
    fn in_seconds(&self, seconds: i64) -> Timestamp {
        self.clock.now() + SignedDuration::from_secs(seconds)
    }

    /// A checkout at `provider` whose page lasts half an hour.
    async fn half_an_hour_at(&self, provider: &str) -> CheckoutId {
        let ends = self.in_seconds(1_800);
        let fake = if provider == "able" { &self.able } else { &self.easy };
        fake.answer_create(move |asked| async move { Ok(Created { expires_at: Some(ends), ..created(&asked) }) });
        self.able.answer_retrieve(Claim::state(AttemptState::AwaitingCustomer));
        id_of(&self.open_at(provider, "key").await.unwrap())
    }

    async fn told(&self, id: CheckoutId, event: &str) -> usize {
        self.events(id).await.iter().filter(|kind| **kind == event).count()
    }
}

#[tokio::test]
async fn the_end_of_a_page_is_told_once_before_it_and_looked_at_after_it() {
    for provider in ["able", "easy"] {
        let world = World::new().await;
        let id = world.half_an_hour_at(provider).await;
        let ends = world.in_seconds(1_800);
        assert_eq!(world.shown(id).await.deadlines.expires_at, Some(ends), "earlier than our own");
        world.later(1_199).await;
        assert_eq!(world.told(id, "checkout.expiring").await, 0, "{provider}");
        for _ in 0..3 {
            world.later(1).await;
            assert_eq!(world.told(id, "checkout.expiring").await, 1, "{provider}");
        }
        assert_eq!(world.state(id).await, AttemptState::AwaitingCustomer, "our clock ends nothing of theirs");
        world.able.answer_retrieve(Claim::state(AttemptState::Expired));
        world.later(898).await;
        let (state, event) = match provider {
            "able" => (AttemptState::Expired, 1),
            _ => (AttemptState::AwaitingCustomer, 0),
        };
        assert_eq!((world.state(id).await, world.told(id, "checkout.expired").await), (state, event), "{provider}");
        assert_eq!(world.told(id, "checkout.expiring").await, 1);
    }
}

#[tokio::test]
async fn a_page_that_did_not_end_in_time_is_asked_about_until_it_has() {
    let world = World::new().await;
    let id = world.half_an_hour_at("able").await;
    world.later(1_200).await;
    world.later(901).await;
    let looks = world.able.looks();
    for pause in [150, 750, 2_200] {
        world.later(pause).await;
    }
    assert_eq!(world.able.looks(), looks + 3);
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    world.later(4_400).await;
    assert_eq!(world.state(id).await, AttemptState::Authorized, "the customer was at work on it");
}

#[tokio::test]
async fn what_was_decided_before_is_not_told_of() {
    let world = World::new().await;
    let id = world.half_an_hour_at("easy").await;
    world.push(json!({ "state": "declined" })).await;
    world.later(1_500).await;
    world.later(1_500).await;
    assert_eq!(world.told(id, "checkout.expiring").await, 0);
}

#[tokio::test]
async fn the_last_moment_to_capture_is_told_four_days_before() {
    let world = World::new().await;
    let id = id_of(&world.open_at("able", "key").await.unwrap());
    let capture_by = world.in_seconds(14 * 86_400);
    let held = Retrieved { capture_by: Some(capture_by), ..stands(Claim::state(AttemptState::Authorized)) };
    world.able.answer_look(held);
    push_at(&world.engine, "able", &world.able.last().token, json!({ "look": true })).await;
    world.later(0).await;
    assert_eq!(world.shown(id).await.deadlines.capture_by, Some(capture_by));
    world.later(10 * 86_400 - 1).await;
    assert_eq!(world.told(id, "checkout.capture_due").await, 0);
    for _ in 0..3 {
        world.later(1).await;
        assert_eq!(world.told(id, "checkout.capture_due").await, 1);
    }
    // The money was let go by the provider.
    world.able.answer_retrieve(Claim::state(AttemptState::Canceled));
    world.later(4 * 86_400 + 301).await;
    assert_eq!((world.state(id).await, world.told(id, "checkout.capture_due").await), (AttemptState::Canceled, 1));
    assert_eq!(world.shown(id).await.deadlines.capture_by, None);
}

#[tokio::test]
async fn a_deadline_that_is_put_off_far_is_told_of_again_and_one_that_wobbles_is_not() {
    let world = World::new().await;
    let id = world.half_an_hour_at("able").await;
    world.later(1_200).await;
    for (more, told) in [(610, 1), (620, 1), (7_200, 1)] {
        let ends = Some(world.in_seconds(more));
        let open = Retrieved { expires_at: ends, ..stands(Claim::state(AttemptState::AwaitingCustomer)) };
        world.able.answer_look(open);
        world.engine.refresh(world.tenant, id).await.unwrap();
        world.later(1).await;
        assert_eq!(world.told(id, "checkout.expiring").await, told, "{more}");
    }
    world.later(7_000).await;
    assert_eq!(world.told(id, "checkout.expiring").await, 2);
}

#[tokio::test]
async fn a_deadline_that_passed_while_nobody_looked_is_not_told_of() {
    let world = World::new().await;
    let id = world.half_an_hour_at("able").await;
    world.able.answer_retrieve(Claim::state(AttemptState::Expired));
    world.later(86_400).await;
    assert_eq!((world.told(id, "checkout.expiring").await, world.state(id).await), (0, AttemptState::Expired));
}
