//! Pushes: before the answer, after a lost one, many times over, forged, and in the wrong order.

use std::sync::{Arc, Mutex};

use lendport_core::{AttemptState, ErrorKind, Grade, OperationKind, Phase, ProviderError, ProviderRef};
use lendport_engine::{Engine, IncomingPush};
use serde_json::{Value, json};

use crate::fake::created;
use crate::world::{World, body, id_of, push_at, push_through};

/// The financer decides and pushes while we still wait for its answer to create.
async fn decided_early(decision: Value, answer: Result<(), ProviderError>) -> (World, lendport_engine::Reply) {
    let world = World::new().await;
    let engine: Arc<Mutex<Arc<Engine>>> = Arc::new(Mutex::new(Arc::clone(&world.engine)));
    world.easy.answer_create(move |asked| {
        let (engine, decision, answer) = (Arc::clone(&engine.lock().unwrap()), decision.clone(), answer.clone());
        async move {
            assert_eq!(push_through(&engine, &asked.token, decision).await.status, 200);
            answer.map(|()| created(&asked))
        }
    });
    let reply = world.open("key").await;
    // The answer closure holds the engine, which holds the financer.
    world.easy.accept_create();
    (world, reply)
}

#[tokio::test]
async fn approved_before_the_answer_to_create() {
    let (world, reply) = decided_early(json!({ "state": "authorized", "reference": "early" }), Ok(())).await;
    assert_eq!(reply.status, 201);
    let shown = body(&reply);
    assert_eq!((&shown["status"], &shown["can_fulfill"]), (&"authorized".into(), &true.into()));
    assert_eq!(shown["next_action"], Value::Null, "nothing is left for the customer to do");
    assert_eq!(shown["amounts"]["authorized"], "1420.00");
    let id = id_of(&reply);
    let attempt = world.attempt(id).await;
    assert_eq!(attempt.amount_echoed, Some(attempt.amount));
    assert_eq!(attempt.evidence.map(|evidence| evidence.grade), Some(Grade::Token));
    assert_eq!(attempt.reference, Some(ProviderRef("early".to_owned())));
    // The answer named another request than the push did: the first name is kept and a person told.
    assert_eq!(world.attention(id).await, ["contradicting_evidence"]);
    // Committed first, ready only once the answer had said for how much.
    let expected = ["checkout.created", "checkout.updated", "checkout.ready_to_fulfill", "attention.opened"];
    assert_eq!(world.events(id).await, expected);
    assert_eq!(world.operation(id, OperationKind::Create).await.phase, Phase::Settled);
}

#[tokio::test]
async fn rejected_before_the_answer_to_create() {
    let (world, reply) = decided_early(json!({ "state": "declined" }), Ok(())).await;
    assert_eq!(reply.status, 201);
    let shown = body(&reply);
    assert_eq!((&shown["status"], &shown["next_action"]), (&"declined".into(), &Value::Null));
    let id = id_of(&reply);
    assert_eq!(world.state(id).await, AttemptState::Declined);
    assert_eq!(world.events(id).await, ["checkout.created", "checkout.declined"]);
}

#[tokio::test]
async fn approved_while_the_answer_to_create_is_lost() {
    let lost = Err(ProviderError::new(ErrorKind::NoAnswer, "reset after sending"));
    let (world, reply) = decided_early(json!({ "state": "authorized", "reference": "r" }), lost).await;
    assert_eq!((reply.status, &body(&reply)["status"]), (201, &"authorized".into()));
    // Nobody said for how much: committed, and not to be shipped.
    assert_eq!(body(&reply)["can_fulfill"], false);
    assert_eq!(body(&reply)["blockers"], json!(["amount_unverified"]));
    let id = id_of(&reply);
    assert_eq!(world.attention(id).await, ["amount_unverified"], "once, when the answer was lost");
    assert_eq!(world.operation(id, OperationKind::Create).await.phase, Phase::Settled, "it was taken in");
    assert_eq!(world.open("key").await.body, reply.body);
    assert_eq!(world.easy.asked().len(), 1);
}

