//! The process dies between the end of one financer's try and the start of the next: what is to follow is found, once.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::SignedDuration;
use lendport_core::{AttemptState, ErrorKind, ProviderError};
use lendport_engine::EngineError;
use lendport_storage::StoreError;
use serde_json::json;

use crate::cascade::{automatic, opened, states};
use crate::choosing::open;
use crate::fake::created;
use crate::flaky_store;
use crate::routing::{put, unnamed};
use crate::world::{OPEN, World, id_of, ticket};

#[tokio::test]
async fn what_is_to_follow_outlives_the_process_that_stored_it() {
    let world = World::new().await;
    let id = opened(&world, automatic(&["easy", "able"])).await;
    world.push(json!({ "state": "declined" })).await;
    // The process dies here: what it had in memory is gone.
    let next = world.restarted("second process");
    assert_eq!(next.recover_interrupted(true).await, Ok(0), "no call was under way");
    assert_eq!(next.follow_due().await, Ok(0));
    assert_eq!(next.settle_due().await, Ok(1));
    let expected = [("easy".to_owned(), AttemptState::Declined), ("able".to_owned(), AttemptState::AwaitingCustomer)];
    assert_eq!(states(&world, id).await, expected);
    // And the first one finds nothing left to do, should it live after all.
    world.engine.follow_due().await.unwrap();
    assert_eq!((states(&world, id).await, world.able.asked().len()), (expected.to_vec(), 1));
}

#[tokio::test]
async fn who_dies_while_the_next_one_is_called_leaves_an_unknown_outcome_and_nobody_follows_it() {
    let world = World::new().await;
    let id = opened(&world, automatic(&["easy", "strict", "able"])).await;
    world.strict.answer_create(|_| std::future::pending());
    world.push(json!({ "state": "declined" })).await;
    let engine = Arc::clone(&world.engine);
    let running = tokio::spawn(async move { engine.follow_due().await });
    while world.strict.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    running.abort();
    assert!(running.await.is_err());
    let next = world.restarted("second process");
    assert_eq!(next.recover_interrupted(true).await, Ok(1));
    next.settle_due().await.unwrap();
    next.follow_due().await.unwrap();
    assert_eq!(states(&world, id).await[1], ("strict".to_owned(), AttemptState::Indeterminate));
    assert!(world.able.asked().is_empty(), "the fence holds");
}

#[tokio::test]
async fn a_request_that_died_while_it_went_on_is_resumed_with_its_key() {
    let world = World::new().await;
    put(&world, automatic(&["strict", "easy"])).await;
    world.strict.fail_create(ProviderError::new(ErrorKind::Declined, "No."));
    world.easy.answer_create(|_| std::future::pending());
    let (engine, tenant) = (Arc::clone(&world.engine), world.tenant);
    let running = tokio::spawn(async move {
        engine.open_checkout(tenant, unnamed(), lendport_core::Invalid::none(), ticket(OPEN, "cart", "cart")).await
    });
    while world.easy.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    running.abort();
    assert!(running.await.is_err());
    world.easy.answer_create(|asked| async move { Ok(created(&asked)) });
    let next = world.restarted("second process");
    assert_eq!(next.recover_interrupted(true).await, Ok(1));
    let reply = next
        .open_checkout(world.tenant, unnamed(), lendport_core::Invalid::none(), ticket(OPEN, "cart", "cart"))
        .await
        .unwrap();
    assert_eq!(reply.status, 201, "{}", reply.body);
    let id = id_of(&reply);
    let found: Vec<_> = states(&world, id).await.into_iter().map(|(_, state)| state).collect();
    assert_eq!(found, [AttemptState::Declined, AttemptState::Canceled, AttemptState::AwaitingCustomer]);
    assert_eq!(
        (world.strict.asked().len(), world.easy.asked().len()),
        (1, 2),
        "the one that said no is not asked again"
    );
    let again = open(&world, unnamed(), "cart").await.unwrap();
    assert_eq!(id_of(&again), id);
}

#[tokio::test]
async fn a_next_one_that_cannot_be_stored_is_tried_again_after_a_while_and_not_at_every_turn() {
    let (world, failures) = flaky_store::world().await;
    let id = opened(&world, automatic(&["easy", "able"])).await;
    world.push(json!({ "state": "declined" })).await;
    for turn in 0..3 {
        failures.store(1, Ordering::SeqCst);
        let failed = if turn == 0 { world.engine.follow_due().await } else { world.engine.settle_due().await };
        assert_eq!(failed, Err(EngineError::Store(StoreError::Full)), "turn {turn}");
        assert_eq!((world.engine.follow_due().await, world.engine.settle_due().await), (Ok(0), Ok(0)), "turn {turn}");
        world.clock.advance(SignedDuration::from_hours(1));
    }
    assert_eq!(world.engine.settle_due().await, Ok(1));
    assert_eq!(states(&world, id).await[1], ("able".to_owned(), AttemptState::AwaitingCustomer));
}
