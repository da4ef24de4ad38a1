//! One merchant's financer does not answer, and another merchant's work goes on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use lendport_core::{
    AccountSettings, AttemptState, CheckoutId, Claim, ErrorKind, Invalid, MerchantId, ProviderAccount,
    ProviderAccountId, ProviderError, ProviderId, ShopPage,
};
use lendport_storage::{Merchant, Tenant};
use serde_json::json;

use crate::cascade::automatic;
use crate::choosing::open;
use crate::fake::created;
use crate::routing::{put, unnamed};
use crate::settle::silence;
use crate::world::{OPEN, World, asked, id_of, ticket};

/// Places of one merchant among looks, and among starts of a next financer.
const LOOKS_OF_ONE: u32 = 8;
const STARTS_OF_ONE: usize = 16;

/// Another merchant, with an account at `provider`.
async fn beside(world: &World, provider: &str) -> Tenant {
    let tenant = Tenant { merchant: MerchantId::mint(&world.ids), ..world.tenant };
    let created_at = lendport_core::Clock::now(&world.clock);
    let merchant = Merchant { id: tenant.merchant, name: "quiet".to_owned(), page: ShopPage::default(), created_at };
    world.store.put_merchant(&merchant).await.unwrap();
    let account = ProviderAccount {
        id: ProviderAccountId::mint(&world.ids),
        merchant: tenant.merchant,
        provider: ProviderId::parse(provider).unwrap(),
        mode: tenant.mode,
        settings: AccountSettings::default(),
    };
    world.store.put_account(&account).await.unwrap();
    tenant
}

async fn opened(world: &World, tenant: Tenant, provider: &str, key: &str) -> CheckoutId {
    let key = ticket(OPEN, key, provider);
    id_of(&world.engine.open_checkout(tenant, asked(provider), Invalid::none(), key).await.unwrap())
}

async fn state(world: &World, tenant: Tenant, id: CheckoutId) -> AttemptState {
    world.store.checkout(tenant, id).await.unwrap().unwrap().attempts[0].state
}

