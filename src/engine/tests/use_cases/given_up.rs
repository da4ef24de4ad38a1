//! An order that the merchant gave up is given up: whatever its financer says beside the cancel, nobody else is asked for it.

use std::sync::Arc;

use jiff::SignedDuration;
use lendport_core::{
    AttemptState, CheckoutId, Claim, CommitClass, ErrorKind, OperationKind, Phase, ProviderError, Reason,
};
use lendport_engine::{CommandAsk, EngineError, Reply, Standing};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::cascade::{automatic, opened, states};
use crate::choosing::{choose, of_two, offered, open, seen};
use crate::world::{World, id_of, push_at, ticket, word};

impl World {
    async fn given_up(&self, id: CheckoutId) -> Result<Reply, EngineError> {
        self.engine.cancel(self.tenant, id, None, CommandAsk::default(), ticket("POST /cancel", "given up", "")).await
    }

    async fn able_says(&self, state: &str) {
        let told = push_at(&self.engine, "able", &self.able.last().token, json!({ "state": state })).await;
        assert_eq!(told.status, 200);
    }

    /// Whoever is to follow has had every chance to.
    async fn nobody_follows(&self, id: CheckoutId) {
        for _ in 0..3 {
            self.engine.follow_due().await.unwrap();
            self.engine.settle_due().await.unwrap();
            self.clock.advance(SignedDuration::from_mins(10));
        }
        assert_eq!(states(self, id).await, [("able".to_owned(), AttemptState::Canceled)]);
        assert!(self.easy.asked().is_empty());
        let view = seen(self, id).await;
        assert_eq!((view.standing, offered(&view)), (Standing::Canceled, vec![]));
        assert_eq!(self.record(id).await.status().as_str(), "canceled");
        let operation = self.operation(id, OperationKind::Cancel).await;
        assert_eq!((operation.phase, self.attempt(id).await.awaited), (Phase::Settled, None));
    }
}

/// A cancel whose answer does not come yet.
async fn canceling(world: &Arc<World>, id: CheckoutId) -> JoinHandle<Result<Reply, EngineError>> {
    let running = tokio::spawn({
        let world = Arc::clone(world);
        async move { world.given_up(id).await }
    });
    while world.able.commanded().is_empty() {
        tokio::task::yield_now().await;
    }
    running
}

#[tokio::test]
async fn a_financer_that_answers_a_cancel_with_its_own_end_is_not_followed() {
    let both = ["able", "easy"];
    for (over, document) in [
        (AttemptState::Expired, automatic(&both)),
        (AttemptState::Failed, automatic(&both)),
        (AttemptState::Declined, automatic(&both)),
        (AttemptState::Expired, json!({ "cascade": both })),
        (AttemptState::Failed, json!({ "cascade": both })),
    ] {
        let world = World::new().await;
        let id = opened(&world, document).await;
        world.able.answer_command(Ok(Claim::state(over)));
        world.able.answer_retrieve(Claim::state(over));
        assert_eq!(world.given_up(id).await.unwrap().status, 201, "{over:?}");
        world.nobody_follows(id).await;
        assert_eq!(world.events(id).await, ["checkout.created", "attempt.created", "checkout.canceled"], "{over:?}");
    }
}

#[tokio::test]
async fn a_no_that_comes_before_the_answer_to_a_cancel_is_not_followed() {
    for no in ["declined", "expired", "failed"] {
        let world = Arc::new(World::new().await);
        let id = opened(&world, automatic(&["able", "easy"])).await;
        world.able.answer_command(Ok(Claim::state(AttemptState::Canceled)));
        world.able.answer_retrieve(Claim::state(AttemptState::parse(no).unwrap()));
        let gate = world.able.hold_commands();
        let running = canceling(&world, id).await;
        world.able_says(no).await;
        world.engine.follow_due().await.unwrap();
        gate.notify_one();
        assert_eq!(running.await.unwrap().unwrap().status, 201, "{no}");
        world.nobody_follows(id).await;
        assert_eq!(world.attention(id).await, Vec::<&str>::new());
    }
}

#[tokio::test]
async fn a_no_in_review_that_comes_with_a_cancel_is_not_followed() {
    let world = World::new().await;
    let id = opened(&world, automatic(&["able", "easy"])).await;
    let paid = json!({ "state": "authorized", "review_open": true });
    assert_eq!(push_at(&world.engine, "able", &world.able.last().token, paid).await.status, 200);
    world.able.answer_command(Ok(Claim::state(AttemptState::Failed)));
    world.able.answer_retrieve(Claim::state(AttemptState::Failed));
    world.given_up(id).await.unwrap();
    world.nobody_follows(id).await;
    assert_eq!(world.shown(id).await.amounts.authorized, "0.00");
}

