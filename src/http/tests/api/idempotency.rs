//! The same request twice has one effect and one answer.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::Method;
use lendport_core::{CommitClass, ErrorKind, ProviderError, RetryClass};
use serde_json::json;

use crate::fake::Create;
use crate::world::{OTHER_KEY, World, sample};

#[tokio::test]
async fn a_key_is_asked_for_and_has_to_be_a_key() {
    let world = World::new().await;
    let id = world.opened("open").await;
    for path in ["", "/cancel", "/capture", "/refunds", "/shipments", "/attempts", "/renew_callback"] {
        let path = if path.is_empty() { "/v1/checkouts".to_owned() } else { format!("/v1/checkouts/{id}{path}") };
        let answer = world.call(Method::POST, &path, &[], sample().to_string()).await;
        assert_eq!(answer.problem(), (400, "idempotency_key_missing".to_owned()), "{path}");
    }
    for wrong in ["", "  ", "a\tb", &"x".repeat(256)] {
        let answer = world.post("/v1/checkouts", wrong, sample().to_string()).await;
        assert_eq!(answer.problem(), (400, "idempotency_key_invalid".to_owned()), "{wrong:?}");
    }
    let twice = [("idempotency-key", "a"), ("idempotency-key", "b")];
    let answer = world.call(Method::POST, "/v1/checkouts", &twice, sample().to_string()).await;
    assert_eq!(answer.problem(), (400, "idempotency_key_invalid".to_owned()));
    assert_eq!(world.post("/v1/checkouts", &"x".repeat(255), sample().to_string()).await.status, 201);
}

#[tokio::test]
async fn a_repeat_hears_the_same_and_another_body_is_refused() {
    let world = World::new().await;
    let first = world.create(sample().to_string()).await;
    assert_eq!(
        (first.status.as_u16(), first.header("etag"), first.header("idempotent-replayed")),
        (201, Some("\"2\""), None)
    );
    let id = first.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(first.header("location"), Some(format!("/v1/checkouts/{id}").as_str()));
    let again = world.create(sample().to_string()).await;
    assert_eq!(
        (again.status, again.header("idempotent-replayed"), &again.text),
        (first.status, Some("true"), &first.text)
    );
    assert_ne!(again.header("request-id"), first.header("request-id"));
    assert_eq!(again.header("content-type"), Some("application/json"));
    assert_eq!(again.header("location"), first.header("location"));

    let mut other = sample();
    other["reference"] = json!("ORDER-124");
    let answer = world.create(other.to_string()).await;
    assert_eq!(answer.problem(), (422, "idempotency_key_reused".to_owned()));
    assert_eq!(world.fake.count(), 1);

    let bearer = format!("Bearer {OTHER_KEY}");
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "a key")];
    let answer = world.call(Method::POST, "/v1/checkouts", &headers, sample().to_string()).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("idempotent-replayed")),
        (201, None),
        "keys are each merchant's own"
    );
}

#[tokio::test]
async fn fifty_at_once_make_one_call() {
    let world = Arc::new(World::new().await);
    world.fake.next(Create::Takes(Duration::from_millis(200)));
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let world = Arc::clone(&world);
        running.spawn(async move { world.create(sample().to_string()).await });
    }
    let answers = running.join_all().await;
    assert_eq!(world.fake.count(), 1);
    let replay = world.create(sample().to_string()).await;
    for answer in answers {
        if answer.status == 201 {
            assert_eq!(answer.text, replay.text);
        } else {
            assert_eq!(answer.problem(), (409, "idempotency_key_in_flight".to_owned()));
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
    }
}

#[tokio::test]
async fn a_lasting_no_is_replayed_as_the_problem_it_was() {
    let world = World::new().await;
    let refused = ProviderError::new(ErrorKind::Invalid, "says no").with_code("E7").with_status(400);
    world.fake.next(Create::Fails(refused));
    let first = world.create(sample().to_string()).await;
    assert_eq!(first.problem(), (422, "provider_refused".to_owned()));
    let problem = first.json();
    assert_eq!(problem["provider"], json!({ "id": "acme", "code": "E7", "message": "says no", "status": 400 }));
    assert_eq!(problem["checkout"]["status"], "failed");
    assert_eq!(problem["retryable"], false);
    let again = world.create(sample().to_string()).await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (422, first.text.as_str()));
    assert_eq!(again.header("content-type"), Some("application/problem+json"));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
}

