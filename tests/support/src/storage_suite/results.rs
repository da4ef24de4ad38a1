//! What tries led to.

use lendport_core::webhook::RESPONSE_KEPT_BYTES;
use lendport_core::{DeliveryAttempt, DeliveryState, EndpointState, EventType};
use lendport_storage::{AfterTry, ChangeOutcome, OutboxAsk, OutboxChange, TriedDelivery};

use super::post::events_of;
use super::world::{World, at};
use crate::clock::START;

/// Every field of a try comes back, oldest first, and the delivery says how far it came.
pub(super) async fn log(world: World) {
    let endpoint = world.add_endpoint(&[]).await;
    world.told(&[EventType::CheckoutCreated]).await;
    let leased = world.lease("one", 0).await.remove(0);
    assert_eq!((leased.tried_at, leased.endpoint_accepted_at), (None, None));
    let tries = [
        DeliveryAttempt {
            status: Some(500),
            error: None,
            response: "<h1>é</h1>\u{0}".into(),
            ..world.tried(&leased, AfterTry::Failed, 1).attempt
        },
        DeliveryAttempt {
            url: "https://older.example/?token=abc".to_owned(),
            latency_ms: 15_000,
            ..world.tried(&leased, AfterTry::Failed, 11).attempt
        },
        DeliveryAttempt {
            response: vec![7; RESPONSE_KEPT_BYTES],
            ..world.tried(&leased, AfterTry::Delivered, 20).attempt
        },
    ];
    let afters = [
        AfterTry::Retry { at: at(10), overtakable: false },
        AfterTry::Retry { at: at(20), overtakable: true },
        AfterTry::Delivered,
    ];
    let expected = [
        (DeliveryState::Pending, 1, Some(at(10))),
        (DeliveryState::Pending, 2, Some(at(20))),
        (DeliveryState::Delivered, 3, None),
    ];
    for (number, (attempt, (after, expected))) in tries.iter().zip(afters.into_iter().zip(expected)).enumerate() {
        let mut under_way = leased.clone();
        if number > 0 {
            let again = world.lease("one", 10 * i64::try_from(number).unwrap()).await.remove(0);
            assert_eq!((again.delivery.id, again.tried_at), (leased.delivery.id, Some(tries[number - 1].started_at)));
            assert_eq!(again.endpoint.failing_since, Some(at(1)));
            under_way = again;
        }
        let tried = TriedDelivery { attempt: attempt.clone(), ..world.tried(&under_way, after, 0) };
        world.outbox.settle_deliveries("one", vec![tried]).await.unwrap();
        let (delivery, log) = world.delivery(leased.delivery.id).await;
        assert_eq!((delivery.state, delivery.tries, delivery.next_at), expected);
        assert_eq!(delivery.created_at, START);
        assert!(delivery.updated_at >= attempt.started_at);
        assert_eq!(log, tries[..=number]);
    }
    assert!(world.lease("one", 9_000).await.is_empty());
    assert_eq!(world.in_state(endpoint.id, DeliveryState::Delivered).await, [leased.event.id]);
}

/// A batch over several endpoints and tenants' deliveries is one transaction.
pub(super) async fn a_batch(world: World) {
    world.add_endpoint(&[]).await;
    world.add_endpoint(&[]).await;
    world.told(&[EventType::CheckoutCreated, EventType::CheckoutUpdated]).await;
    world.told(&[EventType::CheckoutCreated]).await;
    let leased = world.lease("one", 0).await;
    assert_eq!(leased.len(), 4);
    let mut tried: Vec<_> = leased.iter().map(|one| world.tried(one, AfterTry::Delivered, 1)).collect();
    // One whose delivery is gone keeps no other back.
    tried.insert(2, TriedDelivery { delivery: lendport_core::DeliveryId::mint(&world.ids), ..tried[0].clone() });
    world.outbox.settle_deliveries("one", tried).await.unwrap();
    world.outbox.settle_deliveries("one", Vec::new()).await.unwrap();
    let next = world.lease("one", 1).await;
    assert_eq!(next.len(), 2);
    assert!(next.iter().all(|one| one.event.sequence == 2));
}

