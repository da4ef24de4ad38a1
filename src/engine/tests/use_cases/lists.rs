//! A financer that tells nothing by itself: it is asked ever more seldom, its list says what is worth a look, and a worker that
//! dies with the list in hand costs nothing but a minute.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lendport_core::{AttemptState, CheckoutId, Claim, Clock as _, CommitClass, ErrorKind, Finalized, ProviderError};
use lendport_engine::Engine;

use crate::fake::stands;
use crate::fake_list::row;
use crate::settle::silence;
use crate::world::{LEASE_MS, World, id_of, ticket};

/// The customer of every checkout here.
const CUSTOMER: &str = "john@example.com";

impl World {
    /// A checkout that waits for its customer, looked at until only the list tells of it.
    pub(crate) async fn at_listed(&self, key: &str) -> CheckoutId {
        self.listed.answer_retrieve(Claim::state(AttemptState::AwaitingCustomer));
        let authorized = Finalized { retrieved: stands(Claim::state(AttemptState::Authorized)), attention: None };
        self.listed.answer_finalize(Ok(authorized));
        let id = id_of(&self.open_at("listed", key).await.unwrap());
        self.later(7).await;
        self.later(73).await;
        assert!(self.next_in(id).await > 2_800, "{}", self.next_in(id).await);
        id
    }

    /// Seconds until the attempt is looked at.
    async fn next_in(&self, id: CheckoutId) -> i64 {
        self.attempt(id).await.poll_at.unwrap().duration_since(self.clock.now()).as_secs()
    }

    /// Lets so much time pass, then reads what lists are due, and looks.
    async fn swept(&self, seconds: i64) -> (u64, u64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
        (self.engine.sweep_due().await.unwrap(), self.engine.settle_due().await.unwrap())
    }

    fn email(&self) -> String {
        self.listed.last().checkout.customer.email.expose().clone()
    }

    fn ago(&self, seconds: i64) -> Option<Timestamp> {
        Some(self.clock.now() - SignedDuration::from_secs(seconds))
    }
}

#[tokio::test]
async fn looks_come_at_the_pace_of_the_state() {
    let world = World::new().await;
    world.listed.answer_retrieve(Claim::state(AttemptState::AwaitingCustomer));
    let id = id_of(&world.open_at("listed", "key").await.unwrap());
    for seconds in [5, 60, 3_600, 3_600] {
        let next = world.next_in(id).await;
        assert!((seconds * 8 / 10 - 1..=seconds * 12 / 10).contains(&next), "{next} instead of {seconds}");
        assert_eq!(world.later(next + 1).await, 1);
    }
    world.listed.answer_retrieve(Claim::state(AttemptState::UnderReview));
    let next = world.next_in(id).await;
    world.later(next + 1).await;
    assert_eq!(world.state(id).await, AttemptState::UnderReview);
    assert!((15..=24).contains(&world.next_in(id).await), "another state, another pace");
}

#[tokio::test]
async fn what_the_list_shows_is_looked_at_now_and_confirmed() {
    let world = World::new().await;
    let id = world.at_listed("key").await;
    let looks = world.listed.looks();
    world.listed.list.show(vec![vec![row("other", "nobody@example.com", None)]]);
    assert_eq!(world.swept(72).await, (1, 0));
    world.listed.answer_retrieve(Claim::state(AttemptState::AwaitingMerchant));
    let new = row("signed", &world.email(), world.ago(60));
    world.listed.list.show(vec![vec![row("other", "nobody@example.com", None), new]]);
    assert_eq!(world.swept(72).await, (1, 1));
    assert_eq!((world.state(id).await, world.listed.commanded().len()), (AttemptState::Authorized, 1));
    assert_eq!(world.listed.looks(), looks + 1);
    // It is still in the list, and has nothing to do with the next one of the same customer.
    for _ in 0..5 {
        assert_eq!(world.swept(72).await, (1, 0));
    }
    assert_eq!(world.email(), CUSTOMER);
}

#[tokio::test]
async fn a_row_counts_once_and_a_request_that_is_older_than_ours_not_at_all() {
    let world = World::new().await;
    let id = world.at_listed("key").await;
    let signed = |version: &str, made| vec![vec![row(version, CUSTOMER, made)]];
    // Of a day before: the customer's earlier order.
    world.listed.list.show(signed("earlier", world.ago(86_400)));
    assert_eq!(world.swept(72).await, (1, 0));
    // Somebody's of the same address, which turns out not to be ours.
    world.listed.list.show(signed("later", world.ago(0)));
    assert_eq!(world.swept(72).await, (1, 1));
    let looks = world.listed.looks();
    for _ in 0..3 {
        assert_eq!(world.swept(72).await.0, 1);
    }
    assert!(world.listed.looks() <= looks + 2, "the look's own pauses, and none for the row");
    assert_eq!(world.state(id).await, AttemptState::AwaitingCustomer);
    // A new process does not know that it was seen: one look more.
    let other = world.restarted("second process");
    world.clock.advance(SignedDuration::from_secs(72));
    world.later(0).await;
    let looks = world.listed.looks();
    assert_eq!((other.sweep_due().await, other.settle_due().await), (Ok(1), Ok(1)));
    assert_eq!(world.listed.looks(), looks + 1);
}

