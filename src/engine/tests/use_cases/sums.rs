//! Totals that a financer tells are compared with the books at every look, and disputes follow them.

use std::sync::Arc;
use std::time::Duration;

use lendport_core::provider::Retrieved;
use lendport_core::{AttemptState, CheckoutId, Claim, Currency, Details, Dispute, Money, OperationKind, Phase};
use lendport_engine::{RefundAsk, Reply};
use serde_json::json;

use crate::fake::stands;
use crate::settle::silence;
use crate::world::{World, push_at, ticket};

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).unwrap()
}

/// Captured, with so much given back and taken back so far.
fn told(refunded: &str, charged_back: &str) -> Retrieved {
    let details =
        Details { refunded: Some(usd(refunded)), charged_back: Some(usd(charged_back)), ..Details::default() };
    Retrieved { details, ..stands(Claim::state(AttemptState::Captured)) }
}

impl World {
    /// A captured checkout at `able`, and how many events it has.
    async fn captured(&self) -> (CheckoutId, usize) {
        let id = self.approved_by_able("key").await;
        self.able_pushes(json!({ "state": "captured" })).await;
        (id, self.events(id).await.len())
    }

    async fn able_pushes(&self, body: serde_json::Value) {
        let token = self.able.last().token;
        assert_eq!(push_at(&self.engine, "able", &token, body).await.status, 200);
    }

    /// Looks, and says what the merchant was told by it.
    async fn look_brings(&self, id: CheckoutId, retrieved: Retrieved) -> Vec<&'static str> {
        let before = self.events(id).await.len();
        self.able.answer_look(retrieved);
        self.engine.refresh(self.tenant, id).await.unwrap();
        self.events(id).await.split_off(before)
    }

    async fn sums(&self, id: CheckoutId) -> (String, String, &'static str) {
        let view = self.shown(id).await;
        (view.amounts.refunded, view.amounts.charged_back, view.dispute)
    }
}

fn sums<'a>(refunded: &'a str, charged_back: &'a str, dispute: &'static str) -> (String, String, &'static str) {
    (refunded.to_owned(), charged_back.to_owned(), dispute)
}

#[tokio::test]
async fn a_refund_in_the_back_office_is_found_by_looking() {
    let world = World::new().await;
    let (id, _) = world.captured().await;
    assert_eq!(world.look_brings(id, told("0", "0")).await, Vec::<&str>::new());
    assert_eq!(world.look_brings(id, told("20", "0")).await, ["checkout.refunded"]);
    assert_eq!(world.look_brings(id, told("20", "0")).await, Vec::<&str>::new());
    assert_eq!(world.look_brings(id, told("50", "0")).await, ["checkout.refunded"]);
    assert_eq!((world.sums(id).await, world.state(id).await), (sums("50.00", "0.00", "none"), AttemptState::Captured));
    assert_eq!(world.look_brings(id, told("1420", "0")).await, ["checkout.refunded"]);
    assert_eq!(world.state(id).await, AttemptState::Refunded);
    // Its word for the state does not follow, and that contradicts nothing.
    assert_eq!(world.look_brings(id, told("1420", "0")).await, Vec::<&str>::new());
    assert_eq!(world.attention(id).await, Vec::<&str>::new());
    let booked = world.engine.refunds(world.tenant, id).await.unwrap();
    assert_eq!(booked.iter().map(|refund| refund.amount.as_str()).collect::<Vec<_>>(), ["20.00", "30.00", "1370.00"]);
}

#[tokio::test]
async fn a_chargeback_opens_a_dispute_that_is_won() {
    let world = World::new().await;
    let (id, _) = world.captured().await;
    let opened = world.look_brings(id, told("0", "100")).await;
    assert_eq!(opened, ["checkout.charged_back", "dispute.opened", "attention.opened"]);
    assert_eq!(world.sums(id).await, sums("0.00", "100.00", "open"));
    assert_eq!(world.shown(id).await.blockers, ["dispute_open"]);
    assert_eq!(world.look_brings(id, told("0", "150")).await, ["checkout.charged_back"], "one dispute, one item");
    assert_eq!(world.look_brings(id, told("0", "120")).await, ["checkout.updated"]);
    assert_eq!(world.look_brings(id, told("0", "0")).await, ["dispute.closed", "attention.resolved"]);
    assert_eq!(world.sums(id).await, sums("0.00", "0.00", "won"));
    assert!(world.shown(id).await.can_fulfill);
}

#[tokio::test]
async fn a_whole_chargeback_ends_the_attempt_until_it_is_won() {
    let world = World::new().await;
    let (id, _) = world.captured().await;
    let lost = world.look_brings(id, stands(Claim::state(AttemptState::ChargedBack))).await;
    assert_eq!(lost, ["checkout.charged_back", "dispute.opened", "attention.opened"]);
    assert_eq!((world.shown(id).await.status, world.sums(id).await.1.as_str()), ("charged_back", "1420.00"));
    let won = world.look_brings(id, told("0", "0")).await;
    assert_eq!(won, ["checkout.captured", "dispute.closed", "attention.resolved"]);
    assert_eq!((world.shown(id).await.status, world.sums(id).await), ("captured", sums("0.00", "0.00", "won")));
}

