//! How far telling has come can be read try by try, and it can be asked for once more.

use axum::body::Body;
use http::Method;
use jiff::SignedDuration;
use lendport_core::{Clock as _, DeliveryAttempt, DeliveryAttemptId};
use lendport_storage::{AfterTry, LeaseAsk, LeasedDelivery, TriedDelivery};
use serde_json::{Value, json};

use crate::webhook_endpoints::ENDPOINTS;
use crate::world::World;

const OWNER: &str = "courier";

/// What is due now, as a worker takes it.
pub(crate) async fn leased(world: &World, limit: u32) -> Vec<LeasedDelivery> {
    let now = world.clock.now();
    let until = now.checked_add(SignedDuration::from_mins(5)).unwrap();
    world.outbox.lease_deliveries(&LeaseAsk::of(OWNER, now, until, limit)).await.unwrap()
}

async fn settle(world: &World, batch: Vec<LeasedDelivery>, status: Option<u16>, error: Option<&str>, after: AfterTry) {
    let tried = |leased: LeasedDelivery| TriedDelivery {
        tenant: leased.tenant,
        delivery: leased.delivery.id,
        endpoint: leased.delivery.endpoint,
        leased: leased.delivery.updated_at,
        attempt: DeliveryAttempt {
            id: DeliveryAttemptId::mint(&world.ids),
            url: leased.endpoint.url.clone(),
            started_at: world.clock.now(),
            latency_ms: 41,
            status,
            error: error.map(str::to_owned),
            response: status.map(|_| b"an answer \xff".to_vec()).unwrap_or_default(),
        },
        after,
    };
    world.outbox.settle_deliveries(OWNER, batch.into_iter().map(tried).collect()).await.unwrap();
}

/// Has all of them accepted.
pub(crate) async fn accept(world: &World, batch: Vec<LeasedDelivery>) {
    settle(world, batch, Some(204), None, AfterTry::Delivered).await;
}

