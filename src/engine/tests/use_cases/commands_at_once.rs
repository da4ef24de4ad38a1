//! One command at a time: of two that come together, one is sent.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use lendport_core::{
    AttemptState, CheckoutId, Claim, CommitClass, Currency, ErrorKind, Money, OperationKind, Phase, ProviderError,
};
use lendport_engine::{CommandAsk, EngineError, RefundAsk, Reply};

use tokio::task::JoinSet;

use crate::world::{World, body, ticket, word};

/// Nothing here takes a second; a machine may be slow.
const DEADLINE: Duration = Duration::from_secs(60);

/// A command on its way, by itself.
fn sending(
    world: &World,
    id: CheckoutId,
    what: &str,
    key: &str,
) -> impl Future<Output = Result<Reply, EngineError>> + Send + use<> {
    let ticket = ticket(&format!("POST /v1/checkouts/{id}/{what}"), key, what);
    let (engine, tenant, what) = (Arc::clone(&world.engine), world.tenant, what.to_owned());
    async move {
        match what.as_str() {
            "capture" => engine.capture(tenant, id, None, CommandAsk::default(), ticket).await,
            "cancel" => engine.cancel(tenant, id, None, CommandAsk::default(), ticket).await,
            _ => engine.refund(tenant, id, None, RefundAsk::default(), ticket).await,
        }
    }
}

async fn send(world: &World, id: CheckoutId, what: &str, key: &str) -> Result<Reply, EngineError> {
    sending(world, id, what, key).await
}

fn silence() -> ProviderError {
    ProviderError::new(ErrorKind::NoAnswer, "silence")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_commands_at_once_one_is_sent() {
    for pair in [["capture", "capture"], ["cancel", "capture"], ["refund", "refund"]] {
        let world = World::new().await;
        let id = world.approved_by_able("key").await;
        let gate = world.able.hold_commands();
        let mut running = JoinSet::new();
        for (at, what) in pair.iter().cycle().take(8).enumerate() {
            running.spawn(sending(&world, id, what, &format!("key {at}")));
        }
        // The one that was sent is held at the financer's until all others have their answer.
        for _ in 0..7 {
            let refused = tokio::time::timeout(DEADLINE, running.join_next()).await.expect("a second one was sent");
            assert_eq!(word(&refused.unwrap().unwrap().unwrap_err()), "wrong_state", "{pair:?}");
        }
        gate.notify_one();
        let sent = tokio::time::timeout(DEADLINE, running.join_next()).await.unwrap().unwrap().unwrap();
        assert_eq!((sent.unwrap().status, world.able.commanded().len()), (201, 1), "{pair:?}");
    }
}

#[tokio::test]
async fn an_unknown_command_keeps_others_back_until_a_person_knows() {
    for (what, choice, amount, state, refunded) in [
        ("capture", "took_effect", None, "captured", "0.00"),
        ("capture", "no_effect", None, "authorized", "0.00"),
        ("cancel", "took_effect", None, "canceled", "0.00"),
        ("refund", "refund_took_effect", Some("1420.00"), "refunded", "1420.00"),
        ("refund", "no_effect", None, "authorized", "0.00"),
    ] {
        let world = World::new().await;
        let id = world.approved_by_able("key").await;
        world.able.answer_command(Err(silence()));
        assert_eq!(send(&world, id, what, "first").await.unwrap().status, 502);
        assert_eq!(world.open_items(id).await, ["unknown_command"]);
        let second = send(&world, id, "cancel", "second").await.unwrap_err();
        assert_eq!(word(&second), "wrong_state", "{what}");
        world.resolve(id, "unknown_command", choice, amount).await.unwrap();
        assert_eq!(
            (world.state(id).await.as_str(), world.shown(id).await.amounts.refunded.as_str()),
            (state, refunded)
        );
        assert_eq!(world.attempt(id).await.poll_at, None, "nothing is due any more");
        // The first key goes on from what is known now.
        world.able.answer_command(Ok(Claim::Nothing));
        let again = send(&world, id, what, "first").await.unwrap();
        let sends = if choice == "no_effect" { 2 } else { 1 };
        assert_eq!((again.status, world.able.commanded().len()), (201, sends), "{what} {choice}: {}", again.body);
    }
}

#[tokio::test]
async fn a_choice_that_does_not_fit_the_command_is_refused() {
    let world = World::new().await;
    let id = world.approved_by_able("key").await;
    world.able.answer_command(Err(silence()));
    send(&world, id, "refund", "first").await.unwrap();
    let wrong = world.resolve(id, "unknown_command", "took_effect", None).await.unwrap_err();
    assert_eq!(word(&wrong), "invalid", "a refund needs its amount");
    let more = world.resolve(id, "unknown_command", "refund_took_effect", Some("1420.01")).await.unwrap_err();
    assert_eq!(word(&more), "invalid");
    assert_eq!(world.operation(id, OperationKind::Refund).await.phase, Phase::Unknown);
}

#[tokio::test]
async fn what_had_no_effect_keeps_nobody_back() {
    let world = World::new().await;
    let id = world.approved_by_able("key").await;
    let refused = ProviderError::new(ErrorKind::Unavailable, "refused").committed_as(CommitClass::NotSent);
    world.able.answer_command(Err(refused));
    assert_eq!(send(&world, id, "capture", "first").await.unwrap().status, 502);
    assert_eq!(world.open_items(id).await, Vec::<&str>::new());
    world.able.answer_command(Ok(Claim::state(AttemptState::Canceled)));
    assert_eq!(body(&send(&world, id, "cancel", "second").await.unwrap())["status"], "canceled");
}

#[tokio::test]
async fn a_push_that_shows_the_effect_settles_the_command() {
    let world = World::new().await;
    let id = world.approved_by_able("key").await;
    world.able.answer_command(Err(silence()));
    send(&world, id, "capture", "first").await.unwrap();
    let token = world.able.last().token;
    crate::world::push_at(&world.engine, "able", &token, serde_json::json!({ "state": "captured" })).await;
    assert_eq!(world.operation(id, OperationKind::Capture).await.phase, Phase::Settled);
    assert_eq!(world.open_items(id).await, Vec::<&str>::new());
    assert_eq!(send(&world, id, "capture", "first").await.unwrap().status, 201);
    let amount = Money::parse("20.00", Currency::USD).unwrap();
    world.able.answer_command(Ok(Claim::Refund { amount: Some(amount), distinguishable: true }));
    let ticket = ticket("POST /refunds", "part", "");
    let asked = RefundAsk { amount: Some(lendport_core::parse_decimal("20").unwrap()), ..RefundAsk::default() };
    assert_eq!(world.engine.refund(world.tenant, id, None, asked, ticket).await.unwrap().status, 201);
}
