//! What workers look for, and the end.

use lendport_core::operation::Phase;
use lendport_core::{AttemptState, OperationKind};
use lendport_storage::{Change, StoreError};

use super::world::{World, at, next, work};

/// Only what a timer may end is due, longest overdue first.
pub(super) async fn deadlines(world: World) {
    let mut due = Vec::new();
    for (number, state) in (0..).zip(AttemptState::ALL) {
        let mut change = world.opening(state);
        change.checkout.as_mut().unwrap().expires_at = at(100 - number);
        let record = world.insert(change).await;
        if state.may_expire() {
            due.push(record.checkout.id);
        }
    }
    due.reverse();
    let found = |now, limit| {
        let store = &world.store;
        async move {
            let found = store.due_for_expiry(work(at(now), limit)).await.unwrap();
            found.into_iter().map(|located| located.checkout).collect::<Vec<_>>()
        }
    };
    assert_eq!(found(100, 9).await, due);
    assert_eq!(found(100, 2).await, due[..2]);
    assert_eq!(found(0, 9).await, []);
    // Once ended it is not due any more.
    let record = world.read(due[0]).await;
    let mut attempt = record.attempts[0].clone();
    attempt.state = AttemptState::Expired;
    let change = Change { checkout: Some(next(&record.checkout)), attempts: vec![attempt], ..Change::default() };
    world.change(due[0], move |_| change.clone()).await.unwrap();
    assert_eq!(found(100, 9).await, due[1..]);
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
    let (sent, later) = (change.operations[6].clone(), change.operations[1].clone());
    let record = world.insert(change).await;
    assert_eq!(world.store.interrupted_calls(work(at(24), 9)).await, Ok(vec![]));
    let found = world.store.interrupted_calls(work(at(25), 9)).await.unwrap();
    assert_eq!(found.iter().map(|call| &call.operation).collect::<Vec<_>>(), [&sent]);
    let found = world.store.interrupted_calls(work(at(60), 9)).await.unwrap();
    assert_eq!(found.iter().map(|call| &call.operation).collect::<Vec<_>>(), [&sent, &later]);
    assert_eq!(world.store.interrupted_calls(work(at(60), 1)).await.unwrap().len(), 1);
    let mut settled = sent;
    settled.phase = Phase::Unknown;
    let change = Change { operations: vec![settled], ..Change::default() };
    world.change(record.checkout.id, move |_| change.clone()).await.unwrap();
    let found = world.store.interrupted_calls(work(at(60), 9)).await.unwrap();
    assert_eq!(found.iter().map(|call| &call.operation).collect::<Vec<_>>(), [&later]);
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