/// An endpoint, and one event on its way to it.
async fn one_delivery(world: &World) -> (String, String, String) {
    let endpoint = world.endpoint("set up", json!({ "url": "https://shop.example/?token=t" })).await;
    let test = world.post(&format!("{ENDPOINTS}/{endpoint}/test"), "test", r#"{"type":"checkout.created"}"#).await;
    let event = test.json()["id"].as_str().unwrap().to_owned();
    let list = world.get("/v1/deliveries").await.json();
    let delivery = list["data"][0]["id"].as_str().unwrap().to_owned();
    (endpoint, event, delivery)
}

#[tokio::test]
async fn every_try_is_shown() {
    let world = World::new().await;
    let (endpoint, event, delivery) = one_delivery(&world).await;
    let path = format!("/v1/deliveries/{delivery}");
    let fresh = world.get(&path).await.json();
    for (name, value) in [
        ("object", json!("delivery")),
        ("mode", json!("test")),
        ("endpoint", json!(endpoint)),
        ("event", json!(event)),
        ("type", json!("checkout.created")),
        ("checkout", Value::Null),
        ("state", json!("pending")),
        ("tries", json!(0)),
        ("attempts", json!([])),
    ] {
        assert_eq!(fresh[name], value, "{name}");
    }
    let started = world.clock.now();
    let at = started.checked_add(SignedDuration::from_secs(5)).unwrap();
    let retry = AfterTry::Retry { at, overtakable: false };
    settle(&world, leased(&world, 1).await, None, Some("timeout"), retry).await;
    let waiting = world.get(&path).await.json();
    assert_eq!(
        (&waiting["state"], &waiting["tries"], &waiting["next_at"]),
        (&json!("pending"), &json!(1), &json!(at.to_string()))
    );
    world.clock.advance(SignedDuration::from_secs(5));
    accept(&world, leased(&world, 1).await).await;

    let read = world.get(&path).await;
    let done = read.json();
    assert_eq!((&done["state"], &done["tries"], &done["next_at"]), (&json!("delivered"), &json!(2), &Value::Null));
    let [first, second] = done["attempts"].as_array().unwrap().as_slice() else { panic!("{}", read.text) };
    assert_eq!(
        (&first["error"], &first["response"], &first["latency_ms"]),
        (&json!("timeout"), &Value::Null, &json!(41))
    );
    assert_eq!(
        first["request"],
        json!({
            "url": "https://shop.example/?token=t",
            "headers": { "webhook-id": event, "webhook-timestamp": started.as_second().to_string() }
        })
    );
    assert_eq!(
        (&second["error"], &second["response"]),
        (&Value::Null, &json!({ "status": 204, "body": "an answer \u{fffd}" }))
    );
    assert!(!read.text.contains("signature"), "{}", read.text);
    assert_eq!(world.get("/v1/deliveries").await.json()["data"], json!([done]));
}

#[tokio::test]
async fn deliveries_are_filtered_and_walked() {
    let world = World::new().await;
    let ids = [
        world.endpoint("1", json!({ "url": "https://one.example/" })).await,
        world.endpoint("2", json!({ "url": "https://two.example/", "events": ["checkout.created"] })).await,
    ];
    world.opened("open").await;
    accept(&world, leased(&world, 1).await).await;
    let count = async |query: &str| {
        let answer = world.get(&format!("/v1/deliveries?{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        answer.json()["data"].as_array().unwrap().len()
    };
    assert_eq!(count("").await, 3);
    assert_eq!((count(&format!("endpoint={}", ids[0])).await, count(&format!("endpoint={}", ids[1])).await), (2, 1));
    assert_eq!((count("state=delivered").await, count("state=pending").await, count("state=failed").await), (1, 2, 0));
    let event = world.get("/v1/events?type=checkout.created").await.json()["data"][0]["id"].clone();
    assert_eq!(count(&format!("event={}", event.as_str().unwrap())).await, 2);
    let query = format!("event={}&endpoint={}", event.as_str().unwrap(), ids[1]);
    assert_eq!(count(&query).await, 1);

    let whole = world.get("/v1/deliveries").await.json()["data"].clone();
    let mut walked = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = world.get(&format!("/v1/deliveries?limit=1{cursor}")).await.json();
        walked.extend(page["data"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(json!(walked), whole);
    let wrong = world.get("/v1/deliveries?endpoint=1&event=2&state=lost&after=x&checkout=y").await;
    assert_eq!(wrong.problem(), (400, "invalid_query".to_owned()));
    assert_eq!(
        wrong.pointers(),
        [
            "?checkout unknown_parameter",
            "?after invalid_value",
            "?endpoint invalid_value",
            "?event invalid_value",
            "?state invalid_value"
        ]
    );
}

#[tokio::test]
async fn one_can_be_sent_once_more() {
    let world = World::new().await;
    let (endpoint, _, delivery) = one_delivery(&world).await;
    accept(&world, leased(&world, 1).await).await;
    let path = format!("/v1/deliveries/{delivery}");
    let resend = format!("{path}/resend");
    world.clock.advance(SignedDuration::from_hours(1));
    let answer = world.post(&resend, "again", Body::empty()).await;
    let queued = answer.json();
    assert_eq!(
        (answer.status.as_u16(), &queued["state"], &queued["tries"], &queued["next_at"]),
        (202, &json!("pending"), &json!(0), &json!(world.clock.now().to_string())),
        "{}",
        answer.text
    );
    assert_eq!(queued["attempts"].as_array().unwrap().len(), 1, "the log stays");
    assert_eq!(world.get(&path).await.json(), queued, "the answer is what is stored");
    accept(&world, leased(&world, 1).await).await;
    assert_eq!(world.get(&path).await.json()["attempts"].as_array().unwrap().len(), 2);
    let replay = world.post(&resend, "again", Body::empty()).await;
    assert_eq!((replay.header("idempotent-replayed"), &replay.text), (Some("true"), &answer.text));
    assert!(leased(&world, 1).await.is_empty(), "a replay sends nothing");

    assert_eq!(world.call(Method::POST, &resend, &[], "").await.problem().1, "idempotency_key_missing");
    assert_eq!(world.post(&resend, "k", r#"{"now":true}"#).await.pointers(), ["/now unknown_field"]);
    let nobodys = "/v1/deliveries/dlv_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b";
    for path in [nobodys, "/v1/deliveries/nothing"] {
        assert_eq!(world.get(path).await.problem().0, 404);
        assert_eq!(world.post(&format!("{path}/resend"), "k", "").await.problem().0, 404);
    }
    let at = format!("{ENDPOINTS}/{endpoint}");
    world.call(Method::PATCH, &at, &[], r#"{"state":"disabled"}"#).await;
    let off = world.post(&resend, "off", "").await;
    assert_eq!(off.problem(), (409, "endpoint_not_enabled".to_owned()));
    world.call(Method::DELETE, &at, &[], "").await;
    let gone = world.post(&resend, "gone", "").await;
    assert_eq!(gone.problem(), (409, "endpoint_not_enabled".to_owned()));
    assert!(gone.json()["detail"].as_str().unwrap().contains("deleted"), "{}", gone.text);
    assert_eq!(world.get(&path).await.status, 200, "its log stays readable");
}

#[tokio::test]
async fn what_was_missed_is_queued_again() {
    let world = World::new().await;
    let since = world.clock.now();
    world.opened("before there was an endpoint").await;
    world.clock.advance(SignedDuration::from_mins(1));
    let endpoint =
        world.endpoint("set up", json!({ "url": "https://shop.example/", "events": ["checkout.created"] })).await;
    let path = format!("{ENDPOINTS}/{endpoint}/recover");
    let body = json!({ "since": since.to_string() }).to_string();
    let answer = world.post(&path, "recover", body.clone()).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (202, json!({ "object": "recovery", "endpoint": endpoint, "since": since.to_string() }))
    );
    while world.outbox.recover_some(world.clock.now(), 100).await.unwrap() > 0 {}
    let rows = world.get("/v1/deliveries").await.json()["data"].clone();
    assert_eq!((rows.as_array().unwrap().len(), &rows[0]["type"]), (1, &json!("checkout.created")), "what it wants");
    accept(&world, leased(&world, 10).await).await;

    let again = world.post(&path, "recover", body.clone()).await;
    assert_eq!((again.header("idempotent-replayed"), &again.text), (Some("true"), &answer.text));
    assert_eq!(world.post(&path, "once more", body.clone()).await.status, 202);
    while world.outbox.recover_some(world.clock.now(), 100).await.unwrap() > 0 {}
    assert!(leased(&world, 10).await.is_empty(), "what it accepted is not sent again");

    world.call(Method::PATCH, &format!("{ENDPOINTS}/{endpoint}"), &[], r#"{"state":"disabled"}"#).await;
    assert_eq!(world.post(&path, "off", body).await.problem(), (409, "endpoint_not_enabled".to_owned()));
}
