//! What a financer cannot cancel is canceled here and watched: whoever pays all the same gets it back, and nobody is told
//! to ship.

use lendport_core::{
    AttemptState, CheckoutId, Claim, CommitClass, ErrorKind, OperationKind, Phase, ProviderError, Reason,
};
use lendport_engine::CommandAsk;
use serde_json::json;

use crate::fake::created;
use crate::world::{World, id_of, push_at, ticket};

/// How long the page of these tests lasts.
const PAGE_LIVES_S: i64 = 1_800;

fn locally() -> Claim {
    Claim::State { state: AttemptState::Canceled, reason: Some(Reason::new(Reason::CANCELED_LOCALLY)) }
}

impl World {
    /// A checkout at `able` whose page was still open when the merchant canceled it.
    pub(crate) async fn canceled_here(&self) -> CheckoutId {
        let ends = lendport_core::Clock::now(&self.clock) + jiff::SignedDuration::from_secs(PAGE_LIVES_S);
        self.able.answer_create(move |asked| async move {
            Ok(lendport_core::Created { expires_at: Some(ends), ..created(&asked) })
        });
        let id = id_of(&self.open_at("able", "key").await.unwrap());
        self.able.answer_command(Ok(locally()));
        self.able.answer_retrieve(Claim::state(AttemptState::AwaitingCustomer));
        let asked = CommandAsk { reason: Some("out of stock".to_owned()), ..CommandAsk::default() };
        self.engine.cancel(self.tenant, id, None, asked, ticket("POST /cancel", "key", "")).await.unwrap();
        let attempt = self.attempt(id).await;
        assert_eq!((attempt.state, attempt.is_canceled_locally()), (AttemptState::Canceled, true));
        id
    }

    /// Lets the attempt's looks come one after the other, as often as there are any, and so many at most.
    pub(crate) async fn looks_pass(&self, id: CheckoutId, most: u32) -> u32 {
        for done in 0..most {
            let Some(due) = self.record(id).await.attempts[0].poll_at else { return done };
            let wait = due.duration_since(lendport_core::Clock::now(&self.clock)).as_secs().max(0);
            self.later(wait + 1).await;
        }
        most
    }
}

#[tokio::test]
async fn it_is_looked_at_until_its_page_has_ended_there() {
    let world = World::new().await;
    let id = world.canceled_here().await;
    let began = lendport_core::Clock::now(&world.clock);
    assert_eq!(world.looks_pass(id, 5).await, 5, "the customer may still pay");
    let due = world.attempt(id).await.poll_at.unwrap();
    assert!(due.duration_since(began).as_secs() <= PAGE_LIVES_S + 301, "asked again soon after its end: {due}");
    world.able.answer_retrieve(Claim::state(AttemptState::Expired));
    assert_eq!(world.looks_pass(id, 5).await, 1, "it has ended");
    assert_eq!((world.state(id).await, world.attention(id).await), (AttemptState::Canceled, vec![]));
    assert_eq!(world.able.commanded(), ["cancel 1420.00 out of stock"]);
}

#[tokio::test]
async fn the_end_of_a_page_that_is_still_open_is_not_believed() {
    let world = World::new().await;
    let id = world.canceled_here().await;
    world.later(PAGE_LIVES_S + 301).await;
    assert_eq!(world.looks_pass(id, 4).await, 4, "the customer may be at work on it");
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    world.able.answer_command(Ok(Claim::state(AttemptState::Canceled)));
    world.looks_pass(id, 1).await;
    assert_eq!(world.able.commanded().len(), 2, "undone");
}

