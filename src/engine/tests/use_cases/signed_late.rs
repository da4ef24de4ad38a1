//! What a customer signs after the checkout has expired here is found, never confirmed, and canceled at the financer.

use jiff::SignedDuration;
use lendport_core::{AttemptState, CheckoutId, Claim, CommitClass, ErrorKind, OperationKind, Phase, ProviderError};
use lendport_engine::OpenCheckout;
use serde_json::json;

use crate::choosing::{choose, of_two, open, seen};
use crate::fake_list::row;
use crate::settle::silence;
use crate::world::{World, id_of, push_at};

const CANCELED: &str = "cancel 1420.00 Expired before it was signed.";

impl World {
    /// A checkout that expired while its customer had the financer's page open, signed there a moment later.
    async fn signed_late(&self) -> CheckoutId {
        let id = self.at_listed("key").await;
        self.clock.advance(SignedDuration::from_hours(72));
        assert_eq!(self.engine.expire_due().await, Ok(1));
        assert_eq!(self.state(id).await, AttemptState::Expired);
        self.listed.answer_retrieve(Claim::state(AttemptState::AwaitingMerchant));
        self.listed.answer_command(Ok(Claim::state(AttemptState::Canceled)));
        id
    }

    /// A checkout whose customer had the financer's page open and chose another one then.
    async fn left_for_easy(&self) -> CheckoutId {
        self.listed.answer_retrieve(Claim::state(AttemptState::AwaitingCustomer));
        self.listed.answer_command(Ok(Claim::state(AttemptState::Canceled)));
        let of_two = OpenCheckout { providers: Some(vec!["listed".to_owned(), "easy".to_owned()]), ..of_two() };
        let id = id_of(&open(self, of_two, "two").await.unwrap());
        choose(self, id, "listed", None).await.unwrap();
        self.later(7).await;
        choose(self, id, "easy", seen(self, id).await.attempt).await.unwrap();
        id
    }

    /// Nothing was confirmed, nothing moved, and nobody ships.
    async fn nothing_came_of(&self, id: CheckoutId) {
        let (seen, events) = (self.shown(id).await, self.events(id).await);
        assert_eq!((self.state(id).await, seen.can_fulfill), (AttemptState::Expired, false));
        assert_eq!((seen.amounts.authorized.as_str(), seen.amounts.captured.as_str()), ("0.00", "0.00"));
        assert!(!events.contains(&"checkout.ready_to_fulfill"), "{events:?}");
        assert!(!self.listed.commanded().iter().any(|sent| sent.starts_with("finalize")));
    }
}

#[tokio::test]
async fn what_the_list_shows_is_canceled_there_once_and_told() {
    let world = World::new().await;
    let id = world.signed_late().await;
    world.listed.list.show(vec![vec![row("signed", "john@example.com", None)]]);
    world.clock.advance(SignedDuration::from_secs(72));
    assert_eq!((world.engine.sweep_due().await, world.engine.settle_due().await), (Ok(1), Ok(1)));
    assert_eq!(world.listed.commanded(), [CANCELED]);
    assert_eq!((world.attention(id).await, world.open_items(id).await), (vec!["late_approval"], vec![]));
    assert_eq!(world.operation(id, OperationKind::Cancel).await.phase, Phase::Settled);
    world.nothing_came_of(id).await;
    // The financer goes on saying that it is signed.
    for _ in 0..40 {
        world.later(3_600).await;
    }
    assert_eq!((world.listed.commanded().len(), world.attention(id).await.len()), (1, 1));
    let events = world.events(id).await;
    assert_eq!(events[events.len() - 2..], ["attention.opened", "attention.resolved"]);
}

#[tokio::test]
async fn what_no_list_shows_is_looked_at_for_a_day() {
    let world = World::new().await;
    let id = world.signed_late().await;
    world.listed.answer_retrieve(Claim::state(AttemptState::AwaitingCustomer));
    let looks = world.listed.looks();
    assert_eq!(world.later(2_800).await, 0);
    assert_eq!(world.later(1_600).await, 1, "after an hour");
    world.later(5 * 3_600).await;
    world.listed.answer_retrieve(Claim::state(AttemptState::AwaitingMerchant));
    world.later(3 * 3_600).await;
    assert_eq!((world.listed.looks(), world.listed.commanded()), (looks + 2, vec![CANCELED.to_owned()]));
    world.nothing_came_of(id).await;
    for _ in 0..48 {
        world.later(3_600).await;
    }
    assert!(world.listed.looks() <= looks + 6, "{}", world.listed.looks() - looks);
    assert_eq!(world.attempt(id).await.poll_at, None);
}

#[tokio::test]
async fn a_cancel_that_is_refused_is_tried_again_and_stays_a_persons_matter() {
    let world = World::new().await;
    let id = world.signed_late().await;
    let no = ProviderError::new(ErrorKind::Invalid, "no").committed_as(CommitClass::Rejected);
    world.listed.answer_command(Err(no));
    for _ in 0..5 {
        world.later(7_300).await;
    }
    let tries = world.listed.commanded().len();
    assert!(tries > 1, "{tries}");
    assert_eq!(world.open_items(id).await, ["late_approval"]);
    world.listed.answer_command(Ok(Claim::state(AttemptState::Canceled)));
    world.later(86_400).await;
    assert_eq!((world.open_items(id).await, world.listed.commanded().len()), (vec![], tries + 1));
    world.nothing_came_of(id).await;
}

