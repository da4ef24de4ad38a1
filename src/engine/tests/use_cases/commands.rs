//! Capture, cancel and refund at a financer that has the calls: once per key, and never again on a guess.

use std::sync::{Arc, Mutex};

use lendport_core::{
    AttemptState, CheckoutId, Claim, CommitClass, Currency, ErrorKind, Money, OperationKind, Phase, ProviderError,
    parse_decimal,
};
use lendport_engine::{CommandAsk, Effect, EngineError, RefundAsk, Reply};

use crate::world::{World, body, ticket, word};

pub(crate) async fn refund(
    world: &World,
    id: CheckoutId,
    key: &str,
    amount: Option<&str>,
) -> Result<Reply, EngineError> {
    let asked = RefundAsk {
        amount: amount.map(|text| parse_decimal(text).unwrap()),
        reason: Some("broken".to_owned()),
        ..RefundAsk::default()
    };
    let ticket = ticket(&format!("POST /v1/checkouts/{id}/refunds"), key, amount.unwrap_or("all"));
    world.engine.refund(world.tenant, id, None, asked, ticket).await
}

pub(crate) async fn command(world: &World, id: CheckoutId, what: &str) -> Result<Reply, EngineError> {
    let (engine, asked) = (&world.engine, CommandAsk::default());
    let ticket = ticket(&format!("POST /v1/checkouts/{id}/{what}"), "key", what);
    match what {
        "capture" => engine.capture(world.tenant, id, None, asked, ticket).await,
        _ => engine.cancel(world.tenant, id, None, asked, ticket).await,
    }
}

fn given_back(amount: &str) -> Claim {
    let amount = Some(Money::parse(amount, Currency::USD).unwrap());
    Claim::Refund { amount, distinguishable: true }
}

fn silence() -> ProviderError {
    ProviderError::new(ErrorKind::NoAnswer, "silence")
}

fn not_sent() -> ProviderError {
    ProviderError::new(ErrorKind::Unavailable, "connection refused").committed_as(CommitClass::NotSent)
}

#[tokio::test]
async fn capture_and_cancel_do_what_the_financer_says() {
    for (what, says, status) in
        [("capture", AttemptState::Captured, "captured"), ("cancel", AttemptState::Canceled, "canceled")]
    {
        let world = World::new().await;
        let id = world.approved_by_able("key").await;
        world.able.answer_command(Ok(Claim::state(says)));
        let reply = command(&world, id, what).await.unwrap();
        assert_eq!((reply.status, &body(&reply)["status"]), (201, &status.into()), "{}", reply.body);
        assert!(command(&world, id, what).await.unwrap().replayed);
        assert_eq!(world.able.commanded(), [format!("{what} 1420.00")]);
    }
}

#[tokio::test]
async fn refunds_are_judged_before_the_call_and_booked_after_it() {
    let world = World::new().await;
    let id = world.approved_by_able("key").await;
    for wrong in ["0", "1420.01", "1.005", "-1"] {
        let refused = refund(&world, id, "key", Some(wrong)).await.unwrap_err();
        let EngineError::Invalid(invalid) = refused else { panic!("{wrong}: {refused:?}") };
        assert_eq!(invalid.0[0].pointer, "/amount", "{wrong}");
    }
    assert!(world.able.commanded().is_empty());
    world.able.answer_command(Ok(given_back("20.00")));
    let part = refund(&world, id, "part", Some("20.00")).await.unwrap();
    assert_eq!(body(&part)["amounts"]["refunded"], "20.00");
    world.able.answer_command(Ok(given_back("1400.00")));
    let rest = refund(&world, id, "rest", None).await.unwrap();
    assert_eq!((&body(&rest)["status"], &body(&rest)["amounts"]["refunded"]), (&"refunded".into(), &"1420.00".into()));
    assert_eq!(world.able.commanded(), ["refund 20.00 broken", "refund 1400.00 broken"]);
}

#[tokio::test]
async fn lines_have_a_price_and_are_never_taken_for_the_whole() {
    let world = World::new().await;
    let id = world.approved_by_able("key").await;
    let line = world.record(id).await.checkout.cart.lines[0].clone();
    let ask = |amount: Option<&str>, lines| RefundAsk {
        amount: amount.map(|text| parse_decimal(text).unwrap()),
        lines,
        reason: None,
    };
    let refund = async |asked: RefundAsk, key: &str| {
        let ticket = ticket(&format!("POST /v1/checkouts/{id}/refunds"), key, key);
        world.engine.refund(world.tenant, id, None, asked, ticket).await
    };
    let unknown = "lin_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b".parse().unwrap();
    for (asked, pointer) in [
        (ask(Some("1"), vec![(line.id, 1)]), "/lines"),
        (ask(None, vec![(unknown, 1)]), "/lines/0/line_id"),
        (ask(None, vec![(line.id, line.quantity + 1)]), "/lines/0/quantity"),
        (ask(None, vec![(line.id, 1), (line.id, 1)]), "/lines/1/line_id"),
    ] {
        let EngineError::Invalid(invalid) = refund(asked, "wrong").await.unwrap_err() else { panic!("{pointer}") };
        assert_eq!(invalid.0[0].pointer, pointer);
    }
    let part = CommandAsk { lines: vec![(line.id, 1)], reason: None };
    let cancel = ticket(&format!("POST /v1/checkouts/{id}/cancel"), "part", "part");
    let refused = world.engine.cancel(world.tenant, id, None, part, cancel).await.unwrap_err();
    assert!(matches!(refused, EngineError::NotSupported { .. }), "{refused:?}");
    assert!(world.able.commanded().is_empty());

    world.able.answer_command(Ok(given_back(&line.unit_gross.to_string())));
    refund(ask(None, vec![(line.id, 1)]), "right").await.unwrap();
    assert_eq!(world.able.commanded(), [format!("refund {} -", line.unit_gross)]);
}

