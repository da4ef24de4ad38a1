//! Idempotency keys: claimed with the effect, settled with the answer, taken over from the dead.

use lendport_core::operation::Phase;
use lendport_core::{AttemptState, OperationKind};
use lendport_storage::{
    Change, ChangeAsk, ChangeOutcome, Claim, ClaimState, ClaimWrite, InsertOutcome, Loaded, change_with,
};

use super::world::{World, at, next, sha};

const ROUTE: &str = "POST /v1/checkouts";

fn settle(owner: &str, state: ClaimState) -> Change {
    let claim = ClaimWrite { route: ROUTE.to_owned(), key: "key".to_owned(), owner: owner.to_owned(), state };
    Change { claim: Some(claim), ..Change::default() }
}

/// From the claim of an insert to its stored answer.
pub(super) async fn settled_and_taken_over(world: World) {
    let store = &*world.store;
    let mut change = world.opening(AttemptState::Initiating);
    let (id, attempt) = (change.checkout.as_ref().unwrap().id, change.attempts[0].clone());
    let operation = world.operation(&attempt, OperationKind::Create, Phase::Sent);
    change.claimed_operation = Some(operation.id);
    change.operations = vec![operation.clone()];
    let claim = world.claim("key", "one", at(0));
    store.insert_checkout(world.tenant, Some(claim.clone()), change.clone()).await.unwrap();

    let row = store.idempotency(world.tenant, ROUTE, "key").await.unwrap().unwrap();
    assert_eq!((row.checkout, row.operation, row.fingerprint.as_str()), (Some(id), Some(operation.id), &*sha(7)));
    assert_eq!(row.state, ClaimState::InFlight { owner: "one".to_owned(), locked_until: at(60) });
    assert_eq!(store.idempotency(world.tenant, ROUTE, "other").await, Ok(None));
    assert_eq!(store.idempotency(world.tenant, "POST /v1/other", "key").await, Ok(None));

    // Its owner is at work; somebody else is alive only where the store can be shared.
    assert_eq!(store.take_over_claim(world.tenant, &world.claim("key", "one", at(59))).await, Ok(false));
    let other = world.claim("key", "two", at(10));
    assert_eq!(store.take_over_claim(world.tenant, &other).await, Ok(store.exclusive()));
    // Past the lock anybody may, once; with another body nobody may.
    let wrong = Claim { fingerprint: sha(8), ..world.claim("key", "three", at(100)) };
    assert_eq!(store.take_over_claim(world.tenant, &wrong).await, Ok(false));
    let late = world.claim("key", "three", at(100));
    assert_eq!(store.take_over_claim(world.tenant, &late).await, Ok(true));
    assert_eq!(store.take_over_claim(world.tenant, &late).await, Ok(false));
    let row = store.idempotency(world.tenant, ROUTE, "key").await.unwrap().unwrap();
    assert_eq!(row.state, ClaimState::InFlight { owner: "three".to_owned(), locked_until: at(160) });
    assert_eq!((row.checkout, row.operation), (Some(id), Some(operation.id)));

    // Whoever lost it writes the rest of its change and leaves the claim alone.
    let version = world.read(id).await.checkout.version;
    let decide = |loaded: Loaded<'_>| Change {
        checkout: Some(next(&loaded.record.checkout)),
        ..settle("one", ClaimState::Completed { status: 500, body: "{}".to_owned() })
    };
    world.change(id, decide).await.unwrap();
    assert_eq!(store.idempotency(world.tenant, ROUTE, "key").await.unwrap().unwrap(), row);
    assert_eq!(world.read(id).await.checkout.version, version + 1);

    // Left without an answer, taken up again, answered; an answer is never taken over.
    world.change(id, |_| settle("three", ClaimState::Resumable)).await.unwrap();
    assert_eq!(store.idempotency(world.tenant, ROUTE, "key").await.unwrap().unwrap().state, ClaimState::Resumable);
    assert_eq!(store.take_over_claim(world.tenant, &late).await, Ok(true));
    let answer = ClaimState::Completed { status: 201, body: r#"{"customer":{"first_name":"🦊"}}"#.to_owned() };
    let answered = answer.clone();
    world.change(id, move |_| settle("three", answered.clone())).await.unwrap();
    let row = store.idempotency(world.tenant, ROUTE, "key").await.unwrap().unwrap();
    assert_eq!(row.state, answer);
    assert_eq!(store.take_over_claim(world.tenant, &world.claim("key", "four", at(9_000))).await, Ok(false));
    change.checkout = Some(Box::new(world.checkout()));
    assert_eq!(store.insert_checkout(world.tenant, Some(claim), change).await, Ok(InsertOutcome::Claimed(row)));
}

/// A change claims its key with what it writes, and a known key stops it before the decision.
pub(super) async fn claims_of_changes(world: World) {
    let record = world.open(AttemptState::Authorized).await;
    let (id, attempt) = (record.checkout.id, record.attempts[0].clone());
    let operation = world.operation(&attempt, OperationKind::Shipment, Phase::Sent);
    let change = Change {
        checkout: Some(next(&record.checkout)),
        claimed_operation: Some(operation.id),
        operations: vec![operation.clone()],
        ..Change::default()
    };
    let ask = ChangeAsk { claim: Some(world.claim("key", "one", at(0))), ..ChangeAsk::default() };
    let ran = change_with(&*world.store, world.tenant, id, ask.clone(), move |_| (change.clone(), ())).await;
    assert_eq!(ran, Ok((ChangeOutcome::Done, Some(()))));
    let (outcome, ran) = change_with(&*world.store, world.tenant, id, ask, |_| (Change::default(), ())).await.unwrap();
    let row = world.store.idempotency(world.tenant, ROUTE, "key").await.unwrap().unwrap();
    assert_eq!((row.checkout, row.operation), (Some(id), Some(operation.id)));
    assert_eq!((outcome, ran), (ChangeOutcome::Claimed(row), None));
    assert_eq!(world.read(id).await.checkout.version, 2);
}

/// Oldest first, no more than asked, and nothing that is young.
pub(super) async fn trimmed(world: World) {
    let store = &*world.store;
    for second in 0..7 {
        let claim = world.claim(&format!("key {second}"), "one", at(second));
        store.insert_checkout(world.tenant, Some(claim), world.opening(AttemptState::Initiating)).await.unwrap();
    }
    assert_eq!(store.trim_idempotency(at(5), 3).await, Ok(3));
    assert_eq!(store.idempotency(world.tenant, ROUTE, "key 2").await, Ok(None));
    assert!(store.idempotency(world.tenant, ROUTE, "key 3").await.unwrap().is_some());
    assert_eq!(store.trim_idempotency(at(5), 3).await, Ok(2));
    assert_eq!(store.trim_idempotency(at(5), 3).await, Ok(0));
    assert!(store.idempotency(world.tenant, ROUTE, "key 5").await.unwrap().is_some());
}
