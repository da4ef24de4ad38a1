//! What is old goes, a batch at a time, and nothing that is still needed.

use lendport_core::observation::Grade;
use lendport_core::{
    Attempt, AttemptState, Checkout, EndpointState, EventType, Evidence, LedgerEntry, LedgerId, LedgerKind,
};
use lendport_storage::{AfterTry, Change, ObservationRow, OutboxAsk, OutboxChange, PushRecord};

use super::post::{events_of, first, ids};
use super::world::{World, at, next};

/// Events go with their deliveries and tries, oldest first; one that somebody still waits for stays.
pub(super) async fn events(world: World) {
    let endpoint = world.add_endpoint(&[]).await;
    let mut told = Vec::new();
    for second in 0..7 {
        let (id, _) = world.told(&[]).await;
        told.push(world.tell(id, EventType::CheckoutCreated, at(second)).await);
    }
    let leased = world.lease("one", 10).await;
    assert_eq!(leased.len(), 7);
    for (number, leased) in (0..).zip(&leased) {
        let after = match number {
            1 => AfterTry::Retry { at: at(100), overtakable: false },
            2 => AfterTry::Failed,
            _ => AfterTry::Delivered,
        };
        world.settle("one", leased, after, 10).await;
    }
    let outbox = &*world.outbox;
    let left = || async {
        let mut rows = ids(&outbox.events(world.tenant, &Default::default(), first()).await.unwrap().rows);
        rows.reverse();
        rows
    };
    assert_eq!(outbox.trim_events(at(5), 3).await, Ok(3));
    assert_eq!(left().await, ids(&[told[1].clone(), told[4].clone(), told[5].clone(), told[6].clone()]));
    assert_eq!(outbox.trim_events(at(5), 3).await, Ok(1));
    assert_eq!(outbox.trim_events(at(5), 3).await, Ok(0));
    assert_eq!(left().await, ids(&[told[1].clone(), told[5].clone(), told[6].clone()]));
    assert_eq!(outbox.delivery(world.tenant, leased[0].delivery.id).await, Ok(None));
    assert_eq!(world.deliveries(Default::default()).await.len(), 3);
    // Settled at last, it goes too.
    let late = world.lease("one", 100).await.remove(0);
    world.settle("one", &late, AfterTry::Delivered, 100).await;
    assert_eq!(outbox.trim_events(at(5), 3).await, Ok(1));
    assert_eq!(outbox.trim_events(at(500), 100).await, Ok(2));
    assert!(left().await.is_empty() && world.deliveries(Default::default()).await.is_empty());
    // A result of something that is gone is no error.
    world.settle("one", &late, AfterTry::Delivered, 101).await;
    assert!(outbox.endpoint(world.tenant, endpoint.id).await.unwrap().is_some());
}

/// What is pending for an endpoint that is switched off or gone protects no event; it ends with it, and what waited
/// behind it goes when the endpoint is enabled again.
pub(super) async fn switched_off(world: World) {
    let (off, removed) = (world.add_endpoint(&[]).await, world.add_endpoint(&[]).await);
    let (checkout, _) = world.told(&[]).await;
    let mut told = Vec::new();
    for second in 0..3 {
        told.push(world.tell(checkout, EventType::CheckoutUpdated, at(second * 10)).await);
    }
    let remove = OutboxChange { remove: true, ..OutboxChange::default() };
    world.post(OutboxAsk { endpoint: Some(removed.id), ..OutboxAsk::default() }, remove).await;
    assert_eq!(world.outbox.trim_events(at(15), 100).await, Ok(0), "the other one still waits for them");
    world.edit_endpoint(off.id, |endpoint| endpoint.state = EndpointState::Disabled).await;
    assert_eq!(world.outbox.trim_events(at(15), 100).await, Ok(2));
    assert_eq!(world.outbox.event(world.tenant, told[0].id).await, Ok(None));
    let left: Vec<_> = world.deliveries(Default::default()).await.iter().map(|delivery| delivery.event).collect();
    assert_eq!(left, [told[2].id, told[2].id]);
    assert!(world.lease("one", 500).await.is_empty());
    world.edit_endpoint(off.id, |endpoint| endpoint.state = EndpointState::Enabled).await;
    assert_eq!(events_of(&world.lease("one", 500).await), [told[2].id]);
}