#[tokio::test]
async fn a_cancel_of_unknown_outcome_is_not_settled_by_our_own_word_nor_sent_again() {
    let world = World::new().await;
    let id = world.signed_late().await;
    world.listed.answer_command(Err(silence()));
    for _ in 0..6 {
        world.later(7_300).await;
    }
    assert_eq!(world.listed.commanded(), [CANCELED]);
    assert_eq!(world.operation(id, OperationKind::Cancel).await.phase, Phase::Unknown);
    assert_eq!(world.open_items(id).await, ["late_approval", "unknown_command"]);
    world.listed.answer_retrieve(Claim::state(AttemptState::Canceled));
    world.later(86_400).await;
    assert_eq!(world.operation(id, OperationKind::Cancel).await.phase, Phase::Settled);
    assert_eq!(world.open_items(id).await, Vec::<&str>::new());
    world.nothing_came_of(id).await;
}

#[tokio::test]
async fn the_process_that_cancels_it_may_die() {
    let world = World::new().await;
    let id = world.signed_late().await;
    world.listed.hold_commands();
    world.clock.advance(SignedDuration::from_secs(4_400));
    let engine = std::sync::Arc::clone(&world.engine);
    let dying = tokio::spawn(async move { engine.settle_due().await });
    while world.listed.commanded().is_empty() {
        tokio::task::yield_now().await;
    }
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    assert_eq!(world.open_items(id).await, ["late_approval"], "stored before it is sent");
    let next = world.restarted("second process");
    assert_eq!(next.recover_interrupted(true).await, Ok(1));
    assert_eq!(world.open_items(id).await, ["late_approval", "unknown_command"]);
    world.nothing_came_of(id).await;
}

#[tokio::test]
async fn one_whose_financer_tells_by_itself_is_not_looked_at_and_undone_when_it_tells() {
    let world = World::new().await;
    let id = id_of(&world.open_at("able", "key").await.unwrap());
    world.clock.advance(SignedDuration::from_hours(72));
    assert_eq!(world.engine.expire_due().await, Ok(1));
    assert_eq!(world.attempt(id).await.poll_at, None);
    world.able.answer_retrieve(Claim::state(AttemptState::AwaitingMerchant));
    world.able.answer_command(Ok(Claim::state(AttemptState::Canceled)));
    let signed = json!({ "state": "awaiting_merchant" });
    assert_eq!(push_at(&world.engine, "able", &world.able.last().token, signed).await.status, 200);
    world.later(7).await;
    assert_eq!((world.able.commanded(), world.open_items(id).await), (vec![CANCELED.to_owned()], vec![]));
    assert_eq!((world.state(id).await, world.attention(id).await), (AttemptState::Expired, vec!["late_approval"]));
}

/// Who left a page may sign there, beside the financer that was chosen next.
#[tokio::test]
async fn what_is_signed_on_a_page_that_was_left_is_canceled_there_beside_the_next_ones_yes() {
    for listed in [true, false] {
        let world = World::new().await;
        let id = world.left_for_easy().await;
        world.push(json!({ "state": "authorized" })).await;
        world.listed.answer_retrieve(Claim::state(AttemptState::AwaitingMerchant));
        if listed {
            world.listed.list.show(vec![vec![row("signed", "john@example.com", None)]]);
            world.clock.advance(SignedDuration::from_secs(310));
            assert_eq!((world.engine.sweep_due().await, world.engine.settle_due().await), (Ok(1), Ok(1)));
        } else {
            assert_eq!(world.later(4_400).await, 1, "after an hour, whatever the list shows");
        }
        let states: Vec<_> = world.record(id).await.attempts.iter().map(|attempt| attempt.state).collect();
        assert_eq!(states, [AttemptState::Canceled, AttemptState::Authorized]);
        assert_eq!(world.listed.commanded(), ["cancel 1420.00 The order is financed by another financer."]);
        assert_eq!((world.attention(id).await, world.open_items(id).await), (vec!["late_approval"], vec![]));
        for _ in 0..40 {
            world.later(3_600).await;
        }
        assert_eq!(world.listed.commanded().len(), 1);
        assert!(world.shown(id).await.can_fulfill);
    }
}

#[tokio::test]
async fn what_is_signed_after_a_no_is_canceled_there() {
    let world = World::new().await;
    let id = id_of(&world.open_at("able", "key").await.unwrap());
    let tell = async |state: &str| {
        let told = push_at(&world.engine, "able", &world.able.last().token, json!({ "state": state })).await;
        assert_eq!(told.status, 200);
    };
    tell("declined").await;
    world.able.answer_retrieve(Claim::state(AttemptState::AwaitingMerchant));
    world.able.answer_command(Ok(Claim::state(AttemptState::Canceled)));
    tell("awaiting_merchant").await;
    world.later(7).await;
    assert_eq!(world.able.commanded(), ["cancel 1420.00 Ended before it was signed."]);
    assert_eq!((world.attention(id).await, world.open_items(id).await), (vec!["late_approval"], vec![]));
    assert_eq!(world.state(id).await, AttemptState::Declined);
}
