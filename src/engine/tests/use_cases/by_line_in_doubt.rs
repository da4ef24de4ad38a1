//! Commands on lines whose outcome is not known: found again by a look, settled by a person, and never sent again on a guess.

use std::sync::Arc;

use lendport_core::provider::{Retrieved, ShipmentConfirmed};
use lendport_core::{
    Actor, AttemptState, CheckoutId, Claim, CommitClass, Details, ErrorKind, LineReport, OperationKind, Phase,
    ProviderError,
};

use lendport_engine::{Doer, EngineError, ResolveAsk};

use crate::by_line::{approved, books, cancel, give_back, ship, told, units};
use crate::world::{LEASE_MS, World, body, ticket, word};

fn silence() -> ProviderError {
    ProviderError::new(ErrorKind::NoAnswer, "silence")
}

/// From now on a look tells of so many units shipped.
async fn shows(world: &World, id: CheckoutId, shipped: [u32; 2]) {
    let details = Details { lines: told(world, id, shipped).await, ..Details::default() };
    world.watched.answer_look(Retrieved { details, ..Retrieved::of(Claim::state(AttemptState::Authorized)) });
}

#[tokio::test]
async fn a_lost_shipment_is_found_again_by_its_units_and_never_told_twice() {
    let world = World::new().await;
    let id = approved(&world).await;
    ship(&world, id, "first", [1, 0]).await.unwrap();
    world.watched.answer_ship(Err(silence()));
    assert_eq!(ship(&world, id, "lost", [0, 2]).await.unwrap().status, 502);
    assert_eq!(world.open_items(id).await, ["unknown_command"]);
    world.watched.answer_ship(Ok(ShipmentConfirmed::default()));
    shows(&world, id, [1, 0]).await;
    for key in ["lost", "other"] {
        let refused = match ship(&world, id, key, [0, 2]).await {
            Ok(reply) => body(&reply)["error"].as_str().unwrap().to_owned(),
            Err(error) => word(&error).to_owned(),
        };
        assert_eq!(refused, "wrong_state", "{key}: it does not show, which says nothing");
    }
    shows(&world, id, [1, 2]).await;
    let found = ship(&world, id, "lost", [0, 2]).await.unwrap();
    assert_eq!((found.status, body(&found)["phase"].as_str()), (201, Some("settled")), "{}", found.body);
    assert_eq!((world.watched.shipped().len(), world.open_items(id).await.len()), (2, 0));
    assert_eq!(books(&world, id).await.1, [[1, 0, 0], [2, 0, 0]]);
    assert_eq!(world.events(id).await.iter().filter(|kind| **kind == "shipment.confirmed").count(), 2);
}

#[tokio::test]
async fn a_person_books_a_lost_shipment_by_its_units() {
    for (choice, shipped, phase) in [("took_effect", [1, 1], Phase::Settled), ("no_effect", [0, 0], Phase::Failed)] {
        let world = World::new().await;
        let id = approved(&world).await;
        world.watched.answer_ship(Err(silence()));
        ship(&world, id, "lost", [1, 1]).await.unwrap();
        let item = world.timeline(id).await.attention[0].id;
        world.resolve_with(item, choice, None, "r").await.unwrap();
        let lines = books(&world, id).await.1;
        assert_eq!([lines[0][0], lines[1][0]], shipped, "{choice}");
        assert_eq!(world.operation(id, OperationKind::Shipment).await.phase, phase);
    }
}