#[tokio::test]
async fn a_push_after_a_lost_answer_settles_the_unknown_and_brings_the_reference() {
    for (told, status) in [("preapproved", "preapproved"), ("authorized", "authorized"), ("declined", "declined")] {
        let world = World::new().await;
        world.easy.fail_create(ProviderError::new(ErrorKind::NoAnswer, "silence"));
        assert_eq!(world.open("key").await.status, 502);
        let id = world.only().await;
        assert_eq!(world.record(id).await.status().as_str(), "indeterminate");
        assert_eq!(world.attempt(id).await.reference, None);
        world.push(json!({ "state": told, "reference": "inv-1" })).await;
        let record = world.record(id).await;
        assert_eq!(record.status().as_str(), status);
        assert_eq!(record.attempts[0].reference, Some(ProviderRef("inv-1".to_owned())));
        assert_eq!(record.attempts[0].raw_status.as_deref(), Some(told));
        assert_eq!(
            world.operation(id, OperationKind::Create).await.phase,
            Phase::Settled,
            "the create is known as well"
        );
        // The key goes on from what is known now, without another call.
        let reply = world.open("key").await;
        assert_eq!((reply.status, &body(&reply)["status"]), (201, &status.into()), "{}", reply.body);
        assert_eq!(world.easy.asked().len(), 1);
        let approved: &[&str] = if told == "authorized" { &["amount_unverified"] } else { &[] };
        assert_eq!(world.attention(id).await, [&["unknown_outcome"], approved].concat());
    }
}

#[tokio::test]
async fn an_amount_that_the_answer_does_not_name_goes_to_a_person_once() {
    for early in [true, false] {
        let world = World::new().await;
        let engine: Arc<Engine> = Arc::clone(&world.engine);
        world.easy.answer_create(move |asked| {
            let engine = Arc::clone(&engine);
            async move {
                if early {
                    push_through(&engine, &asked.token, json!({ "state": "authorized" })).await;
                }
                let mut answer = created(&asked);
                answer.amount_echoed = None;
                Ok(answer)
            }
        });
        let id = world.opened("key").await;
        world.easy.accept_create();
        world.push(json!({ "state": "authorized" })).await;
        world.push(json!({ "state": "captured" })).await;
        assert_eq!(world.attention(id).await, ["amount_unverified"], "{early}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_at_once_make_one_move_and_one_event() {
    let world = Arc::new(World::new().await);
    let id = world.opened("key").await;
    let before = world.timeline(id).await;
    let crowd: Vec<_> = (0..10)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.push(json!({ "state": "authorized" })).await })
        })
        .collect();
    for one in crowd {
        one.await.unwrap();
    }
    let after = world.timeline(id).await;
    assert_eq!(after.events.len(), before.events.len() + 1);
    assert_eq!(after.observations.len(), before.observations.len() + 1);
    let (row, repeats) = after.observations.last().unwrap();
    assert_eq!((row.outcome.as_str(), *repeats), ("moved", 9));
    assert_eq!(world.record(id).await.ledger.0.len(), 1);
    assert_eq!(world.events(id).await.last(), Some(&"checkout.ready_to_fulfill"));
}

#[tokio::test]
async fn a_withdrawn_approval_is_canceled_and_a_person_told() {
    let world = World::new().await;
    let id = world.authorized("key").await;
    world.push(json!({ "state": "declined" })).await;
    let record = world.record(id).await;
    let reason = record.attempts[0].reason.as_ref().map(|reason| reason.0.as_str());
    assert_eq!((record.status().as_str(), reason), ("canceled", Some("withdrawn_by_provider")));
    assert_eq!(world.attention(id).await, ["withdrawn_approval"]);
    assert!(world.events(id).await.ends_with(&["checkout.canceled", "attention.opened"]));
    let view = world.engine.read_checkout(world.tenant, id, lendport_engine::Expand::default()).await.unwrap();
    assert_eq!((view.can_fulfill, view.amounts.authorized.as_str()), (false, "0.00"));
    assert_eq!(view.blockers, ["canceled"]);
}

