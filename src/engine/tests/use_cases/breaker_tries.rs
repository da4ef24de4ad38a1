//! Of those who come to a financer that may work again one tries it, and the others are told or wait, with nothing stored.

use std::sync::Arc;

use jiff::SignedDuration;
use lendport_core::{AttemptState, CheckoutId, Invalid, ProviderError};
use lendport_engine::{BreakerState, Engine, EngineError};
use serde_json::json;
use tokio::sync::Notify;

use crate::breaker::{broken, down, open_at};
use crate::cascade::{automatic, states};
use crate::fake::created;
use crate::routing::{put, unnamed};
use crate::world::{OPEN, World, id_of, push_at, ticket};

/// From now on `able` answers a create only when this is notified.
fn held(world: &World, answer: Result<(), ProviderError>) -> Arc<Notify> {
    let gate = Arc::new(Notify::new());
    let waits = Arc::clone(&gate);
    world.able.answer_create(move |asked| {
        let (waits, answer) = (Arc::clone(&waits), answer.clone());
        async move {
            waits.notified().await;
            answer.map(|()| created(&asked))
        }
    });
    gate
}

/// Carts that `easy` said no to, and that wait for `able`, the only one left.
async fn waiting(world: &World, count: u32) -> (Arc<Engine>, Vec<CheckoutId>) {
    put(world, automatic(&["easy", "able"])).await;
    let engine = broken(world).await;
    let mut carts = Vec::new();
    for number in 0..count {
        let key = format!("cart {number}");
        let opened = world.engine.open_checkout(world.tenant, unnamed(), Invalid::none(), ticket(OPEN, &key, &key));
        carts.push(id_of(&opened.await.unwrap()));
        assert_eq!(
            push_at(&engine, "easy", &world.easy.last().token, json!({ "state": "declined" })).await.status,
            200
        );
    }
    engine.follow_due().await.unwrap();
    world.clock.advance(SignedDuration::from_secs(31));
    (engine, carts)
}

/// Lets everybody come to what is due while the one that tries has not been answered.
async fn all_come(world: &World, engine: &Arc<Engine>) -> tokio::task::JoinHandle<()> {
    let asked = world.able.asked().len();
    let settling = Arc::clone(engine);
    let settling = tokio::spawn(async move {
        settling.settle_due().await.unwrap();
    });
    while world.able.asked().len() == asked {
        tokio::task::yield_now().await;
    }
    engine.settle_due().await.unwrap();
    settling
}

#[tokio::test]
async fn one_cart_tries_the_only_one_left_and_the_others_get_it_too() {
    let world = World::new().await;
    let (engine, carts) = waiting(&world, 4).await;
    let gate = held(&world, Ok(()));
    let settling = all_come(&world, &engine).await;
    gate.notify_one();
    settling.await.unwrap();
    assert_eq!(world.able.asked().len(), 4, "three that failed, and one that tries");
    for id in &carts {
        assert_eq!(world.record(*id).await.checkout.route.providers.len(), 2, "it is not gone");
    }
    assert_eq!(engine.breaker(world.tenant, "able").state, BreakerState::Closed);

    world.able.accept_create();
    world.clock.advance(SignedDuration::from_secs(6));
    engine.settle_due().await.unwrap();
    for id in carts {
        assert_eq!(states(&world, id).await[1], ("able".to_owned(), AttemptState::AwaitingCustomer));
        assert_eq!(world.record(id).await.attempts.len(), 2);
    }
}

#[tokio::test]
async fn where_it_still_does_not_work_none_of_them_is_called_for_nothing() {
    let world = World::new().await;
    let (engine, carts) = waiting(&world, 3).await;
    let gate = held(&world, Err(down()));
    let settling = all_come(&world, &engine).await;
    gate.notify_one();
    settling.await.unwrap();
    for _ in 0..5 {
        world.clock.advance(SignedDuration::from_secs(6));
        engine.settle_due().await.unwrap();
    }
    let mut ends = Vec::new();
    for id in carts {
        let record = world.record(id).await;
        ends.push((record.attempts.len(), record.status().as_str()));
    }
    ends.sort_unstable();
    assert_eq!(ends, [(1, "declined"), (1, "declined"), (2, "failed")]);
    assert_eq!(world.able.asked().len(), 4);
}

#[tokio::test]
async fn who_opens_while_one_tries_is_refused_before_anything_is_stored() {
    let world = World::new().await;
    let engine = broken(&world).await;
    world.clock.advance(SignedDuration::from_secs(31));
    let gate = held(&world, Ok(()));
    let asked = world.able.asked().len();
    let second = async {
        while world.able.asked().len() == asked {
            tokio::task::yield_now().await;
        }
        let refused = open_at(&world, &engine, "able", "second").await;
        gate.notify_one();
        refused
    };
    let all = futures_util::future::join(open_at(&world, &engine, "able", "first"), second);
    let (first, second) = Box::pin(all).await;
    assert_eq!(first.unwrap().status, 201);
    let Err(EngineError::Provider { error, checkout: None, .. }) = second else { panic!("{second:?}") };
    assert_eq!(error.retry_after_s, Some(5));
    assert!(world.key(OPEN, "second").await.is_none());
    world.able.accept_create();
    assert_eq!(open_at(&world, &engine, "able", "second").await.unwrap().status, 201);
}