#[tokio::test]
async fn what_the_financer_does_not_say_is_open_until_a_person_says_it() {
    for (choice, canceled, authorized) in [("took_effect", [1, 3], "570.00"), ("no_effect", [1, 1], "590.00")] {
        let world = World::new().await;
        let id = approved(&world).await;
        world.watched.answer_lines(|asked| {
            let [first, mut second] = [asked[0], asked[1]];
            let mut open = second;
            (second.quantity, open.quantity) = (1, 2);
            Ok(LineReport { done: vec![first, second], failed: Vec::new(), not_said: vec![open] })
        });
        let part = cancel(&world, id, "key", [1, 3]).await.unwrap();
        assert_eq!((part.status, body(&part)["lines"][1]["unknown"].as_u64()), (201, Some(2)));
        assert_eq!(books(&world, id).await.1, [[0, 1, 0], [0, 1, 0]], "what was said is booked");
        assert_eq!(world.open_items(id).await, ["unknown_command"]);
        assert_eq!(word(&ship(&world, id, "s", [1, 0]).await.unwrap_err()), "wrong_state", "nothing beside it");
        assert_eq!(word(&give_back(&world, id, "r", [1, 0]).await.unwrap_err()), "invalid");
        let item = world.timeline(id).await.attention[0].id;
        world.resolve_with(item, choice, None, "r").await.unwrap();
        let (sums, lines) = books(&world, id).await;
        assert_eq!(([lines[0][1], lines[1][1]], sums[2].as_str()), (canceled, authorized), "{choice}");
        assert_eq!(world.operation(id, OperationKind::Cancel).await.phase, Phase::Settled);
        ship(&world, id, "s", [1, 0]).await.unwrap();
    }
}

/// Settles the checkout's item as having taken effect for so many units of each line.
async fn took_effect(world: &World, id: CheckoutId, choice: &str, counts: [u32; 2]) -> Result<(), String> {
    let item = world.timeline(id).await.attention[0].id;
    let lines = units(world, id, counts).await.iter().map(|units| (units.line, units.quantity)).collect();
    let (choice, reason) = (choice.to_owned(), "so the portal shows it".to_owned());
    let by = Doer { actor: Actor::Key(world.key_of_a_person()), request: None };
    let asked = ResolveAsk { choice: choice.clone(), reason, amount: None, lines, by };
    let ticket = ticket("POST /resolve", &format!("{choice} {counts:?}"), "");
    match world.engine.resolve_attention(world.tenant, item, asked, ticket).await {
        Ok(_) => Ok(()),
        Err(EngineError::Invalid(invalid)) => Err(format!("{} {}", invalid.0[0].pointer, invalid.0[0].code)),
        Err(error) => Err(word(&error).to_owned()),
    }
}

#[tokio::test]
async fn a_person_says_for_which_units_it_took_effect() {
    let world = World::new().await;
    let id = approved(&world).await;
    ship(&world, id, "all", [0, 0]).await.unwrap();
    world.watched.answer_lines(|_| Err(silence()));
    assert_eq!(give_back(&world, id, "key", [1, 3]).await.unwrap().status, 502);
    let detail = world.timeline(id).await.attention[0].detail.clone();
    let asked = units(&world, id, [1, 3])
        .await
        .iter()
        .map(|one| format!("{} of {}", one.quantity, one.line))
        .collect::<Vec<_>>();
    assert!(detail.ends_with(&asked.join(", ")), "{detail}");
    for (choice, counts, wrong) in [
        ("took_effect", [2, 0], "/lines/0/quantity out_of_range"),
        ("took_effect", [1, 4], "/lines/1/quantity out_of_range"),
        ("no_effect", [1, 0], "/lines unexpected"),
    ] {
        assert_eq!(took_effect(&world, id, choice, counts).await, Err(wrong.to_owned()), "{choice} {counts:?}");
    }
    assert_eq!(books(&world, id).await.1, [[2, 0, 0], [3, 0, 0]]);
    assert_eq!(took_effect(&world, id, "took_effect", [0, 2]).await, Ok(()));
    let (sums, lines) = books(&world, id).await;
    assert_eq!((sums[4].as_str(), &lines, world.open_items(id).await), ("20.00", &vec![[2, 0, 0], [3, 0, 2]], vec![]));
    assert_eq!(world.operation(id, OperationKind::Refund).await.phase, Phase::Settled);
    let told = give_back(&world, id, "key", [1, 3]).await.unwrap();
    let counts = |at: usize| ["done", "failed", "unknown"].map(|name| body(&told)["lines"][at][name].as_u64().unwrap());
    assert_eq!((told.status, counts(0), counts(1)), (201, [0, 1, 0], [2, 1, 0]));
    // What it did not take effect for may be asked for again.
    world.watched.answer_lines(|asked| Ok(LineReport { done: asked.to_vec(), ..LineReport::default() }));
    give_back(&world, id, "rest", [0, 0]).await.unwrap();
    assert_eq!(world.watched.commanded(), ["return 1+3", "return 2+1"]);
}

