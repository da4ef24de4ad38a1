//! Customers who never come back: a checkout expires by our own timer, and what the lender says later still counts.

use std::sync::Arc;

use jiff::SignedDuration;
use lendport::gateway::Ambient;
use lendport_testkit::ManualClock;
use serde_json::json;

use crate::harness::{Loan, LoneSimulator, ServedGateway, carts, fresh};

struct Shop {
    gateway: ServedGateway,
    simulator: LoneSimulator,
    clock: Arc<ManualClock>,
}

async fn shop() -> Shop {
    let simulator = LoneSimulator::start(None).await;
    let clock = Arc::new(ManualClock::new());
    let ambient = Ambient { clock: clock.clone(), ..Ambient::system() };
    let gateway = ServedGateway::start_with(&simulator.lender.url, 5_000, &ambient).await;
    Shop { gateway, simulator, clock }
}

impl Shop {
    async fn loan(&self) -> Loan {
        Loan::open(&self.gateway.merchant, &self.simulator.lender).await
    }

    fn a_week_passes(&self) {
        self.clock.advance(SignedDuration::from_hours(7 * 24 + 1));
    }
}

#[tokio::test]
async fn an_undecided_checkout_expires_and_a_late_approval_takes_it_back() {
    let shop = shop().await;
    let loan = shop.loan().await;
    shop.a_week_passes();
    let seen = loan.merchant.until_status(&loan.id, "expired").await;
    assert_eq!((&seen.body["can_fulfill"], &seen.body["next_action"]), (&json!(false), &json!(null)));
    assert!(loan.merchant.events(&loan.id).await.contains(&"checkout.expired".to_owned()));

    assert_eq!(loan.tell("approved").await.status, 200);
    let seen = loan.seen().await;
    assert_eq!((seen.str("/status"), &seen.body["can_fulfill"]), ("authorized", &json!(true)));
    let events = loan.merchant.events(&loan.id).await;
    assert!(events.contains(&"attempt.late_approval".to_owned()), "{events:?}");
}

#[tokio::test]
async fn what_is_decided_does_not_expire() {
    let shop = shop().await;
    let (approved, rejected, waiting) = (shop.loan().await, shop.loan().await, shop.loan().await);
    approved.tell("approved").await;
    rejected.tell("rejected").await;
    shop.a_week_passes();
    waiting.merchant.until_status(&waiting.id, "expired").await;
    assert_eq!(approved.status().await, "authorized");
    assert_eq!(rejected.status().await, "declined");
}

#[tokio::test]
async fn an_unknown_outcome_does_not_become_a_failure_by_age() {
    let shop = shop().await;
    shop.simulator.lender.fault(json!({ "on": "create", "kind": "lose_reply" })).await;
    let lost = shop.gateway.merchant.open(&carts::usa()).await;
    let id = lost.refused(504, "provider_outcome_unknown").str("/checkout/id").to_owned();
    let waiting = shop.loan().await;
    shop.a_week_passes();
    waiting.merchant.until_status(&waiting.id, "expired").await;
    assert_eq!(shop.gateway.merchant.status(&id).await, "indeterminate");
}

#[tokio::test]
async fn an_old_idempotency_key_is_forgotten_and_may_be_used_anew() {
    let shop = shop().await;
    let key = fresh();
    let merchant = &shop.gateway.merchant;
    let first = merchant.post("/v1/checkouts", &key, &carts::usa()).await.ok(201).id();
    shop.a_week_passes();
    let anew = async || {
        let answer = merchant.post("/v1/checkouts", &key, &carts::usa()).await;
        (!answer.ok(201).replayed()).then_some(answer.id())
    };
    let second = crate::harness::until("the key to be forgotten", anew).await;
    assert_ne!(first, second);
}