#[tokio::test]
async fn who_pays_all_the_same_is_not_charged_and_nobody_ships() {
    for (paid, undone, command) in [
        (
            AttemptState::Authorized,
            AttemptState::Canceled,
            "cancel 1420.00 Canceled by the merchant before it was paid.",
        ),
        (AttemptState::Captured, AttemptState::Refunded, "refund 1420.00 Canceled by the merchant before it was paid."),
    ] {
        let world = World::new().await;
        let id = world.canceled_here().await;
        world.able.answer_command(Ok(Claim::Nothing));
        world.able.answer_retrieve(Claim::state(paid));
        assert_eq!(world.looks_pass(id, 1).await, 1);
        assert_eq!(world.open_items(id).await, ["paid_after_cancel"]);
        // What was sent is not sent again, however late its effect shows.
        assert_eq!(world.looks_pass(id, 4).await, 4);
        assert_eq!(world.able.commanded()[1..], [command.to_owned()]);
        let kind = if paid == AttemptState::Captured { OperationKind::Refund } else { OperationKind::Cancel };
        assert_eq!(world.operation(id, kind).await.phase, Phase::Acknowledged);

        world.able.answer_retrieve(Claim::state(undone));
        assert_eq!(world.looks_pass(id, 5).await, 1, "nothing is left to look at");
        assert_eq!(world.operation(id, kind).await.phase, Phase::Settled);
        assert_eq!((world.open_items(id).await, world.state(id).await), (vec![], AttemptState::Canceled));
        let events = world.events(id).await;
        assert!(!events.contains(&"checkout.ready_to_fulfill"), "{events:?}");
        assert_eq!(events[events.len() - 2..], ["attention.opened", "attention.resolved"]);
        assert_eq!(world.shown(id).await.amounts.authorized, "0.00");
    }
}

#[tokio::test]
async fn what_is_captured_before_it_could_be_canceled_is_given_back() {
    let world = World::new().await;
    let id = world.canceled_here().await;
    let too_late = ProviderError::new(ErrorKind::Invalid, "captured already").committed_as(CommitClass::Rejected);
    world.able.answer_command(Err(too_late));
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    world.looks_pass(id, 1).await;
    assert_eq!(world.operation(id, OperationKind::Cancel).await.phase, Phase::Failed);
    world.able.answer_command(Ok(Claim::Nothing));
    world.able.answer_retrieve(Claim::state(AttemptState::Captured));
    world.looks_pass(id, 1).await;
    assert!(world.able.commanded().last().unwrap().starts_with("refund 1420.00"));
    assert_eq!(world.open_items(id).await, ["paid_after_cancel"], "until it shows");
}

#[tokio::test]
async fn a_command_that_is_refused_for_ever_is_left_to_a_person() {
    let world = World::new().await;
    let id = world.canceled_here().await;
    let no = ProviderError::new(ErrorKind::Invalid, "no money on the account").committed_as(CommitClass::Rejected);
    world.able.answer_command(Err(no));
    world.able.answer_retrieve(Claim::state(AttemptState::Captured));
    world.looks_pass(id, 30).await;
    assert_eq!(world.able.commanded().len(), 1 + 12);
    assert_eq!(world.open_items(id).await, ["paid_after_cancel"]);
}

#[tokio::test]
async fn the_next_financer_is_not_kept_back_by_what_is_undone() {
    let world = World::new().await;
    let id = world.canceled_here().await;
    let next = world.engine.start_attempt(
        world.tenant,
        id,
        Some("easy".to_owned()),
        None,
        ticket("POST /attempts", "next", ""),
    );
    assert_eq!(next.await.unwrap().status, 201);
    world.able.answer_command(Ok(Claim::Nothing));
    world.able.answer_retrieve(Claim::state(AttemptState::Captured));
    assert_eq!(world.looks_pass(id, 1).await, 1);
    world.push(json!({ "state": "authorized" })).await;
    assert_eq!((world.state(id).await, world.shown(id).await.can_fulfill), (AttemptState::Authorized, true));
    world.looks_pass(id, 1).await;
    assert_eq!(world.open_items(id).await, ["paid_after_cancel"]);
    assert!(world.able.commanded()[1].starts_with("refund"));
}

#[tokio::test]
async fn a_push_of_the_payment_is_looked_after_at_once() {
    let world = World::new().await;
    let id = world.canceled_here().await;
    world.able.answer_command(Ok(Claim::Nothing));
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    let token = world.able.last().token;
    assert_eq!(push_at(&world.engine, "able", &token, json!({ "state": "authorized" })).await.status, 200);
    assert_eq!((world.state(id).await, world.later(0).await), (AttemptState::Canceled, 1));
    assert_eq!(world.able.commanded().len(), 2);
}

