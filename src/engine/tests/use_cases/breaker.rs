//! A financer that does not work is left alone for a while, and what was begun at it goes on.

use std::sync::Arc;

use jiff::SignedDuration;
use lendport_core::{AttemptState, CheckoutId, CommitClass, ErrorKind, Invalid, ProviderError};
use lendport_engine::{
    BreakerSettings, BreakerState, CommandAsk, Engine, EngineError, Reply, Standing, UpkeepSettings,
};
use serde_json::json;

use crate::cascade::{automatic, states};
use crate::choosing::{offered, seen};
use crate::routing::{put, unnamed};
use crate::world::{OPEN, World, asked, body, id_of, push_at, ticket, word};

pub(crate) const SETTINGS: BreakerSettings = BreakerSettings { window_s: 60, failures: 3, percent: 50, open_s: 30 };

fn guarded(world: &World) -> Arc<Engine> {
    world.with_upkeep("guarded", UpkeepSettings { breaker: SETTINGS, ..UpkeepSettings::default() })
}

pub(crate) fn down() -> ProviderError {
    ProviderError::new(ErrorKind::Unavailable, "It cannot be reached.").committed_as(CommitClass::NotSent)
}

pub(crate) async fn open_at(
    world: &World,
    engine: &Arc<Engine>,
    provider: &str,
    key: &str,
) -> Result<Reply, EngineError> {
    engine.open_checkout(world.tenant, asked(provider), Invalid::none(), ticket(OPEN, key, key)).await
}

/// Three calls to `able` fail.
pub(crate) async fn broken(world: &World) -> Arc<Engine> {
    let engine = guarded(world);
    world.able.fail_create(down());
    for key in ["one", "two", "three"] {
        assert_eq!(open_at(world, &engine, "able", key).await.unwrap().status, 502);
    }
    assert_eq!(engine.breaker(world.tenant, "able").state, BreakerState::Open);
    engine
}

/// A checkout that `easy` said no to, after which this process started whom it could.
async fn after_a_no(world: &World, engine: &Arc<Engine>) -> CheckoutId {
    let cart = ticket(OPEN, "cart", "cart");
    let id = id_of(&world.engine.open_checkout(world.tenant, unnamed(), Invalid::none(), cart).await.unwrap());
    assert_eq!(push_at(engine, "easy", &world.easy.last().token, json!({ "state": "declined" })).await.status, 200);
    engine.follow_due().await.unwrap();
    id
}

#[tokio::test]
async fn an_explicit_choice_is_refused_at_once_while_it_is_open_and_says_when_to_come_again() {
    let world = World::new().await;
    let engine = broken(&world).await;
    let refused = open_at(&world, &engine, "able", "four").await.unwrap_err();
    let EngineError::Provider { error, checkout, .. } = refused else { panic!("{refused}") };
    assert_eq!((error.kind.clone(), error.commit, checkout), (ErrorKind::Unavailable, CommitClass::NotSent, None));
    assert!(error.retry_after_s.is_some_and(|seconds| (30..=31).contains(&seconds)), "{error:?}");
    assert_eq!(world.able.asked().len(), 3, "nobody was called");
    assert!(world.key(OPEN, "four").await.is_none(), "and nothing was stored");
    // Other financers and other accounts are not concerned.
    assert_eq!(open_at(&world, &engine, "easy", "five").await.unwrap().status, 201);
    // A repeat of what was answered before is answered as before.
    assert_eq!(engine.breaker(world.tenant, "easy").state, BreakerState::Closed);
}

#[tokio::test]
async fn one_call_tries_and_what_comes_of_it_decides() {
    let world = World::new().await;
    let engine = broken(&world).await;
    world.clock.advance(SignedDuration::from_secs(31));
    assert_eq!(engine.breaker(world.tenant, "able").state, BreakerState::HalfOpen);
    assert_eq!(open_at(&world, &engine, "able", "try").await.unwrap().status, 502);
    assert_eq!(word(&open_at(&world, &engine, "able", "not yet").await.unwrap_err()), "provider");
    assert_eq!(world.able.asked().len(), 4);

    world.clock.advance(SignedDuration::from_secs(31));
    world.able.accept_create();
    assert_eq!(open_at(&world, &engine, "able", "again").await.unwrap().status, 201);
    let closed = engine.breaker(world.tenant, "able");
    assert_eq!((closed.state, closed.since, closed.failed), (BreakerState::Closed, None, 0));
    assert_eq!(open_at(&world, &engine, "able", "and on").await.unwrap().status, 201);
}

