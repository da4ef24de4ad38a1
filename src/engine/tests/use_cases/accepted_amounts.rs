//! A person accepts another sum than was asked for: what the checkout, its events and its refunds say from then on.

use lendport_core::{AttemptState, CheckoutId, Currency, LedgerKind, Money};
use lendport_engine::{EngineError, RefundAsk};
use serde_json::{Value, json};

use crate::attention::{approved_for, standing};
use crate::fake::created;
use crate::world::{World, body, push_at, ticket, word};

/// A checkout that was stopped: its financer says another sum than it was asked for, and nobody got a link.
pub(crate) async fn stopped(world: &World) -> CheckoutId {
    answer_1400(world, true);
    assert_eq!(world.open("key").await.status, 502);
    world.only().await
}

/// The financer answers each create with 20.00 too little.
fn answer_1400(world: &World, mismatch_stops: bool) {
    world.easy.answer_create(move |asked| async move {
        let amount_echoed = Money::parse("1400.00", Currency::USD).ok();
        Ok(lendport_core::Created { amount_echoed, mismatch_stops, ..created(&asked) })
    });
}

/// The sums that merchants see.
async fn sums(world: &World, id: CheckoutId) -> String {
    let amounts = world.shown(id).await.amounts;
    format!("{} authorized, {} captured, {} refunded", amounts.authorized, amounts.captured, amounts.refunded)
}

/// The movements in their order.
async fn movements(world: &World, id: CheckoutId) -> Vec<String> {
    let ledger = world.record(id).await.ledger;
    ledger.0.iter().map(|entry| format!("{} {}", entry.kind.as_str(), entry.amount)).collect()
}

/// The latest event of this type, as it is told.
async fn told(world: &World, id: CheckoutId, kind: &str) -> Value {
    let timeline = world.timeline(id).await;
    let event = timeline.events.iter().rfind(|event| event.kind.as_str() == kind).unwrap();
    serde_json::from_str(&event.snapshot).unwrap()
}

#[tokio::test]
async fn what_the_financer_pays_is_what_the_checkout_its_answer_and_its_events_say() {
    for (sum, movement) in [("1400.00", "authorization_lowered 20.00"), ("1472.69", "authorization_raised 52.69")] {
        let world = World::new().await;
        let id = approved_for(&world, Some(sum)).await;
        assert_eq!(sums(&world, id).await, "1420.00 authorized, 0.00 captured, 0.00 refunded");
        let item = world.item(id, "amount_mismatch").await;
        assert!(item.detail.contains("1420.00") && item.detail.contains(sum), "both sums: {}", item.detail);
        let amounts = world.engine.attention_item(world.tenant, item.id).await.unwrap().amounts.unwrap();
        assert_eq!(
            (amounts.asked.as_str(), amounts.echoed.as_deref(), amounts.authorized.as_str()),
            ("1420.00", Some(sum), "1420.00")
        );
        let before = movements(&world, id).await;

        let reply = world.resolve(id, "amount_mismatch", "accept_amount", None).await.unwrap();
        assert_eq!(sums(&world, id).await, format!("{sum} authorized, 0.00 captured, 0.00 refunded"));
        let after = movements(&world, id).await;
        assert_eq!(after, [before, vec![movement.to_owned()]].concat(), "nothing is written over");
        let answer = body(&reply);
        assert_eq!((&answer["amounts"]["authorized"], &answer["amounts"]["echoed"]), (&json!(sum), &json!(sum)));
        for kind in ["attention.resolved", "checkout.ready_to_fulfill"] {
            let told = told(&world, id, kind).await;
            assert_eq!(told["amounts"]["authorized"], json!(sum), "{kind}");
            assert_eq!(told["attempt"]["amount_echoed"], json!(sum), "{kind}");
        }
        let shown = world.shown(id).await;
        assert_eq!((shown.amounts.total.as_str(), shown.can_fulfill), ("1420.00", true), "the cart is what it was");
        let timeline = world.timeline(id).await;
        assert_eq!(timeline.observations.last().unwrap().0.outcome_detail.as_deref(), Some(movement));
        // The capture is for what was accepted.
        world.push(json!({ "state": "captured" })).await;
        assert_eq!(sums(&world, id).await, format!("{sum} authorized, {sum} captured, 0.00 refunded"));
    }
}

