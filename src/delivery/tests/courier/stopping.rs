//! A courier that is stopped.

use std::time::Duration;

use lendport_core::DeliveryState;
use lendport_delivery::CourierSettings;

use crate::receiver::{Receiver, Reply};
use crate::world::{World, until};

#[tokio::test]
async fn what_is_under_way_is_finished_and_nothing_new_is_taken() {
    let world = World::new();
    let shop = Receiver::start(Reply::HangThen(200)).await;
    let endpoint = world.endpoint(&shop.url);
    let courier = world.start();
    world.tell(world.checkout(), 1);
    until("the try", || shop.count() == 1).await;
    courier.stop.cancel();
    world.tell(world.checkout(), 1);
    shop.let_go();
    courier.task.await.unwrap();
    let rows = world.outbox.deliveries_to(endpoint);
    assert_eq!(rows[0].delivery.state, DeliveryState::Delivered);
    assert_eq!((rows[1].delivery.state, rows[1].tries.len()), (DeliveryState::Pending, 0));
    assert!(rows.iter().all(|row| row.lease.is_none()));
}

#[tokio::test]
async fn what_outlasts_the_grace_is_given_back_and_sent_by_the_next() {
    let world = World::new();
    let shop = Receiver::start(Reply::HangThen(200)).await;
    let endpoint = world.endpoint(&shop.url);
    let courier = world.start_with(CourierSettings { grace: Duration::from_millis(50), ..world.settings() });
    let event = world.tell(world.checkout(), 1);
    until("the try", || shop.count() == 1).await;
    assert!(world.only_delivery(endpoint).lease.is_some());
    courier.stopped().await;
    let row = world.only_delivery(endpoint);
    assert!(row.lease.is_none() && row.tries.is_empty() && row.delivery.state == DeliveryState::Pending);

    shop.reply(Reply::Status(200, ""));
    let next = world.start();
    until("the delivery", || world.only_delivery(endpoint).delivery.state == DeliveryState::Delivered).await;
    next.stopped().await;
    assert!(shop.received().iter().all(|one| one.headers["webhook-id"] == event.to_string()));
}

/// Its process died: nobody gave the lease back, it ends by itself.
#[tokio::test]
async fn a_lease_that_ended_is_taken_by_another() {
    let world = World::new();
    let shop = Receiver::start(Reply::HangThen(200)).await;
    let endpoint = world.endpoint(&shop.url);
    let dead = world.start();
    world.tell(world.checkout(), 1);
    until("the try", || shop.count() == 1).await;
    dead.task.abort();
    let _ = dead.task.await;
    let (_, lease_ends) = world.only_delivery(endpoint).lease.unwrap();
    shop.reply(Reply::Status(200, ""));
    let next = world.start();
    world.clock.set(lease_ends);
    until("the delivery", || world.only_delivery(endpoint).delivery.state == DeliveryState::Delivered).await;
    next.stopped().await;
    assert_eq!(shop.count(), 2);
}
