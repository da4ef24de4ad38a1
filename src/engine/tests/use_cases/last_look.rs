//! Where only a look tells how things stand, there is one more before a checkout expires.

use jiff::SignedDuration;
use lendport_core::{AttemptState, Claim};

use crate::settle::silence;
use crate::world::World;

const HOURS: i64 = 72;

#[tokio::test]
async fn who_signed_in_time_is_not_sent_away() {
    let world = World::new().await;
    let id = world.at_listed("key").await;
    world.clock.advance(SignedDuration::from_hours(HOURS));
    // Signed a moment ago: no list and no look has told of it yet.
    world.listed.answer_retrieve(Claim::state(AttemptState::AwaitingMerchant));
    assert_eq!(world.engine.expire_due().await, Ok(0));
    assert_eq!(world.state(id).await, AttemptState::Authorized);
    assert!(!world.events(id).await.contains(&"checkout.expired"));
}

#[tokio::test]
async fn who_did_not_expires_after_one_look() {
    let world = World::new().await;
    let id = world.at_listed("key").await;
    world.clock.advance(SignedDuration::from_hours(HOURS));
    let looks = world.listed.looks();
    assert_eq!(world.engine.expire_due().await, Ok(1));
    assert_eq!((world.state(id).await, world.listed.looks()), (AttemptState::Expired, looks + 1));
    world.later(86_400).await;
    assert_eq!(world.later(86_400).await, 0, "nobody asks any more");
}

#[tokio::test]
async fn a_look_that_cannot_be_had_is_waited_for_and_not_for_ever() {
    let world = World::new().await;
    for key in ["one", "two", "three"] {
        world.at_listed(key).await;
    }
    world.listed.fail_retrieve(silence());
    world.clock.advance(SignedDuration::from_hours(HOURS));
    let looks = world.listed.looks();
    assert_eq!(world.engine.expire_due().await, Ok(0));
    assert_eq!(world.listed.looks(), looks + 1, "one that does not answer is not asked for each");
    world.clock.advance(SignedDuration::from_mins(50));
    assert_eq!(world.engine.expire_due().await, Ok(0));
    world.clock.advance(SignedDuration::from_mins(11));
    assert_eq!(world.engine.expire_due().await, Ok(3));
}
