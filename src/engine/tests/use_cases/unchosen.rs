//! A checkout that no financer has when its deadline passes: the customer never chose one, or not the next one.

use jiff::SignedDuration;
use lendport_core::{AttemptState, CheckoutStatus, CommitClass, ErrorKind, ProviderError};
use lendport_engine::Standing;
use serde_json::json;

use crate::choosing::{choose, of_two, open, opened, seen};
use crate::world::{World, id_of, push_at, word};

#[tokio::test]
async fn who_never_chooses_ends_with_the_deadline_and_the_merchant_is_told_once() {
    let world = World::new().await;
    let id = opened(&world).await;
    let before = world.record(id).await.checkout.version;
    world.clock.advance(SignedDuration::from_hours(72) - SignedDuration::from_secs(1));
    assert_eq!(world.engine.expire_due().await, Ok(0));
    world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(world.engine.expire_due().await, Ok(1));
    assert_eq!(world.engine.expire_due().await, Ok(0), "once");
    let record = world.record(id).await;
    assert_eq!((record.status(), record.attempts.len()), (CheckoutStatus::Expired, 0));
    assert_eq!(record.checkout.version, before + 1);
    assert_eq!(world.events(id).await, ["checkout.created", "checkout.expired"]);
    let told: serde_json::Value = {
        let events = world.timeline(id).await.events;
        serde_json::from_str(&events.last().unwrap().snapshot).unwrap()
    };
    assert_eq!((&told["status"], &told["blockers"]), (&json!("expired"), &json!(["expired"])));
    assert_eq!(seen(&world, id).await.standing, Standing::Expired);
    assert_eq!(word(&choose(&world, id, "easy", None).await.unwrap_err()), "wrong_state");
    assert_eq!((world.easy.asked().len(), world.able.asked().len()), (0, 0));
}

#[tokio::test]
async fn so_does_who_does_not_choose_the_next_one_and_a_late_yes_still_counts() {
    let world = World::new().await;
    let id = opened(&world).await;
    choose(&world, id, "easy", None).await.unwrap();
    world.push(json!({ "state": "declined" })).await;
    assert_eq!(world.record(id).await.status(), CheckoutStatus::Open);
    world.clock.advance(SignedDuration::from_hours(72));
    assert_eq!(seen(&world, id).await.standing, Standing::Expired, "nothing can be chosen any more");
    assert_eq!(world.engine.expire_due().await, Ok(1));
    let record = world.record(id).await;
    assert_eq!((record.status(), record.attempts[0].state), (CheckoutStatus::Expired, AttemptState::Declined));
    assert!(world.events(id).await.ends_with(&["attempt.declined", "checkout.expired"]));
    world.push(json!({ "state": "authorized" })).await;
    assert_eq!(world.record(id).await.status(), CheckoutStatus::Authorized);
    assert!(world.events(id).await.ends_with(&["attempt.late_approval", "checkout.ready_to_fulfill"]));
    assert_eq!(world.engine.expire_due().await, Ok(0));
}

#[tokio::test]
async fn a_page_that_runs_out_ends_the_checkout_though_another_could_have_been_chosen() {
    let world = World::new().await;
    let id = opened(&world).await;
    choose(&world, id, "able", None).await.unwrap();
    world.clock.advance(SignedDuration::from_hours(72));
    assert_eq!(world.engine.expire_due().await, Ok(1));
    let record = world.record(id).await;
    assert_eq!((record.status(), record.attempts[0].state), (CheckoutStatus::Expired, AttemptState::Expired));
    assert_eq!(world.events(id).await.iter().filter(|kind| **kind == "checkout.expired").count(), 1);
    let token = world.able.last().token;
    assert_eq!(push_at(&world.engine, "able", &token, json!({ "state": "authorized" })).await.status, 200);
    assert_eq!(world.record(id).await.status(), CheckoutStatus::Authorized);
}

#[tokio::test]
async fn what_is_being_asked_or_unknown_does_not_end() {
    let world = World::new().await;
    let strict = lendport_engine::OpenCheckout { providers: Some(vec!["strict".into(), "easy".into()]), ..of_two() };
    let id = id_of(&open(&world, strict, "unknown").await.unwrap());
    world.strict.fail_create(ProviderError::new(ErrorKind::NoAnswer, "silence"));
    let _unknown = choose(&world, id, "strict", None).await;
    world.clock.advance(SignedDuration::from_hours(24 * 365));
    assert_eq!(world.engine.expire_due().await, Ok(0));
    assert_eq!(world.record(id).await.status(), CheckoutStatus::Indeterminate);
    // Evidence says that there is nothing: the deadline has passed long ago.
    assert_eq!(world.resolve(id, "unknown_outcome", "not_committed", None).await.unwrap().status, 200);
    assert_eq!(world.engine.expire_due().await, Ok(1));
    assert_eq!(world.record(id).await.status(), CheckoutStatus::Expired);
}

#[tokio::test]
async fn while_a_financer_is_being_asked_the_deadline_waits() {
    let world = std::sync::Arc::new(World::new().await);
    let id = opened(&world).await;
    let refused = ProviderError { commit: CommitClass::NotSent, ..ProviderError::new(ErrorKind::Unavailable, "away") };
    let gate = std::sync::Arc::new(tokio::sync::Notify::new());
    let held = std::sync::Arc::clone(&gate);
    world.easy.answer_create(move |_| {
        let (held, refused) = (std::sync::Arc::clone(&held), refused.clone());
        async move {
            held.notified().await;
            Err(refused)
        }
    });
    let tab = std::sync::Arc::clone(&world);
    let choosing = tokio::spawn(async move { choose(&tab, id, "easy", None).await });
    while world.easy.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    world.clock.advance(SignedDuration::from_hours(72));
    assert_eq!(world.engine.expire_due().await, Ok(0));
    gate.notify_one();
    let _failed = choosing.await.unwrap();
    assert_eq!(world.engine.expire_due().await, Ok(1));
    assert_eq!(world.record(id).await.status(), CheckoutStatus::Expired);
}
