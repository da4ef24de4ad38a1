//! The order of one checkout's events at one endpoint.

use lendport_core::{EndpointState, EventType};
use lendport_storage::{AfterTry, Audience};

use super::post::{events_of, ids};
use super::world::{World, at};

const KINDS: [EventType; 3] =
    [EventType::CheckoutCreated, EventType::AttemptCreated, EventType::CheckoutReadyToFulfill];

/// A retry at this moment that holds the later ones back, or does not.
fn retry(second: i64, overtakable: bool) -> AfterTry {
    AfterTry::Retry { at: at(second), overtakable }
}

/// The next one goes when the one before it is settled, however it ended; other checkouts and endpoints do not wait.
pub(super) async fn one_after_the_other(world: World) {
    let endpoint = world.add_endpoint(&[]).await;
    let (_, slow) = world.told(&KINDS).await;
    let (_, quick) = world.told(&KINDS[..1]).await;
    let first = world.lease("one", 0).await;
    assert_eq!(events_of(&first), [slow[0].id, quick[0].id]);
    assert_eq!(first[0].event, slow[0]);
    assert!(world.lease("one", 0).await.is_empty());
    world.settle("one", &first[0], AfterTry::Delivered, 1).await;
    world.settle("one", &first[1], AfterTry::Delivered, 1).await;
    let second = world.lease("one", 1).await;
    assert_eq!(events_of(&second), [slow[1].id]);
    world.settle("one", &second[0], AfterTry::Failed, 2).await;
    let third = world.lease("one", 2).await;
    assert_eq!(events_of(&third), [slow[2].id]);
    world.settle("one", &third[0], retry(100, false), 3).await;

    // A later event, and a later endpoint, which was not there for the others.
    let late = world.add_endpoint(&[]).await;
    let checkout = slow[0].about.checkout().unwrap();
    let fourth = world.tell(checkout, EventType::CheckoutUpdated, at(4)).await;
    let leased = world.lease("one", 99).await;
    assert_eq!((events_of(&leased), leased[0].endpoint.id), (vec![fourth.id], late.id));
    let leased = world.lease("one", 100).await;
    assert_eq!((events_of(&leased), leased[0].endpoint.id), (vec![slow[2].id], endpoint.id));
}

/// One that the endpoint alone refuses lets later ones pass, until it is due itself.
pub(super) async fn overtakable(world: World) {
    world.add_endpoint(&[]).await;
    let (checkout, told) = world.told(&KINDS).await;
    let leased = world.lease("one", 0).await;
    world.settle("one", &leased[0], retry(50, true), 1).await;
    let leased = world.lease("one", 1).await;
    assert_eq!(events_of(&leased), [told[1].id]);
    world.settle("one", &leased[0], retry(60, true), 2).await;
    let leased = world.lease("one", 2).await;
    assert_eq!(events_of(&leased), [told[2].id]);
    world.settle("one", &leased[0], AfterTry::Delivered, 3).await;
    let fourth = world.tell(checkout, EventType::CheckoutUpdated, at(3)).await;
    assert_eq!(events_of(&world.lease("one", 4).await), [fourth.id]);
    world.outbox.release_deliveries("one").await.unwrap();

    // Its next failure looks like the endpoint's: what has not gone yet waits again.
    let leased = world.lease("one", 50).await;
    let head = leased.iter().find(|one| one.event.id == told[0].id).unwrap();
    assert_eq!(leased.len(), 2);
    world.settle("one", head, retry(80, false), 51).await;
    world.outbox.release_deliveries("one").await.unwrap();
    assert!(world.lease("one", 70).await.is_empty());
    let leased = world.lease("one", 80).await;
    assert_eq!(events_of(&leased), [told[0].id]);
    world.settle("one", &leased[0], AfterTry::Delivered, 81).await;
    let mut leased = events_of(&world.lease("one", 81).await);
    leased.sort();
    assert!(leased == [told[1].id] || leased == [told[1].id, fourth.id], "{leased:?}");
}

/// A day of failures: everything arrives afterwards, each checkout in its order.
pub(super) async fn after_a_day(world: World) {
    world.add_endpoint(&[]).await;
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.push(ids(&world.told(&KINDS).await.1));
    }
    for hour in 0..24 {
        for leased in world.lease("one", hour * 3_600).await {
            assert_eq!(leased.event.sequence, 1, "nothing overtakes");
            world.settle("one", &leased, retry((hour + 1) * 3_600, false), hour * 3_600 + 1).await;
        }
    }
    let mut arrived = Vec::new();
    for second in 0..3 {
        let leased = world.lease("one", 24 * 3_600 + second * 100).await;
        assert_eq!(leased.len(), 5);
        for one in leased {
            arrived.push(one.event.clone());
            world.settle("one", &one, AfterTry::Delivered, 24 * 3_600 + second * 100).await;
        }
    }
    for told in expected {
        let of_checkout: Vec<_> = arrived.iter().filter(|event| told.contains(&event.id)).cloned().collect();
        assert_eq!(ids(&of_checkout), told);
    }
    assert!(world.lease("one", 48 * 3_600).await.is_empty());
    assert_eq!(world.outbox.next_delivery_at().await, Ok(None));
}

/// Events about no checkout wait for nobody.
pub(super) async fn without_a_checkout(world: World) {
    let endpoint = world.add_endpoint(&[]).await;
    let pings = [world.ping(endpoint.id, true), world.ping(endpoint.id, true)];
    for ping in &pings {
        world.send(ping.clone(), Audience::Only(endpoint.id)).await;
    }
    let mut leased = events_of(&world.lease("one", 0).await);
    leased.sort();
    assert_eq!(leased, ids(&pings));
}

/// An endpoint that is switched off is left alone; what waits for it goes when it is enabled again.
pub(super) async fn switched_off(world: World) {
    let endpoint = world.add_endpoint(&[]).await;
    let (_, told) = world.told(&KINDS[..2]).await;
    let leased = world.lease("one", 0).await;
    world.settle("one", &leased[0], retry(10, false), 0).await;
    for state in [EndpointState::Disabled, EndpointState::Failing, EndpointState::Gone] {
        let edit: fn(&mut lendport_core::WebhookEndpoint) = match state {
            EndpointState::Disabled => |endpoint| endpoint.state = EndpointState::Disabled,
            EndpointState::Failing => |endpoint| endpoint.state = EndpointState::Failing,
            _ => |endpoint| endpoint.state = EndpointState::Gone,
        };
        world.edit_endpoint(endpoint.id, edit).await;
        assert!(world.lease("one", 500).await.is_empty());
        assert_eq!(world.outbox.next_delivery_at().await, Ok(None));
    }
    world.edit_endpoint(endpoint.id, |endpoint| endpoint.state = EndpointState::Enabled).await;
    assert_eq!(world.outbox.next_delivery_at().await, Ok(Some(at(10))));
    assert_eq!(events_of(&world.lease("one", 500).await), [told[0].id]);
}
