//! Further financers for a checkout: under the fence, and each key goes on with the try it started.

use std::sync::Arc;

use lendport_core::{AttemptState, CheckoutId, CommitClass, ErrorKind, Invalid, ProviderError, limits};
use lendport_engine::{EngineError, Reply};
use serde_json::json;

use crate::fake::created;
use crate::world::{OPEN, World, asked, body, id_of, push_at, ticket};

async fn start(world: &World, id: CheckoutId, provider: Option<&str>, key: &str) -> Result<Reply, EngineError> {
    start_at(world, id, provider, key, None).await
}

async fn start_at(
    world: &World,
    id: CheckoutId,
    provider: Option<&str>,
    key: &str,
    version: Option<u64>,
) -> Result<Reply, EngineError> {
    let ticket = ticket(&format!("POST /v1/checkouts/{id}/attempts"), key, provider.unwrap_or_default());
    world.engine.start_attempt(world.tenant, id, provider.map(str::to_owned), version, ticket).await
}

/// Two financers, of which the first said no.
async fn declined_by_the_first(world: &World) -> CheckoutId {
    let mut two = asked("easy");
    two.provider = None;
    two.providers = Some(vec!["easy".to_owned(), "strict".to_owned()]);
    let opened = world.engine.open_checkout(world.tenant, two, Invalid::none(), ticket(OPEN, "key", "two")).await;
    world.push(json!({ "state": "declined" })).await;
    id_of(&opened.unwrap())
}

async fn push_to_strict(world: &World, state: &str) {
    let answer = push_at(&world.engine, "strict", &world.strict.last().token, json!({ "state": state })).await;
    assert_eq!(answer.status, 200);
}

fn providers(states: &[lendport_core::Attempt]) -> Vec<(&str, AttemptState)> {
    states.iter().map(|attempt| (attempt.provider.as_str(), attempt.state)).collect()
}

#[tokio::test]
async fn the_next_financer_follows_a_no_and_none_is_left_after_the_last() {
    let world = World::new().await;
    let id = declined_by_the_first(&world).await;
    let old = world.record(id).await.checkout.version - 1;
    assert_eq!(start_at(&world, id, None, "stale", Some(old)).await, Err(EngineError::PreconditionFailed));
    assert_eq!(start(&world, id, None, "next").await.unwrap().status, 201);
    let fenced = start(&world, id, Some("easy"), "third").await;
    assert!(matches!(fenced, Err(EngineError::CommitFence { holder: AttemptState::AwaitingCustomer, .. })));
    push_to_strict(&world, "declined").await;
    assert_eq!(world.record(id).await.status().as_str(), "declined");
    let EngineError::Invalid(invalid) = start(&world, id, None, "third").await.unwrap_err() else {
        panic!("let through")
    };
    assert_eq!(invalid.0[0].pointer, "/provider");
}

#[tokio::test]
async fn a_key_goes_on_with_the_financer_it_started() {
    let world = World::new().await;
    let id = declined_by_the_first(&world).await;
    let refused = ProviderError::new(ErrorKind::Unavailable, "connection refused").committed_as(CommitClass::NotSent);
    world.strict.fail_create(refused);
    let version = world.record(id).await.checkout.version;
    for _ in 0..2 {
        assert_eq!(start_at(&world, id, None, "next", Some(version)).await.unwrap().status, 502);
    }
    world.strict.accept_create();
    let reply = start_at(&world, id, None, "next", Some(version)).await.unwrap();
    assert_eq!((reply.status, &body(&reply)["provider"]), (201, &"strict".into()), "{}", reply.body);
    let record = world.record(id).await;
    use AttemptState::{AwaitingCustomer, Declined, Failed};
    let expected = [("easy", Declined), ("strict", Failed), ("strict", Failed), ("strict", AwaitingCustomer)];
    assert_eq!(providers(&record.attempts), expected);
    assert!(start_at(&world, id, None, "next", Some(version)).await.unwrap().replayed);
}

