//! An endpoint gets again what it missed.

use lendport_core::{DeliveryState, EndpointState, EventType};
use lendport_storage::{AfterTry, Audience, ChangeOutcome, OutboxAsk, OutboxChange};

use super::post::{events_of, ids};
use super::world::{World, at};

const KINDS: [EventType; 2] = [EventType::CheckoutCreated, EventType::CheckoutUpdated];

/// Failed ones are queued again and missing ones made, from a moment on, oldest first and in batches; what was accepted,
/// is pending, is not wanted or was only a test stays as it is.
pub(super) async fn recover(world: World) {
    let endpoint = world.add_endpoint(&[EventType::CheckoutCreated]).await;
    let mut told = Vec::new();
    let tell = |second| {
        let world = &world;
        async move {
            let (id, _) = world.told(&[]).await;
            world.tell(id, EventType::CheckoutExpired, at(second)).await;
            world.tell(id, EventType::CheckoutCreated, at(second)).await
        }
    };
    for second in 0..4 {
        told.push(tell(second).await.id);
    }
    let leased = world.lease("one", 3).await;
    assert_eq!(events_of(&leased), told);
    for (leased, after) in leased.iter().zip([AfterTry::Failed, AfterTry::Failed, AfterTry::Delivered]) {
        world.settle("one", leased, after, 3).await;
    }
    let still_pending = world.delivery(leased[3].delivery.id).await.0;
    world.settle("one", &leased[3], AfterTry::Retry { at: at(9_000), overtakable: false }, 3).await;
    world.send(world.ping(endpoint.id, true), Audience::Only(endpoint.id)).await;
    world.edit_endpoint(endpoint.id, |endpoint| endpoint.state = EndpointState::Disabled).await;
    for second in 4..7 {
        told.push(tell(second).await.id);
    }
    world.edit_endpoint(endpoint.id, |endpoint| endpoint.state = EndpointState::Enabled).await;

    assert_eq!(world.outbox.recover_some(at(10), 5).await, Ok(0));
    let ask = OutboxAsk { endpoint: Some(endpoint.id), ..OutboxAsk::default() };
    let since = OutboxChange { recover_since: Some(at(1)), ..OutboxChange::default() };
    assert_eq!(world.post(ask.clone(), since.clone()).await, ChangeOutcome::Done);
    let (mut in_all, mut rounds) = (0, 0);
    loop {
        let some = world.outbox.recover_some(at(10), 2).await.unwrap();
        assert!(some <= 2, "{some}");
        (in_all, rounds) = (in_all + some, rounds + 1);
        if some == 0 {
            break;
        }
    }
    assert!(in_all >= 4 && rounds > 2, "{in_all} events in {rounds} batches");
    assert_eq!(world.in_state(endpoint.id, DeliveryState::Failed).await, [told[0]], "it was before that moment");
    assert_eq!(world.in_state(endpoint.id, DeliveryState::Delivered).await, [told[2]]);
    let (pending, _) = world.delivery(still_pending.id).await;
    assert_eq!((pending.tries, pending.next_at), (1, Some(at(9_000))));
    let (requeued, log) = world.delivery(leased[1].delivery.id).await;
    assert_eq!((requeued.state, requeued.tries, requeued.next_at), (DeliveryState::Pending, 0, Some(at(10))));
    assert_eq!(log.len(), 1);
    let mut again = events_of(&world.lease("one", 10).await);
    again.retain(|event| told.contains(event));
    again.sort();
    assert_eq!(again, [vec![told[1]], told[4..].to_vec()].concat());
    // A second time there is nothing left to do.
    world.post(ask, since).await;
    while world.outbox.recover_some(at(11), 100).await.unwrap() > 0 {}
    assert_eq!(world.in_state(endpoint.id, DeliveryState::Pending).await.len(), 6);
}

/// What is recovered keeps the order of its checkout.
pub(super) async fn in_order(world: World) {
    let (checkout, told) = world.told(&KINDS).await;
    let endpoint = world.add_endpoint(&[]).await;
    let third = world.tell(checkout, EventType::CheckoutUpdated, at(5)).await;
    let ask = OutboxAsk { endpoint: Some(endpoint.id), ..OutboxAsk::default() };
    world.post(ask, OutboxChange { recover_since: Some(at(0)), ..OutboxChange::default() }).await;
    while world.outbox.recover_some(at(6), 1).await.unwrap() > 0 {}
    let mut arrived = Vec::new();
    for second in 10..13 {
        let leased = world.lease("one", second).await;
        assert_eq!(leased.len(), 1);
        arrived.extend(events_of(&leased));
        world.settle("one", &leased[0], AfterTry::Delivered, second).await;
    }
    assert_eq!(arrived, [ids(&told), vec![third.id]].concat());
}
