//! Who may try a delivery, and until when.

use std::collections::BTreeSet;

use lendport_core::{EventId, EventType};
use lendport_storage::{AfterTry, LeaseAsk};

use super::post::{ask, events_of};
use super::world::{World, at};

/// Two processes at once: disjoint work, and all of it.
pub(super) async fn two_owners(world: World) {
    world.add_endpoint(&[]).await;
    let mut told = BTreeSet::new();
    for _ in 0..40 {
        told.insert(world.told(&[EventType::CheckoutCreated]).await.1[0].id);
    }
    let mut taken: Vec<EventId> = Vec::new();
    for _ in 0..10 {
        let few = |owner| LeaseAsk { limit: 5, ..ask(owner, at(0)) };
        let (few_one, few_two) = (few("one"), few("two"));
        let (one, two) =
            tokio::join!(world.outbox.lease_deliveries(&few_one), world.other_outbox().lease_deliveries(&few_two));
        taken.extend(events_of(&one.unwrap()));
        taken.extend(events_of(&two.unwrap()));
    }
    assert_eq!(taken.len(), 40);
    assert_eq!(taken.into_iter().collect::<BTreeSet<_>>(), told);
}

/// A lease that ended is somebody else's; one that was given back is free at once.
pub(super) async fn ended(world: World) {
    world.add_endpoint(&[]).await;
    let (_, told) = world.told(&[EventType::CheckoutCreated]).await;
    assert_eq!(world.lease("one", 0).await.len(), 1);
    let at_59 = world.other_outbox().lease_deliveries(&ask("two", at(59))).await.unwrap();
    assert!(at_59.is_empty());
    let at_61 = world.other_outbox().lease_deliveries(&ask("two", at(61))).await.unwrap();
    assert_eq!(events_of(&at_61), [told[0].id]);
    // Somebody else's leases are not given back with one's own.
    world.outbox.release_deliveries("one").await.unwrap();
    assert!(world.lease("one", 62).await.is_empty());
    world.other_outbox().release_deliveries("two").await.unwrap();
    let again = world.lease("one", 62).await;
    assert_eq!(events_of(&again), [told[0].id]);
    assert_eq!((again[0].delivery.tries, again[0].tried_at), (0, None));
}

/// A result that comes after its lease was lost stands in the log, and only `Delivered` changes anything.
pub(super) async fn lost(world: World) {
    world.add_endpoint(&[]).await;
    let (_, told) = world.told(&[EventType::CheckoutCreated]).await;
    let slow = world.lease("one", 0).await;
    let quick = world.other_outbox().lease_deliveries(&ask("two", at(61))).await.unwrap();
    assert_eq!(events_of(&quick), [told[0].id]);
    world.settle("one", &slow[0], AfterTry::Failed, 62).await;
    let (delivery, tries) = world.delivery(slow[0].delivery.id).await;
    assert_eq!((delivery.state.as_str(), delivery.tries, tries.len()), ("pending", 0, 1));
    assert!(world.lease("one", 63).await.is_empty(), "the other one still has it");
    world.settle("one", &slow[0], AfterTry::Delivered, 64).await;
    let (delivery, tries) = world.delivery(slow[0].delivery.id).await;
    assert_eq!((delivery.state.as_str(), tries.len()), ("delivered", 2));
    // What the other one says now is too late.
    let late = world.tried(&quick[0], AfterTry::Failed, 65);
    world.other_outbox().settle_deliveries("two", vec![late]).await.unwrap();
    let (delivery, tries) = world.delivery(slow[0].delivery.id).await;
    assert_eq!((delivery.state.as_str(), delivery.next_at, tries.len()), ("delivered", None, 3));
    assert!(world.lease("one", 500).await.is_empty());
}

/// No more than asked for: in all, and of one endpoint, where those that the process knows have rooms of their own.
pub(super) async fn limits(world: World) {
    let (one, two) = (world.add_endpoint(&[]).await, world.add_endpoint(&[]).await);
    for _ in 0..10 {
        world.told(&[EventType::CheckoutCreated]).await;
    }
    let taken = async |ask: LeaseAsk| {
        let leased = world.outbox.lease_deliveries(&ask).await.unwrap();
        world.outbox.release_deliveries("one").await.unwrap();
        let of = |id| leased.iter().filter(|one| one.endpoint.id == id).count();
        (of(one.id), of(two.id))
    };
    let base = ask("one", at(0));
    assert_eq!(taken(base.clone()).await, (10, 10));
    assert_eq!(taken(LeaseAsk { per_endpoint: 3, ..base.clone() }).await, (3, 3));
    let known = |room| LeaseAsk { per_endpoint: 1, rooms: [(one.id, room)].into(), ..base.clone() };
    assert_eq!(taken(known(3)).await, (3, 1));
    assert_eq!(taken(known(0)).await, (0, 1));
    let few = taken(LeaseAsk { limit: 4, ..base.clone() }).await;
    assert_eq!(few.0 + few.1, 4);
    assert_eq!(taken(LeaseAsk { limit: 0, ..base.clone() }).await, (0, 0));
    // A limit that is too small for all serves each in its turn.
    let mut served = (0, 0);
    for _ in 0..8 {
        let few = taken(LeaseAsk { limit: 1, per_endpoint: 1, ..base.clone() }).await;
        served = (served.0 + few.0, served.1 + few.1);
    }
    assert!(served.0 >= 1 && served.1 >= 1, "{served:?}");
}

/// Nothing before its time, and the time of the next is told.
pub(super) async fn due(world: World) {
    assert_eq!(world.outbox.next_delivery_at().await, Ok(None));
    world.add_endpoint(&[]).await;
    let (checkout, _) = world.told(&[]).await;
    world.tell(checkout, EventType::CheckoutCreated, at(30)).await;
    let (other, _) = world.told(&[]).await;
    world.tell(other, EventType::CheckoutCreated, at(40)).await;
    assert!(world.lease("one", 29).await.is_empty());
    assert_eq!(world.outbox.next_delivery_at().await, Ok(Some(at(30))));
    assert_eq!(world.lease("one", 30).await.len(), 1);
    assert_eq!(world.outbox.next_delivery_at().await, Ok(Some(at(40))));
    assert_eq!(world.lease("one", 40).await.len(), 1);
}