#[tokio::test]
async fn a_key_whose_outcome_became_known_shows_it() {
    let world = World::new().await;
    let id = declined_by_the_first(&world).await;
    world.strict.fail_create(ProviderError::new(ErrorKind::NoAnswer, "silence"));
    assert_eq!(start(&world, id, None, "next").await.unwrap().status, 502);
    let fenced = start(&world, id, None, "next").await.unwrap();
    assert_eq!((fenced.status, body(&fenced)["error"].as_str()), (409, Some("commit_fence")));
    let other = start(&world, id, Some("easy"), "other").await;
    assert!(matches!(other, Err(EngineError::CommitFence { holder: AttemptState::Indeterminate, .. })));
    push_to_strict(&world, "authorized").await;
    let reply = start(&world, id, None, "next").await.unwrap();
    assert_eq!((reply.status, &body(&reply)["status"]), (201, &"authorized".into()));
    assert_eq!(world.strict.asked().len(), 1);
}

#[tokio::test]
async fn going_on_with_one_key_leaves_the_call_of_another_alone() {
    let world = Arc::new(World::new().await);
    let refused = ProviderError::new(ErrorKind::Unavailable, "connection refused").committed_as(CommitClass::NotSent);
    world.easy.fail_create(refused);
    assert_eq!(world.open("key").await.status, 502);
    let id = world.only().await;
    let (go, wait) = tokio::sync::watch::channel(false);
    world.strict.answer_create(move |asked| {
        let mut wait = wait.clone();
        async move {
            wait.wait_for(|go| *go).await.unwrap();
            Ok(created(&asked))
        }
    });
    let under_way = Arc::clone(&world);
    let running = tokio::spawn(async move { start(&under_way, id, Some("strict"), "other").await });
    while world.strict.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    world.easy.accept_create();
    let fenced = world.open("key").await;
    assert_eq!((fenced.status, body(&fenced)["error"].as_str()), (409, Some("commit_fence")));
    assert_eq!(world.state(id).await, AttemptState::Initiating);
    go.send(true).unwrap();
    assert_eq!(running.await.unwrap().unwrap().status, 201);
    let reply = world.open("key").await;
    assert_eq!((reply.status, &body(&reply)["provider"]), (201, &"strict".into()));
    assert_eq!(world.attention(id).await, Vec::<&str>::new());
}

#[tokio::test]
async fn attempts_have_an_end() {
    let world = World::new().await;
    let refused = ProviderError::new(ErrorKind::Unavailable, "connection refused").committed_as(CommitClass::NotSent);
    world.easy.fail_create(refused);
    for _ in 0..limits::ATTEMPTS_MAX {
        assert_eq!(world.open("key").await.status, 502);
    }
    let last = world.open("key").await;
    assert_eq!((last.status, body(&last)["error"].as_str()), (409, Some("wrong_state")));
    assert_eq!(world.easy.asked().len(), usize::try_from(limits::ATTEMPTS_MAX).unwrap());
}

#[tokio::test]
async fn the_attempt_that_is_shown_is_the_one_the_status_speaks_of() {
    let world = World::new().await;
    let id = declined_by_the_first(&world).await;
    assert_eq!(start(&world, id, Some("strict"), "next").await.unwrap().status, 201);
    // The first one says yes after all, and is given back.
    world.push(json!({ "state": "authorized" })).await;
    world.push(json!({ "refund": "1420.00" })).await;
    push_to_strict(&world, "declined").await;
    let view = world.engine.read_checkout(world.tenant, id, lendport_engine::Expand::default()).await.unwrap();
    let shown = view.attempt.unwrap();
    assert_eq!((view.status, shown.status.as_str(), shown.provider.as_str()), ("refunded", "refunded", "easy"));
}

#[tokio::test]
async fn nothing_starts_once_the_deadline_has_passed() {
    let world = World::new().await;
    let id = world.opened("late").await;
    world.push(json!({ "state": "declined" })).await;
    world.clock.advance(jiff::SignedDuration::from_hours(72));
    let refused = start(&world, id, Some("able"), "next").await.unwrap_err();
    assert!(matches!(refused, EngineError::WrongState { .. }), "{refused:?}");
    assert!(world.able.asked().is_empty());
    assert_eq!(world.record(id).await.attempts.len(), 1);
}