/// Since when an endpoint fails, and when it last accepted anything.
pub(super) async fn health(world: World) {
    let endpoint = world.add_endpoint(&[]).await;
    let retry = AfterTry::Retry { at: at(0), overtakable: false };
    let (checkout, _) = world.told(&[]).await;
    let step = |after, second| {
        let world = &world;
        async move {
            world.tell(checkout, EventType::CheckoutUpdated, START).await;
            let leased = world.lease("one", second).await.remove(0);
            world.settle("one", &leased, after, second).await;
            let now = world.outbox.endpoint(world.tenant, endpoint.id).await.unwrap().unwrap();
            assert_eq!(now.version, 1, "health is no change that anybody made");
            (leased.endpoint_accepted_at, now.failing_since)
        }
    };
    assert_eq!(step(retry, 1).await, (None, Some(at(1))));
    assert_eq!(step(retry, 2).await, (None, Some(at(1))));
    assert_eq!(step(AfterTry::Delivered, 3).await, (None, None));
    assert_eq!(step(AfterTry::Failed, 500).await, (Some(at(3)), Some(at(500))));
    assert_eq!(step(AfterTry::Delivered, 501).await, (Some(at(3)), None));
    let (accepted_at, _) = step(AfterTry::Delivered, 700).await;
    assert!(accepted_at.is_some_and(|accepted| accepted >= at(441) && accepted <= at(501)), "{accepted_at:?}");
    // A change of the endpoint leaves that alone, unless it is its state or its address.
    step(AfterTry::Failed, 800).await;
    world
        .edit_endpoint(endpoint.id, |endpoint| {
            endpoint.failing_since = None;
            endpoint.description = Some("x".to_owned());
        })
        .await;
    let read = || async { world.outbox.endpoint(world.tenant, endpoint.id).await.unwrap().unwrap().failing_since };
    assert_eq!(read().await, Some(at(800)));
    world.edit_endpoint(endpoint.id, |endpoint| endpoint.state = EndpointState::Failing).await;
    assert_eq!(read().await, Some(at(800)));
    world
        .edit_endpoint(endpoint.id, |endpoint| {
            (endpoint.state, endpoint.failing_since) = (EndpointState::Enabled, None);
        })
        .await;
    assert_eq!(read().await, None);
    world
        .edit_endpoint(endpoint.id, |endpoint| {
            (endpoint.state, endpoint.failing_since) = (EndpointState::Failing, Some(at(900)));
        })
        .await;
    assert_eq!(read().await, Some(at(900)));
    world.edit_endpoint(endpoint.id, |endpoint| endpoint.url = "https://new.example/hooks".to_owned()).await;
    assert_eq!(read().await, None, "nothing has failed there yet");
}

/// Sent again by hand: from the start of the schedule, whatever became of it; before later ones of its checkout.
pub(super) async fn resend(world: World) {
    let endpoint = world.add_endpoint(&[]).await;
    let (_, told) = world.told(&[EventType::CheckoutCreated, EventType::CheckoutUpdated]).await;
    let first = world.lease("one", 0).await.remove(0);
    world.settle("one", &first, AfterTry::Failed, 0).await;
    let ask = OutboxAsk { delivery: Some(first.delivery.id), ..OutboxAsk::default() };
    let again = |second| OutboxChange { resend_at: Some(at(second)), ..OutboxChange::default() };
    assert_eq!(world.post(ask.clone(), again(5)).await, ChangeOutcome::Done);
    let (delivery, log) = world.delivery(first.delivery.id).await;
    assert_eq!((delivery.state, delivery.tries, delivery.next_at), (DeliveryState::Pending, 0, Some(at(5))));
    assert_eq!(log.len(), 1);
    assert!(world.lease("one", 4).await.is_empty(), "the later one waits for it");
    let leased = world.lease("one", 5).await;
    assert_eq!((events_of(&leased), leased[0].tried_at), (vec![told[0].id], Some(at(0))));
    world.settle("one", &leased[0], AfterTry::Delivered, 5).await;
    assert_eq!(events_of(&world.lease("one", 5).await), [told[1].id]);

    // One that arrived can be sent again too; one whose endpoint is gone cannot.
    assert_eq!(world.post(ask.clone(), again(6)).await, ChangeOutcome::Done);
    assert_eq!(events_of(&world.lease("one", 6).await), [told[0].id]);
    let of_endpoint = OutboxAsk { endpoint: Some(endpoint.id), ..OutboxAsk::default() };
    world.post(of_endpoint, OutboxChange { remove: true, ..OutboxChange::default() }).await;
    let seen = lendport_storage::change_outbox_with(&*world.outbox, world.tenant, ask.clone(), |loaded| {
        (OutboxChange::abort(), (loaded.delivery.is_some(), loaded.endpoint.is_some()))
    });
    assert_eq!(seen.await.unwrap().1, Some((true, false)));
    let refused = lendport_storage::change_outbox_with(&*world.outbox, world.tenant, ask, move |_| (again(7), ()));
    assert!(refused.await.is_err());
}

