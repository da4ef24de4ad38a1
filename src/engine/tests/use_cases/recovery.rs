//! The process dies during a call: what was under way becomes unknown, never failed, and its key works again.

use std::sync::Arc;

use jiff::SignedDuration;
use lendport_core::{AttemptState, OperationKind, Phase};
use lendport_engine::{Engine, EngineError};
use serde_json::json;

use crate::fake::created;
use crate::world::{LEASE_MS, OPEN, World, asked, body, id_of, ticket};

/// Starts a create, and ends the task that waits for its answer.
pub(crate) async fn killed_during_create(provider: &'static str) -> World {
    let world = World::new().await;
    let fake = match provider {
        "easy" => &world.easy,
        "sure" => &world.sure,
        _ => &world.strict,
    };
    fake.answer_create(|_| std::future::pending());
    let engine = Arc::clone(&world.engine);
    let tenant = world.tenant;
    let running = tokio::spawn(async move {
        let shape = lendport_core::Invalid::none();
        engine.open_checkout(tenant, asked(provider), shape, ticket(OPEN, "key", provider)).await
    });
    while fake.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    running.abort();
    assert!(running.await.is_err());
    fake.answer_create(|asked| async move { Ok(created(&asked)) });
    world
}

pub(crate) async fn open_through(
    world: &World,
    engine: &Arc<Engine>,
    provider: &str,
) -> Result<lendport_engine::Reply, EngineError> {
    let shape = lendport_core::Invalid::none();
    engine.open_checkout(world.tenant, asked(provider), shape, ticket(OPEN, "key", provider)).await
}

#[tokio::test]
async fn a_start_marks_what_was_under_way_as_unknown() {
    let world = killed_during_create("easy").await;
    let id = world.only().await;
    assert_eq!(world.state(id).await, AttemptState::Initiating);
    let next = world.restarted("second process");
    assert_eq!(next.recover_interrupted(true).await, Ok(1), "the lease does not matter: nobody else can hold the file");
    assert_eq!(next.recover_interrupted(true).await, Ok(0));
    let attempt = world.attempt(id).await;
    assert_eq!(attempt.state, AttemptState::Indeterminate);
    assert_eq!(attempt.reason.map(|reason| reason.0).as_deref(), Some("interrupted"));
    assert_eq!(world.operation(id, OperationKind::Create).await.phase, Phase::Unknown);
    assert_eq!(world.attention(id).await, ["unknown_outcome"]);
    assert!(world.events(id).await.ends_with(&["attempt.indeterminate", "attention.opened"]));

    let reply = open_through(&world, &next, "easy").await.unwrap();
    assert_eq!((reply.status, reply.replayed, id_of(&reply)), (201, false, id));
    let states: Vec<_> = world.record(id).await.attempts.iter().map(|attempt| attempt.state).collect();
    assert_eq!(states, [AttemptState::Canceled, AttemptState::AwaitingCustomer]);
    let again = open_through(&world, &next, "easy").await.unwrap();
    assert_eq!((again.replayed, again.body), (true, reply.body));
}

#[tokio::test]
async fn a_key_of_a_dead_process_works_without_waiting_for_the_recovery() {
    let world = killed_during_create("easy").await;
    let id = world.only().await;
    assert_eq!(open_through(&world, &world.engine, "easy").await, Err(EngineError::KeyInFlight), "ours may be at work");
    let reply = open_through(&world, &world.restarted("second process"), "easy").await.unwrap();
    assert_eq!((reply.status, id_of(&reply)), (201, id));
    let first = world.record(id).await.attempts[0].clone();
    let reason = first.reason.map(|reason| reason.0);
    assert_eq!((first.state, reason.as_deref()), (AttemptState::Canceled, Some("superseded")));
    assert_eq!(world.operation(id, OperationKind::Create).await.phase, Phase::Settled);
}

#[tokio::test]
async fn without_a_restart_the_lease_has_to_pass() {
    let world = killed_during_create("strict").await;
    let id = world.only().await;
    assert_eq!(world.engine.recover_interrupted(false).await, Ok(0));
    world.clock.advance(SignedDuration::from_millis(i64::try_from(LEASE_MS).unwrap() + 1));
    assert_eq!(world.engine.recover_interrupted(false).await, Ok(1));
    assert_eq!(world.state(id).await, AttemptState::Indeterminate);
    // This financer may have committed: the key is fenced until somebody knows.
    let fenced = open_through(&world, &world.engine, "strict").await.unwrap();
    assert_eq!((fenced.status, body(&fenced)["error"].as_str()), (409, Some("commit_fence")));
    assert_eq!(world.strict.asked().len(), 1);
}

#[tokio::test]
async fn a_push_may_come_before_the_recovery() {
    let world = killed_during_create("easy").await;
    let id = world.only().await;
    world.push(json!({ "state": "authorized", "reference": "r" })).await;
    let next = world.restarted("second process");
    assert_eq!(next.recover_interrupted(true).await, Ok(1));
    assert_eq!(world.state(id).await, AttemptState::Authorized, "better known than unknown");
    assert_eq!(world.attention(id).await, ["amount_unverified"], "its answer will not come");
    assert_eq!(world.operation(id, OperationKind::Create).await.phase, Phase::Settled);
    let reply = open_through(&world, &next, "easy").await.unwrap();
    assert_eq!((reply.status, &body(&reply)["status"]), (201, &"authorized".into()));
    assert_eq!(world.easy.asked().len(), 1);
}

#[tokio::test]
async fn two_recoveries_at_once_mark_a_call_once() {
    let world = killed_during_create("easy").await;
    let id = world.only().await;
    let (one, other) = (world.restarted("second process"), world.restarted("third process"));
    let (one, other) = tokio::join!(one.recover_interrupted(true), other.recover_interrupted(true));
    assert_eq!(one.unwrap() + other.unwrap(), 1);
    assert_eq!(world.attention(id).await, ["unknown_outcome"]);
    assert_eq!(world.operation(id, OperationKind::Create).await.phase, Phase::Unknown);
}

#[tokio::test]
async fn an_approval_of_an_earlier_try_is_what_the_key_shows() {
    let world = World::new().await;
    let silence = lendport_core::ProviderError::new(lendport_core::ErrorKind::NoAnswer, "silence");
    world.easy.fail_create(silence);
    assert_eq!(world.open("key").await.status, 502);
    let first = world.easy.last().token;
    assert_eq!(world.open("key").await.status, 502);
    let id = world.only().await;
    assert_eq!(world.push_to(&first, json!({ "state": "authorized" })).await.status, 200);
    let reply = world.open("key").await;
    assert_eq!((reply.status, &body(&reply)["status"]), (201, &"authorized".into()), "{}", reply.body);
    assert_eq!((id_of(&reply), world.easy.asked().len()), (id, 2));
    let again = world.open("key").await;
    assert_eq!((again.replayed, again.body), (true, reply.body));
}