#[tokio::test]
async fn only_what_was_not_said_is_settled_by_units() {
    let world = World::new().await;
    let id = approved(&world).await;
    world.watched.answer_lines(|asked| {
        let (done, open) = asked.split_at(1);
        Ok(LineReport { done: done.to_vec(), failed: Vec::new(), not_said: open.to_vec() })
    });
    cancel(&world, id, "key", [1, 2]).await.unwrap();
    assert_eq!(took_effect(&world, id, "took_effect", [1, 0]).await, Err("/lines/0/line_id unknown_line".to_owned()));
    took_effect(&world, id, "took_effect", [0, 1]).await.unwrap();
    assert_eq!(books(&world, id).await.1, [[0, 1, 0], [0, 1, 0]]);
}

#[tokio::test]
async fn no_units_are_named_of_a_shipment_or_of_what_is_not_about_lines() {
    let world = World::new().await;
    let id = approved(&world).await;
    world.watched.answer_ship(Err(silence()));
    ship(&world, id, "lost", [2, 0]).await.unwrap();
    assert_eq!(took_effect(&world, id, "took_effect", [1, 0]).await, Err("/lines unexpected".to_owned()));

    let world = World::new().await;
    let id = approved(&world).await;
    world.watched.answer_command(Err(silence()));
    cancel(&world, id, "whole", [0, 0]).await.unwrap();
    assert_eq!(took_effect(&world, id, "took_effect", [1, 0]).await, Err("/lines unexpected".to_owned()));
    took_effect(&world, id, "took_effect", [0, 0]).await.unwrap();
    let (sums, lines) = books(&world, id).await;
    assert_eq!((sums[0].as_str(), sums[2].as_str(), lines), ("canceled", "0.00", vec![[0, 2, 0], [0, 3, 0]]));
}

#[tokio::test]
async fn a_report_of_other_units_is_not_believed() {
    let world = World::new().await;
    let id = approved(&world).await;
    let before = books(&world, id).await;
    world.watched.answer_lines(|asked| {
        let more = lendport_core::LineUnits { quantity: asked[0].quantity + 1, ..asked[0] };
        Ok(LineReport { done: vec![more], ..LineReport::default() })
    });
    assert_eq!(cancel(&world, id, "key", [1, 0]).await.unwrap().status, 502);
    assert_eq!((books(&world, id).await, world.open_items(id).await), (before, vec!["unknown_command"]));
    let again = cancel(&world, id, "key", [1, 0]).await.unwrap();
    assert_eq!((body(&again)["error"].as_str(), world.watched.commanded().len()), (Some("wrong_state"), 1));
}

#[tokio::test]
async fn a_return_without_an_answer_is_a_persons_and_not_sent_again() {
    let world = World::new().await;
    let id = approved(&world).await;
    ship(&world, id, "all", [0, 0]).await.unwrap();
    world.watched.answer_lines(|_| Err(silence()));
    assert_eq!(give_back(&world, id, "key", [1, 0]).await.unwrap().status, 502);
    let item = world.timeline(id).await.attention[0].id;
    let refused = world.resolve_with(item, "refund_took_effect", Some("500"), "amount").await;
    assert_eq!(word(&refused.unwrap_err()), "invalid", "it is about units");
    world.resolve_with(item, "took_effect", None, "r").await.unwrap();
    let (sums, lines) = books(&world, id).await;
    assert_eq!((sums[4].as_str(), lines[0]), ("500.00", [2, 0, 1]));
    assert_eq!(world.watched.commanded(), ["return 1"]);
}

