//! Deliveries that are sent again by hand.

use lendport_core::{DeliveryId, DeliveryState, EventType};
use lendport_storage::{AfterTry, ChangeOutcome, OutboxAsk, OutboxChange};

use super::post::{ask, events_of, ids};
use super::world::{World, at};

const KINDS: [EventType; 3] = [EventType::CheckoutCreated, EventType::CheckoutUpdated, EventType::CheckoutUpdated];

impl World {
    /// Has a delivery sent again.
    pub(super) async fn resend(&self, delivery: DeliveryId, second: i64) {
        let ask = OutboxAsk { delivery: Some(delivery), ..OutboxAsk::default() };
        let change = OutboxChange { resend_at: Some(at(second)), ..OutboxChange::default() };
        assert_eq!(self.post(ask, change).await, ChangeOutcome::Done);
    }
}

/// Asked for while a try is under way, it is neither lost nor put off by what that try comes to. Whether it goes out
/// beside the old try or after it is up to the database.
pub(super) async fn during_a_try(world: World) {
    world.add_endpoint(&[]).await;
    let late = AfterTry::Retry { at: at(90_000), overtakable: true };
    for (number, after) in (0..).zip([AfterTry::Failed, late, AfterTry::Delivered]) {
        let begin = number * 1_000;
        let (checkout, told) = world.told(&[EventType::CheckoutCreated]).await;
        let old = world.lease("one", begin).await.remove(0);
        world.resend(old.delivery.id, begin + 5).await;
        let mut again = world.lease("one", begin + 5).await;
        world.settle("one", &old, after, begin + 6).await;
        let (delivery, log) = world.delivery(old.delivery.id).await;
        assert_eq!(log.len(), 1, "every try is in the log");
        if after == AfterTry::Delivered {
            assert_eq!((delivery.state, delivery.next_at), (DeliveryState::Delivered, None));
            // What a second try says now is too late.
            for one in &again {
                world.settle("one", one, AfterTry::Failed, begin + 7).await;
            }
            assert_eq!(world.delivery(old.delivery.id).await.0.state, DeliveryState::Delivered);
            assert!(world.lease("one", begin + 500).await.is_empty());
            continue;
        }
        let expected = (DeliveryState::Pending, 0, Some(at(begin + 5)));
        assert_eq!((delivery.state, delivery.tries, delivery.next_at), expected, "{after:?}");
        assert!(delivery.updated_at > old.delivery.updated_at);
        let later = world.tell(checkout, EventType::CheckoutUpdated, at(begin)).await;
        if again.is_empty() {
            again = world.lease("one", begin + 6).await;
        }
        assert_eq!(events_of(&again), ids(&told), "{after:?}");
        assert_eq!(again[0].delivery.tries, 0);
        assert!(world.lease("one", begin + 8).await.is_empty(), "nobody else gets it, and the later one waits");
        world.settle("one", &again[0], AfterTry::Delivered, begin + 9).await;
        let last = world.lease("one", begin + 9).await;
        assert_eq!(events_of(&last), [later.id]);
        world.settle("one", &last[0], AfterTry::Delivered, begin + 10).await;
    }
}

/// Asked for at the very moment of the last change, which a coarse clock makes likely: it still is another try.
pub(super) async fn at_the_same_moment(world: World) {
    world.add_endpoint(&[]).await;
    let (_, told) = world.told(&[EventType::CheckoutCreated]).await;
    let old = world.lease("one", 0).await.remove(0);
    world.resend(old.delivery.id, 0).await;
    world.settle("one", &old, AfterTry::Failed, 0).await;
    assert_eq!(world.in_state(old.endpoint.id, DeliveryState::Pending).await, ids(&told));
    assert_eq!(events_of(&world.lease("one", 1).await), ids(&told));
}

/// However many of a checkout's events are sent again, and in whatever order, they go one after the other.
pub(super) async fn in_order(world: World) {
    world.add_endpoint(&[]).await;
    for (number, order) in (0..).zip([[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]]) {
        let begin = number * 1_000;
        let (_, told) = world.told(&KINDS).await;
        let mut failed = Vec::new();
        for _ in 0..3 {
            let leased = world.lease("one", begin).await;
            assert_eq!(leased.len(), 1);
            world.settle("one", &leased[0], AfterTry::Failed, begin).await;
            failed.push(leased[0].delivery.id);
        }
        for place in order {
            world.resend(failed[place], begin + 1).await;
        }
        for event in &told {
            let leased = world.lease("one", begin + 2).await;
            assert_eq!(events_of(&leased), [event.id], "{order:?}");
            world.settle("one", &leased[0], AfterTry::Delivered, begin + 2).await;
        }
    }
}

/// A try that is under way when earlier events are sent again waits behind them when it has failed.
pub(super) async fn before_a_try(world: World) {
    world.add_endpoint(&[]).await;
    let (_, told) = world.told(&KINDS).await;
    let mut leased = Vec::new();
    for number in 0..3 {
        leased.extend(world.lease("one", 0).await);
        if number < 2 {
            world.settle("one", &leased[number], AfterTry::Failed, 0).await;
        }
    }
    assert_eq!(events_of(&leased), ids(&told));
    world.resend(leased[0].delivery.id, 1).await;
    world.resend(leased[1].delivery.id, 1).await;
    world.settle("one", &leased[2], AfterTry::Retry { at: at(2), overtakable: false }, 1).await;
    for event in &told {
        let next = world.lease("one", 2).await;
        assert_eq!(events_of(&next), [event.id]);
        world.settle("one", &next[0], AfterTry::Delivered, 2).await;
    }
}

/// Two tries of one checkout that end at the same moment in two processes: neither leaves what comes next waiting.
pub(super) async fn beside_a_try(world: World) {
    world.add_endpoint(&[]).await;
    for round in 0..20 {
        let now = round * 10;
        let (checkout, told) = world.told(&KINDS).await;
        let mut tries = Vec::new();
        for number in 0..3 {
            tries.extend(world.lease("one", now).await);
            if number < 2 {
                world.settle("one", &tries[number], AfterTry::Delivered, now).await;
            }
        }
        assert_eq!(events_of(&tries), ids(&told));
        // The third is on its way when the second is asked for once more, and both end together.
        world.resend(tries[1].delivery.id, now + 1).await;
        let again = world.other_outbox().lease_deliveries(&ask("two", at(now + 1))).await.unwrap();
        let last = world.tell(checkout, EventType::CheckoutUpdated, at(now + 1)).await;
        let here = vec![world.tried(&tries[2], AfterTry::Delivered, now + 2)];
        let there: Vec<_> = again.iter().map(|one| world.tried(one, AfterTry::Delivered, now + 2)).collect();
        let (one, two) = tokio::join!(
            world.outbox.settle_deliveries("one", here),
            world.other_outbox().settle_deliveries("two", there)
        );
        assert_eq!((one, two), (Ok(()), Ok(())));
        let mut next = world.lease("one", now + 3).await;
        // One that was not handed out beside the running try goes out now.
        if again.is_empty() {
            world.settle("one", &next[0], AfterTry::Delivered, now + 3).await;
            next = world.lease("one", now + 3).await;
        }
        assert_eq!(events_of(&next), [last.id], "round {round}");
        world.settle("one", &next[0], AfterTry::Delivered, now + 4).await;
    }
}
