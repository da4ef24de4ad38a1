//! One key, one checkout: replays are equal, unknown outcomes are gone on with, and a crowd makes one call.

use std::sync::Arc;

use lendport_core::{AttemptState, CommitClass, ErrorKind, Phase, ProviderError};
use lendport_core::{Invalid, OperationKind};
use lendport_engine::EngineError;
use serde_json::json;

use crate::fake::created;
use crate::world::{OPEN, World, asked, body, id_of, ticket};

fn no_answer() -> ProviderError {
    ProviderError::new(ErrorKind::NoAnswer, "no answer in time")
}

#[tokio::test]
async fn a_replay_is_equal_and_another_body_is_refused() {
    let world = World::new().await;
    let first = world.open("key").await;
    world.push(json!({ "state": "authorized" })).await;
    let again = world.open("key").await;
    assert_eq!((first.replayed, again.replayed), (false, true));
    assert_eq!(
        (again.status, &again.body),
        (first.status, &first.body),
        "a replay shows what was answered, not what is"
    );
    let other = world.engine.open_checkout(world.tenant, asked("easy"), Invalid::none(), ticket(OPEN, "key", "other"));
    assert_eq!(other.await, Err(EngineError::KeyReused));
    assert_eq!(world.easy.asked().len(), 1);

    // A refusal for good is replayed as well.
    world.easy.fail_create(ProviderError::new(ErrorKind::Invalid, "the phone is wrong"));
    let refused = world.open("other key").await;
    world.easy.accept_create();
    let again = world.open("other key").await;
    assert_eq!((refused.status, again.status, again.replayed), (502, 502, true));
    assert_eq!(refused.body, again.body);
}

#[tokio::test]
async fn after_an_unknown_outcome_a_harmless_create_is_tried_again_in_the_same_checkout() {
    let world = World::new().await;
    world.easy.fail_create(no_answer());
    assert_eq!(world.open("key").await.status, 502);
    let id = world.only().await;
    assert_eq!(world.open("key").await.status, 502, "still silent");
    world.easy.accept_create();
    let reply = world.open("key").await;
    assert_eq!((reply.status, reply.replayed, id_of(&reply)), (201, false, id));
    let states: Vec<_> =
        world.record(id).await.attempts.iter().map(|attempt| (attempt.number, attempt.state)).collect();
    assert_eq!(states, [(1, AttemptState::Canceled), (2, AttemptState::Canceled), (3, AttemptState::AwaitingCustomer)]);
    assert_eq!(body(&reply)["status"], "requires_customer_action");
    // Every attempt has an address of its own, and its own name towards the financer.
    let asked = world.easy.asked();
    assert!(asked[0].token != asked[1].token && asked[1].token != asked[2].token);
    assert!(asked[0].attempt.merchant_reference != asked[1].attempt.merchant_reference);
    assert_eq!(world.open("key").await.body, reply.body);
    assert_eq!(world.easy.asked().len(), 3);
}

#[tokio::test]
async fn after_an_unknown_outcome_a_create_that_may_commit_twice_is_fenced() {
    let world = World::new().await;
    world.strict.fail_create(no_answer());
    let first = world.open_at("strict", "key").await.unwrap();
    assert_eq!(first.status, 502);
    world.strict.accept_create();
    for _ in 0..2 {
        let fenced = world.open_at("strict", "key").await.unwrap();
        assert_eq!((fenced.status, body(&fenced)["error"].as_str()), (409, Some("commit_fence")));
    }
    assert_eq!(world.strict.asked().len(), 1);
    assert_eq!(world.state(world.only().await).await, AttemptState::Indeterminate);
    assert_eq!(world.key_state("key").await, "resumable");
}

#[tokio::test]
async fn a_harmless_create_is_fenced_for_a_checkout_whose_customer_may_have_been_told() {
    let world = World::new().await;
    world.easy.fail_create(no_answer());
    let open = || {
        let mut mailed = asked("easy");
        mailed.metadata.insert("customer was mailed".to_owned(), "yes".to_owned());
        world.engine.open_checkout(world.tenant, mailed, Invalid::none(), ticket(OPEN, "key", "mailed"))
    };
    assert_eq!(open().await.unwrap().status, 502);
    world.easy.accept_create();
    let fenced = open().await.unwrap();
    assert_eq!((fenced.status, body(&fenced)["error"].as_str()), (409, Some("commit_fence")));
    assert_eq!(world.easy.asked().len(), 1, "a second application might be approved beside the first");
}

#[tokio::test]
async fn what_was_never_sent_is_sent_by_the_next_try() {
    let world = World::new().await;
    let refused = ProviderError::new(ErrorKind::Unavailable, "connection refused").committed_as(CommitClass::NotSent);
    world.strict.fail_create(refused);
    assert_eq!(world.open_at("strict", "key").await.unwrap().status, 502);
    let id = world.only().await;
    assert_eq!(world.state(id).await, AttemptState::Failed);
    world.strict.accept_create();
    let reply = world.open_at("strict", "key").await.unwrap();
    assert_eq!((reply.status, id_of(&reply)), (201, id));
    assert_eq!(world.record(id).await.attempts.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_at_once_make_one_call() {
    let world = Arc::new(World::new().await);
    world.easy.answer_create(|asked| async move {
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        Ok(created(&asked))
    });
    let crowd: Vec<_> = (0..50)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.open_at("easy", "key").await })
        })
        .collect();
    let mut bodies = Vec::new();
    for one in crowd {
        match one.await.unwrap() {
            Ok(reply) => bodies.push(reply.body),
            Err(error) => assert_eq!(error, EngineError::KeyInFlight),
        }
    }
    assert_eq!(world.easy.asked().len(), 1);
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "one answer for all");
    let id = world.only().await;
    assert_eq!(world.open("key").await.body, bodies[0]);
    assert_eq!(world.operation(id, OperationKind::Create).await.phase, Phase::Settled);
}

#[tokio::test]
async fn keys_of_two_routes_do_not_meet_and_old_ones_are_deleted() {
    let world = World::new().await;
    let id = world.opened("key").await;
    let route = format!("POST /v1/checkouts/{id}/attempts");
    let fenced =
        world.engine.start_attempt(world.tenant, id, Some("strict".to_owned()), None, ticket(&route, "key", "x"));
    assert!(matches!(fenced.await, Err(EngineError::CommitFence { holder: AttemptState::AwaitingCustomer, .. })));
    world.clock.advance(jiff::SignedDuration::from_hours(24 * 7));
    assert_eq!(world.engine.trim_idempotency().await, Ok(0), "kept for seven days");
    world.clock.advance(jiff::SignedDuration::from_secs(1));
    assert_eq!(world.engine.trim_idempotency().await, Ok(1));
    assert_eq!(world.key_state("key").await, "none");
}
