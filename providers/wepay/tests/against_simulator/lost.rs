//! Answers that get lost: one checkout all the same, or nobody knows.

use lendport_core::{AttemptState, CallLog, CommitClass, ErrorKind, FinancingProvider as _, RetryClass};
use serde_json::json;

use crate::world::{World, is};

#[tokio::test]
async fn one_checkout_whatever_becomes_of_the_answer() {
    for fault in ["lose_reply", "half_body", "reset", "maintenance_text"] {
        let mut world = World::start("2015-11-18", 60_000).await;
        world.fault(json!({ "on": "create", "kind": fault, "times": 1 })).await;
        let created = world.create().await;
        assert!(created.next_action.is_some(), "{fault}");
        assert_eq!(world.count().await, 1, "{fault}");
    }
}

#[tokio::test]
async fn one_checkout_when_the_answer_stays_away_longer_than_we_wait() {
    let world = World::start("2015-11-18", 3_000).await;
    world.fault(json!({ "on": "create", "kind": "silence", "times": 1 })).await;
    // A slow machine may miss the next answers too: then nobody knows, and the search tells.
    match world.try_create().await {
        Ok(created) => assert!(created.next_action.is_some()),
        Err(error) => assert_eq!(error.commit, CommitClass::Unknown),
    }
    let calls = CallLog::new();
    let mut found = None;
    for _ in 0..20 {
        if let Ok(Some(one)) = world.provider.find(world.context(&calls), &world.attempt).await {
            found = Some(one);
            break;
        }
    }
    assert_eq!(found.unwrap().retrieved.claim, is(AttemptState::AwaitingCustomer));
    assert_eq!(world.count().await, 1);
}

#[tokio::test]
async fn unknown_errors_are_tried_again_with_a_bound() {
    let mut world = World::start("2015-11-18", 60_000).await;
    world.fault(json!({ "on": "create", "kind": "error", "error_code": 1008, "times": 2 })).await;
    world.create().await;
    assert_eq!(world.count().await, 1);

    let world = World::start("2015-11-18", 60_000).await;
    world.fault(json!({ "on": "create", "kind": "error", "error_code": 1008, "times": 100 })).await;
    let error = world.try_create().await.unwrap_err();
    assert_eq!((error.commit, error.retry), (CommitClass::Unknown, RetryClass::AfterLookup));
    assert_eq!(world.count().await, 0);
    let calls = CallLog::new();
    assert_eq!(world.provider.find(world.context(&calls), &world.attempt).await.unwrap(), None);
}

#[tokio::test]
async fn a_create_that_nobody_answered_is_found_by_our_reference() {
    let world = World::start("2015-11-18", 60_000).await;
    world.fault(json!({ "on": "create", "kind": "lose_reply", "times": 3 })).await;
    world.fault(json!({ "on": "find", "kind": "reset", "times": 1 })).await;
    let error = world.try_create().await.unwrap_err();
    assert_eq!((error.kind, error.commit), (ErrorKind::NoAnswer, CommitClass::Unknown));
    assert_eq!(world.count().await, 1);
    let calls = CallLog::new();
    let found = world.provider.find(world.context(&calls), &world.attempt).await.unwrap().unwrap();
    assert_eq!(found.retrieved.claim, is(AttemptState::AwaitingCustomer));
    assert_eq!(found.retrieved.amount_echoed, Some(world.attempt.amount));
}
