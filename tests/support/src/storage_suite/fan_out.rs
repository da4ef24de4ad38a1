//! One delivery per event and endpoint, made with the event or not at all.

use std::time::Duration;

use lendport_core::{AttemptState, DeliveryState, EndpointState, EventType};
use lendport_storage::{Audience, Change, DeliveryFilter, EventFilter, OutboxAsk, OutboxChange, change_outbox_with};

use super::post::{events_of, first, ids};
use super::world::{World, next};
use crate::clock::START;

/// Every enabled endpoint that wants the type gets it, once; no other does.
pub(super) async fn filters(world: World) {
    let all = world.add_endpoint(&[]).await;
    let ready = world.add_endpoint(&[EventType::CheckoutReadyToFulfill]).await;
    let mut off = world.new_endpoint(&[]);
    off.state = EndpointState::Disabled;
    world.put_endpoint(off.clone()).await;
    let (id, events) = world.told(&[EventType::CheckoutCreated, EventType::CheckoutReadyToFulfill]).await;

    let told = ids(&events);
    assert_eq!(world.in_state(all.id, DeliveryState::Pending).await, told);
    assert_eq!(world.in_state(ready.id, DeliveryState::Pending).await, told[1..]);
    assert_eq!(world.deliveries(DeliveryFilter::default()).await.len(), 3);
    let of_event = DeliveryFilter { event: Some(told[1]), ..DeliveryFilter::default() };
    let found = world.deliveries(of_event).await;
    assert_eq!(found.len(), 2);
    for delivery in found {
        assert_eq!((delivery.event, delivery.kind, delivery.checkout), (told[1], events[1].kind, Some(id)));
        assert_eq!((delivery.tries, delivery.next_at), (0, Some(START)));
        assert_eq!((delivery.created_at, delivery.updated_at), (START, START));
    }

    // What an endpoint wants may change; what it got before stays.
    world.edit_endpoint(ready.id, |endpoint| endpoint.events = vec![EventType::CheckoutUpdated]).await;
    world.edit_endpoint(all.id, |endpoint| endpoint.state = EndpointState::Disabled).await;
    world.edit_endpoint(off.id, |endpoint| endpoint.state = EndpointState::Enabled).await;
    let later = world.tell(id, EventType::CheckoutUpdated, START).await;
    assert_eq!(world.in_state(all.id, DeliveryState::Pending).await, told);
    assert_eq!(world.in_state(ready.id, DeliveryState::Pending).await, [told[1], later.id]);
    assert_eq!(world.in_state(off.id, DeliveryState::Pending).await, [later.id]);
}

/// Each type can be asked for alone, is told to whoever asked for it, and is found and read by its name.
pub(super) async fn every_type(world: World) {
    let mut wanting = Vec::new();
    for kind in EventType::ALL {
        wanting.push((kind, world.add_endpoint(&[kind]).await.id));
    }
    let (_, told) = world.told(&EventType::ALL).await;
    for ((kind, endpoint), event) in wanting.into_iter().zip(told) {
        let stored = world.outbox.endpoint(world.tenant, endpoint).await.unwrap().unwrap();
        assert_eq!(stored.events, [kind]);
        assert_eq!(world.in_state(endpoint, DeliveryState::Pending).await, [event.id], "{kind:?}");
        let filter = EventFilter { kinds: vec![kind], ..EventFilter::default() };
        let found = world.outbox.events(world.tenant, &filter, first()).await.unwrap();
        assert_eq!(found.rows, [event]);
    }
}