#[tokio::test]
async fn an_unknown_outcome_is_settled_by_what_the_provider_says_of_itself() {
    let world = World::new().await;
    let id = world.canceled_here().await;
    world.able.answer_command(Err(ProviderError::new(ErrorKind::NoAnswer, "silence")));
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    world.looks_pass(id, 3).await;
    assert_eq!(world.operation(id, OperationKind::Cancel).await.phase, Phase::Unknown, "our own word is no evidence");
    assert_eq!((world.open_items(id).await.len(), world.able.commanded().len()), (2, 2));
    world.able.answer_retrieve(Claim::state(AttemptState::Canceled));
    world.looks_pass(id, 1).await;
    assert_eq!(world.operation(id, OperationKind::Cancel).await.phase, Phase::Settled);
    assert_eq!(world.open_items(id).await, Vec::<&str>::new());
}

#[tokio::test]
async fn a_person_may_keep_the_sale() {
    let world = World::new().await;
    let id = world.canceled_here().await;
    let no = ProviderError::new(ErrorKind::Invalid, "no").committed_as(CommitClass::Rejected);
    world.able.answer_command(Err(no));
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    world.looks_pass(id, 1).await;
    world.resolve(id, "paid_after_cancel", "approval_holds", None).await.unwrap();
    assert_eq!((world.state(id).await, world.shown(id).await.can_fulfill), (AttemptState::Authorized, true));
    world.looks_pass(id, 5).await;
    assert_eq!(world.able.commanded().len(), 2, "nothing is undone any more");
}

#[tokio::test]
async fn what_a_person_looks_after_is_left_alone() {
    let world = World::new().await;
    let id = world.canceled_here().await;
    let no = ProviderError::new(ErrorKind::Invalid, "no").committed_as(CommitClass::Rejected);
    world.able.answer_command(Err(no));
    world.able.answer_retrieve(Claim::state(AttemptState::Authorized));
    world.looks_pass(id, 1).await;
    world.resolve(id, "paid_after_cancel", "acknowledge", None).await.unwrap();
    world.looks_pass(id, 10).await;
    assert_eq!((world.able.commanded().len(), world.open_items(id).await.len()), (2, 0));
}

#[tokio::test]
async fn a_crash_while_it_is_undone_undoes_it_once_and_no_more() {
    let world = World::new().await;
    let id = world.canceled_here().await;
    world.able.answer_retrieve(Claim::state(AttemptState::Captured));
    world.able.hold_commands();
    world.clock.advance(jiff::SignedDuration::from_secs(7));
    let engine = std::sync::Arc::clone(&world.engine);
    let dying = tokio::spawn(async move { engine.settle_due().await });
    while world.able.commanded().len() < 2 {
        tokio::task::yield_now().await;
    }
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    assert_eq!(world.operation(id, OperationKind::Refund).await.phase, Phase::Sent);

    let next = world.restarted("second process");
    assert_eq!(next.recover_interrupted(true).await, Ok(1));
    assert_eq!(world.open_items(id).await, ["paid_after_cancel", "unknown_command"]);
    for _ in 0..3 {
        world.clock.advance(jiff::SignedDuration::from_secs(3_600));
        next.settle_due().await.unwrap();
    }
    assert_eq!(
        world.able.commanded().len(),
        2,
        "whether it was given back is not known, so it is not given back again"
    );
    world.able.answer_retrieve(Claim::state(AttemptState::Refunded));
    world.clock.advance(jiff::SignedDuration::from_secs(30_000));
    next.settle_due().await.unwrap();
    assert_eq!(world.operation(id, OperationKind::Refund).await.phase, Phase::Settled);
    assert_eq!((world.open_items(id).await, world.able.commanded().len()), (vec![], 2));
}

#[tokio::test]
async fn who_signs_all_the_same_is_canceled_at_the_financer_and_never_confirmed() {
    let world = World::new().await;
    let id = world.canceled_here().await;
    world.able.answer_retrieve(Claim::state(AttemptState::AwaitingMerchant));
    world.able.answer_command(Ok(Claim::state(AttemptState::Canceled)));
    world.looks_pass(id, 4).await;
    let undone = ["cancel 1420.00 out of stock", "cancel 1420.00 Canceled by the merchant before it was paid."];
    assert_eq!(world.able.commanded(), undone, "once, though the financer goes on saying that it is signed");
    assert_eq!((world.state(id).await, world.open_items(id).await), (AttemptState::Canceled, vec![]));
    assert_eq!(world.attention(id).await, ["paid_after_cancel"]);
    assert!(!world.events(id).await.contains(&"checkout.ready_to_fulfill"));
}
