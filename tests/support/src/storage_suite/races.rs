//! Many at once: one wins, the others learn who did.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use lendport_core::{AttemptState, Checkout, EventType};
use lendport_storage::{Change, ChangeAsk, ChangeOutcome, InsertOutcome, Loaded, change_with};
use tokio::task::JoinSet;

use super::world::{World, at, next};

/// Exactly one of two inserts with a key goes in.
pub(super) async fn two_requests_one_key(world: World) {
    for round in 0..20 {
        requests_with_one_key(&world, 2, &format!("key {round}")).await;
    }
}

/// Exactly one of fifty.
pub(super) async fn fifty_requests_one_key(world: World) {
    requests_with_one_key(&world, 50, "key").await;
}

async fn requests_with_one_key(world: &World, count: usize, key: &str) {
    let mut tasks = JoinSet::new();
    for number in 0..count {
        let (store, tenant) = (world.either_store(number), world.tenant);
        let (claim, change) = (world.claim(key, "one", at(0)), world.opening(AttemptState::Initiating));
        tasks.spawn(async move {
            let id = change.checkout.as_ref().unwrap().id;
            (id, store.insert_checkout(tenant, Some(claim), change).await.unwrap())
        });
    }
    let outcomes = tasks.join_all().await;
    let winners: Vec<_> =
        outcomes.iter().filter(|(_, outcome)| *outcome == InsertOutcome::Inserted).map(|(id, _)| *id).collect();
    let [winner] = winners[..] else { unreachable_count(winners.len()) };
    for (id, outcome) in outcomes {
        match outcome {
            InsertOutcome::Inserted => {}
            InsertOutcome::Claimed(row) => {
                assert_eq!(row.checkout, Some(winner));
                assert_eq!(world.store.checkout(world.tenant, id).await, Ok(None));
            }
        }
    }
}

#[expect(clippy::panic, reason = "cases of a suite fail by panicking")]
fn unreachable_count(count: usize) -> ! {
    panic!("{count} inserts went in with one key")
}

/// The engine's pattern for pushes: look the message up, write its event only if it is new.
pub(super) async fn one_message_ten_times(world: World) {
    let record = world.open(AttemptState::AwaitingCustomer).await;
    let (id, attempt) = (record.checkout.id, record.attempts[0].clone());
    let mut tasks = JoinSet::new();
    for number in 0..10 {
        let (store, tenant) = (world.either_store(number), world.tenant);
        let fact = world.observation(&attempt, "the message", AttemptState::Authorized);
        let event = world.event(id, EventType::CheckoutUpdated, 0);
        let ask = ChangeAsk { dedupe: Some((attempt.id, "the message".to_owned())), ..ChangeAsk::default() };
        tasks.spawn(async move {
            let decide = move |loaded: Loaded<'_>| {
                if let Some((first, told_again)) = loaded.seen {
                    return (Change { repeated: Some(first), ..Change::default() }, Some(told_again));
                }
                let checkout = &loaded.record.checkout;
                let sequence = checkout.sequence + 1;
                let mut event = event.clone();
                event.sequence = sequence;
                let mut moved = loaded.record.attempts[0].clone();
                moved.state = AttemptState::Authorized;
                let checkout = Box::new(Checkout { sequence, ..*next(checkout) });
                let (observations, events, attempts) = (vec![fact.clone()], vec![event], vec![moved]);
                (Change { checkout: Some(checkout), observations, events, attempts, ..Change::default() }, None)
            };
            change_with(&*store, tenant, id, ask, decide).await.unwrap().1.unwrap()
        });
    }
    let told_again: BTreeSet<_> = tasks.join_all().await.into_iter().collect();
    let expected: BTreeSet<_> = std::iter::once(None).chain((0..9).map(Some)).collect();
    assert_eq!(told_again, expected);
    let timeline = world.store.timeline(world.tenant, id).await.unwrap().unwrap();
    assert_eq!((timeline.events.len(), timeline.observations.len()), (1, 1));
    assert_eq!(timeline.observations[0].1, 9);
    assert_eq!(world.read(id).await.checkout.version, 2);
}

/// Two financers approve at the same moment: the fence, asked inside the transaction, lets one through.
pub(super) async fn two_commitments_race(world: World) {
    for _ in 0..10 {
        let mut opening = world.opening(AttemptState::AwaitingCustomer);
        let checkout = opening.checkout.clone().unwrap();
        opening.attempts.push(world.attempt(&checkout, 2, AttemptState::AwaitingCustomer));
        let record = world.insert(opening).await;
        let mut tasks = JoinSet::new();
        for (number, attempt) in record.attempts.clone().into_iter().enumerate() {
            let (store, tenant, id) = (world.either_store(number), world.tenant, checkout.id);
            tasks.spawn(async move {
                let decide = move |loaded: Loaded<'_>| {
                    if loaded.record.fence_for(attempt.id) != lendport_core::fence::Fence::Free {
                        return (Change::abort(), false);
                    }
                    let mut moved = attempt.clone();
                    moved.state = AttemptState::Authorized;
                    let checkout = Some(next(&loaded.record.checkout));
                    (Change { checkout, attempts: vec![moved], ..Change::default() }, true)
                };
                change_with(&*store, tenant, id, ChangeAsk::default(), decide).await.unwrap().1.unwrap()
            });
        }
        assert_eq!(tasks.join_all().await.into_iter().filter(|let_through| *let_through).count(), 1);
    }
}

/// Changes of different checkouts share commits and do not mix; one in ten fails and takes nobody with it.
pub(super) async fn many_checkouts_at_once(world: World) {
    let world = Arc::new(world);
    let ran = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    for number in 0_u32..200 {
        let (world, ran) = (Arc::clone(&world), Arc::clone(&ran));
        tasks.spawn(async move {
            let record = world.open(AttemptState::AwaitingCustomer).await;
            let id = record.checkout.id;
            let fails = number % 10 == 0;
            let mut checkout = next(&record.checkout);
            checkout.reference = Some(number.to_string());
            checkout.version += u64::from(fails);
            let change = Change { checkout: Some(checkout), ..Change::default() };
            let outcome = world
                .change(id, move |_| {
                    ran.fetch_add(1, Ordering::Relaxed);
                    change.clone()
                })
                .await;
            assert_eq!(outcome.is_err(), fails);
            assert!(fails || outcome == Ok(ChangeOutcome::Done));
            let expected = if fails { record.checkout.reference } else { Some(number.to_string()) };
            assert_eq!(world.read(id).await.checkout.reference, expected);
        });
    }
    tasks.join_all().await;
    assert!(ran.load(Ordering::Relaxed) >= 200);
}
