//! What our own books refuse never reaches the financer, uses no key up, and changes nothing.

use lendport_core::{AttemptState, CheckoutId, Claim, ProviderError};
use lendport_engine::{CommandAsk, EngineError, RefundAsk, Reply};
use serde_json::json;

use crate::recovery::killed_during_create;
use crate::settle::silence;
use crate::world::{World, id_of, push_at, ticket};

const COMMANDS: [&str; 3] = ["cancel", "capture", "refund"];

fn route(what: &str) -> String {
    format!("POST /{what}")
}

async fn ask(world: &World, id: CheckoutId, what: &str, key: &str) -> Result<Reply, EngineError> {
    let (engine, tenant) = (&world.engine, world.tenant);
    let key = ticket(&route(what), key, what);
    match what {
        "cancel" => engine.cancel(tenant, id, None, CommandAsk::default(), key).await,
        "capture" => engine.capture(tenant, id, None, CommandAsk::default(), key).await,
        _ => engine.refund(tenant, id, None, RefundAsk::default(), key).await,
    }
}

/// A checkout at `able` that its pushes brought to a state, the last of them.
async fn standing(told: &[&str]) -> (World, CheckoutId) {
    let world = World::new().await;
    let id = id_of(&world.open_at("able", "open").await.unwrap());
    for state in told {
        push_at(&world.engine, "able", &world.able.last().token, json!({ "state": state })).await;
    }
    (world, id)
}

/// Which commands the financer hears of; the others are refused, and leave no trace.
async fn heard(world: &World, id: CheckoutId) -> Vec<&'static str> {
    // Refused by the financer, so that the next one meets the same state.
    world.able.answer_command(Err(ProviderError::new(lendport_core::ErrorKind::Invalid, "no")));
    let mut heard = Vec::new();
    for what in COMMANDS {
        let before = (world.record(id).await, world.able.commanded().len());
        match ask(world, id, what, "key").await {
            Ok(_) => {
                heard.push(what);
                assert_eq!(world.able.commanded().len(), before.1 + 1);
            }
            Err(EngineError::WrongState { checkout, wanted }) => {
                assert_eq!((checkout.id, wanted.is_empty()), (id, false));
                assert_eq!((world.record(id).await, world.able.commanded().len()), before, "{what}");
                assert!(world.key(&route(what), "key").await.is_none(), "{what} used the key up");
            }
            Err(other) => panic!("{what}: {other:?}"),
        }
    }
    heard
}

#[tokio::test]
async fn the_financer_hears_of_what_makes_sense_and_of_nothing_else() {
    let cases: [(&[&str], &[&str]); 11] = [
        (&[], &["cancel"]),
        (&["under_review"], &["cancel"]),
        (&["preapproved"], &["cancel"]),
        (&["authorized"], &["cancel", "capture", "refund"]),
        (&["authorized", "captured"], &["refund"]),
        (&["authorized", "captured", "refunded"], &[]),
        (&["authorized", "captured", "charged_back"], &[]),
        (&["declined"], &[]),
        (&["canceled"], &[]),
        (&["expired"], &[]),
        (&["failed"], &[]),
    ];
    for (told, wanted) in cases {
        let (world, id) = standing(told).await;
        assert_eq!(heard(&world, id).await, wanted, "{told:?}");
    }
}

#[tokio::test]
async fn nothing_is_asked_about_a_create_of_which_nobody_knows() {
    let world = World::new().await;
    world.able.fail_create(silence());
    world.open_at("able", "open").await.unwrap();
    let id = world.only().await;
    assert_eq!((world.state(id).await, heard(&world, id).await), (AttemptState::Indeterminate, vec![]));

    let world = killed_during_create("sure").await;
    let id = world.only().await;
    assert_eq!(world.state(id).await, AttemptState::Initiating);
    for what in COMMANDS {
        let refused = ask(&world, id, what, "key").await.unwrap_err();
        assert!(matches!(refused, EngineError::WrongState { .. }), "{what}: {refused:?}");
    }
    assert!(world.sure.commanded().is_empty());
}

#[tokio::test]
async fn nothing_is_given_back_while_a_risk_review_is_open() {
    let world = World::new().await;
    let id = id_of(&world.open_at("able", "open").await.unwrap());
    let token = world.able.last().token;
    push_at(&world.engine, "able", &token, json!({ "state": "authorized", "review_open": true })).await;
    let refused = ask(&world, id, "refund", "key").await.unwrap_err();
    assert!(matches!(refused, EngineError::WrongState { .. }), "{refused:?}");
    push_at(&world.engine, "able", &token, json!({ "state": "authorized", "review_open": false })).await;
    assert_eq!(ask(&world, id, "refund", "key").await.unwrap().status, 201);
}

#[tokio::test]
async fn a_command_that_has_had_its_effect_is_refused_and_its_own_key_hears_it_again() {
    for (what, says) in [("capture", AttemptState::Captured), ("cancel", AttemptState::Canceled)] {
        let (world, id) = standing(&["authorized"]).await;
        world.able.answer_command(Ok(Claim::state(says)));
        let first = ask(&world, id, what, "key").await.unwrap();
        assert_eq!(first.status, 201);
        let again = ask(&world, id, what, "key").await.unwrap();
        assert_eq!((again.replayed, again.body), (true, first.body));
        let second = ask(&world, id, what, "another key").await;
        assert!(matches!(second, Err(EngineError::WrongState { .. })), "{what}: {second:?}");
        assert_eq!(world.able.commanded().len(), 1, "{what}");
    }
}
