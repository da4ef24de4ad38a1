//! A provider that could be asked and does not answer for days: a person hears of it once.

use lendport_core::{AttemptState, CheckoutId, Claim};

use crate::attention_evidence::resolutions;
use crate::settle::silence;
use crate::world::World;

const HOUR: i64 = 3_600;

impl World {
    /// Lets hours pass, one after the other.
    async fn hours(&self, hours: u32) {
        for _ in 0..hours {
            self.later(HOUR).await;
        }
    }

    /// A checkout that is being decided, at a provider that stopped answering.
    async fn only_unanswered(&self) -> CheckoutId {
        let id = self.only_under_review().await;
        self.able.fail_retrieve(silence());
        id
    }
}

#[tokio::test]
async fn a_provider_that_is_down_for_days_is_told_of_once() {
    let world = World::new().await;
    let id = world.only_unanswered().await;
    world.hours(20).await;
    assert_eq!(world.open_items(id).await, Vec::<&str>::new(), "it may come back");
    world.hours(20).await;
    assert_eq!(world.open_items(id).await, ["silent_provider"]);
    world.hours(72).await;
    assert_eq!(
        (world.attention(id).await, world.state(id).await),
        (vec!["silent_provider"], AttemptState::UnderReview)
    );
    // It answers, though with nothing new.
    world.able.answer_retrieve(Claim::state(AttemptState::UnderReview));
    world.hours(9).await;
    assert_eq!(resolutions(&world, id).await, [("silent_provider", Some("by_evidence".to_owned()))]);
    world.hours(72).await;
    // The next silence is another one.
    world.able.fail_retrieve(silence());
    world.hours(40).await;
    assert_eq!(world.attention(id).await, ["silent_provider", "silent_provider"]);
}

#[tokio::test]
async fn an_acknowledged_silence_is_not_told_again_and_one_that_was_asked_again_is() {
    for (choice, told) in [("acknowledge", 1), ("ask_again", 2)] {
        let world = World::new().await;
        let id = world.only_unanswered().await;
        world.hours(40).await;
        world.resolve(id, "silent_provider", choice, None).await.unwrap();
        world.hours(23).await;
        assert_eq!(world.open_items(id).await, Vec::<&str>::new(), "{choice}");
        world.hours(20).await;
        assert_eq!(world.attention(id).await.len(), told, "{choice}");
        assert!(world.attempt(id).await.poll_at.is_some(), "it is asked all the same");
    }
}

#[tokio::test]
async fn a_provider_that_answers_now_and_then_is_not_silent() {
    let world = World::new().await;
    let id = world.only_under_review().await;
    for _ in 0..4 {
        world.able.fail_retrieve(silence());
        world.hours(16).await;
        world.able.answer_retrieve(Claim::state(AttemptState::UnderReview));
        world.hours(8).await;
    }
    assert_eq!(world.attention(id).await, Vec::<&str>::new());
}
