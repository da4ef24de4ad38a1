//! What merchants were told can be read as it was sent, and an endpoint can be tried.

use std::collections::BTreeSet;

use http::Method;
use lendport_core::{EventType, event_document};
use serde_json::{Value, json};

use crate::deliveries::leased;
use crate::webhook_endpoints::ENDPOINTS;
use crate::world::World;

async fn types(world: &World, query: &str) -> Vec<String> {
    let answer = world.get(&format!("/v1/events?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    let rows = answer.json()["data"].as_array().unwrap().clone();
    rows.iter().map(|row| row["type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_is_pulled_is_what_is_pushed() {
    let world = World::new().await;
    world.endpoint("set up", json!({ "url": "https://shop.example/" })).await;
    let checkout = world.opened("open").await;
    world.push("authorized").await;
    let list = world.get(&format!("/v1/events?checkout={checkout}")).await;
    let rows = list.json()["data"].as_array().unwrap().clone();
    let sequences: Vec<_> = rows.iter().map(|row| row["sequence"].as_u64().unwrap()).collect();
    let expected: Vec<_> = (1..).take(sequences.len()).collect();
    assert!(sequences.iter().rev().eq(&expected), "newest first, without gaps: {sequences:?}");
    assert!(rows.iter().any(|row| row["type"] == "checkout.ready_to_fulfill"));

    let mut sent = BTreeSet::new();
    loop {
        let batch = leased(&world, 100).await;
        if batch.is_empty() {
            break;
        }
        for delivery in &batch {
            let document = event_document(&delivery.event, world.tenant.mode).unwrap();
            let id = delivery.event.id.to_string();
            let read = world.get(&format!("/v1/events/{id}")).await;
            assert_eq!((read.header("content-type"), &read.text), (Some("application/json"), &document));
            assert!(list.text.contains(&document), "byte for byte in the list");
            sent.insert(id);
        }
        crate::deliveries::accept(&world, batch).await;
    }
    let pulled: BTreeSet<_> = rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(sent, pulled);
    let names: Vec<_> = rows[0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["id", "type", "created_at", "mode", "sequence", "data"]);
    assert_eq!(rows[0]["data"]["checkout"]["sequence"], rows[0]["sequence"], "the checkout as it was then");
    assert_eq!(rows[0]["data"]["checkout"].get("client_token"), None);
    assert!(!list.text.contains("john@example.com"));
}

#[tokio::test]
async fn events_are_filtered() {
    let world = World::new().await;
    let first = world.opened("one").await;
    let between = world.get(&format!("/v1/checkouts/{first}")).await.json()["updated_at"].as_str().unwrap().to_owned();
    world.clock.advance(jiff::SignedDuration::from_hours(1));
    world.opened("two").await;
    assert_eq!(types(&world, "").await.len(), 4);
    let both = ["attempt.created", "checkout.created"];
    assert_eq!(types(&world, &format!("checkout={first}")).await, both);
    for query in ["type=checkout.created,attempt.created", "type=checkout.created&type=attempt.created"] {
        assert_eq!(types(&world, query).await.len(), 4, "{query}");
    }
    assert_eq!(types(&world, "type=checkout.created").await, ["checkout.created"; 2]);
    assert_eq!(types(&world, "type=checkout.refunded").await, [""; 0]);
    let after: jiff::Timestamp = between.parse().unwrap();
    let later = after.checked_add(jiff::SignedDuration::from_mins(1)).unwrap();
    assert_eq!(types(&world, &format!("created_after={later}")).await, both);
    assert_eq!(types(&world, &format!("created_before={later}")).await, both);
    assert_eq!(types(&world, &format!("created_before={later}&checkout={first}&type=attempt.created")).await.len(), 1);

    let wrong =
        world.get("/v1/events?type=checkout.created,nothing&checkout=7&created_after=now&limit=101&kind=x").await;
    assert_eq!(wrong.problem(), (400, "invalid_query".to_owned()));
    assert_eq!(
        wrong.pointers(),
        [
            "?kind unknown_parameter",
            "?limit invalid_value",
            "?type invalid_value",
            "?checkout invalid_value",
            "?created_after invalid_value"
        ]
    );
    assert_eq!(world.get("/v1/events?limit=1&limit=2").await.pointers(), ["?limit duplicate_parameter"]);
    assert_eq!(world.get("/v1/events/evt_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b").await.problem().0, 404);
    assert_eq!(world.get("/v1/events/nothing").await.problem().0, 404);
}

#[tokio::test]
async fn events_are_walked_page_by_page() {
    let world = World::new().await;
    for number in 0..4 {
        world.opened(&format!("key {number}")).await;
    }
    let whole = world.get("/v1/events").await.json();
    assert_eq!((&whole["has_more"], &whole["next_cursor"]), (&json!(false), &Value::Null));
    let mut walked = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = world.get(&format!("/v1/events?limit=3{cursor}")).await.json();
        walked.extend(page["data"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(json!(walked), whole["data"]);
    assert_eq!(walked.len(), 8);
}

#[tokio::test]
async fn a_test_goes_to_one_endpoint_and_says_what_it_is() {
    let world = World::new().await;
    let one = world
        .endpoint("one", json!({ "url": "https://one.example/t0ken?t0ken", "events": ["checkout.created"] }))
        .await;
    let other = world.endpoint("other", json!({ "url": "https://other.example/" })).await;
    for kind in EventType::ALL {
        let (word, key) = (kind.as_str(), format!("test {}", kind.as_str()));
        let path = format!("{ENDPOINTS}/{one}/test");
        let answer = world.post(&path, &key, json!({ "type": word }).to_string()).await;
        assert_eq!(answer.status, 202, "{word}: {}", answer.text);
        let event = answer.json();
        assert_eq!(
            [&event["type"], &event["test"], &event["sequence"], &event["mode"]],
            [&json!(word), &json!(true), &json!(0), &json!("test")]
        );
        if kind == EventType::WebhookEndpointDisabled {
            let told = &event["data"]["webhook_endpoint"];
            assert_eq!([&told["id"], &told["origin"], &told["state"]], [one.as_str(), "https://one.example", "gone"]);
            assert!(told.get("url").is_none() && !answer.text.contains("t0ken"), "{}", answer.text);
        } else {
            assert!(event["data"]["checkout"]["id"].is_string(), "{word}");
            assert_eq!(event["data"]["checkout"].get("client_token"), None);
        }
        let id = event["id"].as_str().unwrap();
        assert_eq!(world.get(&format!("/v1/events/{id}")).await.text, answer.text);
        let deliveries = world.get(&format!("/v1/deliveries?event={id}")).await.json()["data"].clone();
        assert_eq!(deliveries.as_array().unwrap().len(), 1, "{word}");
        assert_eq!((&deliveries[0]["endpoint"], &deliveries[0]["type"]), (&json!(one), &json!(word)));

        let again = world.post(&path, &key, json!({ "type": word }).to_string()).await;
        assert_eq!((again.header("idempotent-replayed"), &again.text), (Some("true"), &answer.text));
    }
    assert_eq!(world.get(&format!("/v1/deliveries?endpoint={other}")).await.json()["data"], json!([]));

    let path = format!("{ENDPOINTS}/{one}");
    world.call(Method::PATCH, &path, &[], r#"{"state":"disabled"}"#).await;
    let refused = world.post(&format!("{path}/test"), "off", r#"{"type":"checkout.created"}"#).await;
    assert_eq!(refused.problem(), (409, "endpoint_not_enabled".to_owned()));
    assert!(refused.json()["detail"].as_str().unwrap().contains("disabled"), "{}", refused.text);
    world.call(Method::PATCH, &path, &[], r#"{"state":"enabled"}"#).await;
    let now = world.post(&format!("{path}/test"), "off", r#"{"type":"checkout.created"}"#).await;
    assert_eq!((now.status.as_u16(), now.header("idempotent-replayed")), (202, None));
}