/// What a removed endpoint had coming ends as failed, and its log stays.
pub(super) async fn removed(world: World) {
    let endpoint = world.add_endpoint(&[]).await;
    let (_, told) = world.told(&[EventType::CheckoutCreated, EventType::CheckoutUpdated]).await;
    let first = world.lease("one", 0).await.remove(0);
    world.settle("one", &first, AfterTry::Delivered, 1).await;
    let under_way = world.lease("one", 1).await.remove(0);
    let ask = OutboxAsk { endpoint: Some(endpoint.id), ..OutboxAsk::default() };
    world.post(ask, OutboxChange { remove: true, ..OutboxChange::default() }).await;
    assert!(world.lease("two", 500).await.is_empty());
    assert_eq!(world.outbox.next_delivery_at().await.map(|at| at.is_none_or(|at| at > START)), Ok(true));
    assert_eq!(world.in_state(endpoint.id, DeliveryState::Delivered).await, [told[0].id]);
    assert_eq!(world.in_state(endpoint.id, DeliveryState::Failed).await, [told[1].id]);
    world.settle("one", &under_way, AfterTry::Retry { at: at(9), overtakable: false }, 2).await;
    let (delivery, log) = world.delivery(under_way.delivery.id).await;
    assert_eq!((delivery.state, delivery.next_at, log.len()), (DeliveryState::Failed, None, 1));
    let later = world.tell(first.delivery.checkout.unwrap(), EventType::CheckoutUpdated, START).await;
    assert!(world.deliveries(Default::default()).await.iter().all(|delivery| delivery.event != later.id));
    assert!(world.lease("one", 500).await.is_empty());
}

/// A long queue of a removed endpoint has failed at once for whoever asks, and its rows follow a batch at a time.
pub(super) async fn removed_with_much_to_come(world: World) {
    let (endpoint, other) = (world.add_endpoint(&[]).await, world.add_endpoint(&[]).await);
    let mut told = Vec::new();
    for _ in 0..4 {
        told.extend(world.told(&[EventType::CheckoutCreated, EventType::CheckoutUpdated]).await.1);
    }
    let told: Vec<_> = told.iter().map(|event| event.id).collect();
    let ask = OutboxAsk { endpoint: Some(endpoint.id), ..OutboxAsk::default() };
    world.post(ask, OutboxChange { remove: true, ..OutboxChange::default() }).await;
    let over = async || {
        let mut failed = world.in_state(endpoint.id, DeliveryState::Failed).await;
        failed.sort();
        assert_eq!(failed, told);
        assert!(world.in_state(endpoint.id, DeliveryState::Pending).await.is_empty());
        let all = world.deliveries(lendport_storage::DeliveryFilter::default()).await;
        for delivery in all.iter().filter(|delivery| delivery.endpoint == endpoint.id) {
            assert_eq!((delivery.state, delivery.next_at), (DeliveryState::Failed, None));
        }
    };
    over().await;
    loop {
        let some = world.outbox.recover_some(at(1), 3).await.unwrap();
        assert!(some <= 3, "{some}");
        over().await;
        if some == 0 {
            break;
        }
    }
    let leased = world.lease("one", 1).await;
    assert!(leased.len() == 4 && leased.iter().all(|one| one.endpoint.id == other.id));
}