#[tokio::test]
async fn what_can_be_repeated_is_resumed() {
    let world = World::new().await;
    let mut error = ProviderError::new(ErrorKind::Unavailable, "is down").committed_as(CommitClass::NotSent);
    error.retry_after_s = Some(30);
    world.fake.next(Create::Fails(error));
    let first = world.create(sample().to_string()).await;
    assert_eq!(first.problem(), (503, "provider_unavailable".to_owned()));
    assert_eq!((first.header("retry-after"), &first.json()["retryable"]), (Some("30"), &json!(true)));
    world.fake.next(Create::Works);
    let again = world.create(sample().to_string()).await;
    assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (201, None), "{}", again.text);
    assert_eq!(again.json()["id"], first.json()["checkout"]["id"], "the same checkout goes on");
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_there_for_the_repeat() {
    let world = World::within(1_000).await;
    world.fake.next(Create::Takes(Duration::from_secs(3)));
    let slow = world.create(sample().to_string()).await;
    assert_eq!((slow.problem(), &slow.json()["retryable"]), ((504, "gateway_timeout".to_owned()), &json!(true)));
    world.tasks.close();
    world.tasks.wait().await;
    let mut again = world.create(sample().to_string()).await;
    // On a busy machine a replay may take too long as well, and the first request may have been given up before it began.
    while again.status == 504 || again.status == 409 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        again = world.create(sample().to_string()).await;
    }
    assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(world.fake.count(), 1);
}

#[tokio::test]
async fn a_caller_who_hangs_up_stops_nothing() {
    let world = Arc::new(World::new().await);
    world.fake.next(Create::Takes(Duration::from_secs(2)));
    let caller = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.create(sample().to_string()).await }
    });
    while world.fake.count() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    caller.abort();
    let _ = caller.await;
    world.tasks.close();
    world.tasks.wait().await;
    let list = world.get("/v1/checkouts").await.json();
    assert_eq!(list["data"][0]["status"], "requires_customer_action");
}

#[tokio::test]
async fn a_panic_is_a_problem_too() {
    let world = World::new().await;
    world.fake.next(Create::Panics);
    let answer = world.create(sample().to_string()).await;
    assert_eq!(answer.problem(), (500, "internal".to_owned()));
    assert!(!answer.text.contains("made up"));
    assert_eq!(world.call(Method::GET, "/healthz", &[], Body::empty()).await.status, 200);
}

#[tokio::test]
async fn another_spelling_of_the_same_address_is_the_same_request() {
    let world = World::new().await;
    let id = world.opened("open").await;
    let first = world.post(&format!("/v1/checkouts/{id}/cancel"), "cancel", Body::empty()).await;
    assert_eq!((first.status.as_u16(), &first.json()["status"]), (200, &json!("canceled")));
    for spelt in [id.replacen("chk_", "%63hk_", 1), id.replacen("_0", "%5F%30", 1)] {
        let again = world.post(&format!("/v1/checkouts/{spelt}/cancel"), "cancel", Body::empty()).await;
        assert_eq!((again.header("idempotent-replayed"), &again.text), (Some("true"), &first.text), "{spelt}");
    }
}

#[tokio::test]
async fn a_caller_is_not_invited_to_repeat_what_must_be_looked_up_first() {
    let world = World::new().await;
    let mut unknown = ProviderError::new(ErrorKind::NoAnswer, "did not answer");
    unknown.retry = RetryClass::AfterLookup;
    world.fake.next(Create::Fails(unknown));
    let answer = world.create(sample().to_string()).await;
    assert_eq!(answer.problem(), (504, "provider_outcome_unknown".to_owned()));
    assert_eq!(answer.json()["retryable"], false);
}