/// A history that was trimmed repeats neither a place nor the signal to ship.
pub(super) async fn history_goes_on(world: World) {
    let (id, told) = world.told(&[EventType::CheckoutCreated, EventType::CheckoutReadyToFulfill]).await;
    assert_eq!(world.outbox.trim_events(at(500), 100).await, Ok(2));
    assert_eq!(world.outbox.event(world.tenant, told[1].id).await, Ok(None));
    assert!(world.store.timeline(world.tenant, id).await.unwrap().unwrap().events.is_empty());
    let checkout = world.read(id).await.checkout;
    for (kind, sequence) in
        [(EventType::CheckoutUpdated, 1), (EventType::CheckoutUpdated, 2), (EventType::CheckoutReadyToFulfill, 3)]
    {
        let checkout = Some(Box::new(Checkout { sequence: 3, ..*next(&checkout) }));
        let change = Change { checkout, events: vec![world.event(id, kind, sequence)], ..Change::default() };
        assert!(world.change(id, move |_| change.clone()).await.is_err(), "{kind:?} {sequence}");
    }
    assert_eq!(world.tell(id, EventType::CheckoutUpdated, at(0)).await.sequence, 3);
}

/// Bodies of old pushes go. A fact stays while its checkout may still move, and for ever where a state or a movement
/// rests on it.
pub(super) async fn observations(world: World) {
    let store = &*world.store;
    let mut over = Vec::new();
    for state in [AttemptState::Canceled, AttemptState::AwaitingCustomer, AttemptState::Refunded] {
        let mut change = world.opening(state);
        let attempt = change.attempts[0].clone();
        let facts: Vec<ObservationRow> = (0..4)
            .map(|second| {
                let mut row = world.observation(&attempt, &second.to_string(), state);
                row.observation.received_at = at(second);
                row
            })
            .collect();
        let evidence = Evidence { observation: facts[1].observation.id, grade: Grade::Token };
        change.attempts = vec![Attempt { evidence: Some(evidence), ..attempt.clone() }];
        change.ledger = vec![LedgerEntry {
            id: LedgerId::mint(&world.ids),
            attempt: attempt.id,
            kind: LedgerKind::Authorized,
            amount: attempt.amount,
            units: None,
            pending: false,
            observation: facts[2].observation.id,
            recorded_at: at(0),
        }];
        change.push = Some(PushRecord { observation: Some(facts[0].observation.id), ..world.push(&attempt, "stored") });
        change.observations = facts;
        over.push(world.insert(change).await);
    }
    let facts = |number: usize| {
        let (world, id) = (&world, over[number].checkout.id);
        async move {
            let timeline = world.store.timeline(world.tenant, id).await.unwrap().unwrap();
            timeline.observations.into_iter().map(|(row, _)| row.observation.dedupe_key).collect::<Vec<_>>()
        }
    };
    let mut refused = world.push(&over[0].attempts[0], "unauthentic");
    refused.received_at = at(50);
    store.record_refused_push(world.tenant, refused).await.unwrap();
    let mut deleted = 0;
    loop {
        let some = store.trim_observations(at(3), 2).await.unwrap();
        assert!(some <= 2, "{some}");
        deleted += some;
        if some == 0 {
            break;
        }
    }
    // Three bodies, and one fact of each checkout that is over.
    assert_eq!(deleted, 5);
    assert_eq!(facts(0).await, ["1", "2", "3"]);
    assert_eq!(facts(1).await, ["0", "1", "2", "3"]);
    assert_eq!(facts(2).await, ["1", "2", "3"]);
    let timeline = store.timeline(world.tenant, over[0].checkout.id).await.unwrap().unwrap();
    assert_eq!(timeline.refused_pushes.len(), 1);
    assert_eq!(world.read(over[0].checkout.id).await, over[0]);
}