/// A change that is refused leaves no event and no delivery.
pub(super) async fn all_or_nothing(world: World) {
    let endpoint = world.add_endpoint(&[]).await;
    let record = world.open(AttemptState::AwaitingCustomer).await;
    let id = record.checkout.id;
    let change = Change {
        checkout: Some(next(&record.checkout)),
        events: vec![world.event(id, EventType::CheckoutUpdated, 1), world.event(id, EventType::CheckoutUpdated, 1)],
        ..Change::default()
    };
    assert!(world.change(id, move |_| change.clone()).await.is_err());
    let twice = world.ping(endpoint.id, true);
    let change = OutboxChange {
        events: vec![(twice.clone(), Audience::Subscribed), (twice, Audience::Subscribed)],
        ..OutboxChange::default()
    };
    let outcome = change_outbox_with(&*world.outbox, world.tenant, OutboxAsk::default(), move |_| (change.clone(), ()));
    assert!(outcome.await.is_err());
    assert!(world.lease("one", 0).await.is_empty());
    assert!(world.deliveries(DeliveryFilter::default()).await.is_empty());
    assert!(world.outbox.events(world.tenant, &Default::default(), first()).await.unwrap().rows.is_empty());
}

/// Events about no checkout: to all who want them, or to one endpoint alone, which must be enabled.
pub(super) async fn audiences(world: World) {
    let wants_others = world.add_endpoint(&[EventType::CheckoutCreated]).await;
    let wants_it = world.add_endpoint(&[]).await;
    let told = world.ping(wants_it.id, false);
    world.send(told.clone(), Audience::Subscribed).await;
    let test = world.ping(wants_others.id, true);
    world.send(test.clone(), Audience::Only(wants_others.id)).await;
    assert_eq!(world.in_state(wants_it.id, DeliveryState::Pending).await, [told.id]);
    assert_eq!(world.in_state(wants_others.id, DeliveryState::Pending).await, [test.id]);
    let leased = world.lease("one", 0).await;
    let found = leased.iter().find(|one| one.event.id == test.id).unwrap();
    assert_eq!((&found.event, found.delivery.checkout), (&test, None));
    assert_eq!(leased.iter().find(|one| one.event.id == told.id).unwrap().event, told);

    // One that is switched off in the same change is not told of it.
    world.edit_endpoint(wants_others.id, |endpoint| endpoint.state = EndpointState::Failing).await;
    let change = OutboxChange {
        events: vec![(world.ping(wants_others.id, true), Audience::Only(wants_others.id))],
        ..OutboxChange::default()
    };
    let outcome = change_outbox_with(&*world.outbox, world.tenant, OutboxAsk::default(), move |_| (change.clone(), ()));
    assert!(outcome.await.is_err());
    let mut off = world.outbox.endpoint(world.tenant, wants_it.id).await.unwrap().unwrap();
    (off.state, off.version) = (EndpointState::Disabled, off.version + 1);
    let change = OutboxChange {
        endpoint: Some(off),
        events: vec![(world.ping(wants_it.id, false), Audience::Subscribed)],
        ..OutboxChange::default()
    };
    world.post(OutboxAsk { endpoint: Some(wants_it.id), ..OutboxAsk::default() }, change).await;
    assert_eq!(world.in_state(wants_it.id, DeliveryState::Pending).await, [told.id]);
}

/// A worker that waits is woken by what a change writes, in whichever process.
pub(super) async fn wakes(world: World) {
    world.add_endpoint(&[]).await;
    for _ in 0..3 {
        let written = async {
            // Whoever began to wait late looks by itself; so does a worker.
            world.told(&[EventType::CheckoutCreated]).await.1
        };
        let woken = async {
            loop {
                let leased = world.other_outbox().lease_deliveries(&super::post::ask("one", START)).await.unwrap();
                if !leased.is_empty() {
                    return leased;
                }
                // A minute only where waking does not work at all.
                let _ = tokio::time::timeout(Duration::from_mins(1), world.other_outbox().delivery_work()).await;
            }
        };
        let begun = tokio::time::timeout(Duration::from_secs(50), async { tokio::join!(written, woken) }).await;
        let (told, leased) = begun.unwrap();
        assert_eq!(events_of(&leased), ids(&told));
    }
}
