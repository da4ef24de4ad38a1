//! Endpoints for events: set up, read, changed, deleted, given a new secret.

use axum::body::Body;
use http::Method;
use lendport_core::WebhookEndpointId;
use serde_json::{Value, json};

use crate::world::{Answer, LIVE_KEY, OTHER_KEY, World};

pub(crate) const ENDPOINTS: &str = "/v1/webhook_endpoints";

impl World {
    /// Sets an endpoint up that has to work; says its id.
    pub(crate) async fn endpoint(&self, key: &str, body: Value) -> String {
        let answer = self.post(ENDPOINTS, key, body.to_string()).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// Changes something with the first merchant's key.
    pub(crate) async fn patch(&self, path: &str, if_match: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, &[("if-match", if_match)], body.to_string()).await
    }

    /// The secrets that sign for an endpoint now, newest first, as storage has them.
    async fn secrets(&self, id: &str) -> Vec<(String, Option<String>)> {
        let id: WebhookEndpointId = id.parse().unwrap();
        let tenant = self.tenant;
        let endpoint = self.outbox.endpoint(tenant, id).await.unwrap().unwrap();
        let shown = |secret: &lendport_core::EndpointSecret| {
            (secret.text.expose().clone(), secret.expires_at.map(|at| at.to_string()))
        };
        endpoint.secrets.iter().map(shown).collect()
    }
}

pub(crate) fn shop() -> Value {
    json!({ "url": "https://shop.example/hooks", "events": ["checkout.ready_to_fulfill"], "description": "orders" })
}

#[tokio::test]
async fn one_is_set_up_read_changed_and_deleted() {
    let world = World::new().await;
    let created = world.post(ENDPOINTS, "set up", shop().to_string()).await;
    assert_eq!((created.status.as_u16(), created.header("etag")), (201, Some("\"1\"")), "{}", created.text);
    let mut shown = created.json();
    let id = shown["id"].as_str().unwrap().to_owned();
    let path = format!("{ENDPOINTS}/{id}");
    assert_eq!(created.header("location"), Some(path.as_str()));
    assert!(id.starts_with("whe_") && shown["secret"].as_str().unwrap().starts_with("whsec_"));
    shown.as_object_mut().unwrap().shift_remove("secret");
    for (name, value) in [
        ("object", json!("webhook_endpoint")),
        ("mode", json!("test")),
        ("url", json!("https://shop.example/hooks")),
        ("events", json!(["checkout.ready_to_fulfill"])),
        ("description", json!("orders")),
        ("state", json!("enabled")),
        ("failing_since", Value::Null),
        ("previous_secret_expires_at", Value::Null),
    ] {
        assert_eq!(shown[name], value, "{name}");
    }
    let read = world.get(&path).await;
    assert_eq!((read.json(), read.header("etag")), (shown.clone(), Some("\"1\"")));
    assert_eq!(world.get(ENDPOINTS).await.json()["data"], json!([shown]));

    let change =
        json!({ "url": "https://shop.example/other", "events": null, "description": null, "state": "disabled" });
    let changed = world.patch(&path, "\"1\"", change).await;
    assert_eq!((changed.status.as_u16(), changed.header("etag")), (200, Some("\"2\"")), "{}", changed.text);
    let now = changed.json();
    assert_eq!(
        [&now["url"], &now["events"], &now["description"], &now["state"]],
        [&json!("https://shop.example/other"), &Value::Null, &Value::Null, &json!("disabled")]
    );
    assert_eq!(world.get(&path).await.text, changed.text);
    let enabled = world.patch(&path, "*", json!({ "state": "enabled" })).await.json();
    assert_eq!((&enabled["state"], &enabled["url"]), (&json!("enabled"), &json!("https://shop.example/other")));

    let deleted = world.call(Method::DELETE, &path, &[("if-match", "\"3\"")], Body::empty()).await;
    assert_eq!((deleted.status.as_u16(), deleted.text.as_str()), (204, ""));
    assert_eq!(world.get(&path).await.problem().0, 404);
    assert_eq!(world.call(Method::DELETE, &path, &[], Body::empty()).await.problem().0, 404);
    assert_eq!(world.get(ENDPOINTS).await.json()["data"], json!([]));
}

