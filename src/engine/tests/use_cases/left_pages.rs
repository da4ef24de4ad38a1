//! A page that the customer left for another financer is looked at until it should have ended: the notice of a payment there may
//! be lost, and nobody pays two financers unseen.

use jiff::SignedDuration;
use lendport_core::{AttemptState, CheckoutId, Claim, Clock, Created};
use serde_json::json;

use crate::choosing::{choose, of_two, open, seen};
use crate::fake::created;
use crate::world::{World, id_of};

/// How long a page lasts here, and so long after that it is looked at once more.
const PAGE_LIVES_S: i64 = 1_800;
const LAST_LOOK_S: i64 = PAGE_LIVES_S + 300;

/// A checkout whose customer had the page of `able` open, chose `easy` then, and was approved there.
async fn left_for_another(world: &World) -> CheckoutId {
    let ends = Clock::now(&world.clock) + SignedDuration::from_secs(PAGE_LIVES_S);
    world.able.answer_create(move |asked| async move { Ok(Created { expires_at: Some(ends), ..created(&asked) }) });
    world.able.answer_retrieve(Claim::state(AttemptState::AwaitingCustomer));
    let id = id_of(&open(world, of_two(), "two").await.unwrap());
    choose(world, id, "able", None).await.unwrap();
    choose(world, id, "easy", seen(world, id).await.attempt).await.unwrap();
    world.push(json!({ "state": "authorized" })).await;
    id
}

#[tokio::test]
async fn a_payment_there_is_seen_though_its_notice_was_lost() {
    for paid_after_s in [20, PAGE_LIVES_S - 10] {
        let world = World::new().await;
        let id = left_for_another(&world).await;
        for _ in 0..paid_after_s / 10 {
            world.later(10).await;
        }
        assert_eq!(world.attention(id).await, Vec::<&str>::new());
        world.able.answer_retrieve(Claim::state(AttemptState::Captured));
        for _ in 0..=(LAST_LOOK_S - paid_after_s) / 10 {
            world.later(10).await;
        }
        assert_eq!(world.open_items(id).await, ["late_approval"], "paid after {paid_after_s} s");
        let states: Vec<_> = world.record(id).await.attempts.iter().map(|attempt| attempt.state).collect();
        assert_eq!(states, [AttemptState::Canceled, AttemptState::Authorized]);
    }
}

#[tokio::test]
async fn one_on_which_nothing_happens_is_looked_at_a_few_times_and_then_left_alone() {
    let world = World::new().await;
    let id = left_for_another(&world).await;
    let before = world.able.looks();
    for _ in 0..LAST_LOOK_S / 10 {
        world.later(10).await;
    }
    let looks = world.able.looks() - before;
    assert!((1..=4).contains(&looks), "{looks}");
    world.later(10).await;
    assert_eq!(world.record(id).await.attempts[0].poll_at, None);
    assert_eq!(world.attention(id).await, Vec::<&str>::new());
}