pub(crate) async fn until(what: &str, seen: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !seen().await {
        assert!(began.elapsed() < Duration::from_secs(120), "nothing was seen of {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn looks_that_hang_take_a_share_and_what_another_merchant_has_due_is_looked_at() {
    let world = World::new().await;
    let quiet = beside(&world, "listed").await;
    for number in 0..30 {
        opened(&world, world.tenant, "watched", &format!("{number}")).await;
    }
    world.clock.advance(SignedDuration::from_secs(400));
    let gate = world.watched.hold_looks();
    let engine = Arc::clone(&world.engine);
    let settling = tokio::spawn(async move { engine.settle_due().await });
    until("the looks that hang", async || world.watched.looks() == LOOKS_OF_ONE).await;
    // What comes due only now is looked at now.
    for round in 1..=3 {
        world.listed.answer_retrieve(Claim::state(AttemptState::AwaitingCustomer));
        opened(&world, quiet, "listed", &format!("{round}")).await;
        world.clock.advance(SignedDuration::from_secs(10));
        until("the other merchant's look", async || world.listed.looks() >= round).await;
    }
    assert_eq!(world.watched.looks(), LOOKS_OF_ONE, "none of those that hang has ended, and no other was begun");
    world.watched.let_looks_pass();
    gate.notify_waiters();
    settling.await.unwrap().unwrap();
    assert!(world.watched.looks() >= 30, "and all of them had their turn: {}", world.watched.looks());
}

#[tokio::test]
async fn a_last_look_that_hangs_keeps_no_other_merchants_deadline() {
    let world = World::new().await;
    let quiet = beside(&world, "easy").await;
    for number in 0..20 {
        world.at_listed(&format!("{number}")).await;
    }
    let one = opened(&world, quiet, "easy", "one").await;
    world.clock.advance(SignedDuration::from_hours(72));
    let (gate, looks) = (world.listed.hold_looks(), world.listed.looks());
    let engine = Arc::clone(&world.engine);
    let ending = tokio::spawn(async move { engine.expire_due().await });
    until("a last look that hangs", async || world.listed.looks() > looks).await;
    until("the other merchant's deadline", async || state(&world, quiet, one).await == AttemptState::Expired).await;
    assert_eq!(world.listed.looks(), looks + 1, "an account is asked once at a time, and has not answered");
    world.listed.let_looks_pass();
    gate.notify_waiters();
    assert_eq!(ending.await.unwrap(), Ok(21));
}

#[tokio::test]
async fn last_looks_that_cannot_be_had_keep_no_later_deadline_of_their_merchant() {
    let world = World::new().await;
    for number in 0..250 {
        opened(&world, world.tenant, "listed", &format!("{number}")).await;
    }
    world.clock.advance(SignedDuration::from_secs(1));
    let later = opened(&world, world.tenant, "easy", "later").await;
    world.listed.fail_retrieve(silence());
    world.clock.advance(SignedDuration::from_hours(72));
    assert_eq!(world.engine.expire_due().await, Ok(1));
    assert_eq!(state(&world, world.tenant, later).await, AttemptState::Expired);
    assert_eq!(world.listed.looks(), 1, "one that does not answer is not asked for each");
    world.clock.advance(SignedDuration::from_mins(61));
    assert_eq!(world.engine.expire_due().await, Ok(250));
}

#[tokio::test]
async fn whoever_is_to_stop_takes_no_more() {
    let world = World::new().await;
    for number in 0..20 {
        opened(&world, world.tenant, "watched", &format!("{number}")).await;
    }
    world.clock.advance(SignedDuration::from_secs(400));
    let gate = world.watched.hold_looks();
    let engine = Arc::clone(&world.engine);
    let settling = tokio::spawn(async move { engine.settle_due().await });
    until("looks under way", async || world.watched.looks() == LOOKS_OF_ONE).await;
    world.engine.take_no_more();
    world.watched.let_looks_pass();
    gate.notify_waiters();
    assert_eq!(settling.await.unwrap(), Ok(u64::from(LOOKS_OF_ONE)));
}

#[tokio::test]
async fn a_next_financer_that_does_not_answer_keeps_no_other_from_following() {
    let world = World::new().await;
    put(&world, automatic(&["easy", "able"])).await;
    open(&world, unnamed(), "one").await.unwrap();
    world.push(json!({ "state": "declined" })).await;
    world.able.answer_create(|_| std::future::pending());
    let engine = Arc::clone(&world.engine);
    let following = tokio::spawn(async move { engine.follow_due().await });
    until("a create that hangs", async || world.able.asked().len() == 1).await;
    // For other carts another one follows.
    put(&world, automatic(&["easy", "sure"])).await;
    world.clock.advance(SignedDuration::from_secs(2));
    open(&world, unnamed(), "two").await.unwrap();
    world.push(json!({ "state": "declined" })).await;
    until("the other one's next financer", async || world.sure.asked().len() == 1).await;
    following.abort();
}

/// So many checkouts of one merchant, refused by the first financer.
async fn refused(world: &World, count: usize) {
    for number in 0..count {
        open(world, unnamed(), &number.to_string()).await.unwrap();
        world.push(json!({ "state": "declined", "nonce": number })).await;
    }
}

#[tokio::test]
async fn next_financers_that_hang_take_a_share_and_the_next_process_starts_those_that_wait() {
    let world = World::new().await;
    put(&world, automatic(&["easy", "able"])).await;
    let (gate, held) = (Arc::new(tokio::sync::Semaphore::new(0)), Arc::new(tokio::sync::Semaphore::new(0)));
    let (opens, began) = (Arc::clone(&gate), Arc::clone(&held));
    world.able.answer_create(move |asked| {
        let (opens, began) = (Arc::clone(&opens), Arc::clone(&began));
        async move {
            began.add_permits(1);
            opens.acquire().await.unwrap().forget();
            Ok(created(&asked))
        }
    });
    refused(&world, STARTS_OF_ONE + 4).await;
    let engine = Arc::clone(&world.engine);
    let following = tokio::spawn(async move { engine.follow_due().await });
    until("creates that hang", async || held.available_permits() == STARTS_OF_ONE).await;
    // One ends, and another takes its place.
    gate.add_permits(1);
    until("the next create", async || held.available_permits() == STARTS_OF_ONE + 1).await;
    // The process is told to end: those under way end, and no other is begun.
    world.engine.take_no_more();
    gate.add_permits(100);
    assert_eq!(following.await.unwrap(), Ok(u64::try_from(STARTS_OF_ONE + 1).unwrap()));
    assert_eq!(held.available_permits(), STARTS_OF_ONE + 1);
    assert_eq!(world.engine.follow_due().await, Ok(0));
    let next = world.restarted("next process");
    assert_eq!(next.settle_due().await, Ok(3));
    assert_eq!(world.able.asked().len(), STARTS_OF_ONE + 4);
}

#[tokio::test]
async fn a_no_that_comes_while_the_process_ends_is_stored_and_the_next_process_goes_on() {
    let world = World::new().await;
    put(&world, automatic(&["easy", "strict", "able"])).await;
    let engine = Arc::clone(&world.engine);
    world.strict.answer_create(move |_| {
        engine.take_no_more();
        async { Err(ProviderError::new(ErrorKind::Declined, "No.")) }
    });
    let id = id_of(&open(&world, unnamed(), "one").await.unwrap());
    world.push(json!({ "state": "declined" })).await;
    assert_eq!(world.engine.follow_due().await, Ok(1));
    assert!(world.able.asked().is_empty(), "a create that the end of the process would cut off");
    assert_eq!(world.restarted("next process").settle_due().await, Ok(1));
    assert_eq!((world.able.asked().len(), world.record(id).await.attempts.len()), (1, 3));
}