#[tokio::test]
async fn a_sum_accepted_after_the_capture_corrects_both() {
    let world = World::new().await;
    let id = approved_for(&world, Some("1400.00")).await;
    world.push(json!({ "state": "captured" })).await;
    assert_eq!(sums(&world, id).await, "1420.00 authorized, 1420.00 captured, 0.00 refunded");
    world.resolve(id, "amount_mismatch", "accept_amount", None).await.unwrap();
    assert_eq!(sums(&world, id).await, "1400.00 authorized, 1400.00 captured, 0.00 refunded");
    // Taken back and won: no cent appears from nowhere.
    for state in ["charged_back", "captured"] {
        world.push(json!({ "state": state, "then": true })).await;
        assert_eq!(sums(&world, id).await, "1400.00 authorized, 1400.00 captured, 0.00 refunded", "{state}");
    }
}

#[tokio::test]
async fn a_sum_accepted_before_the_approval_is_what_is_authorized() {
    let world = World::new().await;
    answer_1400(&world, false);
    let id = world.opened("key").await;
    world.resolve(id, "amount_mismatch", "accept_amount", None).await.unwrap();
    assert_eq!(movements(&world, id).await, Vec::<String>::new());
    world.push(json!({ "state": "authorized" })).await;
    assert_eq!(movements(&world, id).await, ["authorized 1400.00"]);
    assert_eq!(world.shown(id).await.blockers, Vec::<String>::new());
}

#[tokio::test]
async fn the_sum_of_what_has_failed_cannot_be_accepted() {
    let world = World::new().await;
    let id = stopped(&world).await;
    let item = world.item(id, "amount_mismatch").await.id;
    let shown = world.engine.attention_item(world.tenant, item).await.unwrap();
    let offered: Vec<_> = shown.choices.iter().map(|choice| (choice.choice, choice.needs_amount)).collect();
    assert_eq!(offered, [("acknowledge", false)]);
    let before = (world.attempt(id).await, world.timeline(id).await.events.len());
    for (choice, amount) in [("accept_amount", None), ("accept_other_amount", Some("1400.00")), ("reject_amount", None)]
    {
        let refused = world.resolve_with(item, choice, amount, choice).await.unwrap_err();
        let EngineError::Invalid(invalid) = refused else { panic!("{choice}: {refused:?}") };
        assert_eq!((invalid.0[0].pointer.as_str(), invalid.0[0].code.as_str()), ("/choice", "not_offered"), "{choice}");
    }
    assert_eq!((world.attempt(id).await, world.timeline(id).await.events.len()), before, "nothing was stored");
    assert_eq!(world.open_items(id).await, ["amount_mismatch"]);
    world.resolve_with(item, "acknowledge", None, "seen").await.unwrap();
    assert_eq!(standing(&world, id).await, "failed; failed; ready 0");
}

#[tokio::test]
async fn a_sum_accepted_after_a_no_counts_when_the_financer_comes_back() {
    let world = World::new().await;
    answer_1400(&world, false);
    let id = world.opened("key").await;
    world.push(json!({ "state": "declined" })).await;
    world.resolve(id, "amount_mismatch", "accept_amount", None).await.unwrap();
    assert_eq!(standing(&world, id).await, "declined; declined; ready 0");
    world.push(json!({ "state": "authorized" })).await;
    assert_eq!(standing(&world, id).await, "authorized; ; ready 1");
}

#[tokio::test]
async fn refunds_are_capped_at_the_sum_that_was_accepted() {
    for (sum, more) in [("1400.00", "1400.01"), ("1472.69", "1472.70")] {
        let world = World::new().await;
        let id = approved_for(&world, Some(sum)).await;
        world.resolve(id, "amount_mismatch", "accept_amount", None).await.unwrap();
        world.push(json!({ "refund": more })).await;
        assert_eq!(sums(&world, id).await, format!("{sum} authorized, 0.00 captured, {sum} refunded"));
        assert_eq!(
            (world.state(id).await, world.open_items(id).await),
            (AttemptState::Refunded, vec!["refund_above_approved"])
        );
    }
}

