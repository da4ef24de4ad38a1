//! One slow receiver starves nobody.

use std::time::Duration;

use jiff::SignedDuration;
use lendport_core::{DeliveryState, MerchantId, Mode};
use lendport_delivery::CourierSettings;
use lendport_storage::{Audience, Tenant};

use crate::receiver::{Receiver, Reply};
use crate::world::{World, until};

#[tokio::test]
async fn a_slow_receiver_gets_its_share_and_the_others_go_on() {
    let world = World::new();
    let slow = Receiver::start(Reply::Status(200, "")).await;
    let quick = Receiver::start(Reply::Status(200, "")).await;
    let slow_id = world.endpoint(&slow.url);
    let courier = world.start_with(CourierSettings { concurrency: 6, per_endpoint: 3, ..world.settings() });
    world.tell(world.checkout(), 1);
    until("the first answer", || world.outbox.all_delivered(slow_id)).await;
    slow.reply(Reply::HangThen(200));
    let quick_id = world.endpoint(&quick.url);
    for _ in 0..50 {
        world.tell(world.checkout(), 1);
    }
    // None of the slow receiver's tries has ended when the quick one has everything.
    until("the quick receiver's deliveries", || {
        let rows = world.outbox.deliveries_to(quick_id);
        rows.iter().all(|row| row.delivery.state == DeliveryState::Delivered)
    })
    .await;
    assert_eq!((slow.count(), slow.most_at_once()), (4, 3));
    assert!(world.outbox.deliveries_to(slow_id).iter().skip(1).all(|row| row.tries.is_empty()));
    slow.reply(Reply::Status(200, ""));
    slow.let_go();
    until("the slow receiver's deliveries", || {
        let rows = world.outbox.deliveries_to(slow_id);
        rows.iter().all(|row| row.delivery.state == DeliveryState::Delivered)
    })
    .await;
    courier.stopped().await;
    assert!(slow.most_at_once() <= 3 && quick.most_at_once() <= 3);
    assert_eq!((slow.count(), quick.count()), (51, 50));
}

#[tokio::test]
async fn a_receiver_that_hangs_ends_in_the_limit_and_is_tried_again() {
    let world = World::new();
    let shop = Receiver::start(Reply::HangThen(200)).await;
    let endpoint = world.endpoint(&shop.url);
    let courier = world.start_with(CourierSettings { timeout: Duration::from_millis(200), ..world.settings() });
    world.tell(world.checkout(), 1);
    until("the end of the try", || world.only_delivery(endpoint).tries.len() == 1).await;
    courier.stopped().await;
    let row = world.only_delivery(endpoint);
    assert_eq!((row.tries[0].status, row.tries[0].error.as_deref()), (None, Some("timeout")));
    assert!(row.tries[0].latency_ms >= 200 && row.delivery.state == DeliveryState::Pending && row.lease.is_none());
}

/// Many that hang must not hold every place again and again: after its first time limit each has one.
#[tokio::test]
async fn a_receiver_that_hangs_gets_one_place_until_it_answers() {
    let world = World::new();
    let shop = Receiver::start(Reply::HangThen(200)).await;
    let endpoint = world.endpoint(&shop.url);
    let settings = CourierSettings { timeout: Duration::from_millis(200), per_endpoint: 3, ..world.settings() };
    // It answers once and has its full share.
    shop.reply(Reply::Status(200, ""));
    let courier = world.start_with(settings);
    world.tell(world.checkout(), 1);
    // A busy machine may need more than one try for it.
    until("the first answer", || {
        if world.only_delivery(endpoint).lease.is_none() {
            world.clock.advance(SignedDuration::from_mins(1));
        }
        world.outbox.all_delivered(endpoint)
    })
    .await;
    let answered = world.only_delivery(endpoint).tries.len();
    shop.reply(Reply::HangThen(200));
    for _ in 0..12 {
        world.tell(world.checkout(), 1);
    }
    let mut under_way_later = 0;
    until("six tries", || {
        let rows = world.outbox.deliveries_to(endpoint);
        let tries: usize = rows.iter().map(|row| row.tries.len()).sum();
        // At most three have hung at once.
        if tries >= answered + 4 {
            let leased = rows.iter().filter(|row| row.lease.is_some()).count();
            under_way_later = under_way_later.max(leased);
        }
        tries >= answered + 6
    })
    .await;
    // The one under way, and the one whose result is just being written.
    assert!(under_way_later <= 2, "{under_way_later}");
    shop.reply(Reply::Status(200, ""));
    until("all deliveries", || {
        let rows = world.outbox.deliveries_to(endpoint);
        if rows.iter().all(|row| row.lease.is_none()) {
            world.clock.advance(SignedDuration::from_mins(1));
        }
        rows.iter().all(|row| row.delivery.state == DeliveryState::Delivered)
    })
    .await;
    courier.stopped().await;
}

