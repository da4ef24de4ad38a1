//! Lists of events and deliveries.

use lendport_core::{DeliveryId, DeliveryState, Event, EventId, EventType};
use lendport_storage::{AfterTry, Audience, DeliveryFilter, EventFilter, PageAsk};

use super::post::{first, ids};
use super::world::{World, at};
use crate::clock::START;

async fn found(world: &World, filter: EventFilter) -> Vec<EventId> {
    let page = world.outbox.events(world.tenant, &filter, first()).await.unwrap();
    assert!(!page.has_more);
    ids(&page.rows)
}

/// Every filter of events, alone and together; newest first.
pub(super) async fn event_filters(world: World) {
    let endpoint = world.add_endpoint(&[]).await;
    let mut events: Vec<Event> = Vec::new();
    for second in 0..4 {
        let (id, _) = world.told(&[]).await;
        events.push(world.tell(id, EventType::CheckoutCreated, at(second)).await);
        events.push(world.tell(id, EventType::CheckoutReadyToFulfill, at(second)).await);
    }
    let ping = Event { created_at: at(9), ..world.ping(endpoint.id, true) };
    world.send(ping.clone(), Audience::Only(endpoint.id)).await;
    let newest: Vec<_> = events.iter().rev().map(|event| event.id).collect();
    let of_kind = |kind| {
        let events = events.iter().rev().filter(move |event| event.kind == kind);
        events.map(|event| event.id).collect::<Vec<_>>()
    };
    let all = EventFilter::default;
    assert_eq!(found(&world, all()).await, [vec![ping.id], newest.clone()].concat());
    let kinds = |kinds: &[EventType]| EventFilter { kinds: kinds.to_vec(), ..EventFilter::default() };
    assert_eq!(found(&world, kinds(&[EventType::CheckoutCreated])).await, of_kind(EventType::CheckoutCreated));
    let both = [EventType::CheckoutReadyToFulfill, EventType::CheckoutCreated];
    assert_eq!(found(&world, kinds(&both)).await, newest);
    assert_eq!(found(&world, kinds(&[EventType::CheckoutExpired])).await, []);
    let checkout = events[2].about.checkout();
    let of_checkout = EventFilter { checkout, ..all() };
    assert_eq!(found(&world, of_checkout.clone()).await, [events[3].id, events[2].id]);
    let one = EventFilter { kinds: vec![EventType::CheckoutCreated], ..of_checkout };
    assert_eq!(found(&world, one).await, [events[2].id]);
    let after = EventFilter { created_after: Some(at(2)), ..all() };
    assert_eq!(found(&world, after.clone()).await, [vec![ping.id], newest[..4].to_vec()].concat());
    let between = EventFilter { created_before: Some(at(3)), ..after.clone() };
    assert_eq!(found(&world, between).await, newest[2..4]);
    let before = EventFilter { created_before: Some(at(1)), ..all() };
    assert_eq!(found(&world, before).await, newest[6..]);
    let late = EventFilter { kinds: vec![EventType::CheckoutReadyToFulfill], ..after };
    assert_eq!(found(&world, late).await, of_kind(EventType::CheckoutReadyToFulfill)[..2]);
    let read = world.outbox.event(world.tenant, ping.id).await;
    assert_eq!(read, Ok(Some(ping)));
    assert_eq!(world.outbox.event(world.tenant, EventId::mint(&world.ids)).await, Ok(None));
}

/// A walk over events sees each once, whatever comes in meanwhile.
pub(super) async fn event_walk(world: World) {
    let kinds = [EventType::CheckoutCreated, EventType::CheckoutUpdated, EventType::CheckoutExpired];
    let mut stored = Vec::new();
    for _ in 0..7 {
        stored.extend(ids(&world.told(&kinds).await.1));
    }
    stored.reverse();
    for filter in [EventFilter::default(), EventFilter { kinds: kinds.to_vec(), ..EventFilter::default() }] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = world.outbox.events(world.tenant, &filter, PageAsk { limit: 4, after }).await.unwrap();
            assert!(page.rows.len() == 4 || !page.has_more);
            seen.extend(ids(&page.rows));
            after = seen.last().copied();
            if !page.has_more {
                break;
            }
            world.told(&kinds[..1]).await;
        }
        assert_eq!(seen[seen.len() - stored.len()..], stored);
        assert_eq!(seen.len(), seen.iter().collect::<std::collections::BTreeSet<_>>().len());
    }
}

/// Every filter of deliveries; a walk sees each once.
pub(super) async fn delivery_lists(world: World) {
    let (one, two) = (world.add_endpoint(&[]).await, world.add_endpoint(&[]).await);
    let mut events = Vec::new();
    for _ in 0..6 {
        events.extend(ids(&world.told(&[EventType::CheckoutCreated]).await.1));
    }
    let mut leased = world.lease("one", 0).await;
    leased.sort_by_key(|one| one.event.id);
    for (number, leased) in leased.iter().filter(|leased| leased.endpoint.id == one.id).enumerate() {
        match number {
            0 | 1 => world.settle("one", leased, AfterTry::Delivered, 1).await,
            2 | 3 => world.settle("one", leased, AfterTry::Failed, 1).await,
            _ => {}
        }
    }
    assert_eq!(world.in_state(one.id, DeliveryState::Delivered).await, events[..2]);
    assert_eq!(world.in_state(one.id, DeliveryState::Failed).await, events[2..4]);
    assert_eq!(world.in_state(one.id, DeliveryState::Pending).await, events[4..]);
    assert_eq!(world.in_state(two.id, DeliveryState::Pending).await, events);
    let state = |state| DeliveryFilter { state: Some(state), ..DeliveryFilter::default() };
    assert_eq!(world.deliveries(state(DeliveryState::Pending)).await.len(), 8);
    assert_eq!(world.deliveries(state(DeliveryState::Failed)).await.len(), 2);
    let of_event = DeliveryFilter { event: Some(events[0]), ..DeliveryFilter::default() };
    assert_eq!(world.deliveries(of_event.clone()).await.len(), 2);
    let narrow = DeliveryFilter { endpoint: Some(one.id), state: Some(DeliveryState::Delivered), ..of_event.clone() };
    assert_eq!(world.deliveries(narrow).await.len(), 1);
    let none = DeliveryFilter { state: Some(DeliveryState::Failed), ..of_event };
    assert!(world.deliveries(none).await.is_empty());

    let all: Vec<_> = world.deliveries(DeliveryFilter::default()).await.iter().map(|one| one.id).collect();
    assert!(all.len() == 12 && all.is_sorted_by(|newer, older| newer > older));
    let (mut seen, mut after): (Vec<DeliveryId>, _) = (Vec::new(), None);
    loop {
        let filter = DeliveryFilter::default();
        let page = world.outbox.deliveries(world.tenant, &filter, PageAsk { limit: 5, after }).await.unwrap();
        for (delivery, tries) in &page.rows {
            let tried = delivery.state != DeliveryState::Pending;
            assert_eq!(tries.len(), usize::from(tried));
            seen.push(delivery.id);
        }
        after = seen.last().copied();
        if !page.has_more {
            break;
        }
    }
    assert_eq!(seen, all);
    assert_eq!(world.outbox.delivery(world.tenant, DeliveryId::mint(&world.ids)).await, Ok(None));
    assert_eq!(world.delivery(all[0]).await.0.created_at, START);
}
