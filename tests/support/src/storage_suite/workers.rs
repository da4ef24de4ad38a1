//! What workers look for, and the end.

use lendport_core::operation::Phase;
use lendport_core::{AttemptState, Checkout, CheckoutStatus, Operation, OperationKind};
use lendport_storage::{Change, StoreError};

use super::world::{World, at, next, work};

/// Only what a timer may end is due, what may have no financer among it, longest overdue first. What a worker takes, no
/// other gets for a minute, where there can be another.
pub(super) async fn deadlines(world: World) {
    let mut due = Vec::new();
    for (number, state) in (0..).zip(AttemptState::ALL) {
        let mut change = world.opening(state);
        change.checkout.as_mut().unwrap().expires_at = at(100 - number);
        let record = world.insert(change).await;
        if state.may_expire() || record.status() == CheckoutStatus::Open {
            due.push(record.checkout.id);
        }
    }
    due.reverse();
    // Nobody chose a financer.
    let unchosen = Checkout { expires_at: at(101), ..world.checkout() };
    due.push(unchosen.id);
    world.insert(Change { checkout: Some(Box::new(unchosen)), ..Change::default() }).await;
    let found = |now, limit| {
        let store = &world.store;
        async move {
            let found = store.due_for_expiry(work(at(now), limit).into()).await.unwrap();
            found.into_iter().map(|located| located.checkout).collect::<Vec<_>>()
        }
    };
    assert_eq!(found(0, 9).await, []);
    assert_eq!(found(101, 9).await, due);
    assert!(found(159, 9).await.is_empty() || world.store.exclusive());
    // Whoever took them died: they are due again.
    assert_eq!(found(200, 2).await, due[..2]);
    // Once ended it is not due any more.
    let record = world.read(due[0]).await;
    let mut attempt = record.attempts[0].clone();
    attempt.state = AttemptState::Expired;
    let change = Change { checkout: Some(next(&record.checkout)), attempts: vec![attempt], ..Change::default() };
    world.change(due[0], move |_| change.clone()).await.unwrap();
    assert_eq!(found(300, 9).await, due[1..]);
    let last = due.pop().unwrap();
    let mut checkout = next(&world.read(last).await.checkout);
    checkout.route.closed = true;
    let change = Change { checkout: Some(checkout), ..Change::default() };
    world.change(last, move |_| change.clone()).await.unwrap();
    assert_eq!(world.read(last).await.status(), CheckoutStatus::Expired);
    assert_eq!(found(400, 9).await, due[1..]);
}

/// Attempts whose provider is to be asked, whatever their state.
pub(super) async fn polls(world: World) {
    let mut due = Vec::new();
    for (number, state) in (0..).zip(AttemptState::ALL) {
        let mut change = world.opening(state);
        change.attempts[0].poll_at = Some(at(100 - number));
        change.attempts[0].polls = 3;
        let attempt = world.insert(change).await.attempts[0].clone();
        assert_eq!((attempt.poll_at, attempt.polls), (Some(at(100 - number)), 3));
        due.push((attempt.checkout, Some(attempt.id)));
    }
    world.open(AttemptState::AwaitingCustomer).await;
    due.reverse();
    let found = |now, limit| {
        let store = &world.store;
        async move {
            let found = store.due_for_poll(work(at(now), limit).into()).await.unwrap();
            found.into_iter().map(|located| (located.checkout, located.attempt)).collect::<Vec<_>>()
        }
    };
    assert_eq!(found(0, 99).await, []);
    assert_eq!(found(100, 99).await, due);
    assert!(found(159, 99).await.is_empty() || world.store.exclusive());
    assert_eq!(found(200, 2).await, due[..2]);
    let record = world.read(due[0].0).await;
    let mut attempt = record.attempts[0].clone();
    (attempt.poll_at, attempt.polls) = (Some(at(400)), 4);
    let change = Change { checkout: Some(next(&record.checkout)), attempts: vec![attempt], ..Change::default() };
    world.change(due[0].0, move |_| change.clone()).await.unwrap();
    assert_eq!(found(300, 99).await, due[1..]);
    assert_eq!(found(400, 99).await.last(), Some(&due[0]));
}

/// Calls whose sender should have come back: in phase `sent`, with their lease behind them.
pub(super) async fn interrupted_calls(world: World) {
    let mut change = world.opening(AttemptState::Initiating);
    let attempt = change.attempts[0].clone();
    let phases =
        [Phase::Queued, Phase::Sent, Phase::Acknowledged, Phase::Settled, Phase::Failed, Phase::Unknown, Phase::Sent];
    for (number, phase) in (0..).zip(phases) {
        let mut operation = world.operation(&attempt, OperationKind::Create, phase);
        operation.lease_until = at(30 - number);
        change.operations.push(operation);
    }
    let (sent, later) = (change.operations[6].id, change.operations[1].id);
    let record = world.insert(change).await;
    let found = |now, limit| {
        let store = &world.store;
        async move {
            let found = store.interrupted_calls(work(at(now), limit)).await.unwrap();
            found.into_iter().map(|call| call.operation).collect::<Vec<_>>()
        }
    };
    let ids = |found: &[Operation]| found.iter().map(|operation| operation.id).collect::<Vec<_>>();
    assert_eq!(found(24, 9).await, []);
    assert_eq!(ids(&found(25, 9).await), [sent]);
    assert_eq!(ids(&found(100, 9).await), [sent, later]);
    assert!(found(159, 9).await.is_empty() || world.store.exclusive());
    let first = found(200, 1).await;
    assert_eq!(ids(&first), [sent]);
    assert_eq!((first[0].checkout, first[0].phase), (record.checkout.id, Phase::Sent));
    let mut settled = first[0].clone();
    settled.phase = Phase::Unknown;
    let change = Change { operations: vec![settled], ..Change::default() };
    world.change(record.checkout.id, move |_| change.clone()).await.unwrap();
    assert_eq!(ids(&found(300, 9).await), [later]);
}

/// A closed store answers, and does not hang; closing twice is closing.
pub(super) async fn closed(world: World) {
    let record = world.open(AttemptState::AwaitingCustomer).await;
    assert_eq!(world.store.ready().await, Ok(()));
    world.store.close().await;
    world.store.close().await;
    let unavailable = |error: StoreError| matches!(error, StoreError::Unavailable(_));
    assert!(unavailable(world.store.checkout(world.tenant, record.checkout.id).await.unwrap_err()));
    let change = world.opening(AttemptState::Initiating);
    assert!(unavailable(world.store.insert_checkout(world.tenant, None, change).await.unwrap_err()));
    assert!(unavailable(world.store.ready().await.unwrap_err()));
}