/// Right after a start nobody is known: those that hang must not take everything for as long as the time limit.
#[tokio::test]
async fn many_that_hang_leave_room_right_after_a_start() {
    let world = World::new();
    let mut hanging = Vec::new();
    for _ in 0..7 {
        let shop = Receiver::start(Reply::HangThen(200)).await;
        let id = world.endpoint(&shop.url);
        hanging.push((shop, id));
    }
    let quick = Receiver::start(Reply::Status(200, "")).await;
    let quick_id = world.endpoint(&quick.url);
    for _ in 0..40 {
        world.tell(world.checkout(), 1);
    }
    let settings = CourierSettings { concurrency: 32, grace: Duration::ZERO, ..world.settings() };
    let courier = world.start_with(settings);
    until("the quick receiver's deliveries", || world.outbox.all_delivered(quick_id)).await;
    for (shop, id) in &hanging {
        assert!(shop.most_at_once() <= 1);
        assert!(world.outbox.deliveries_to(*id).iter().all(|row| row.tries.is_empty()), "none of them has ended");
    }
    courier.stopped().await;
}

/// However many hang, they have half of the places, and whoever is known to answer soon finds one at once.
#[tokio::test]
async fn those_known_to_be_quick_go_out_while_sixty_four_unknown_ones_hang() {
    let world = World::new();
    let quick = Receiver::start(Reply::Status(200, "")).await;
    let quick_id = world.endpoint(&quick.url);
    let settings = CourierSettings { concurrency: 64, grace: Duration::ZERO, ..world.settings() };
    let courier = world.start_with(settings);
    world.tell(world.checkout(), 1);
    until("the first answer", || world.outbox.all_delivered(quick_id)).await;
    let shop = Receiver::start(Reply::HangThen(200)).await;
    let merchants = [(); 4].map(|()| Tenant { merchant: MerchantId::mint(&world.ids), mode: Mode::Test });
    let hanging: Vec<_> =
        (0..64).map(|number: usize| world.endpoint_with(merchants[number % 4], &shop.url, |_| {})).collect();
    for tenant in merchants {
        world.tell_in(tenant, world.checkout(), 1);
    }
    world.tell(world.checkout(), 1);
    until("half of the places", || shop.count() == 32).await;
    for _ in 0..40 {
        world.outbox.tell(world.tenant, &world.event_for(quick_id), Audience::Only(quick_id));
    }
    until("the quick receiver's deliveries", || world.outbox.all_delivered(quick_id)).await;
    assert_eq!((quick.count(), shop.count()), (42, 32), "none of those that hang has ended, and no other was begun");
    // They answer after all, and whoever waited behind them has a turn.
    shop.reply(Reply::Status(200, ""));
    shop.let_go();
    until("all deliveries", || hanging.iter().all(|id| world.outbox.all_delivered(*id))).await;
    courier.stopped().await;
    assert_eq!(shop.count(), 64);
}