#[tokio::test]
async fn an_answer_that_comes_after_it_was_given_up_is_booked_once_and_closes_the_item() {
    let world = Arc::new(World::new().await);
    let id = approved(&world).await;
    let gate = world.watched.hold_commands();
    let running = tokio::spawn({
        let world = Arc::clone(&world);
        async move { cancel(&world, id, "key", [1, 0]).await }
    });
    while world.watched.commanded().is_empty() {
        tokio::task::yield_now().await;
    }
    world.clock.advance(jiff::SignedDuration::from_millis(2 * i64::try_from(LEASE_MS).unwrap()));
    assert_eq!(world.engine.recover_interrupted(false).await, Ok(1));
    assert_eq!(world.open_items(id).await, ["unknown_command"]);
    gate.notify_one();
    assert_eq!(running.await.unwrap().unwrap().status, 201);
    assert_eq!((books(&world, id).await.1, world.open_items(id).await.len()), (vec![[0, 1, 0], [0, 0, 0]], 0));
    assert_eq!(world.operation(id, OperationKind::Cancel).await.phase, Phase::Settled);
}

#[tokio::test]
async fn a_process_that_dies_during_a_shipment_leaves_it_to_a_look() {
    let world = Arc::new(World::new().await);
    let id = approved(&world).await;
    world.watched.never_answer_ships();
    let running = tokio::spawn({
        let world = Arc::clone(&world);
        async move { ship(&world, id, "key", [2, 0]).await }
    });
    while world.watched.shipped().is_empty() {
        tokio::task::yield_now().await;
    }
    running.abort();
    assert!(running.await.is_err());
    let next = world.restarted("second process");
    assert_eq!(next.recover_interrupted(true).await, Ok(1));
    shows(&world, id, [2, 0]).await;
    next.refresh(world.tenant, id).await.unwrap();
    assert_eq!(world.operation(id, OperationKind::Shipment).await.phase, Phase::Settled);
    assert_eq!((books(&world, id).await.1, world.watched.shipped().len()), (vec![[2, 0, 0], [0, 0, 0]], 1));
    assert!(world.open_items(id).await.is_empty());
}

#[tokio::test]
async fn what_had_no_effect_is_sent_again_under_its_key_with_the_books_of_then() {
    let world = World::new().await;
    let id = approved(&world).await;
    world.watched.answer_ship(Err(silence()));
    ship(&world, id, "lost", [1, 1]).await.unwrap();
    let item = world.timeline(id).await.attention[0].id;
    world.resolve_with(item, "no_effect", None, "r").await.unwrap();
    world.watched.pay_for_shipments();
    ship(&world, id, "between", [1, 0]).await.unwrap();
    world.watched.answer_ship(Err(silence()));
    assert_eq!(ship(&world, id, "lost", [1, 1]).await.unwrap().status, 502);
    let item = world.timeline(id).await.attention[1].id;
    world.resolve_with(item, "took_effect", None, "again").await.unwrap();
    assert_eq!(books(&world, id).await.1, [[2, 0, 0], [1, 0, 0]]);
    assert_eq!(ship(&world, id, "lost", [1, 1]).await.unwrap().status, 201);
    assert_eq!(world.watched.shipped().len(), 3);
}

#[tokio::test]
async fn what_is_sent_again_is_stored_before_it_is_sent() {
    let world = Arc::new(World::new().await);
    let id = approved(&world).await;
    world.watched.answer_ship(Err(silence().committed_as(CommitClass::NotSent)));
    assert_eq!(ship(&world, id, "key", [1, 0]).await.unwrap().status, 502);
    assert_eq!(world.operation(id, OperationKind::Shipment).await.phase, Phase::Failed);
    world.watched.never_answer_ships();
    let running = tokio::spawn({
        let world = Arc::clone(&world);
        async move { ship(&world, id, "key", [1, 0]).await }
    });
    while world.watched.shipped().len() < 2 {
        tokio::task::yield_now().await;
    }
    running.abort();
    assert!(running.await.is_err());
    assert_eq!(world.restarted("second process").recover_interrupted(true).await, Ok(1), "it may have been taken in");
    assert_eq!(world.open_items(id).await, ["unknown_command"]);
}
