//! What an attempt is watched for, and the address that its notices come to.

use lendport_core::{AttemptState, OperationKind, Phase};
use lendport_storage::Change;

use super::world::{World, at, next};

/// What an attempt waits for is kept, and gone when it is over.
pub(super) async fn waits(world: World) {
    let record = world.open(AttemptState::Authorized).await;
    let id = record.checkout.id;
    assert_eq!((record.attempts[0].deadline_told, record.attempts[0].awaited), (None, None));
    for waits in [(Some(at(9)), Some(OperationKind::Capture)), (None, Some(OperationKind::Cancel)), (None, None)] {
        let record = world.read(id).await;
        let mut attempt = record.attempts[0].clone();
        (attempt.deadline_told, attempt.awaited) = waits;
        let change =
            Change { checkout: Some(next(&record.checkout)), attempts: vec![attempt.clone()], ..Change::default() };
        world.change(id, move |_| change.clone()).await.unwrap();
        assert_eq!(world.read(id).await.attempts, [attempt]);
    }
}

/// Notices come to one address at a time. Its change is stored with the command that tells the provider.
pub(super) async fn addresses(world: World) {
    let record = world.open(AttemptState::AwaitingCustomer).await;
    let other = world.open(AttemptState::AwaitingCustomer).await;
    let old = record.attempts[0].clone();
    let mut new = old.clone();
    new.callback_digest = world.attempt(&record.checkout, 2, old.state).callback_digest;
    let amend = world.operation(&old, OperationKind::Amend, Phase::Sent);
    let change = Change {
        checkout: Some(next(&record.checkout)),
        attempts: vec![new.clone()],
        operations: vec![amend.clone()],
        ..Change::default()
    };
    world.change(record.checkout.id, move |_| change.clone()).await.unwrap();
    let found = async |digest: &str| world.store.locate_callback(&old.provider, digest).await.unwrap();
    assert_eq!(found(&old.callback_digest).await, None);
    assert_eq!(found(&new.callback_digest).await.unwrap().attempt, new);
    let operations = world.store.operations(world.tenant, record.checkout.id, OperationKind::Amend).await.unwrap();
    assert_eq!(operations, [amend]);
    // Nobody gets the address of another.
    let mut taken = other.attempts[0].clone();
    taken.callback_digest.clone_from(&new.callback_digest);
    let change = Change { checkout: Some(next(&other.checkout)), attempts: vec![taken], ..Change::default() };
    assert!(world.change(other.checkout.id, move |_| change.clone()).await.is_err());
    assert_eq!(world.read(other.checkout.id).await, other);
}
