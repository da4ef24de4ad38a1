//! Opening a checkout: the intent is on disk before the financer hears of it, and every failure lands in its place.

use std::sync::{Arc, Mutex};

use lendport_core::provider_error::RetryClass;
use lendport_core::{AttemptState, CommitClass, ErrorKind, Invalid, OperationKind, Phase, Pointer, ProviderError};

use crate::fake::created;
use crate::world::{OPEN, World, asked, body, id_of, ticket, word};

#[tokio::test]
async fn the_intent_is_stored_before_the_call_and_the_result_after_it() {
    let world = World::new().await;
    let (store, tenant) = (Arc::clone(&world.store), world.tenant);
    let found = Arc::new(Mutex::new(None));
    let note = Arc::clone(&found);
    world.easy.answer_create(move |asked| {
        let (store, note) = (Arc::clone(&store), Arc::clone(&note));
        async move {
            let id = asked.checkout.id;
            let record = store.checkout(tenant, id).await.unwrap().unwrap();
            let operations = store.operations(tenant, id, OperationKind::Create).await.unwrap();
            let timeline = store.timeline(tenant, id).await.unwrap().unwrap();
            *note.lock().unwrap() = Some((record, operations, timeline.events));
            Ok(created(&asked))
        }
    });
    let reply = world.open("key").await;
    let (during, operations, events) = found.lock().unwrap().take().unwrap();
    assert_eq!(during.attempts[0].state, AttemptState::Initiating);
    assert_eq!(during.attempts[0].evidence, None);
    assert_eq!(operations.iter().map(|operation| operation.phase).collect::<Vec<_>>(), [Phase::Sent]);
    assert_eq!(events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["checkout.created"]);

    let id = id_of(&reply);
    assert_eq!((reply.status, reply.replayed, id), (201, false, during.checkout.id));
    let after = world.record(id).await;
    let attempt = &after.attempts[0];
    assert_eq!(attempt.state, AttemptState::AwaitingCustomer);
    assert_eq!(attempt.amount_echoed, Some(attempt.amount));
    assert!(attempt.reference.is_some() && attempt.evidence.is_some());
    let operation = world.operation(id, OperationKind::Create).await;
    assert_eq!((operation.phase, operation.calls.len()), (Phase::Settled, 1));
    assert_eq!(world.events(id).await, ["checkout.created", "attempt.created"]);
    assert_eq!(world.key_state("key").await, "completed");

    let shown = body(&reply);
    assert_eq!(shown["status"], "requires_customer_action");
    assert_eq!(shown["next_action"]["url"], "https://financer.example/1");
    assert_eq!((&shown["can_fulfill"], &shown["blockers"][0]), (&false.into(), &"awaiting_customer".into()));
    assert_eq!(shown["sequence"], 2);
}

/// `kind | commit class | attempt | operation | key`: what each failure of a create leaves behind.
const FAILURES: &str = "
    invalid       | not_sent  | failed        | failed  | resumable
    invalid       | rejected  | failed        | failed  | completed
    invalid       | accepted  | indeterminate | unknown | resumable
    invalid       | committed | indeterminate | unknown | resumable
    invalid       | unknown   | indeterminate | unknown | resumable
    credentials   | not_sent  | failed        | failed  | resumable
    credentials   | rejected  | failed        | failed  | completed
    credentials   | accepted  | indeterminate | unknown | resumable
    credentials   | committed | indeterminate | unknown | resumable
    credentials   | unknown   | indeterminate | unknown | resumable
    configuration | not_sent  | failed        | failed  | resumable
    configuration | rejected  | failed        | failed  | completed
    configuration | accepted  | indeterminate | unknown | resumable
    configuration | committed | indeterminate | unknown | resumable
    configuration | unknown   | indeterminate | unknown | resumable
    unavailable   | not_sent  | failed        | failed  | resumable
    unavailable   | rejected  | failed        | failed  | resumable
    unavailable   | accepted  | indeterminate | unknown | resumable
    unavailable   | committed | indeterminate | unknown | resumable
    unavailable   | unknown   | indeterminate | unknown | resumable
    no_answer     | not_sent  | failed        | failed  | resumable
    no_answer     | rejected  | failed        | failed  | completed
    no_answer     | accepted  | indeterminate | unknown | resumable
    no_answer     | committed | indeterminate | unknown | resumable
    no_answer     | unknown   | indeterminate | unknown | resumable
    bad_response  | not_sent  | failed        | failed  | resumable
    bad_response  | rejected  | failed        | failed  | completed
    bad_response  | accepted  | indeterminate | unknown | resumable
    bad_response  | committed | indeterminate | unknown | resumable
    bad_response  | unknown   | indeterminate | unknown | resumable";

