//! Requests whose notice never came are found: each is read back after the time that its financer names for its state.

use jiff::SignedDuration;
use lendport_core::{AttemptState, CheckoutId, Claim, OperationKind};

use crate::world::{World, id_of};

impl World {
    async fn at_watched(&self) -> CheckoutId {
        self.watched.answer_retrieve(Claim::state(AttemptState::AwaitingCustomer));
        id_of(&self.open_at("watched", "key").await.unwrap())
    }

    /// Seconds until the attempt is looked at.
    async fn looked_at_in(&self, id: CheckoutId) -> i64 {
        let due = self.attempt(id).await.poll_at.unwrap();
        due.duration_since(lendport_core::Clock::now(&self.clock)).as_secs()
    }
}

fn about(seconds: i64) -> std::ops::RangeInclusive<i64> {
    seconds * 8 / 10 - 1..=seconds * 12 / 10
}

#[tokio::test]
async fn a_lost_notice_is_made_up_for_in_every_state_that_is_named() {
    let world = World::new().await;
    let id = world.at_watched().await;
    for (seconds, then, events) in [
        (300, AttemptState::Authorized, "checkout.ready_to_fulfill"),
        (3_600, AttemptState::Captured, "checkout.captured"),
        (86_400, AttemptState::Refunded, "checkout.refunded"),
    ] {
        assert!(about(seconds).contains(&world.looked_at_in(id).await), "{then:?}");
        world.watched.answer_retrieve(Claim::state(then));
        assert_eq!(world.later(seconds * 2).await, 1);
        assert_eq!(world.state(id).await, then);
        assert!(world.events(id).await.contains(&events), "{then:?}");
    }
    assert_eq!(world.attempt(id).await.poll_at, None, "a state that is not named");
}

#[tokio::test]
async fn looks_that_bring_nothing_fill_no_history_and_come_again_at_the_same_pace() {
    let world = World::new().await;
    let id = world.at_watched().await;
    let version = world.record(id).await.checkout.version;
    for _ in 0..10 {
        assert!(about(300).contains(&world.looked_at_in(id).await));
        assert_eq!(world.later(361).await, 1);
    }
    let kept = world.timeline(id).await;
    assert_eq!((kept.observations.len(), world.watched.looks()), (1, 10), "that of the create alone");
    assert!(kept.operations.iter().all(|operation| operation.kind == OperationKind::Create));
    assert_eq!(world.record(id).await.checkout.version, version, "nobody's ETag grows");
}

#[tokio::test]
async fn what_did_not_change_for_half_a_year_is_left_alone() {
    let world = World::new().await;
    let id = world.at_watched().await;
    world.watched.answer_retrieve(Claim::state(AttemptState::Captured));
    world.later(361).await;
    let last = SignedDuration::from_hours(24 * 180);
    world.clock.advance(last);
    assert_eq!(world.later(0).await, 1);
    assert_eq!(world.attempt(id).await.poll_at, None);
}

#[tokio::test]
async fn two_workers_share_it() {
    let world = World::new().await;
    for key in 0..20 {
        world.open_at("watched", &key.to_string()).await.unwrap();
    }
    world.watched.answer_retrieve(Claim::state(AttemptState::Authorized));
    world.clock.advance(SignedDuration::from_secs(600));
    let (one, other) = tokio::join!(world.engine.settle_due(), world.engine.settle_due());
    let looks = u64::from(world.watched.looks());
    assert!(one.unwrap() + other.unwrap() >= 20 && looks >= 20, "{looks}");
    let page = lendport_storage::PageAsk { limit: 100, after: None };
    let rows = world.store.checkouts(world.tenant, &lendport_storage::CheckoutFilter::default(), page).await.unwrap();
    assert!(rows.rows.iter().all(|row| row.attempts[0].state == AttemptState::Authorized));
}
