//! A create whose sender died and that nobody finds goes out again with its own token, where the financer knows one: a few
//! times, for a while, and never in place of evidence.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::SignedDuration;
use lendport_core::provider::Found;
use lendport_core::{
    AttemptState, CallRecord, CheckoutId, Claim, CommitClass, ErrorKind, OperationKind, Phase, ProviderError,
    ProviderRef, RetryClass,
};
use lendport_engine::{Engine, EngineError, Reply};

use crate::fake::{created, stands};
use crate::recovery::{killed_during_create, open_through};
use crate::settle::silence;
use crate::world::{LEASE_MS, OPEN, World, asked, body, ticket, word};

/// The process died during the create of `sure`, and another one has started.
async fn interrupted() -> (World, Arc<Engine>, CheckoutId) {
    let world = killed_during_create("sure").await;
    let next = world.restarted("second process");
    assert_eq!(next.recover_interrupted(true).await, Ok(1));
    let id = world.only().await;
    assert_eq!(world.state(id).await, AttemptState::Indeterminate);
    (world, next, id)
}

/// Lets the workers run for so many seconds.
async fn work(world: &World, engine: &Arc<Engine>, seconds: u32) {
    for _ in 0..seconds {
        world.clock.advance(SignedDuration::from_secs(1));
        engine.settle_due().await.unwrap();
    }
}

fn sends(world: &World) -> usize {
    world.sure.asked().len()
}

#[tokio::test]
async fn what_nobody_finds_goes_out_again_as_it_was_and_no_person_is_needed() {
    let (world, next, id) = interrupted().await;
    work(&world, &next, 9).await;
    assert!(world.sure.looks() > 0, "it is searched for first");
    assert_eq!(sends(&world), 1, "a search says nothing so early");
    work(&world, &next, 2).await;
    assert_eq!((sends(&world), world.state(id).await), (2, AttemptState::AwaitingCustomer));

    let asked = world.sure.asked();
    assert_eq!(asked[0].token, asked[1].token, "the address it pushes to");
    assert_eq!(asked[0].attempt.merchant_reference, asked[1].attempt.merchant_reference);
    assert_eq!((&asked[0].checkout.cart, asked[0].attempt.id), (&asked[1].checkout.cart, asked[1].attempt.id));
    let back = &asked[0].checkout.return_urls;
    assert!(back.success.as_ref().is_some_and(|url| url.contains(&asked[0].attempt.id.to_string())), "{back:?}");
    assert_eq!(back, &asked[1].checkout.return_urls, "where the customer is sent back to");
    let create = world.operation(id, OperationKind::Create).await;
    let died: Vec<_> = create.calls.iter().map(CallRecord::is_interrupted).collect();
    assert_eq!((create.phase, create.error, died), (Phase::Settled, None, vec![true, false]));
    assert_eq!(world.open_items(id).await, Vec::<&str>::new());
    assert_eq!(world.push_at_sure(&asked[0].token).await, 200);

    let reply = open_through(&world, &next, "sure").await.unwrap();
    assert_eq!((reply.status, &body(&reply)["status"]), (201, &"requires_customer_action".into()));
    work(&world, &next, 120).await;
    assert_eq!((sends(&world), world.record(id).await.attempts.len()), (2, 1));
}

#[tokio::test]
async fn what_is_found_is_not_sent_again() {
    let (world, next, id) = interrupted().await;
    let retrieved = stands(Claim::state(AttemptState::AwaitingCustomer));
    world.sure.answer_find(Some(Found { reference: ProviderRef("theirs".to_owned()), retrieved, others: 0 }));
    work(&world, &next, 120).await;
    assert_eq!((sends(&world), world.state(id).await), (1, AttemptState::AwaitingCustomer));
}