#[tokio::test]
async fn every_failure_lands_in_its_place_and_hands_out_no_link() {
    let mut table = String::new();
    for row in FAILURES.trim().lines() {
        let words: Vec<_> = row.split('|').map(str::trim).collect();
        let kind = match words[0] {
            "invalid" => ErrorKind::Invalid,
            "credentials" => ErrorKind::Credentials,
            "configuration" => ErrorKind::Configuration,
            "unavailable" => ErrorKind::Unavailable,
            "no_answer" => ErrorKind::NoAnswer,
            _ => ErrorKind::BadResponse,
        };
        let commit = match words[1] {
            "not_sent" => CommitClass::NotSent,
            "rejected" => CommitClass::Rejected,
            "accepted" => CommitClass::Accepted,
            "committed" => CommitClass::Committed,
            _ => CommitClass::Unknown,
        };
        let world = World::new().await;
        let error = ProviderError::new(kind, "the financer failed").committed_as(commit);
        world.easy.fail_create(error.retried_as(RetryClass::Never));
        let reply = world.open("key").await;
        assert_eq!((reply.status, body(&reply)["error"].as_str()), (502, Some("provider")));
        assert!(!reply.body.contains("https://"), "a link was handed out: {}", reply.body);
        let id = world.only().await;
        let attempt = world.attempt(id).await;
        assert_eq!(attempt.next_action, None);
        let operation = world.operation(id, OperationKind::Create).await;
        let outcome = [attempt.state.as_str(), operation.phase.as_str(), world.key_state("key").await];
        table.push_str(&format!(
            "\n    {:<14}| {:<10}| {:<14}| {:<8}| {}",
            words[0], words[1], outcome[0], outcome[1], outcome[2]
        ));
        let told = world.attention(id).await;
        assert_eq!(told == ["unknown_outcome"], attempt.state == AttemptState::Indeterminate, "{told:?}");
    }
    assert_eq!(table, FAILURES, "\n{table}");
}

#[tokio::test]
async fn a_refused_request_stores_nothing_and_calls_nobody() {
    let world = World::new().await;
    let mut wrong = asked("easy");
    wrong.billing.country = Some("CA".to_owned());
    wrong.billing.state = Some("ON".to_owned());
    wrong.billing.postal_code = Some(lendport_core::Personal::new("M5V 2T6".to_owned()));
    let mut worse = asked("nobody");
    worse.customer.email = None;
    worse.cart.as_mut().unwrap().items[0].quantity = Some(0);
    for (request, pointers) in [
        (wrong, vec!["/billing_address/country"]),
        (worse, vec!["/billing_address/line2", "/customer/email", "/provider", "/items/0/quantity"]),
    ] {
        let shape = match pointers.len() {
            1 => Invalid::none(),
            _ => Invalid::one(&Pointer::root().child("billing_address").child("line2"), "wrong_type", "use text"),
        };
        let refused = world.engine.open_checkout(world.tenant, request, shape, ticket(OPEN, "key", "x")).await;
        let Err(error) = refused else { panic!("it was let through") };
        assert_eq!(word(&error), "invalid");
        let lendport_engine::EngineError::Invalid(invalid) = error else { panic!("another error") };
        let found: Vec<_> = invalid.0.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(found, pointers);
    }
    assert!(world.easy.asked().is_empty());
    assert_eq!(world.key_state("key").await, "none");
}