#[tokio::test]
async fn an_approval_after_a_withdrawal_waits_for_a_person() {
    let world = World::new().await;
    let id = world.authorized("key").await;
    world.push(json!({ "state": "declined" })).await;
    world.push(json!({ "state": "authorized", "again": true })).await;
    assert_eq!(world.attention(id).await, ["withdrawn_approval", "approval_after_withdrawal"]);
    let reason = world.attempt(id).await.reason.map(|reason| reason.0);
    assert_eq!(reason.as_deref(), Some("approved_after_withdrawal"));
    for state in ["authorized", "captured"] {
        world.push(json!({ "state": state, "told": "later" })).await;
        let view = world.engine.read_checkout(world.tenant, id, lendport_engine::Expand::default()).await.unwrap();
        assert_eq!((view.status, view.amounts.authorized.as_str()), (state, "1420.00"));
        assert_eq!(view.blockers, ["approval_after_withdrawal"]);
    }
}

#[tokio::test]
async fn an_approval_after_a_no_takes_the_checkout_back() {
    let world = World::new().await;
    let id = world.opened("key").await;
    world.push(json!({ "state": "declined" })).await;
    assert_eq!(world.record(id).await.status().as_str(), "declined");
    world.push(json!({ "state": "authorized" })).await;
    assert_eq!(world.state(id).await, AttemptState::Authorized);
    assert!(world.events(id).await.ends_with(&["attempt.late_approval", "checkout.ready_to_fulfill"]));
    let timeline = world.timeline(id).await;
    let last = timeline.observations.last().unwrap().0.clone();
    assert_eq!(last.outcome_detail.as_deref(), Some("declined -> authorized"));
}

#[tokio::test]
async fn a_late_approval_meets_the_fence() {
    let world = World::new().await;
    let mut two = crate::world::asked("easy");
    two.provider = None;
    two.providers = Some(vec!["easy".to_owned(), "strict".to_owned()]);
    let ticket = |key: &str| crate::world::ticket("POST /x", key, "");
    let opened = world.engine.open_checkout(world.tenant, two, lendport_core::Invalid::none(), ticket("open"));
    let id = id_of(&opened.await.unwrap());
    let first = world.easy.last().token;
    world.push(json!({ "state": "declined" })).await;
    assert_eq!(world.record(id).await.status().as_str(), "open", "another financer may follow");
    let second = world.engine.start_attempt(world.tenant, id, None, None, ticket("next")).await.unwrap();
    assert_eq!(second.status, 201, "{}", second.body);
    let approved = push_at(&world.engine, "strict", &world.strict.last().token, json!({ "state": "authorized" })).await;
    assert_eq!(approved.status, 200);
    // The first financer comes back: its word is kept, nothing moves, and a person is told.
    assert_eq!(world.push_to(&first, json!({ "state": "authorized" })).await.status, 200);
    let record = world.record(id).await;
    let states: Vec<_> = record.attempts.iter().map(|attempt| attempt.state).collect();
    assert_eq!(states, [AttemptState::Declined, AttemptState::Authorized]);
    assert_eq!(world.attention(id).await, ["late_approval"]);
    let refused = &world.timeline(id).await.observations.last().unwrap().0.clone();
    let detail = refused.outcome_detail.clone().unwrap();
    assert_eq!(refused.outcome, "commit_fence");
    assert!(detail.contains("declined") && detail.contains("authorized"), "names both ends: {detail}");
}

