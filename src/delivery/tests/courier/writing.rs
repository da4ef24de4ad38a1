//! Results on their way to a database that is not always there.

use std::sync::atomic::Ordering;

use lendport_core::DeliveryState;

use crate::receiver::{Receiver, Reply};
use crate::world::{World, until};

#[tokio::test]
async fn a_result_waits_for_the_database_and_nothing_is_sent_twice() {
    let world = World::new();
    let shop = Receiver::start(Reply::Status(200, "")).await;
    let endpoint = world.endpoint(&shop.url);
    world.outbox.settlements_fail.store(4, Ordering::SeqCst);
    let courier = world.start();
    for _ in 0..5 {
        world.tell(world.checkout(), 1);
    }
    until("all deliveries", || {
        let rows = world.outbox.deliveries_to(endpoint);
        rows.iter().all(|row| row.delivery.state == DeliveryState::Delivered)
    })
    .await;
    courier.stopped().await;
    assert_eq!((shop.count(), world.outbox.settlements_fail.load(Ordering::SeqCst)), (5, 0));
}

/// What ended while the last batch was written is one batch: far fewer transactions than results.
#[tokio::test]
async fn results_are_written_in_batches() {
    let world = World::new();
    let shop = Receiver::start(Reply::Status(200, "")).await;
    let endpoint = world.endpoint(&shop.url);
    let courier = world.start();
    // Its first answer earns it the full share.
    world.tell(world.checkout(), 1);
    until("the first delivery", || world.outbox.all_delivered(endpoint)).await;
    let before = world.outbox.settlements.load(Ordering::SeqCst);
    shop.reply(Reply::HangThen(200));
    for _ in 0..8 {
        world.tell(world.checkout(), 1);
    }
    until("eight tries", || shop.count() == 9).await;
    // The first write fails, and while the courier waits with it the other results come in.
    world.outbox.settlements_fail.store(1, Ordering::SeqCst);
    shop.let_go();
    until("all deliveries", || {
        let rows = world.outbox.deliveries_to(endpoint);
        rows.iter().all(|row| row.delivery.state == DeliveryState::Delivered)
    })
    .await;
    courier.stopped().await;
    let settlements = world.outbox.settlements.load(Ordering::SeqCst) - before;
    assert!(settlements < 8, "{settlements} transactions for 8 results");
}

#[tokio::test]
async fn a_result_that_cannot_be_written_keeps_no_other_back() {
    let world = World::new();
    let shop = Receiver::start(Reply::Status(200, "")).await;
    let endpoint = world.endpoint(&shop.url);
    for _ in 0..6 {
        world.tell(world.checkout(), 1);
    }
    let bad = world.outbox.deliveries_to(endpoint)[3].delivery.id;
    *world.outbox.poisoned.lock().unwrap() = Some(bad);
    let courier = world.start();
    until("the others", || {
        let rows = world.outbox.deliveries_to(endpoint);
        rows.iter().filter(|row| row.delivery.state == DeliveryState::Delivered).count() == 5
    })
    .await;
    // Its lease has to end before it is sent again.
    let row = world.outbox.deliveries_to(endpoint)[3].clone();
    assert!(row.delivery.state == DeliveryState::Pending && row.tries.is_empty() && row.lease.is_some());
    courier.stopped().await;
}