#[tokio::test]
async fn a_page_is_not_left_while_it_is_being_canceled() {
    let world = Arc::new(World::new().await);
    let id = id_of(&open(&world, of_two(), "two").await.unwrap());
    choose(&world, id, "able", None).await.unwrap();
    let before = seen(&world, id).await.attempt;
    let reason = Some(Reason::new(Reason::CANCELED_LOCALLY));
    world.able.answer_command(Ok(Claim::State { state: AttemptState::Canceled, reason }));
    let gate = world.able.hold_commands();
    let running = canceling(&world, id).await;
    assert_eq!(offered(&seen(&world, id).await), Vec::<&str>::new());
    assert_eq!(word(&choose(&world, id, "easy", before).await.unwrap_err()), "wrong_state");
    gate.notify_one();
    running.await.unwrap().unwrap();
    assert!(world.attempt(id).await.is_canceled_locally(), "a payment there is undone");
    world.able.answer_retrieve(Claim::state(AttemptState::Expired));
    world.nobody_follows(id).await;
}

#[tokio::test]
async fn a_yes_after_a_no_that_came_with_a_cancel_is_undone() {
    let world = World::new().await;
    let id = opened(&world, automatic(&["able", "easy"])).await;
    world.able.answer_command(Ok(Claim::state(AttemptState::Expired)));
    world.given_up(id).await.unwrap();
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    world.able.answer_command(Ok(Claim::Nothing));
    world.able_says("authorized").await;
    world.later(0).await;
    assert_eq!(
        (world.state(id).await, world.open_items(id).await),
        (AttemptState::Canceled, vec!["paid_after_cancel"])
    );
    assert_eq!(world.able.commanded()[1], "cancel 1420.00 Canceled by the merchant before it was paid.");
    assert!(!world.events(id).await.contains(&"checkout.ready_to_fulfill"));
}

/// The order was canceled at the financer that came after the one that says yes now.
async fn given_up_at_the_second(first: &str, second: &str) -> (World, CheckoutId) {
    let world = World::new().await;
    let id = id_of(&world.open_at(first, "key").await.unwrap());
    let no = json!({ "state": "declined" });
    let token = if first == "able" { world.able.last().token } else { world.easy.last().token };
    assert_eq!(push_at(&world.engine, first, &token, no).await.status, 200);
    let next = ticket("POST /attempts", "next", "");
    world.engine.start_attempt(world.tenant, id, Some(second.to_owned()), None, next).await.unwrap();
    let fake = if second == "able" { &world.able } else { &world.watched };
    let reason = Some(Reason::new(Reason::CANCELED_LOCALLY));
    fake.answer_command(Ok(Claim::State { state: AttemptState::Canceled, reason }));
    world.given_up(id).await.unwrap();
    assert_eq!(world.record(id).await.status().as_str(), "canceled");
    assert_eq!(push_at(&world.engine, first, &token, json!({ "state": "authorized" })).await.status, 200);
    (world, id)
}

#[tokio::test]
async fn an_earlier_financers_late_yes_does_not_bring_it_back() {
    // One has no call to end it, which leaves it to a person; at the other one the gateway ends it.
    for (first, second) in [("easy", "able"), ("able", "watched")] {
        let (world, id) = given_up_at_the_second(first, second).await;
        let states: Vec<_> = world.record(id).await.attempts.iter().map(|attempt| attempt.state).collect();
        assert_eq!(states, [AttemptState::Declined, AttemptState::Canceled], "{first}");
        assert_eq!(world.open_items(id).await, ["paid_after_cancel"], "{first}");
        let events = world.events(id).await;
        let told = |kind: &str| events.contains(&kind);
        assert!(!told("checkout.ready_to_fulfill") && !told("attempt.late_approval"), "{events:?}");
        if first == "able" {
            world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
            world.able.answer_command(Ok(Claim::Nothing));
            world.later(0).await;
            assert_eq!(world.able.commanded(), ["cancel 1420.00 Canceled by the merchant before it was paid."]);
            world.able.answer_retrieve(Claim::state(AttemptState::Canceled));
            world.later(3_600).await;
            assert_eq!(world.open_items(id).await, Vec::<&str>::new());
        } else {
            world.resolve(id, "paid_after_cancel", "approval_holds", None).await.unwrap();
            assert!(world.shown(id).await.can_fulfill, "a person may keep the sale");
        }
    }
}

#[tokio::test]
async fn a_cancel_that_is_refused_leaves_an_earlier_financers_late_yes_as_it_is() {
    let world = World::new().await;
    let id = world.opened("key").await;
    world.push(json!({ "state": "declined" })).await;
    let next = ticket("POST /attempts", "next", "");
    world.engine.start_attempt(world.tenant, id, Some("able".to_owned()), None, next).await.unwrap();
    world.able.answer_command(Err(ProviderError::new(ErrorKind::NotNow, "no").committed_as(CommitClass::Rejected)));
    world.given_up(id).await.unwrap();
    world.push(json!({ "state": "authorized" })).await;
    assert_eq!(world.record(id).await.attempts[0].state, AttemptState::Authorized);
}