#[tokio::test]
async fn a_change_that_changes_nothing_keeps_the_version() {
    let world = World::new().await;
    let path = format!("{ENDPOINTS}/{}", world.endpoint("set up", shop()).await);
    for body in [json!({}), shop(), json!({ "state": "enabled" })] {
        let answer = world.patch(&path, "*", body.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, Some("\"1\"")), "{body}");
    }
}

#[tokio::test]
async fn a_change_decided_on_something_else_is_refused() {
    let world = World::new().await;
    let id = world.endpoint("set up", shop()).await;
    let path = format!("{ENDPOINTS}/{id}");
    let before = world.secrets(&id).await;
    let old = [("if-match", "\"7\""), ("idempotency-key", "k")];
    for (method, path, body) in [
        (Method::PATCH, path.clone(), json!({ "state": "disabled" })),
        (Method::DELETE, path.clone(), json!({})),
        (Method::POST, format!("{path}/rotate_secret"), json!({})),
    ] {
        let answer = world.call(method.clone(), &path, &old, body.to_string()).await;
        assert_eq!(answer.problem(), (412, "precondition_failed".to_owned()), "{method} {path}");
    }
    let read = world.get(&path).await;
    assert_eq!((read.header("etag"), &read.json()["state"]), (Some("\"1\""), &json!("enabled")));
    assert_eq!(world.secrets(&id).await, before);
    let malformed = world.call(Method::PATCH, &path, &[("if-match", "7")], "{}").await;
    assert_eq!(malformed.problem(), (400, "invalid_header".to_owned()));
}

#[tokio::test]
async fn a_repeat_hears_the_secret_again_and_makes_no_second_one() {
    let world = World::new().await;
    let first = world.post(ENDPOINTS, "set up", shop().to_string()).await;
    let again = world.post(ENDPOINTS, "set up", shop().to_string()).await;
    assert_eq!((again.status.as_u16(), &again.text), (201, &first.text));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(world.get(ENDPOINTS).await.json()["data"].as_array().unwrap().len(), 1);
    let other = world.post(ENDPOINTS, "set up", json!({ "url": "https://shop.example/2" }).to_string()).await;
    assert_eq!(other.problem(), (422, "idempotency_key_reused".to_owned()));

    let rotate = format!("{}/rotate_secret", first.header("location").unwrap());
    let new = world.post(&rotate, "rotate", Body::empty()).await;
    let same = world.post(&rotate, "rotate", Body::empty()).await;
    assert_eq!((new.status.as_u16(), &new.text, same.header("idempotent-replayed")), (200, &same.text, Some("true")));
    assert_ne!(new.json()["secret"], first.json()["secret"]);
    let id = first.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(world.secrets(&id).await.len(), 2, "one rotation");
}

