//! What can be done with a checkout: done, refused with the reason, or refused because it changed.

use axum::body::Body;
use http::Method;
use serde_json::json;

use crate::fake::Create;
use crate::world::{World, sample};

#[tokio::test]
async fn the_amount_that_comes_back_must_be_ours() {
    let world = World::new().await;
    world.fake.next(Create::Echoes("1430.00"));
    let answer = world.create(sample().to_string()).await;
    assert_eq!(answer.problem(), (502, "provider_amount_mismatch".to_owned()));
    let problem = answer.json();
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("1420.00") && detail.contains("1430.00"), "{detail}");
    assert_eq!((&problem["provider"]["id"], &problem["checkout"]["status"]), (&json!("acme"), &json!("failed")));
}

#[tokio::test]
async fn what_the_financer_has_not_is_refused_with_the_reason() {
    let world = World::new().await;
    let id = world.opened("open").await;
    assert_eq!(world.push("authorized").await.status, 200);
    for (path, part) in [("capture", "no such operation"), ("refunds", "back office")] {
        let answer = world.post(&format!("/v1/checkouts/{id}/{path}"), "key", Body::empty()).await;
        assert_eq!(answer.problem(), (422, "operation_not_supported".to_owned()), "{path}");
        let problem = answer.json();
        assert!(problem["detail"].as_str().unwrap().contains(part), "{path}: {problem}");
        assert_eq!(problem["provider"]["id"], "acme");
    }
}

#[tokio::test]
async fn cancel_ship_and_refresh() {
    let world = World::new().await;
    let id = world.opened("open").await;
    let early =
        world.post(&format!("/v1/checkouts/{id}/shipments"), "ship", json!({ "status": "shipped" }).to_string()).await;
    assert_eq!(early.problem(), (409, "invalid_state".to_owned()));
    assert_eq!(world.push("authorized").await.status, 200);

    let line = world.get(&format!("/v1/checkouts/{id}")).await.json()["items"][0]["id"].clone();
    let shipment = json!({ "status": "shipped", "carrier": "UPS", "tracking_number": "1Z9", "tracking_url": "https://ups.example/1Z9",
        "shipped_on": "2026-11-21", "expected_on": "2026-11-25", "lines": [{ "line_id": line, "quantity": 1 }] });
    let told = world.post(&format!("/v1/checkouts/{id}/shipments"), "told", shipment.to_string()).await;
    assert_eq!((told.status.as_u16(), &told.json()["phase"]), (201, &json!("settled")), "{}", told.text);
    let list = world.get(&format!("/v1/checkouts/{id}/shipments")).await.json();
    assert_eq!(list["data"], json!([told.json()]));
    assert_eq!(world.get(&format!("/v1/checkouts/{id}")).await.json()["fulfillment"], "shipped");

    let fresh = world.call(Method::POST, &format!("/v1/checkouts/{id}/refresh"), &[], Body::empty()).await;
    assert_eq!((fresh.status.as_u16(), &fresh.json()["status"]), (200, &json!("authorized")), "no key is needed");
    assert!(fresh.header("etag").is_some());

    let canceled =
        world.post(&format!("/v1/checkouts/{id}/cancel"), "cancel", json!({ "reason": "sold out" }).to_string()).await;
    assert_eq!((canceled.status.as_u16(), &canceled.json()["status"]), (200, &json!("canceled")), "{}", canceled.text);
    let again =
        world.post(&format!("/v1/checkouts/{id}/cancel"), "cancel", json!({ "reason": "sold out" }).to_string()).await;
    assert_eq!((again.header("idempotent-replayed"), &again.text), (Some("true"), &canceled.text));
}

#[tokio::test]
async fn if_match_refuses_a_change_to_what_was_not_seen() {
    let world = World::new().await;
    let id = world.opened("open").await;
    let seen = world.get(&format!("/v1/checkouts/{id}")).await;
    let etag = seen.header("etag").unwrap().to_owned();
    assert_eq!(world.push("preapproved").await.status, 200);
    let now = world.get(&format!("/v1/checkouts/{id}")).await.header("etag").unwrap().to_owned();
    assert_ne!(now, etag);
    let path = format!("/v1/checkouts/{id}/cancel");
    for stale in [etag.as_str(), "\"no version\"", "W/\"2\""] {
        let headers = [("idempotency-key", stale), ("if-match", stale)];
        let answer = world.call(Method::POST, &path, &headers, Body::empty()).await;
        assert_eq!(answer.problem(), (412, "precondition_failed".to_owned()), "{stale}");
    }
    let headers = [("idempotency-key", "k"), ("if-match", "2")];
    assert_eq!(world.call(Method::POST, &path, &headers, Body::empty()).await.problem().1, "invalid_header");
    let headers = [("idempotency-key", "right"), ("if-match", now.as_str())];
    let answer = world.call(Method::POST, &path, &headers, Body::empty()).await;
    assert_eq!(answer.json()["status"], "canceled", "{}", answer.text);
}

#[tokio::test]
async fn a_live_attempt_fences_the_next_one() {
    let world = World::new().await;
    let id = world.opened("open").await;
    let answer =
        world.post(&format!("/v1/checkouts/{id}/attempts"), "next", json!({ "provider": "acme" }).to_string()).await;
    assert_eq!(answer.problem(), (409, "commit_fence".to_owned()));
    assert_eq!(world.push("declined").await.status, 200);
    let answer =
        world.post(&format!("/v1/checkouts/{id}/attempts"), "more", json!({ "provider": "acme" }).to_string()).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["status"]),
        (201, &json!("requires_customer_action")),
        "{}",
        answer.text
    );
}
