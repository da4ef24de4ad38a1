//! What a financer tells beside its state: an open risk review, where the customer goes, several requests of one name.

use lendport_core::provider::{Found, Retrieved};
use lendport_core::{AttemptState, Claim, Created, Details, NextAction, NextActionKind, ProviderRef};
use serde_json::json;

use crate::fake::{created, stands};
use crate::settle::unknown_at;
use crate::world::{World, id_of, push_at};

fn reviewed(state: AttemptState, open: bool) -> Retrieved {
    let details = Details { review_open: Some(open), ..Details::default() };
    Retrieved { details, ..stands(Claim::state(state)) }
}

fn ready(events: &[&str]) -> usize {
    events.iter().filter(|kind| **kind == "checkout.ready_to_fulfill").count()
}

#[tokio::test]
async fn nothing_is_shipped_while_a_risk_review_is_open() {
    let world = World::new().await;
    let id = id_of(&world.open_at("able", "key").await.unwrap());
    let token = world.able.last().token;
    let push = |body| push_at(&world.engine, "able", &token, body);
    push(json!({ "state": "authorized", "review_open": true })).await;
    let view = world.shown(id).await;
    assert_eq!(
        (view.status, view.can_fulfill, view.blockers),
        ("authorized", false, vec!["risk_review_open".to_owned()])
    );
    assert_eq!(ready(&world.events(id).await), 0, "{:?}", world.events(id).await);
    assert!(world.attempt(id).await.poll_at.is_some(), "the financer owes the end of it");
    // A capture does not end it.
    push(json!({ "state": "captured" })).await;
    assert_eq!(world.shown(id).await.blockers, ["risk_review_open"]);

    push(json!({ "review_open": false })).await;
    assert!(world.shown(id).await.can_fulfill);
    let events = world.events(id).await;
    assert_eq!((events.last(), ready(&events)), (Some(&"checkout.ready_to_fulfill"), 1));
    let facts = world.timeline(id).await.observations;
    let fact = &facts.last().unwrap().0;
    assert_eq!((fact.outcome.as_str(), fact.outcome_detail.as_deref()), ("changed", Some("risk review closed")));
    assert_eq!(fact.observation.details.review_open, Some(false));

    // Opened again: whoever has not shipped stops, and ready is not told twice.
    push(json!({ "review_open": true, "n": 2 })).await;
    assert!(!world.shown(id).await.can_fulfill);
    assert_eq!(world.events(id).await.last(), Some(&"checkout.updated"));
    push(json!({ "review_open": false, "n": 2 })).await;
    assert!(world.shown(id).await.can_fulfill);
    assert_eq!(ready(&world.events(id).await), 1);
}

#[tokio::test]
async fn the_end_of_a_review_is_found_by_looking() {
    let world = World::new().await;
    world.able.answer_create(|asked| async move {
        let details = Details { review_open: Some(true), ..Details::default() };
        Ok(Created { state: AttemptState::Authorized, details, ..created(&asked) })
    });
    let id = id_of(&world.open_at("able", "key").await.unwrap());
    assert_eq!(world.shown(id).await.blockers, ["risk_review_open"]);
    world.able.answer_look(reviewed(AttemptState::Authorized, true));
    assert_eq!(world.later(7).await, 1);
    assert_eq!(ready(&world.events(id).await), 0);
    world.able.answer_look(reviewed(AttemptState::Authorized, false));
    assert_eq!(world.later(40).await, 1);
    assert!(world.shown(id).await.can_fulfill);
    assert_eq!((ready(&world.events(id).await), world.attempt(id).await.poll_at), (1, None));
}

#[tokio::test]
async fn a_review_that_never_ends_is_told_to_a_person() {
    let world = World::new().await;
    let id = world.opened("key").await;
    world.push(json!({ "state": "authorized", "review_open": true })).await;
    assert_eq!(world.later(25 * 3_600).await, 1);
    assert_eq!(world.open_items(id).await, ["silent_provider"]);
    world.push(json!({ "state": "declined" })).await;
    let attempt = world.attempt(id).await;
    assert_eq!((attempt.state, attempt.review_open), (AttemptState::Canceled, false));
    assert_eq!(world.open_items(id).await, ["withdrawn_approval"]);
}

#[tokio::test]
async fn where_the_customer_goes_may_be_told_later() {
    let world = World::new().await;
    world.able.answer_create(|asked| async move { Ok(Created { next_action: None, ..created(&asked) }) });
    let id = id_of(&world.open_at("able", "key").await.unwrap());
    assert!(world.shown(id).await.next_action.is_none());
    let page = |url: &str| NextAction {
        kind: NextActionKind::Redirect,
        url: url.to_owned(),
        also: Vec::new(),
        expires_at: None,
    };
    let told = |url| Retrieved { next_action: Some(page(url)), ..stands(Claim::state(AttemptState::AwaitingCustomer)) };
    world.able.answer_look(told("https://financer.example/1"));
    assert_eq!(world.later(7).await, 1, "it is asked although it pushes");
    assert_eq!(world.shown(id).await.next_action.unwrap().url.unwrap(), "https://financer.example/1");
    assert_eq!(world.events(id).await.last(), Some(&"checkout.updated"));
    assert_eq!(world.attempt(id).await.poll_at, None);

    let (told_before, version) = (world.events(id).await.len(), world.record(id).await.checkout.version);
    world.engine.refresh(world.tenant, id).await.unwrap();
    assert_eq!((world.events(id).await.len(), world.record(id).await.checkout.version), (told_before, version));
    world.able.answer_look(told("https://financer.example/2"));
    let view = world.engine.refresh(world.tenant, id).await.unwrap();
    assert_eq!(view.next_action.unwrap().url.unwrap(), "https://financer.example/2");
    assert_eq!(world.events(id).await.len(), told_before, "another address of the same page is no news");
}

#[tokio::test]
async fn several_requests_under_one_reference_are_told_to_a_person_once() {
    let world = World::new().await;
    let id = unknown_at(&world, "able").await;
    let retrieved = Retrieved {
        amount_echoed: Some(world.attempt(id).await.amount),
        ..stands(Claim::state(AttemptState::Authorized))
    };
    let found = Found { reference: ProviderRef("newest".to_owned()), retrieved: retrieved.clone(), others: 2 };
    world.able.answer_find(Some(found));
    assert_eq!(world.later(7).await, 1);
    let attempt = world.attempt(id).await;
    assert_eq!((attempt.state, attempt.reference.unwrap().0.as_str()), (AttemptState::Authorized, "newest"));
    assert!(world.item(id, "several_requests").await.detail.contains("2 more"));
    world.resolve(id, "several_requests", "acknowledge", None).await.unwrap();
    world.able.answer_look(retrieved);
    world.engine.refresh(world.tenant, id).await.unwrap();
    assert_eq!(world.open_items(id).await, Vec::<&str>::new());
}