#[tokio::test]
async fn a_lost_dispute_is_told_by_the_financer_or_by_a_person() {
    for by_person in [true, false] {
        let world = World::new().await;
        let (id, _) = world.captured().await;
        world.look_brings(id, told("0", "100")).await;
        if by_person {
            let before = world.events(id).await.len();
            world.resolve(id, "dispute_opened", "dispute_lost", None).await.unwrap();
            assert_eq!(world.events(id).await.split_off(before), ["attention.resolved", "dispute.closed"]);
        } else {
            let mut lost = told("0", "100");
            lost.details.dispute = Some(Dispute::Lost);
            assert_eq!(world.look_brings(id, lost).await, ["dispute.closed", "attention.resolved"]);
        }
        assert_eq!(world.sums(id).await, sums("0.00", "100.00", "lost"));
        assert_eq!(world.shown(id).await.blockers, ["dispute_lost"]);
        assert_eq!(world.look_brings(id, told("0", "100")).await, Vec::<&str>::new(), "it is over");
        assert_eq!(world.open_items(id).await, Vec::<&str>::new());
    }
}

#[tokio::test]
async fn where_to_look_after_a_dispute_is_shown_to_who_asks_and_kept_nowhere() {
    let world = World::new().await;
    let (id, _) = world.captured().await;
    let uri = "https://financer.example/dispute/1";
    world.able.answer_look(Retrieved { dispute_uri: Some(uri.to_owned()), ..told("0", "100") });
    let view = world.engine.refresh(world.tenant, id).await.unwrap();
    assert_eq!((view.dispute_uri.as_deref(), view.dispute), (Some(uri), "open"));
    assert_eq!(world.shown(id).await.dispute_uri, None);
    assert!(world.timeline(id).await.events.iter().all(|event| !event.snapshot.contains("financer.example/dispute")));
}

/// Gives 20.00 back.
async fn refund(world: &World, id: CheckoutId) -> Reply {
    let amount = Some(lendport_core::parse_decimal("20").unwrap());
    let asked = RefundAsk { amount, ..RefundAsk::default() };
    world.engine.refund(world.tenant, id, None, asked, ticket("POST /refunds", "key", "")).await.unwrap()
}

fn refunded_by_command(total: &str) -> Retrieved {
    let claim = Claim::Refund { amount: Some(usd("20")), distinguishable: true };
    Retrieved { claim, ..told(total, "0") }
}

#[tokio::test]
async fn a_refund_of_ours_counts_once_whoever_tells_of_it_first() {
    // What is pushed while the command is under way, the total in its answer, and what is counted then.
    let back_office = json!({ "refund": "30.00", "refunded": "30.00" });
    let both = json!({ "refund": "20.00", "refunded": "50.00" });
    for (pushed, answered, counted) in [
        (None, "20.00", "20.00"),
        (None, "0.00", "20.00"),
        (Some(back_office.clone()), "50.00", "50.00"),
        (Some(back_office), "30.00", "30.00"),
        (Some(both), "50.00", "50.00"),
    ] {
        let world = World::new().await;
        let (id, _) = world.captured().await;
        world.able.answer_command_with(refunded_by_command(answered));
        let gate = world.able.hold_commands();
        let (reply, ()) = tokio::join!(refund(&world, id), async {
            while world.able.commanded().is_empty() {
                tokio::task::yield_now().await;
            }
            // A look in between counts nothing: the command is answered by itself.
            assert_eq!(world.look_brings(id, told("20", "0")).await, Vec::<&str>::new());
            if let Some(body) = pushed.clone() {
                world.able_pushes(body).await;
            }
            gate.notify_one();
        });
        assert_eq!((reply.status, world.sums(id).await.0.as_str()), (201, counted), "{pushed:?} {answered}");
        // A total that stayed behind is made up for by the next look.
        world.look_brings(id, told(if pushed.is_some() { "50" } else { "20" }, "0")).await;
        assert_eq!(world.sums(id).await.0, if pushed.is_some() { "50.00" } else { "20.00" });
        assert_eq!(world.attention(id).await, Vec::<&str>::new());
    }
}

#[tokio::test]
async fn a_refund_without_answer_is_settled_by_the_total() {
    let world = World::new().await;
    let (id, _) = world.captured().await;
    world.able.answer_command(Err(silence()));
    refund(&world, id).await;
    world.look_brings(id, told("20", "0")).await;
    assert_eq!(world.operation(id, OperationKind::Refund).await.phase, Phase::Settled);
    assert_eq!((world.sums(id).await.0.as_str(), world.open_items(id).await), ("20.00", vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_that_was_overtaken_looks_again() {
    let world = Arc::new(World::new().await);
    let (id, _) = world.captured().await;
    world.look_brings(id, told("0", "100")).await;
    let before = world.able.looks();
    // The answer of this look is old by the time it comes: the dispute is won meanwhile.
    let gate = world.able.hold_looks();
    let (engine, tenant) = (Arc::clone(&world.engine), world.tenant);
    let slow = tokio::spawn(async move { engine.refresh(tenant, id).await });
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while world.able.looks() == before {
        assert!(std::time::Instant::now() < deadline, "no look was begun");
        tokio::task::yield_now().await;
    }
    world.able.let_looks_pass();
    assert_eq!(world.look_brings(id, told("0", "0")).await, ["dispute.closed", "attention.resolved"]);
    gate.notify_one();
    slow.await.unwrap().unwrap();
    assert_eq!(world.able.looks(), before + 3, "the slow one looked twice");
    assert_eq!(world.sums(id).await, sums("0.00", "0.00", "won"));
}
