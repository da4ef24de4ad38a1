//! One transaction: all of it or nothing, and the rules that hold whatever the engine asks for.

use lendport_core::{AttemptState, Checkout, EventType};
use lendport_storage::{Change, ChangeAsk, ChangeOutcome, change_with};

use super::world::{World, at, next};

/// The last row of a change is refused: the first ones are not there either.
pub(super) async fn all_or_nothing(world: World) {
    let record = world.open(AttemptState::AwaitingCustomer).await;
    let id = record.checkout.id;
    let attempt = record.attempts[0].clone();
    let change = Change {
        checkout: Some(next(&record.checkout)),
        observations: vec![world.observation(&attempt, "first", AttemptState::Declined)],
        events: vec![world.event(id, EventType::CheckoutUpdated, 1), world.event(id, EventType::CheckoutUpdated, 1)],
        ..Change::default()
    };
    let ask = ChangeAsk { claim: Some(world.claim("key", "one", at(0))), ..ChangeAsk::default() };
    let outcome = change_with(&*world.store, world.tenant, id, ask, move |_| (change.clone(), ())).await;
    assert!(outcome.is_err());
    assert_nothing_written(&world, &record).await;
}

/// An aborted change leaves no trace, its claim included.
pub(super) async fn abort_writes_nothing(world: World) {
    let record = world.open(AttemptState::AwaitingCustomer).await;
    let (id, event) = (record.checkout.id, world.event(record.checkout.id, EventType::CheckoutUpdated, 1));
    let change = Change { checkout: Some(next(&record.checkout)), events: vec![event], ..Change::abort() };
    let ask = ChangeAsk { claim: Some(world.claim("key", "one", at(0))), ..ChangeAsk::default() };
    let outcome = change_with(&*world.store, world.tenant, id, ask, move |_| (change.clone(), 7)).await;
    assert_eq!(outcome, Ok((ChangeOutcome::Done, Some(7))));
    assert_nothing_written(&world, &record).await;
    let abort = Change { checkout: Some(Box::new(world.checkout())), ..Change::abort() };
    assert!(world.store.insert_checkout(world.tenant, None, abort).await.is_err());
    assert!(world.store.insert_checkout(world.tenant, None, Change::default()).await.is_err());
}

/// A mistake in a decision costs its own change and nobody else's.
#[expect(clippy::panic, reason = "that is the case")]
pub(super) async fn a_panicking_decision(world: World) {
    let record = world.open(AttemptState::AwaitingCustomer).await;
    let id = record.checkout.id;
    let outcome = world.change(id, |_| panic!("a mistake, made on purpose by this test")).await;
    assert!(outcome.is_err());
    assert_nothing_written(&world, &record).await;
    let change = Change { checkout: Some(next(&record.checkout)), ..Change::default() };
    assert_eq!(world.change(id, move |_| change.clone()).await, Ok(ChangeOutcome::Done));
    assert_eq!(world.read(id).await.checkout.version, 2);
    assert_eq!(world.store.ready().await, Ok(()));
}

/// A change made from an older row is refused.
pub(super) async fn versions_grow_by_one(world: World) {
    let record = world.open(AttemptState::AwaitingCustomer).await;
    let id = record.checkout.id;
    for version in [0, 1, 3] {
        let checkout = Box::new(Checkout { version, ..record.checkout.clone() });
        let change = Change { checkout: Some(checkout), ..Change::default() };
        assert!(world.change(id, move |_| change.clone()).await.is_err(), "{version}");
    }
    assert_nothing_written(&world, &record).await;
}