#[tokio::test]
async fn a_merchant_refunds_no_more_than_was_accepted() {
    let world = World::new().await;
    world.able.answer_create(|asked| async move {
        let amount_echoed = Money::parse("1400.00", Currency::USD).ok();
        Ok(lendport_core::Created { amount_echoed, mismatch_stops: false, ..created(&asked) })
    });
    world.open_at("able", "key").await.unwrap();
    let id = world.only().await;
    let token = world.able.last().token;
    assert_eq!(push_at(&world.engine, "able", &token, json!({ "state": "captured" })).await.status, 200);
    world.resolve(id, "amount_mismatch", "accept_amount", None).await.unwrap();
    let refund = async |amount: Option<&str>| {
        let asked = RefundAsk {
            amount: amount.map(|text| lendport_core::parse_decimal(text).unwrap()),
            ..RefundAsk::default()
        };
        let ticket = ticket(&format!("POST /v1/checkouts/{id}/refunds"), &format!("{amount:?}"), "refund");
        world.engine.refund(world.tenant, id, None, asked, ticket).await
    };
    assert_eq!(word(&refund(Some("1400.01")).await.unwrap_err()), "invalid");
    assert_eq!(refund(None).await.unwrap().status, 201);
    assert_eq!(world.able.commanded(), ["refund 1400.00 -"], "all that is left is what was accepted");
}

#[tokio::test]
async fn a_sum_below_what_went_back_is_not_accepted_and_an_equal_one_ends_it() {
    let world = World::new().await;
    let id = approved_for(&world, Some("1400.00")).await;
    world.push(json!({ "refund": "1410.00" })).await;
    let refused = world.resolve(id, "amount_mismatch", "accept_amount", None).await.unwrap_err();
    assert_eq!((word(&refused), world.open_items(id).await), ("wrong_state", vec!["amount_mismatch"]));

    let world = World::new().await;
    let id = approved_for(&world, Some("1400.00")).await;
    world.push(json!({ "refund": "1400.00" })).await;
    world.resolve(id, "amount_mismatch", "accept_amount", None).await.unwrap();
    assert_eq!(world.state(id).await, AttemptState::Refunded);
    assert_eq!(sums(&world, id).await, "1400.00 authorized, 0.00 captured, 1400.00 refunded");
    assert!(world.events(id).await.ends_with(&["attention.resolved", "checkout.refunded"]));
}

#[tokio::test]
async fn an_approval_that_comes_back_is_for_what_was_given_up() {
    let world = World::new().await;
    let id = approved_for(&world, Some("1400.00")).await;
    world.resolve(id, "amount_mismatch", "accept_amount", None).await.unwrap();
    world.push(json!({ "state": "declined" })).await;
    assert_eq!(sums(&world, id).await, "0.00 authorized, 0.00 captured, 0.00 refunded");
    world.push(json!({ "state": "authorized", "again": true })).await;
    assert_eq!(sums(&world, id).await, "1400.00 authorized, 0.00 captured, 0.00 refunded");
    // Nobody has accepted this commitment's sum yet.
    assert!(world.open_items(id).await.contains(&"amount_mismatch"));
    world.resolve_with(world.item(id, "amount_mismatch").await.id, "accept_amount", None, "again").await.unwrap();
    assert_eq!(sums(&world, id).await, "1400.00 authorized, 0.00 captured, 0.00 refunded");
}

#[tokio::test]
async fn an_announced_refund_is_at_most_what_was_accepted() {
    let world = World::new().await;
    let id = approved_for(&world, Some("1400.00")).await;
    world.push(json!({ "refund": "of nothing" })).await;
    world.resolve(id, "amount_mismatch", "accept_amount", None).await.unwrap();
    let record = world.record(id).await;
    let announced = record.ledger.pending_refunds(record.attempts[0].id, Currency::USD).unwrap();
    assert_eq!(announced.to_string(), "1400.00");
    assert!(record.ledger.0.iter().any(|entry| entry.kind == LedgerKind::RefundSettled));
    let item = world.item(id, "refund_without_amount").await.id;
    let refused = world.resolve_with(item, "count_refund", Some("1400.01"), "too much").await.unwrap_err();
    assert_eq!(word(&refused), "invalid");
    world.resolve_with(item, "count_refund", Some("1400.00"), "all").await.unwrap();
    assert_eq!(sums(&world, id).await, "1400.00 authorized, 0.00 captured, 1400.00 refunded");
}
