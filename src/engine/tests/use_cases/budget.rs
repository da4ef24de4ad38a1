//! No account is asked more often than its budget allows; nobody waits for ever, and what a merchant commands does not wait.

use std::sync::Arc;

use jiff::SignedDuration;
use lendport_core::{AttemptState, CheckoutId, Claim, Reason};
use lendport_engine::{CommandAsk, UpkeepSettings};

use crate::fake_lender::Stepping;
use crate::fake_list::row;
use crate::world::{World, asked, id_of, push_at, ticket};

/// Looks in a minute.
const BUDGET: u32 = 12;

fn small() -> UpkeepSettings {
    UpkeepSettings { looks_per_minute: BUDGET, ..UpkeepSettings::default() }
}

impl World {
    async fn many(&self, count: u32) -> Vec<CheckoutId> {
        self.listed.answer_retrieve(Claim::state(AttemptState::AwaitingCustomer));
        let mut ids = Vec::new();
        for key in 0..count {
            ids.push(id_of(&self.open_at("listed", &format!("key {key}")).await.unwrap()));
        }
        ids
    }
}

#[tokio::test]
async fn a_minute_has_no_more_looks_than_the_budget_and_everybody_gets_one() {
    let world = World::new().await;
    let engine = world.with_upkeep("frugal", small());
    let ids = world.many(50).await;
    let (mut looks, mut counts) = (0, Vec::new());
    for _ in 0..600 {
        world.clock.advance(SignedDuration::from_secs(1));
        engine.settle_due().await.unwrap();
        counts.push(world.listed.looks() - looks);
        looks = world.listed.looks();
    }
    let most = counts.windows(60).map(|minute| minute.iter().sum::<u32>()).max();
    assert!(most <= Some(BUDGET), "{most:?} looks in a minute");
    assert!(looks >= BUDGET * 8, "{looks} looks in ten minutes: the budget is used");
    for id in ids {
        assert!(world.attempt(id).await.polls > 0, "never looked at");
    }
}

#[tokio::test]
async fn a_signature_and_a_command_pass_the_queue() {
    let world = World::new().await;
    let engine = world.with_upkeep("frugal", small());
    let ids = world.many(60).await;
    // All are looked at once, and due again.
    for _ in 0..60 {
        world.clock.advance(SignedDuration::from_secs(10));
        engine.settle_due().await.unwrap();
    }
    let last = *ids.last().unwrap();
    world.engine.customer_came_back(world.tenant, last, lendport_engine::CameBack::Complete).await.unwrap();
    world.listed.answer_retrieve(Claim::state(AttemptState::AwaitingMerchant));
    world.listed.list.show(vec![vec![row("signed", "nobody@example.com", None)]]);
    let mut seconds = 0;
    while world.state(last).await == AttemptState::AwaitingCustomer {
        world.clock.advance(SignedDuration::from_secs(1));
        engine.settle_due().await.unwrap();
        seconds += 1;
        assert!(seconds <= 66, "news wait behind what brought none");
    }
    // The budget is spent, and a command goes through all the same.
    let waiting = async |id: &CheckoutId| world.state(*id).await == AttemptState::AwaitingCustomer;
    let mut first = None;
    for id in &ids {
        if waiting(id).await {
            first = Some(*id);
            break;
        }
    }
    let ended = Claim::State { state: AttemptState::Canceled, reason: Some(Reason::new(Reason::CANCELED_LOCALLY)) };
    world.listed.answer_command(Ok(ended));
    let command = CommandAsk::default();
    engine.cancel(world.tenant, first.unwrap(), None, command, ticket("POST /cancel", "cancel", "")).await.unwrap();
    assert_eq!(world.state(first.unwrap()).await, AttemptState::Canceled);
}

#[tokio::test]
async fn the_list_is_counted_and_has_its_turn() {
    let world = World::new().await;
    let engine = world.with_upkeep("frugal", small());
    world.many(40).await;
    let (mut before, mut counts) = (0, Vec::new());
    for _ in 0..900 {
        world.clock.advance(SignedDuration::from_secs(1));
        engine.sweep_due().await.unwrap();
        engine.settle_due().await.unwrap();
        let calls = world.listed.looks() + u32::try_from(world.listed.list.asks().len()).unwrap();
        counts.push(calls - before);
        before = calls;
    }
    let most = counts.windows(60).map(|minute| minute.iter().sum::<u32>()).max();
    assert!(most <= Some(BUDGET), "{most:?} calls in a minute");
    // Once a minute, or a little less often while it has to wait for its moment.
    let readings = world.listed.list.asks().len();
    assert!((6..=19).contains(&readings), "{readings} readings in a quarter of an hour");
}

#[tokio::test]
async fn what_a_notice_asks_for_does_not_wait() {
    let world = World::new().await;
    let engine = world.with_upkeep("frugal", small());
    world.able.answer_retrieve(Claim::state(AttemptState::AwaitingCustomer));
    for key in 0..40 {
        world.open_at("able", &format!("key {key}")).await.unwrap();
        let token = world.able.last().token;
        let look = serde_json::json!({ "state": "awaiting_customer", "look": true });
        assert_eq!(push_at(&engine, "able", &token, look).await.status, 200);
    }
    assert_eq!((engine.settle_due().await, world.able.looks()), (Ok(40), 40));
}

#[tokio::test]
async fn a_look_counts_as_the_calls_that_it_takes() {
    let world = World::new().await;
    let lender = Stepping::default();
    let account = lendport_core::ProviderAccount {
        id: lendport_core::ProviderAccountId::mint(&world.ids),
        merchant: world.tenant.merchant,
        provider: lendport_core::ProviderId::parse("stepped").unwrap(),
        mode: world.tenant.mode,
        settings: lendport_core::AccountSettings::default(),
    };
    world.store.put_account(&account).await.unwrap();
    let engine = world.with_providers("frugal", small(), &[Arc::new(lender.clone())]);
    for key in 0..30 {
        let open = ticket(crate::world::OPEN, &format!("key {key}"), "stepped");
        let invalid = lendport_core::Invalid::none();
        assert_eq!(engine.open_checkout(world.tenant, asked("stepped"), invalid, open).await.unwrap().status, 201);
    }
    let mut counts = Vec::new();
    for _ in 0..600 {
        world.clock.advance(SignedDuration::from_secs(1));
        let before = lender.0.there().looks;
        engine.settle_due().await.unwrap();
        // Each look at this lender is two calls.
        counts.push((lender.0.there().looks - before) * 2);
    }
    let most = counts.windows(60).map(|minute| minute.iter().sum::<u32>()).max();
    assert!(most <= Some(BUDGET), "{most:?} calls in a minute");
    assert!(counts.iter().sum::<u32>() >= BUDGET * 6, "the budget is used");
}