#[tokio::test]
async fn forged_unreadable_and_lost_pushes_change_nothing() {
    let world = World::new().await;
    let id = world.opened("key").await;
    let token = world.easy.last().token;
    let before = (world.record(id).await, world.timeline(id).await.observations.len());
    let signed = |signature: &str| IncomingPush {
        method: "POST".to_owned(),
        headers: vec![
            ("x-signature".to_owned(), signature.to_owned()),
            ("cookie".to_owned(), "kept nowhere".to_owned()),
        ],
        query: String::new(),
        body: json!({ "state": "authorized" }).to_string().into_bytes(),
    };
    assert_eq!(world.engine.take_in_push("easy", &token, signed("wrong")).await.status, 401);
    let unreadable = IncomingPush { body: b"\xff\xfe<html>".to_vec(), ..signed("right") };
    assert_eq!(world.engine.take_in_push("easy", &token, unreadable).await.status, 400);
    for (provider, token) in [("easy", "guessed"), ("strict", token.as_str()), ("nobody", token.as_str()), ("", "")] {
        assert_eq!(world.engine.take_in_push(provider, token, signed("right")).await.status, 404, "{provider}");
    }
    let timeline = world.timeline(id).await;
    assert_eq!((world.record(id).await, timeline.observations.len()), before);
    let verdicts: Vec<_> = timeline.refused_pushes.iter().map(|(_, verdict, _)| verdict.as_str()).collect();
    assert_eq!(verdicts, ["unauthentic", "unreadable"]);
    assert_eq!(world.engine.take_in_push("easy", &token, signed("right")).await.status, 200);
    assert_eq!(world.attempt(id).await.evidence.map(|evidence| evidence.grade), Some(Grade::Signed));
}

#[tokio::test]
async fn an_older_word_does_not_replace_a_newer_one() {
    let world = World::new().await;
    let id = world.authorized("key").await;
    let version = world.record(id).await.checkout.version;
    world.push(json!({ "state": "preapproved" })).await;
    world.push(json!({ "note": "nothing about the state" })).await;
    let record = world.record(id).await;
    assert_eq!((record.attempts[0].state, record.checkout.version), (AttemptState::Authorized, version));
    assert_eq!(record.attempts[0].raw_status.as_deref(), Some("authorized"));
    world.push(json!({ "state": "a word of next year" })).await;
    assert_eq!(world.attention(id).await, ["unknown_status"]);
    assert_eq!(world.state(id).await, AttemptState::Authorized);
}

#[tokio::test]
async fn ever_new_words_are_counted_and_not_kept_for_ever() {
    let world = World::new().await;
    let id = world.opened("key").await;
    for word in 0..40 {
        world.push(json!({ "state": format!("word {word}") })).await;
    }
    let timeline = world.timeline(id).await;
    assert!(timeline.attention.len() <= 20 && timeline.observations.len() <= 21, "{}", timeline.observations.len());
    let counted: u64 = timeline.observations.iter().map(|(_, repeats)| repeats + 1).sum();
    assert_eq!(counted, 41, "the answer to create and every word");
    // What matters is still heard.
    world.push(json!({ "state": "authorized" })).await;
    assert_eq!(world.state(id).await, AttemptState::Authorized);
}

#[tokio::test]
async fn a_late_yes_is_heard_after_ever_so_many_words_that_changed_nothing() {
    let world = World::new().await;
    let id = crate::cascade::opened(&world, crate::cascade::automatic(&["easy", "strict"])).await;
    let first = world.easy.last().token;
    world.push(json!({ "state": "declined" })).await;
    world.engine.follow_due().await.unwrap();
    push_at(&world.engine, "strict", &world.strict.last().token, json!({ "state": "authorized" })).await;
    let tell = async |state: &str, told: u32| {
        assert_eq!(world.push_to(&first, json!({ "state": state, "told": told })).await.status, 200);
    };
    for told in 0..210 {
        tell("declined", told).await;
    }
    let kept = async || world.timeline(id).await.observations.len();
    let before = kept().await;
    assert!(before < 210, "the last ones were only counted");
    tell("authorized", 1).await;
    assert_eq!(world.open_items(id).await, ["late_approval"]);
    assert_eq!(world.events(id).await.last(), Some(&"attention.opened"));
    assert_eq!(kept().await, before + 1);
    // What is asked already fills nothing.
    for told in 2..5 {
        tell("authorized", told).await;
    }
    assert_eq!((world.attention(id).await.len(), kept().await), (1, before + 1));
}
