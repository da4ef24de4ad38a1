//! Refunds that a person has to settle: counted once, or found to be none (`wegetfinancing.md` 6.9).

use lendport_core::{AttemptState, CheckoutId};
use serde_json::json;

use crate::world::{World, word};

/// What was given back, what is announced, and what keeps the order back.
async fn sums(world: &World, id: CheckoutId) -> String {
    let record = world.record(id).await;
    let attempt = record.attempts.last().unwrap();
    let pending = record.ledger.pending_refunds(attempt.id, attempt.amount.currency()).unwrap();
    let view = world.shown(id).await;
    format!("{} refunded, {pending} announced; {}", view.amounts.refunded, view.blockers.join(" "))
}

#[tokio::test]
async fn a_refund_without_amount_is_counted_or_found_to_be_none() {
    for (choice, amount, expected) in [
        ("count_refund", Some("20.00"), "20.00 refunded, 0.00 announced; "),
        ("count_refund", Some("1420.00"), "1420.00 refunded, 0.00 announced; refunded"),
        ("no_refund", None, "0.00 refunded, 0.00 announced; "),
    ] {
        let world = World::new().await;
        let id = world.authorized("key").await;
        world.push(json!({ "refund": "of nothing" })).await;
        assert_eq!(sums(&world, id).await, "0.00 refunded, 1420.00 announced; refund_unsettled");
        world.resolve(id, "refund_without_amount", choice, amount).await.unwrap();
        assert_eq!(sums(&world, id).await, expected, "{choice}");
        let counted = world.events(id).await.contains(&"checkout.refunded");
        assert_eq!(counted, amount.is_some(), "{choice}");
    }
}

#[tokio::test]
async fn a_refund_that_came_before_its_approval_waits_for_it() {
    let world = World::new().await;
    let id = world.opened("key").await;
    world.push(json!({ "refund": "20.00" })).await;
    let early = world.resolve(id, "refund_not_approved", "count_refund", Some("20.00")).await.unwrap_err();
    assert_eq!(word(&early), "wrong_state", "there is nothing to count it against");
    world.push(json!({ "state": "authorized" })).await;
    assert_eq!(sums(&world, id).await, "0.00 refunded, 20.00 announced; refund_unsettled");
    let item = world.item(id, "refund_not_approved").await.id;
    world.resolve_with(item, "count_refund", Some("20.00"), "later").await.unwrap();
    assert_eq!(sums(&world, id).await, "20.00 refunded, 0.00 announced; ");
    let tail = ["attention.resolved", "checkout.refunded", "checkout.ready_to_fulfill"];
    assert!(world.events(id).await.ends_with(&tail), "{:?}", world.events(id).await);
}

#[tokio::test]
async fn each_item_settles_what_its_own_message_announced() {
    let world = World::new().await;
    let id = world.opened("key").await;
    for part in ["20.00", "30.00"] {
        world.push(json!({ "refund": part, "refund_id": part })).await;
        world.clock.advance(jiff::SignedDuration::from_secs(1));
    }
    world.push(json!({ "state": "authorized" })).await;
    let open: Vec<_> = world.timeline(id).await.attention.into_iter().map(|item| item.id).collect();
    world.resolve_with(open[0], "no_refund", None, "first").await.unwrap();
    assert_eq!(sums(&world, id).await, "0.00 refunded, 30.00 announced; refund_unsettled");
    assert!(!world.events(id).await.contains(&"checkout.ready_to_fulfill"));
    world.resolve_with(open[1], "count_refund", Some("30.00"), "second").await.unwrap();
    assert_eq!(sums(&world, id).await, "30.00 refunded, 0.00 announced; ");
}

#[tokio::test]
async fn a_repeated_refund_is_one_or_two() {
    for (choice, amount, expected) in [
        ("same_refund", None, "20.00 refunded, 0.00 announced; "),
        ("another_refund", Some("20.00"), "40.00 refunded, 0.00 announced; "),
    ] {
        let world = World::new().await;
        let id = world.authorized("key").await;
        for _ in 0..3 {
            world.push(json!({ "refund": "20.00" })).await;
        }
        world.resolve(id, "refund_repeated", choice, amount).await.unwrap();
        assert_eq!(sums(&world, id).await, expected, "{choice}");
        // One more after the ruling is another question, asked once.
        for _ in 0..2 {
            world.push(json!({ "refund": "20.00" })).await;
            assert_eq!(world.open_items(id).await, ["refund_repeated"], "{choice}");
        }
        assert_eq!(sums(&world, id).await, expected, "{choice}");
    }
}

#[tokio::test]
async fn no_choice_gives_back_more_than_is_left() {
    let world = World::new().await;
    let id = world.authorized("key").await;
    for _ in 0..2 {
        world.push(json!({ "refund": "1400.00" })).await;
    }
    for too_much in ["20.01", "1400.00", "0"] {
        let refused = world.resolve(id, "refund_repeated", "another_refund", Some(too_much)).await.unwrap_err();
        assert_eq!(word(&refused), "invalid", "{too_much}");
    }
    let item = world.item(id, "refund_repeated").await.id;
    world.resolve_with(item, "another_refund", Some("20.00"), "the rest").await.unwrap();
    assert_eq!(
        (sums(&world, id).await.as_str(), world.state(id).await),
        ("1420.00 refunded, 0.00 announced; refunded", AttemptState::Refunded)
    );
}

#[tokio::test]
async fn a_full_refund_settles_what_was_announced() {
    let world = World::new().await;
    let id = world.authorized("key").await;
    world.push(json!({ "refund": "of nothing" })).await;
    world.push(json!({ "state": "refunded" })).await;
    assert_eq!(sums(&world, id).await, "1420.00 refunded, 0.00 announced; refunded", "counted once");
    assert_eq!(world.open_items(id).await, Vec::<&str>::new());
    assert!(world.events(id).await.ends_with(&["checkout.refunded", "attention.resolved"]));
}

#[tokio::test]
async fn a_refund_above_what_was_approved_is_only_acknowledged() {
    let world = World::new().await;
    let id = world.authorized("key").await;
    world.push(json!({ "refund": "1420.01" })).await;
    world.resolve(id, "refund_above_approved", "acknowledge", None).await.unwrap();
    assert_eq!(sums(&world, id).await, "1420.00 refunded, 0.00 announced; refunded");
}

#[tokio::test]
async fn a_won_dispute_puts_the_money_back() {
    let world = World::new().await;
    let id = world.authorized("key").await;
    for state in ["captured", "charged_back", "captured"] {
        world.push(json!({ "state": state, "at": world.timeline(id).await.events.len() })).await;
    }
    let amounts = world.shown(id).await.amounts;
    assert_eq!((amounts.captured.as_str(), amounts.charged_back.as_str()), ("1420.00", "0.00"));
    world.push(json!({ "state": "charged_back", "again": true })).await;
    assert_eq!(world.shown(id).await.amounts.charged_back, "1420.00");
}