#[tokio::test]
async fn a_new_secret_signs_at_once_and_the_old_one_for_the_overlap() {
    let world = World::new().await;
    let created = world.post(ENDPOINTS, "set up", shop().to_string()).await.json();
    let (id, first) = (created["id"].as_str().unwrap(), created["secret"].as_str().unwrap());
    let rotate = format!("{ENDPOINTS}/{id}/rotate_secret");
    let usual = world.post(&rotate, "1", "{}").await;
    assert_eq!(usual.header("etag"), Some("\"2\""));
    let usual = usual.json();
    let ends = usual["previous_secret_expires_at"].as_str().unwrap().to_owned();
    let hours = |hours: i64| {
        let start: jiff::Timestamp = created["created_at"].as_str().unwrap().parse().unwrap();
        start.checked_add(jiff::SignedDuration::from_hours(hours)).unwrap().to_string()
    };
    assert_eq!(ends, hours(24));
    let second = usual["secret"].as_str().unwrap();
    let signing = world.secrets(id).await;
    assert_eq!(signing, [(second.to_owned(), None), (first.to_owned(), Some(ends.clone()))]);
    assert_eq!(world.get(&format!("{ENDPOINTS}/{id}")).await.json()["previous_secret_expires_at"], ends.as_str());

    let longer = world.post(&rotate, "2", r#"{"overlap_hours":168}"#).await.json();
    assert_eq!(longer["previous_secret_expires_at"], hours(168).as_str());
    let full = world.post(&rotate, "3", r#"{"overlap_hours":1}"#).await;
    assert_eq!(full.problem(), (409, "too_many_secrets".to_owned()));
    assert_eq!(world.secrets(id).await[0].0, longer["secret"].as_str().unwrap(), "nothing was changed");
    let leaked = world.post(&rotate, "4", r#"{"overlap_hours":0}"#).await.json();
    assert_eq!(world.secrets(id).await, [(leaked["secret"].as_str().unwrap().to_owned(), None)]);
    assert_eq!(leaked["previous_secret_expires_at"], Value::Null);
    for wrong in [json!(169), json!(-1), json!(1.5), json!("24")] {
        let answer = world.post(&rotate, "5", json!({ "overlap_hours": wrong }).to_string()).await;
        assert_eq!(answer.problem(), (422, "validation_failed".to_owned()), "{wrong}");
        assert!(answer.pointers()[0].starts_with("/overlap_hours "), "{wrong}");
    }
}

#[tokio::test]
async fn there_is_a_limit_in_each_mode() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for number in 0..16 {
        ids.push(world.endpoint(&format!("key {number}"), shop()).await);
    }
    let full = world.post(ENDPOINTS, "one more", shop().to_string()).await;
    assert_eq!(full.problem(), (422, "too_many_endpoints".to_owned()));
    assert!(full.json()["detail"].as_str().unwrap().contains("16 endpoints"), "{}", full.text);
    for key in [LIVE_KEY, OTHER_KEY] {
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str()), ("idempotency-key", "k")];
        assert_eq!(world.call(Method::POST, ENDPOINTS, &headers, shop().to_string()).await.status, 201);
    }
    let path = format!("{ENDPOINTS}/{}", ids[0]);
    assert_eq!(world.call(Method::DELETE, &path, &[], Body::empty()).await.status, 204);
    let now = world.post(ENDPOINTS, "one more", shop().to_string()).await;
    assert_eq!((now.status.as_u16(), now.header("idempotent-replayed")), (201, None), "the refusal is not remembered");

    let mut walked = Vec::new();
    let mut next = Some(String::new());
    while let Some(cursor) = next {
        let page = world.get(&format!("{ENDPOINTS}?limit=5{cursor}")).await.json();
        let rows: Vec<_> =
            page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(page["has_more"], page["next_cursor"].is_string());
        walked.extend(rows);
        next = page["next_cursor"].as_str().map(|cursor| format!("&after={cursor}"));
    }
    let mut expected: Vec<_> = ids.into_iter().skip(1).chain([now.json()["id"].as_str().unwrap().to_owned()]).collect();
    expected.reverse();
    assert_eq!(walked, expected, "newest first, each once");
}

#[tokio::test]
async fn a_secret_is_shown_by_the_answer_that_makes_it_alone() {
    let world = World::new().await;
    let created = world.post(ENDPOINTS, "set up", shop().to_string()).await;
    let secret = created.json()["secret"].as_str().unwrap().to_owned();
    let id = created.json()["id"].as_str().unwrap().to_owned();
    let path = format!("{ENDPOINTS}/{id}");
    world.opened("a checkout").await;
    for answer in [
        world.get(&path).await,
        world.get(ENDPOINTS).await,
        world.patch(&path, "*", json!({ "description": "other" })).await,
        world.post(&format!("{path}/test"), "test", json!({ "type": "webhook_endpoint.disabled" }).to_string()).await,
        world.post(&format!("{path}/recover"), "recover", json!({ "since": "2026-01-01T00:00:00Z" }).to_string()).await,
        world.get("/v1/events").await,
        world.get("/v1/deliveries").await,
    ] {
        assert!(answer.status.is_success(), "{}", answer.text);
        assert!(!answer.text.contains(&secret) && !answer.text.contains("whsec_"), "{}", answer.text);
    }
}