#[tokio::test]
async fn too_many_calls_at_once_say_nothing_of_whether_it_works() {
    let world = World::new().await;
    let engine = guarded(&world);
    let throttled = ProviderError { retry_after_s: Some(7), ..ProviderError::new(ErrorKind::NotNow, "slow down") };
    world.able.fail_create(throttled.clone().committed_as(CommitClass::NotSent));
    for key in ["one", "two", "three", "four"] {
        assert_eq!(open_at(&world, &engine, "able", key).await.unwrap().status, 502);
    }
    let seen = engine.breaker(world.tenant, "able");
    assert_eq!((seen.state, seen.calls, seen.failed), (BreakerState::Closed, 0, 0));

    // Nor do they close one that is open, or keep the next one from trying.
    let world = World::new().await;
    let engine = broken(&world).await;
    world.clock.advance(SignedDuration::from_secs(31));
    world.able.fail_create(throttled);
    for key in ["try", "try once more"] {
        assert_eq!(open_at(&world, &engine, "able", key).await.unwrap().status, 502);
        assert_eq!(engine.breaker(world.tenant, "able").state, BreakerState::HalfOpen);
    }
    world.able.accept_create();
    assert_eq!(open_at(&world, &engine, "able", "again").await.unwrap().status, 201);
    assert_eq!(engine.breaker(world.tenant, "able").state, BreakerState::Closed);
}

#[tokio::test]
async fn routing_passes_it_over_and_eligibility_says_so() {
    let world = World::new().await;
    put(&world, json!({ "cascade": ["able", "easy"] })).await;
    let engine = broken(&world).await;
    let reply =
        engine.open_checkout(world.tenant, unnamed(), Invalid::none(), ticket(OPEN, "cart", "cart")).await.unwrap();
    let route = &body(&reply)["route"];
    assert_eq!((&route["providers"], &route["skipped"][0]["reason"]), (&json!(["easy"]), &json!("provider_unhealthy")));
    let judged = engine.eligibility(world.tenant, unnamed(), Invalid::none()).await.unwrap();
    let able = judged.providers.iter().find(|one| one.provider == "able").unwrap();
    assert_eq!((able.eligible, able.exclusions[0].code.as_str()), (false, "provider_unhealthy"));
    assert_eq!(world.able.asked().len(), 3);
}

#[tokio::test]
async fn one_that_does_not_work_is_not_asked_for_its_limits() {
    let world = World::new().await;
    let engine = guarded(&world);
    world.listed.fail_create(down());
    for key in ["one", "two", "three"] {
        assert_eq!(open_at(&world, &engine, "listed", key).await.unwrap().status, 502);
    }
    let judged = engine.eligibility(world.tenant, unnamed(), Invalid::none()).await.unwrap();
    let listed = judged.providers.iter().find(|one| one.provider == "listed").unwrap();
    assert_eq!((listed.eligible, listed.exclusions[0].code.as_str()), (false, "provider_unhealthy"));
    assert_eq!(world.listed.list.asked_for_limits(), 0);
}

#[tokio::test]
async fn the_cascade_passes_it_over_too() {
    let world = World::new().await;
    put(&world, automatic(&["easy", "able", "strict"])).await;
    let engine = broken(&world).await;
    // Decided before it broke, by a process that saw nothing of it.
    let reply = world
        .engine
        .open_checkout(world.tenant, unnamed(), Invalid::none(), ticket(OPEN, "cart", "cart"))
        .await
        .unwrap();
    let id = id_of(&reply);
    assert_eq!(push_at(&engine, "easy", &world.easy.last().token, json!({ "state": "declined" })).await.status, 200);
    assert_eq!(engine.follow_due().await, Ok(1));
    let found = states(&world, id).await;
    assert_eq!(found[1], ("strict".to_owned(), AttemptState::AwaitingCustomer));
    let skipped = world.record(id).await.checkout.route.skipped;
    assert_eq!((skipped[0].provider.as_str(), skipped[0].reason.as_str()), ("able", "provider_unhealthy"));
}

#[tokio::test]
async fn the_only_one_left_is_waited_for_as_long_as_its_breaker_is_open() {
    let world = World::new().await;
    put(&world, automatic(&["easy", "able"])).await;
    let (first, second) = (broken(&world).await, world.restarted("works for all it knows"));
    let cart = ticket(OPEN, "cart", "cart");
    let id = id_of(&world.engine.open_checkout(world.tenant, unnamed(), Invalid::none(), cart).await.unwrap());
    assert_eq!(push_at(&first, "easy", &world.easy.last().token, json!({ "state": "declined" })).await.status, 200);
    assert_eq!((first.follow_due().await, first.settle_due().await), (Ok(1), Ok(0)), "and not again and again");
    let (record, asked) = (world.record(id).await, world.able.asked().len());
    assert_eq!((record.status().as_str(), record.attempts.len()), ("open", 1));
    assert_eq!(record.checkout.route.skipped[0].reason, "provider_unhealthy");
    assert_eq!(record.checkout.route.providers.len(), 2, "it is passed over, and not gone");
    assert_eq!(seen(&world, id).await.standing, Standing::Preparing);
    assert_eq!(world.events(id).await, ["checkout.created", "attempt.created", "attempt.declined"]);
    // What else happens to the checkout brings nothing forward.
    assert_eq!(push_at(&first, "easy", &world.easy.last().token, json!({ "state": "declined" })).await.status, 200);
    assert_eq!((first.follow_due().await, second.settle_due().await), (Ok(0), Ok(0)));

    world.clock.advance(SignedDuration::from_secs(31));
    world.able.accept_create();
    assert_eq!(first.settle_due().await, Ok(1));
    assert_eq!(states(&world, id).await[1], ("able".to_owned(), AttemptState::AwaitingCustomer));
    assert_eq!(world.able.asked().len(), asked + 1);
    assert_eq!(world.record(id).await.checkout.route.skipped.len(), 1);
}