/// Two events cannot stand at one place of a history.
pub(super) async fn event_sequences_are_unique(world: World) {
    let record = world.open(AttemptState::AwaitingCustomer).await;
    let id = record.checkout.id;
    let first = Change { events: vec![world.event(id, EventType::CheckoutCreated, 1)], ..Change::default() };
    let again = Change { events: vec![world.event(id, EventType::CheckoutUpdated, 1)], ..Change::default() };
    assert_eq!(world.change(id, move |_| first.clone()).await, Ok(ChangeOutcome::Done));
    assert!(world.change(id, move |_| again.clone()).await.is_err());
    let other = world.open(AttemptState::AwaitingCustomer).await.checkout.id;
    let elsewhere = Change { events: vec![world.event(other, EventType::CheckoutCreated, 1)], ..Change::default() };
    assert_eq!(world.change(other, move |_| elsewhere.clone()).await, Ok(ChangeOutcome::Done));
}

/// `checkout.ready_to_fulfill` is written once per checkout, whatever the engine asks for.
pub(super) async fn one_signal_to_ship(world: World) {
    let record = world.open(AttemptState::Authorized).await;
    let id = record.checkout.id;
    for (sequence, fits) in [(1, true), (2, false), (3, false)] {
        let event = world.event(id, EventType::CheckoutReadyToFulfill, sequence);
        let change = Change { events: vec![event], ..Change::default() };
        assert_eq!(world.change(id, move |_| change.clone()).await.is_ok(), fits, "{sequence}");
    }
    assert_eq!(world.store.timeline(world.tenant, id).await.unwrap().unwrap().events.len(), 1);
}

/// A second commitment is refused; handing one over inside a change is not, in whatever order it is written.
pub(super) async fn one_commitment(world: World) {
    let record = world.open(AttemptState::Authorized).await;
    let id = record.checkout.id;
    let mut first = record.attempts[0].clone();
    let mut second = world.attempt(&record.checkout, 2, AttemptState::Captured);
    let change = Change { attempts: vec![second.clone()], ..Change::default() };
    assert!(world.change(id, move |_| change.clone()).await.is_err());
    assert_nothing_written(&world, &record).await;

    first.state = AttemptState::Canceled;
    let change = Change { attempts: vec![second.clone(), first.clone()], ..Change::default() };
    assert_eq!(world.change(id, move |_| change.clone()).await, Ok(ChangeOutcome::Done));
    second.state = AttemptState::Refunded;
    first.state = AttemptState::Captured;
    let change = Change { attempts: vec![first.clone(), second.clone()], ..Change::default() };
    assert_eq!(world.change(id, move |_| change.clone()).await, Ok(ChangeOutcome::Done));
    assert_eq!(world.read(id).await.attempts.iter().filter(|attempt| attempt.state.is_committed()).count(), 1);
}

/// Who knows a callback address can have a push refused as often as it likes, but not fill the disk.
pub(super) async fn refused_pushes(world: World) {
    let record = world.open(AttemptState::AwaitingCustomer).await;
    let (id, attempt) = (record.checkout.id, &record.attempts[0]);
    let stranger = world.attempt(&record.checkout, 2, AttemptState::Initiating);
    assert!(world.store.record_refused_push(world.tenant, world.push(&stranger, "unreadable")).await.is_err());
    for second in 0..60 {
        let mut push = world.push(attempt, "unauthentic");
        push.received_at = at(second);
        world.store.record_refused_push(world.tenant, push).await.unwrap();
    }
    let kept = world.store.timeline(world.tenant, id).await.unwrap().unwrap().refused_pushes;
    assert_eq!(kept.last(), Some(&(attempt.id, "unauthentic".to_owned(), at(59))));
    assert!((1..=50).contains(&kept.len()), "{}", kept.len());
}

async fn assert_nothing_written(world: &World, record: &lendport_core::CheckoutRecord) {
    let id = record.checkout.id;
    assert_eq!(world.read(id).await, *record);
    let timeline = world.store.timeline(world.tenant, id).await.unwrap().unwrap();
    assert_eq!((timeline.events.len(), timeline.observations.len(), timeline.operations.len()), (0, 0, 0));
    assert_eq!(world.store.idempotency(world.tenant, "POST /v1/checkouts", "key").await, Ok(None));
}
