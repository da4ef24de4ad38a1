//! The next financer follows by itself where the policy says so, and only where nobody may have committed.

use std::sync::Arc;

use jiff::SignedDuration;
use lendport_core::{AttemptState, CheckoutId, CommitClass, ErrorKind, ProviderAccount, ProviderError};
use lendport_engine::{Health, ProviderHealth, Standing};
use lendport_storage::Tenant;
use serde_json::{Value, json};

use crate::choosing::{offered, open, seen};
use crate::routing::{put, unnamed};
use crate::world::{World, body, id_of, push_at, ticket, word};

pub(crate) fn automatic(cascade: &[&str]) -> Value {
    json!({
        "cascade": cascade,
        "policies": { "after_decline": "automatic", "after_expiry": "automatic", "after_failure": "automatic" },
    })
}

/// A world with that profile, and one checkout at its first financer.
pub(crate) async fn opened(world: &World, document: Value) -> CheckoutId {
    put(world, document).await;
    let reply = open(world, unnamed(), "cart").await.unwrap();
    assert_eq!(reply.status, 201, "{}", reply.body);
    id_of(&reply)
}

pub(crate) async fn states(world: &World, id: CheckoutId) -> Vec<(String, AttemptState)> {
    let record = world.record(id).await;
    record.attempts.iter().map(|attempt| (attempt.provider.to_string(), attempt.state)).collect()
}

fn at(provider: &str, state: AttemptState) -> (String, AttemptState) {
    (provider.to_owned(), state)
}

fn down(commit: CommitClass) -> ProviderError {
    ProviderError::new(ErrorKind::Unavailable, "It cannot be reached.").committed_as(commit)
}

#[tokio::test]
async fn a_no_by_push_starts_the_next_one_and_the_events_and_the_page_tell_it() {
    let world = World::new().await;
    let id = opened(&world, automatic(&["easy", "able"])).await;
    let first = seen(&world, id).await;
    assert_eq!((first.standing, first.financer.unwrap().id.as_str()), (Standing::Continue, "easy"));

    world.push(json!({ "state": "declined" })).await;
    // The intent is stored; until it is carried out the customer waits and is offered nothing.
    assert_eq!(states(&world, id).await, [at("easy", AttemptState::Declined)]);
    let between = seen(&world, id).await;
    assert_eq!((between.standing, between.choices.len()), (Standing::Preparing, 0));
    assert_eq!(world.record(id).await.status().as_str(), "open");
    assert!(world.able.asked().is_empty());

    assert_eq!(world.engine.follow_due().await, Ok(1));
    assert_eq!(
        states(&world, id).await,
        [at("easy", AttemptState::Declined), at("able", AttemptState::AwaitingCustomer)]
    );
    let then = seen(&world, id).await;
    assert_eq!((then.standing, then.financer.unwrap().id.as_str()), (Standing::Continue, "able"));
    assert_eq!(then.next_action.unwrap().url, "https://financer.example/2");
    assert_eq!(
        world.events(id).await,
        ["checkout.created", "attempt.created", "attempt.declined", "attempt.created", "checkout.updated"]
    );
    // Once, whoever comes to it.
    assert_eq!((world.engine.follow_due().await, world.engine.settle_due().await), (Ok(0), Ok(0)));
    assert_eq!((world.easy.asked().len(), world.able.asked().len()), (1, 1));
    assert_eq!(world.record(id).await.attempts[0].poll_at, None, "the ended one is not due any more");
}

#[tokio::test]
async fn each_policy_does_what_it_says_after_each_end() {
    for (end, field) in
        [("declined", "after_decline"), ("expired", "after_expiry"), ("failed", "after_failure"), ("canceled", "none")]
    {
        for policy in ["automatic", "offer", "off"] {
            let world = World::new().await;
            let mut document = json!({ "cascade": ["easy", "able"] });
            if field != "none" {
                document["policies"] = json!({ field: policy });
            }
            let id = opened(&world, document).await;
            world.push(json!({ "state": end })).await;
            world.engine.follow_due().await.unwrap();
            let started = world.able.asked().len();
            assert_eq!(started, usize::from(policy == "automatic" && field != "none"), "{end}, {policy}");
            let view = seen(&world, id).await;
            let expected: &[&str] = match (end, policy) {
                ("canceled", _) | (_, "off") | ("declined", "automatic") => &[],
                // From the next one's page a customer may go back to one that said nothing against it.
                (_, "automatic") => &["easy"],
                // What ran out, or failed for now, can be tried again.
                ("expired" | "failed", _) => &["easy", "able"],
                _ => &["able"],
            };
            assert_eq!(offered(&view), expected, "{end}, {policy}");
            if policy == "off" {
                assert_eq!(view.standing.as_str(), end, "nobody is offered");
                // The merchant may all the same.
                let next = ticket("POST /attempts", "next", "next");
                let named = Some("able".to_owned());
                assert_eq!(world.engine.start_attempt(world.tenant, id, named, None, next).await.unwrap().status, 201);
            }
        }
    }
}