#[tokio::test]
async fn one_that_still_does_not_work_is_waited_for_no_longer_than_a_customer_waits() {
    let world = World::new().await;
    put(&world, automatic(&["easy", "able"])).await;
    let engine = broken(&world).await;
    let id = after_a_no(&world, &engine).await;
    // Somebody else's cart tries it before, in vain.
    world.clock.advance(SignedDuration::from_secs(31));
    assert_eq!(open_at(&world, &engine, "able", "try").await.unwrap().status, 502);
    assert_eq!(engine.settle_due().await, Ok(1));
    assert_eq!(world.record(id).await.status().as_str(), "declined");
    assert!(world.events(id).await.ends_with(&["checkout.declined"]));
    assert_eq!(world.record(id).await.checkout.route.skipped.len(), 1, "each reason once");
}

#[tokio::test]
async fn one_that_was_passed_over_comes_after_those_that_work() {
    let world = World::new().await;
    put(&world, automatic(&["easy", "able", "strict"])).await;
    let engine = broken(&world).await;
    let id = after_a_no(&world, &engine).await;
    world.clock.advance(SignedDuration::from_secs(31));
    world.able.accept_create();
    assert_eq!(
        push_at(&engine, "strict", &world.strict.last().token, json!({ "state": "declined" })).await.status,
        200
    );
    engine.follow_due().await.unwrap();
    let found: Vec<_> = states(&world, id).await.into_iter().map(|(provider, _)| provider).collect();
    assert_eq!(found, ["easy", "strict", "able"]);
}

#[tokio::test]
async fn the_page_offers_it_only_where_nobody_else_is_left() {
    let world = World::new().await;
    let engine = broken(&world).await;
    put(&world, json!({ "cascade": ["easy", "able", "strict"] })).await;
    let cart = ticket(OPEN, "cart", "cart");
    let id = id_of(&world.engine.open_checkout(world.tenant, unnamed(), Invalid::none(), cart).await.unwrap());
    world.push(json!({ "state": "declined" })).await;
    let shown = async || offered(&engine.customer_view(world.tenant, id).await.unwrap()).join(" ");
    assert_eq!(shown().await, "strict");
    let ticket = ticket("POST /attempts", "next", "next");
    let started = engine.start_attempt(world.tenant, id, Some("strict".to_owned()), None, ticket).await.unwrap();
    assert_eq!(started.status, 201);
    assert_eq!(
        push_at(&engine, "strict", &world.strict.last().token, json!({ "state": "declined" })).await.status,
        200
    );
    assert_eq!(shown().await, "able", "whoever chooses it hears when it may work again");
    world.clock.advance(SignedDuration::from_secs(31));
    assert_eq!(shown().await, "able");
}

#[tokio::test]
async fn what_is_begun_is_never_held_back() {
    let world = World::new().await;
    let id = world.approved_by_able("good").await;
    let engine = broken(&world).await;
    let looks = world.able.looks();
    engine.refresh(world.tenant, id).await.unwrap();
    assert_eq!(world.able.looks(), looks + 1);
    let command = ticket("POST /capture", "capture", "capture");
    engine.capture(world.tenant, id, None, CommandAsk::default(), command).await.unwrap();
    assert!(world.able.commanded().iter().any(|word| word.starts_with("capture")), "{:?}", world.able.commanded());
}

#[tokio::test]
async fn a_refusal_is_an_answer() {
    let world = World::new().await;
    let engine = guarded(&world);
    for (number, kind) in [ErrorKind::Declined, ErrorKind::Invalid, ErrorKind::Credentials, ErrorKind::Configuration]
        .into_iter()
        .cycle()
        .take(20)
        .enumerate()
    {
        world.able.fail_create(ProviderError::new(kind, "No."));
        open_at(&world, &engine, "able", &format!("no {number}")).await.unwrap();
    }
    let view = engine.breaker(world.tenant, "able");
    assert_eq!((view.state, view.calls, view.failed), (BreakerState::Closed, 20, 0));
}