#[tokio::test]
async fn it_goes_out_three_times_at_most() {
    let (world, mut engine, id) = interrupted().await;
    for sent in 2..5 {
        world.sure.answer_create(|_| std::future::pending());
        let (dying, clock) = (Arc::clone(&engine), world.clock.clone());
        let working = tokio::spawn(async move {
            for _ in 0..150 {
                clock.advance(SignedDuration::from_secs(1));
                dying.settle_due().await.unwrap();
            }
        });
        while sends(&world) < sent && !working.is_finished() {
            tokio::task::yield_now().await;
        }
        working.abort();
        let _ = working.await;
        engine = world.restarted("the next process");
        engine.recover_interrupted(true).await.unwrap();
    }
    assert_eq!((sends(&world), world.state(id).await), (3, AttemptState::Indeterminate));
    assert_eq!(world.operation(id, OperationKind::Create).await.interruptions(), 3);
    assert_eq!(world.open_items(id).await, ["unknown_outcome"], "told once, and a person's now");
}

#[tokio::test]
async fn it_does_not_go_out_after_its_time() {
    let world = killed_during_create("sure").await;
    world.clock.advance(SignedDuration::from_secs(1_195));
    let next = world.restarted("second process");
    assert_eq!(next.recover_interrupted(true).await, Ok(1));
    work(&world, &next, 300).await;
    assert_eq!((sends(&world), world.state(world.only().await).await), (1, AttemptState::Indeterminate));
}

#[tokio::test]
async fn an_error_says_nothing_of_the_first_send_and_ends_it() {
    for error in [silence(), ProviderError::new(ErrorKind::Invalid, "spent").committed_as(CommitClass::Rejected)] {
        let (world, next, id) = interrupted().await;
        world.sure.fail_create(error.clone());
        work(&world, &next, 20).await;
        assert_eq!((sends(&world), world.state(id).await), (2, AttemptState::Indeterminate), "{error}");
        world.sure.accept_create();
        work(&world, &next, 1_000).await;
        assert_eq!((sends(&world), world.open_items(id).await), (2, vec!["unknown_outcome"]), "{error}");
        let create = world.operation(id, OperationKind::Create).await;
        assert_eq!((create.phase, create.error.as_deref()), (Phase::Unknown, Some(error.message.as_str())));
    }
}

#[tokio::test]
async fn what_did_not_leave_is_tried_again() {
    let (world, next, id) = interrupted().await;
    let refused = ProviderError::new(ErrorKind::Unavailable, "no connection").committed_as(CommitClass::NotSent);
    world.sure.fail_create(refused);
    work(&world, &next, 20).await;
    world.sure.accept_create();
    work(&world, &next, 180).await;
    assert_eq!((sends(&world), world.state(id).await), (3, AttemptState::AwaitingCustomer));
}

#[tokio::test]
async fn what_the_token_may_be_used_again_after_goes_out_within_the_bound() {
    let (world, next, id) = interrupted().await;
    world.sure.fail_create(silence().retried_as(RetryClass::SameRequest));
    work(&world, &next, 1_000).await;
    assert_eq!((sends(&world), world.state(id).await), (3, AttemptState::Indeterminate));
    assert_eq!(world.open_items(id).await, ["unknown_outcome"]);
}

#[tokio::test]
async fn a_create_that_was_answered_with_silence_is_not_sent_again() {
    let world = World::new().await;
    world.sure.fail_create(silence());
    assert_eq!(world.open_at("sure", "key").await.unwrap().status, 502);
    world.sure.accept_create();
    work(&world, &Arc::clone(&world.engine), 300).await;
    assert_eq!((sends(&world), world.state(world.only().await).await), (1, AttemptState::Indeterminate));
}