#[tokio::test]
async fn a_no_to_the_create_itself_goes_on_in_the_same_request() {
    let world = World::new().await;
    put(&world, automatic(&["easy", "strict", "able"])).await;
    world.easy.fail_create(ProviderError::new(ErrorKind::Declined, "No."));
    world.strict.fail_create(down(CommitClass::NotSent));
    let reply = open(&world, unnamed(), "cart").await.unwrap();
    assert_eq!((reply.status, &body(&reply)["status"]), (201, &json!("requires_customer_action")), "{}", reply.body);
    assert_eq!(body(&reply)["provider"], "able");
    let id = id_of(&reply);
    assert_eq!(
        states(&world, id).await,
        [
            at("easy", AttemptState::Declined),
            at("strict", AttemptState::Failed),
            at("able", AttemptState::AwaitingCustomer)
        ]
    );
    assert_eq!(world.key_state("cart").await, "completed");
    let again = open(&world, unnamed(), "cart").await.unwrap();
    assert_eq!((again.replayed, again.body), (true, reply.body));
    assert_eq!(
        [world.easy.asked().len(), world.strict.asked().len(), world.able.asked().len()],
        [1; 3],
        "nobody is called twice"
    );
    // Nothing is left to do for a worker.
    assert_eq!(world.engine.follow_due().await, Ok(0));
}

#[tokio::test]
async fn an_unknown_outcome_is_never_followed() {
    let world = World::new().await;
    put(&world, automatic(&["strict", "able"])).await;
    world.strict.fail_create(ProviderError::new(ErrorKind::NoAnswer, "Nothing came back."));
    assert_eq!(open(&world, unnamed(), "cart").await.unwrap().status, 502);
    let id = world.only().await;
    for _ in 0..3 {
        world.clock.advance(SignedDuration::from_hours(1));
        world.engine.settle_due().await.unwrap();
        world.engine.follow_due().await.unwrap();
    }
    assert_eq!(states(&world, id).await, [at("strict", AttemptState::Indeterminate)]);
    assert!(world.able.asked().is_empty());
    // Evidence that it came to nothing ends the doubt, and the next one follows.
    let token = world.strict.last().token;
    assert_eq!(push_at(&world.engine, "strict", &token, json!({ "state": "failed" })).await.status, 200);
    assert_eq!(world.engine.follow_due().await, Ok(1));
    assert_eq!(states(&world, id).await[1], at("able", AttemptState::AwaitingCustomer));
}

#[tokio::test]
async fn an_approval_that_comes_before_the_next_one_is_stored_keeps_it_from_starting() {
    let world = World::new().await;
    let id = opened(&world, automatic(&["easy", "able"])).await;
    let token = world.easy.last().token;
    world.push_to(&token, json!({ "state": "declined" })).await;
    world.push_to(&token, json!({ "state": "authorized" })).await;
    assert_eq!(world.engine.follow_due().await, Ok(1), "it was told of, and found that nobody is to follow");
    assert_eq!(states(&world, id).await, [at("easy", AttemptState::Authorized)]);
    assert!(world.able.asked().is_empty());
    // After it was told as ready, a failure of the payment starts nobody either.
    world.push_to(&token, json!({ "state": "failed" })).await;
    world.engine.follow_due().await.unwrap();
    world.engine.settle_due().await.unwrap();
    assert!(world.able.asked().is_empty());
}