/// A merchant with thirty-two endpoints, as many as it may have in both modes, none of which answers: another one's that nothing
/// is known of is tried all the same.
#[tokio::test]
async fn one_merchants_endpoints_that_hang_leave_places_for_another_merchants_unknown_one() {
    let world = World::new();
    let shop = Receiver::start(Reply::HangThen(200)).await;
    for _ in 0..32 {
        world.endpoint(&shop.url);
    }
    world.tell(world.checkout(), 1);
    let settings = CourierSettings { concurrency: 64, grace: Duration::ZERO, ..world.settings() };
    let courier = world.start_with(settings);
    until("a quarter of the places", || shop.count() == 16).await;
    let other = Tenant { merchant: MerchantId::mint(&world.ids), ..world.tenant };
    let prompt = Receiver::start(Reply::Status(200, "")).await;
    let prompt_id = world.endpoint_with(other, &prompt.url, |_| {});
    world.tell_in(other, world.checkout(), 1);
    until("the other merchant's delivery", || world.outbox.all_delivered(prompt_id)).await;
    assert_eq!((prompt.count(), shop.count()), (1, 16), "none of those that hang has ended, and no other was begun");
    shop.reply(Reply::Status(200, ""));
    shop.let_go();
    until("all of the first", || shop.count() == 32).await;
    courier.stopped().await;
}

/// They answer, and well within the time limit, but each answer holds a place for long.
#[tokio::test]
async fn many_that_answer_slowly_have_one_place_each_and_the_quick_one_goes_on() {
    let world = World::new();
    let mut slow = Vec::new();
    for status in [200, 200, 200, 500] {
        let shop = Receiver::start(Reply::Status(200, "")).await;
        let id = world.endpoint(&shop.url);
        slow.push((shop, id, status));
    }
    let settings = CourierSettings { concurrency: 32, slow_after: Duration::from_millis(500), ..world.settings() };
    let courier = world.start_with(CourierSettings { grace: Duration::ZERO, ..settings });
    // Their first answers are quick and earn them the full share, then they hold every place.
    world.tell(world.checkout(), 1);
    until("the first answers", || slow.iter().all(|(_, id, _)| world.outbox.all_delivered(*id))).await;
    for (shop, _, status) in &slow {
        shop.reply(Reply::After(Duration::from_secs(1), *status));
    }
    for _ in 0..30 {
        world.tell(world.checkout(), 1);
    }
    let tries = |id| world.outbox.deliveries_to(id).iter().map(|row| row.tries.len()).sum::<usize>();
    let leased = |id| world.outbox.deliveries_to(id).iter().filter(|row| row.lease.is_some()).count();
    until("one place each", || slow.iter().all(|(_, id, _)| tries(*id) > 1 && leased(*id) <= 1)).await;

    let quick = Receiver::start(Reply::Status(200, "")).await;
    let quick_id = world.endpoint(&quick.url);
    for _ in 0..40 {
        world.tell(world.checkout(), 1);
    }
    let mut most = 0;
    until("the quick receiver's deliveries", || {
        most = most.max(slow.iter().map(|(_, id, _)| leased(*id)).max().unwrap_or(0));
        world.outbox.all_delivered(quick_id)
    })
    .await;
    // The one under way, and the one whose result is just being written.
    assert!(most <= 2, "{most}");
    for (_, id, _) in &slow {
        assert!(tries(*id) < 30, "the quick one has everything long before the slow ones");
    }
    courier.stopped().await;
}

#[tokio::test]
async fn two_couriers_share_the_work_and_send_nothing_twice() {
    let world = World::new();
    let shop = Receiver::start(Reply::Status(200, "")).await;
    let endpoint = world.endpoint(&shop.url);
    let couriers = [world.start(), world.start()];
    for _ in 0..200 {
        world.tell(world.checkout(), 1);
    }
    until("all deliveries", || {
        let rows = world.outbox.deliveries_to(endpoint);
        rows.iter().all(|row| row.delivery.state == DeliveryState::Delivered)
    })
    .await;
    for courier in couriers {
        courier.stopped().await;
    }
    assert_eq!(shop.count(), 200);
}