#[tokio::test]
async fn what_was_canceled_here_is_found_too_and_undone() {
    let world = World::new().await;
    let id = world.at_listed("key").await;
    let reason = Some(lendport_core::Reason::new(lendport_core::Reason::CANCELED_LOCALLY));
    let ended = Claim::State { state: AttemptState::Canceled, reason };
    world.listed.answer_command(Ok(ended));
    let asked = lendport_engine::CommandAsk::default();
    world.engine.cancel(world.tenant, id, None, asked, ticket("POST /cancel", "cancel", "")).await.unwrap();
    assert_eq!(world.state(id).await, AttemptState::Canceled);
    for _ in 0..4 {
        world.later(720).await;
    }
    world.listed.answer_retrieve(Claim::state(AttemptState::AwaitingMerchant));
    world.listed.answer_command(Ok(Claim::state(AttemptState::Canceled)));
    world.listed.list.show(vec![vec![row("signed", CUSTOMER, None)]]);
    assert_eq!(world.swept(0).await, (1, 1));
    assert_eq!(world.listed.commanded().len(), 2, "{:?}", world.listed.commanded());
}

#[tokio::test]
async fn a_worker_that_dies_leaves_its_page_to_the_next() {
    let world = World::new().await;
    let id = world.at_listed("key").await;
    world.listed.answer_retrieve(Claim::state(AttemptState::AwaitingMerchant));
    let signed = vec![row("signed", CUSTOMER, None)];
    world.listed.list.show(vec![vec![row("a", "a@example.com", None)], vec![row("b", "b@example.com", None)], signed]);
    world.clock.advance(SignedDuration::from_secs(72));
    // It gets the first page, and dies with the second in hand.
    let gate = world.listed.list.hold();
    let dying = tokio::spawn({
        let engine: Arc<Engine> = Arc::clone(&world.engine);
        async move { engine.sweep_due().await }
    });
    gate.notify_one();
    while world.listed.list.asks().len() < 2 {
        tokio::task::yield_now().await;
    }
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    world.listed.list.let_pass();
    let next = world.restarted("second process");
    assert_eq!(next.sweep_due().await, Ok(0), "nobody has it before the lease is over");
    world.clock.advance(SignedDuration::from_millis(i64::try_from(LEASE_MS).unwrap()));
    assert_eq!(next.sweep_due().await, Ok(2), "the second page and the third");
    let asks = world.listed.list.asks();
    let places: Vec<_> = asks.iter().map(|(_, place)| place.as_deref()).collect();
    assert_eq!(places, [None, Some("1"), Some("1"), Some("2")]);
    assert!(asks.iter().all(|(since, _)| *since == asks[0].0), "the same list: {asks:?}");
    assert_eq!((next.settle_due().await, world.state(id).await), (Ok(1), AttemptState::Authorized));
    assert_eq!(world.listed.commanded().len(), 1);
}

#[tokio::test]
async fn of_two_processes_one_reads() {
    let world = World::new().await;
    world.at_listed("key").await;
    let other = world.restarted("second process");
    for round in 1..=10 {
        world.clock.advance(SignedDuration::from_secs(72));
        let (one, two) = tokio::join!(world.engine.sweep_due(), other.sweep_due());
        assert_eq!((one.unwrap() + two.unwrap(), world.listed.list.asks().len()), (1, round));
    }
}

#[tokio::test]
async fn a_list_that_is_not_answered_is_read_from_its_beginning_and_looks_go_on() {
    let world = World::new().await;
    let id = world.at_listed("key").await;
    world.listed.list.fail(silence());
    assert_eq!(world.swept(72).await.0, 1);
    let busy = ProviderError { retry_after_s: Some(600), ..ProviderError::new(ErrorKind::Unavailable, "busy") };
    world.listed.list.fail(busy.committed_as(CommitClass::Rejected));
    assert_eq!((world.swept(72).await.0, world.swept(400).await.0, world.swept(330).await.0), (1, 0, 1));
    world.listed.answer_retrieve(Claim::state(AttemptState::AwaitingMerchant));
    world.swept(3_600).await;
    assert_eq!(world.state(id).await, AttemptState::Authorized, "found by its own look");
    assert!(world.listed.list.asks().iter().all(|(_, place)| place.is_none()));
}

#[tokio::test]
async fn a_list_is_read_as_long_as_something_is_open() {
    let world = World::new().await;
    world.at_listed("key").await;
    assert_eq!(world.swept(72).await.0, 1);
    // Checkouts are open for three days here, and the list a day longer.
    world.clock.advance(SignedDuration::from_hours(24 * 4));
    assert_eq!(world.engine.sweep_due().await, Ok(0));
    world.at_listed("another").await;
    assert_eq!(world.engine.sweep_due().await, Ok(1));
}