#[tokio::test]
async fn after_the_deadline_nobody_follows() {
    let world = World::new().await;
    let id = opened(&world, automatic(&["easy", "able"])).await;
    world.push(json!({ "state": "declined" })).await;
    // Nobody came to it in time.
    world.clock.advance(SignedDuration::from_hours(73));
    world.engine.follow_due().await.unwrap();
    world.engine.settle_due().await.unwrap();
    assert_eq!(world.engine.expire_due().await, Ok(1));
    world.engine.settle_due().await.unwrap();
    assert_eq!(states(&world, id).await, [at("easy", AttemptState::Declined)]);
    assert!(world.able.asked().is_empty());
    assert!(world.events(id).await.ends_with(&["checkout.expired"]));

    // Nor does our own deadline count as one of the financer's.
    let other = World::new().await;
    let id = opened(&other, automatic(&["easy", "able"])).await;
    other.clock.advance(SignedDuration::from_hours(73));
    assert_eq!(other.engine.expire_due().await, Ok(1));
    other.engine.follow_due().await.unwrap();
    assert_eq!(states(&other, id).await, [at("easy", AttemptState::Expired)]);
}

struct NobodyWorks;

impl Health for NobodyWorks {
    fn health(&self, _: Tenant, _: &ProviderAccount) -> ProviderHealth {
        ProviderHealth::Unhealthy { detail: "it does not answer".to_owned(), retry_after_s: None }
    }
}

#[tokio::test]
async fn who_cannot_serve_it_any_more_is_skipped_with_the_reason_and_the_end_is_told() {
    let world = World::new().await;
    put(&world, automatic(&["easy", "strict", "able"])).await;
    let reply = open(&world, unnamed(), "cart").await.unwrap();
    let id = id_of(&reply);
    // Meanwhile none of the others works.
    let engine = Arc::try_unwrap(world.restarted("second")).ok().unwrap();
    let engine = Arc::new(engine.with_health(Arc::new(NobodyWorks)));
    world.push(json!({ "state": "declined" })).await;
    engine.settle_due().await.unwrap();
    let record = world.record(id).await;
    assert_eq!(record.attempts.len(), 1);
    let skipped: Vec<_> =
        record.checkout.route.skipped.iter().map(|one| (one.provider.as_str(), one.reason.as_str())).collect();
    assert_eq!(skipped, [("strict", "provider_unhealthy"), ("able", "provider_unhealthy")]);
    assert!(record.checkout.route.skipped.iter().all(|one| !one.exclusions.is_empty()));
    assert_eq!(record.status().as_str(), "declined");
    assert_eq!(
        world.events(id).await,
        ["checkout.created", "attempt.created", "attempt.declined", "checkout.declined"],
        "the end is told when it is one"
    );
    assert_eq!(seen(&world, id).await.standing, Standing::Declined);
}

#[tokio::test]
async fn another_sum_stops_the_cascade() {
    let world = World::new().await;
    put(&world, automatic(&["easy", "able"])).await;
    world.easy.answer_create(|asked| async move {
        let other = lendport_core::Money::parse("1.00", lendport_core::Currency::USD).ok();
        Ok(lendport_core::Created { amount_echoed: other, ..crate::fake::created(&asked) })
    });
    let reply = open(&world, unnamed(), "cart").await.unwrap();
    assert_eq!((reply.status, &body(&reply)["error"]), (502, &json!("provider_amount_mismatch")));
    world.engine.follow_due().await.unwrap();
    world.engine.settle_due().await.unwrap();
    assert!(world.able.asked().is_empty());
}

#[tokio::test]
async fn a_customer_cannot_choose_beside_it() {
    let world = World::new().await;
    let id = opened(&world, automatic(&["easy", "able", "strict"])).await;
    let latest = world.attempt(id).await.id;
    world.push(json!({ "state": "declined" })).await;
    let refused = crate::choosing::choose(&world, id, "strict", Some(latest)).await.unwrap_err();
    assert_eq!(word(&refused), "invalid");
    world.engine.follow_due().await.unwrap();
    assert!(world.strict.asked().is_empty());
    assert_eq!(world.able.asked().len(), 1);
}

#[tokio::test]
async fn fifty_that_come_to_it_at_once_start_one() {
    let world = World::new().await;
    let id = opened(&world, automatic(&["easy", "able"])).await;
    world.push(json!({ "state": "declined" })).await;
    let engines: Vec<_> = (0..50).map(|_| Arc::clone(&world.engine)).collect();
    let other = world.restarted("another replica");
    let runs = engines.into_iter().chain([other]).map(|engine| tokio::spawn(async move { engine.settle_due().await }));
    for run in runs.collect::<Vec<_>>() {
        run.await.unwrap().unwrap();
    }
    world.engine.follow_due().await.unwrap();
    assert_eq!((world.able.asked().len(), world.record(id).await.attempts.len()), (1, 2));
}