/// A create whose sender was slow and not dead: taken for interrupted, sent again, and only then answered so.
async fn answered_late(answer: Result<(), ProviderError>) -> (World, CheckoutId, Result<Reply, EngineError>) {
    let world = World::new().await;
    let gate = Arc::new(tokio::sync::Notify::new());
    let (held, calls) = (Arc::clone(&gate), Arc::new(AtomicU32::new(0)));
    world.sure.answer_create(move |asked| {
        let (held, answer, first) = (Arc::clone(&held), answer.clone(), calls.fetch_add(1, Ordering::SeqCst) == 0);
        async move {
            if first {
                held.notified().await;
                answer?;
            }
            Ok(created(&asked))
        }
    });
    let (engine, tenant) = (Arc::clone(&world.engine), world.tenant);
    let slow = tokio::spawn(async move {
        let shape = lendport_core::Invalid::none();
        engine.open_checkout(tenant, asked("sure"), shape, ticket(OPEN, "key", "sure")).await
    });
    while sends(&world) == 0 {
        tokio::task::yield_now().await;
    }
    world.clock.advance(SignedDuration::from_millis(i64::try_from(LEASE_MS).unwrap() + 1));
    assert_eq!(world.engine.recover_interrupted(false).await, Ok(1));
    work(&world, &Arc::clone(&world.engine), 20).await;
    let id = world.only().await;
    assert_eq!((sends(&world), world.state(id).await), (2, AttemptState::AwaitingCustomer));
    gate.notify_one();
    (world, id, slow.await.unwrap())
}

#[tokio::test]
async fn a_sender_that_was_only_slow_does_no_harm() {
    let (world, id, reply) = answered_late(Ok(())).await;
    assert_eq!(reply.unwrap().status, 201);
    assert_eq!((world.state(id).await, world.open_items(id).await), (AttemptState::AwaitingCustomer, vec![]));
    assert_eq!(world.operation(id, OperationKind::Create).await.phase, Phase::Settled);

    let refused = ProviderError::new(ErrorKind::Invalid, "spent").committed_as(CommitClass::Rejected);
    for error in [silence(), refused] {
        let (world, id, reply) = answered_late(Err(error)).await;
        assert_eq!(word(&reply.unwrap_err()), "key_in_flight", "the other send says what became of it");
        assert_eq!((world.state(id).await, world.open_items(id).await), (AttemptState::AwaitingCustomer, vec![]));
        let again = open_through(&world, &world.engine, "sure").await.unwrap();
        assert_eq!((again.status, sends(&world)), (201, 2));
    }
}

#[tokio::test]
async fn a_financer_without_a_token_gets_no_second_one() {
    let world = killed_during_create("strict").await;
    let next = world.restarted("second process");
    assert_eq!(next.recover_interrupted(true).await, Ok(1));
    work(&world, &next, 300).await;
    assert_eq!(world.strict.asked().len(), 1);
}

#[tokio::test]
async fn nobody_rules_that_there_is_nothing_while_it_goes_out_again() {
    let (world, next, id) = interrupted().await;
    let gate = Arc::new(tokio::sync::Notify::new());
    let held = Arc::clone(&gate);
    world.sure.answer_create(move |asked| {
        let held = Arc::clone(&held);
        async move {
            held.notified().await;
            Ok(created(&asked))
        }
    });
    world.clock.advance(SignedDuration::from_secs(20));
    let (engine, clock) = (Arc::clone(&next), world.clock.clone());
    let working = tokio::spawn(async move {
        for _ in 0..40 {
            clock.advance(SignedDuration::from_secs(1));
            engine.settle_due().await.unwrap();
        }
    });
    while sends(&world) < 2 {
        assert!(!working.is_finished(), "it never went out again");
        tokio::task::yield_now().await;
    }
    let refused = world.resolve(id, "unknown_outcome", "not_committed", None).await.unwrap_err();
    assert!(matches!(refused, EngineError::WrongState { .. }), "{}", word(&refused));
    gate.notify_one();
    working.await.unwrap();
    assert_eq!((world.state(id).await, sends(&world)), (AttemptState::AwaitingCustomer, 2));
}

#[tokio::test]
async fn what_a_person_has_ruled_does_not_go_out_again() {
    let (world, next, id) = interrupted().await;
    assert_eq!(world.resolve(id, "unknown_outcome", "not_committed", None).await.unwrap().status, 200);
    work(&world, &next, 120).await;
    assert_eq!((sends(&world), world.state(id).await), (1, AttemptState::Failed));
}

impl World {
    /// The status that a push of an approval to this token is answered with.
    async fn push_at_sure(&self, token: &str) -> u16 {
        crate::world::push_at(&self.engine, "sure", token, serde_json::json!({ "look": true })).await.status
    }
}