#[tokio::test]
async fn an_unknown_command_is_looked_up_and_never_sent_again() {
    let world = World::new().await;
    let id = world.approved_by_able("key").await;
    world.able.answer_command(Err(silence()));
    assert_eq!(refund(&world, id, "r", Some("20.00")).await.unwrap().status, 502);
    assert_eq!(world.operation(id, OperationKind::Refund).await.phase, Phase::Unknown);
    world.able.answer_command(Ok(given_back("20.00")));
    let unknown = refund(&world, id, "r", Some("20.00")).await.unwrap();
    assert_eq!((unknown.status, body(&unknown)["error"].as_str()), (409, Some("wrong_state")));
    world.able.answer_refunded(Money::parse("20.00", Currency::USD).unwrap());
    let found = refund(&world, id, "r", Some("20.00")).await.unwrap();
    assert_eq!((found.status, &body(&found)["amounts"]["refunded"]), (201, &"20.00".into()));
    assert!(refund(&world, id, "r", Some("20.00")).await.unwrap().replayed);
    assert_eq!(world.able.commanded().len(), 1);
}

#[tokio::test]
async fn a_command_that_was_not_sent_is_sent_by_the_next_try() {
    let world = World::new().await;
    let id = world.approved_by_able("key").await;
    world.able.answer_command(Err(not_sent()));
    assert_eq!(refund(&world, id, "r", Some("20.00")).await.unwrap().status, 502);
    world.able.answer_command(Ok(given_back("20.00")));
    let sent = refund(&world, id, "r", Some("20.00")).await.unwrap();
    assert_eq!((sent.status, &body(&sent)["amounts"]["refunded"]), (201, &"20.00".into()));
    let other = refund(&world, id, "r", Some("30.00")).await.unwrap_err();
    assert_eq!(word(&other), "key_reused");
}

#[tokio::test]
async fn a_second_try_whose_outcome_is_unknown_is_not_sent_a_third_time() {
    let world = World::new().await;
    let id = world.approved_by_able("key").await;
    world.able.answer_command(Err(not_sent()));
    refund(&world, id, "r", Some("20.00")).await.unwrap();
    world.able.answer_command(Err(silence()));
    assert_eq!(refund(&world, id, "r", Some("20.00")).await.unwrap().status, 502);
    world.able.answer_command(Ok(given_back("20.00")));
    let unknown = refund(&world, id, "r", Some("20.00")).await.unwrap();
    assert_eq!((unknown.status, body(&unknown)["error"].as_str()), (409, Some("wrong_state")));
    assert_eq!(world.able.commanded().len(), 2, "the second may have committed");
}

#[tokio::test]
async fn a_resumed_command_does_not_stumble_over_its_own_if_match() {
    let world = World::new().await;
    let id = world.approved_by_able("key").await;
    let version = Some(world.record(id).await.checkout.version);
    let again = || {
        let ticket = ticket("POST /capture", "key", "");
        world.engine.capture(world.tenant, id, version, CommandAsk::default(), ticket)
    };
    world.able.answer_command(Err(not_sent()));
    assert_eq!(again().await.unwrap().status, 502);
    world.able.answer_command(Ok(Claim::state(AttemptState::Captured)));
    assert_eq!(again().await.unwrap().status, 201);
}

#[tokio::test]
async fn an_answer_shows_the_version_that_is_stored() {
    let world = World::new().await;
    let id = world.approved_by_able("key").await;
    // Says yes, and nothing about the state: the checkout stays as it is.
    world.able.answer_command(Ok(Claim::Nothing));
    let mut asked = ticket("POST /capture", "key", "");
    let shown = Arc::new(Mutex::new(None));
    let (filled, render) = (Arc::clone(&shown), Arc::clone(&asked.render));
    asked.render = Arc::new(move |result| {
        if let Ok(Effect::Checkout(view)) = result {
            *filled.lock().unwrap() = Some(view.version);
        }
        render(result)
    });
    world.engine.capture(world.tenant, id, None, CommandAsk::default(), asked).await.unwrap();
    let stored = world.record(id).await.checkout.version;
    assert_eq!(*shown.lock().unwrap(), Some(stored));
}
