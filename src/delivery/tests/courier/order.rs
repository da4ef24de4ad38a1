//! The order of a checkout's events, for receivers that are down and for those that refuse one event.

use jiff::SignedDuration;
use lendport_core::{CheckoutId, DeliveryState};

use crate::receiver::{Received, Receiver, Reply};
use crate::world::{World, until};

fn sequences(received: &[Received], checkout: CheckoutId) -> Vec<u64> {
    let of_it = |one: &&Received| one.document()["data"]["checkout"]["id"] == checkout.to_string();
    received.iter().filter(of_it).map(Received::sequence).collect()
}

#[tokio::test]
async fn a_receiver_down_for_a_day_gets_everything_afterwards_in_order() {
    let world = World::new();
    let shop = Receiver::start(Reply::Status(503, "")).await;
    let endpoint = world.endpoint(&shop.url);
    let courier = world.start();
    let checkouts: Vec<_> = (0..5).map(|_| world.checkout()).collect();
    for hour in 1..=24 {
        for checkout in &checkouts {
            world.tell(*checkout, hour);
        }
        until("every first event's try", || {
            let rows = world.outbox.deliveries_to(endpoint);
            rows.iter().filter(|row| row.event.sequence == 1).all(|row| !row.tries.is_empty() && row.lease.is_none())
        })
        .await;
        world.clock.advance(SignedDuration::from_hours(1));
    }
    let before = shop.count();
    shop.reply(Reply::Status(200, ""));
    until("everything", || {
        let rows = world.outbox.deliveries_to(endpoint);
        // The next try may be hours away; while one is under way the time stands still.
        if rows.iter().all(|row| row.lease.is_none()) {
            world.clock.advance(SignedDuration::from_mins(5));
        }
        rows.len() == 5 * 24 && rows.iter().all(|row| row.delivery.state == DeliveryState::Delivered)
    })
    .await;
    courier.stopped().await;
    let received = shop.received();
    for checkout in checkouts {
        // While it was down only the first was tried: nothing overtakes on a receiver that is down.
        assert!(sequences(&received[..before], checkout).iter().all(|sequence| *sequence == 1));
        let accepted = sequences(&received[before..], checkout);
        assert_eq!(accepted, (1..=24).collect::<Vec<_>>());
    }
}

/// It answers, refuses this one event twice, and takes others in between: the checkout's later events go on.
#[tokio::test]
async fn an_event_that_alone_is_refused_is_overtaken() {
    let world = World::new();
    let shop = Receiver::start(Reply::Status(200, "")).await;
    let endpoint = world.endpoint(&shop.url);
    let (refused, other) = (world.checkout(), world.checkout());
    let poison = refused.to_string();
    shop.behave(move |one| {
        let hit = one.sequence() == 1 && one.document()["data"]["checkout"]["id"] == poison;
        Reply::Status(if hit { 422 } else { 200 }, "")
    });
    let courier = world.start();
    world.tell(refused, 1);
    world.tell(refused, 2);
    until("the refusal", || world.outbox.deliveries_to(endpoint)[0].tries.len() == 1).await;
    assert!(!world.outbox.deliveries_to(endpoint)[0].overtakable);
    world.clock.advance(SignedDuration::from_secs(1));
    world.tell(other, 1);
    until("another event", || world.outbox.deliveries_to(endpoint)[2].delivery.state == DeliveryState::Delivered).await;
    assert_eq!(world.outbox.deliveries_to(endpoint)[1].tries.len(), 0);
    world.clock.advance(SignedDuration::from_secs(10));
    until("the later event", || world.outbox.deliveries_to(endpoint)[1].delivery.state == DeliveryState::Delivered)
        .await;
    courier.stopped().await;
    let first = &world.outbox.deliveries_to(endpoint)[0];
    assert!(first.overtakable && first.delivery.state == DeliveryState::Pending && first.tries.len() == 2);
}

/// A quiet shop: nothing else is there to be accepted, and the next event of the checkout must not wait for three days.
#[tokio::test]
async fn an_event_that_is_refused_again_and_again_is_overtaken_in_a_quiet_shop() {
    for (status, tries) in [(422, 3), (500, 5)] {
        let world = World::new();
        let shop = Receiver::start(Reply::Status(200, "")).await;
        let endpoint = world.endpoint(&shop.url);
        shop.behave(move |one| Reply::Status(if one.sequence() == 1 { status } else { 200 }, ""));
        let checkout = world.checkout();
        world.tell(checkout, 1);
        world.tell(checkout, 2);
        let courier = world.start();
        for made in 1..=tries {
            until("the refusal", || world.outbox.deliveries_to(endpoint)[0].tries.len() == made).await;
            let first = &world.outbox.deliveries_to(endpoint)[0];
            assert_eq!(first.overtakable, made == tries, "{status}, try {made}");
            if made < tries {
                assert_eq!(sequences(&shop.received(), checkout), vec![1; made]);
                world.clock.set(first.delivery.next_at.unwrap());
            }
        }
        until("the later event", || world.outbox.deliveries_to(endpoint)[1].delivery.state == DeliveryState::Delivered)
            .await;
        courier.stopped().await;
        assert_eq!(world.outbox.deliveries_to(endpoint)[0].delivery.state, DeliveryState::Pending);
    }
}
