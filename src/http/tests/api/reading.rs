//! Lists, pages, one checkout, its history, and the financers.

use serde_json::{Value, json};

use crate::world::{World, sample};

fn ids(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn pages_follow_one_another_newest_first() {
    let world = World::new().await;
    let mut opened = Vec::new();
    for number in 0..5 {
        let mut body = sample();
        body["reference"] = json!(format!("ORDER-{number}"));
        let answer = world.post("/v1/checkouts", &format!("key {number}"), body.to_string()).await;
        opened.insert(0, answer.json()["id"].as_str().unwrap().to_owned());
    }
    let first = world.get("/v1/checkouts?limit=2").await.json();
    assert_eq!((ids(&first), &first["has_more"]), (opened[..2].to_vec(), &json!(true)));
    let mut seen = ids(&first);
    let mut cursor = first["next_cursor"].as_str().unwrap().to_owned();
    loop {
        let page = world.get(&format!("/v1/checkouts?limit=2&after={cursor}")).await.json();
        seen.extend(ids(&page));
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break assert_eq!(page["has_more"], false),
        }
    }
    assert_eq!(seen, opened);

    let one = world.get("/v1/checkouts?reference=ORDER-3").await.json();
    assert_eq!(ids(&one), opened[1..2]);
    assert_eq!(ids(&world.get("/v1/checkouts?status=requires_customer_action&provider=acme").await.json()).len(), 5);
    assert_eq!(ids(&world.get("/v1/checkouts?status=authorized").await.json()).len(), 0);
    assert_eq!(ids(&world.get("/v1/checkouts?created_after=2100-01-01T00:00:00Z").await.json()).len(), 0);
    assert_eq!(ids(&world.get("/v1/checkouts?created_before=2100-01-01T00:00:00Z").await.json()).len(), 5);
}

#[tokio::test]
async fn a_checkout_shows_what_the_contract_says() {
    let world = World::new().await;
    let id = world.opened("open").await;
    let answer = world.get(&format!("/v1/checkouts/{id}")).await;
    assert_eq!((answer.header("etag"), answer.header("cache-control")), (Some("\"2\""), Some("no-store")));
    let checkout = answer.json();
    let names: Vec<_> = checkout.as_object().unwrap().keys().cloned().collect();
    for name in [
        "id",
        "object",
        "mode",
        "reference",
        "status",
        "can_fulfill",
        "blockers",
        "amounts",
        "fulfillment",
        "dispute",
        "next_action",
        "provider",
        "attempt",
        "route",
        "client_token",
        "checkout_url",
        "deadlines",
        "sequence",
        "created_at",
        "updated_at",
    ] {
        assert!(names.contains(&name.to_owned()), "{name}");
    }
    assert_eq!(checkout["amounts"]["total"], "1420.00");
    for word in ["John", "Doe", "john@example.com", "West End", "2222222222"] {
        assert!(!answer.text.contains(word), "{word}");
    }
    assert_eq!((&checkout["attempts"], &checkout["events"]), (&Value::Null, &Value::Null));
    let expanded = world.get(&format!("/v1/checkouts/{id}?expand=attempts,events")).await.json();
    assert_eq!(expanded["attempts"][0]["id"], checkout["attempt"]["id"]);
    assert_eq!(expanded["events"][0]["type"], "checkout.created");
    assert_eq!(expanded["client_token"], checkout["client_token"], "the same checkout has the same token");

    let timeline = world.get(&format!("/v1/checkouts/{id}/timeline")).await;
    assert!(timeline.json()["data"].as_array().unwrap().len() >= 3, "{}", timeline.text);
    assert!(!timeline.text.contains("john@example.com"));
    assert_eq!(
        world.get(&format!("/v1/checkouts/{id}/refunds")).await.json(),
        json!({ "data": [], "has_more": false, "next_cursor": null })
    );
}

#[tokio::test]
async fn financers_are_described_from_their_descriptors() {
    let world = World::new().await;
    let list = world.get("/v1/providers").await.json();
    let acme = world.get("/v1/providers/acme").await.json();
    assert_eq!(list["data"], json!([acme]));
    assert_eq!(acme["markets"][0], json!({ "country": "US", "currency": "USD" }));
    let capabilities = acme["capabilities"].as_array().unwrap();
    assert_eq!(capabilities.len(), lendport_core::Ability::ALL.len());
    let support = |name: &str| capabilities.iter().find(|row| row["operation"] == name).unwrap()["support"].clone();
    assert_eq!([support("create"), support("refund_full"), support("capture_full")], ["native", "portal", "none"]);
    assert_eq!(acme["account_fields"][0]["secret"], true);
    assert_eq!(
        acme["health"],
        json!({ "breaker": "closed", "recent_calls": 0, "recent_failures": 0, "since": null, "retry_at": null })
    );
    assert_eq!(world.get("/v1/providers/nobody").await.problem().0, 404);
}

#[tokio::test]
async fn every_list_is_a_page() {
    let world = World::new().await;
    let id = world.opened("open").await;
    let below = format!("/v1/checkouts/{id}");
    for path in ["/v1/checkouts", "/v1/providers", "/v1/webhook_endpoints", "/v1/events", "/v1/deliveries"]
        .map(str::to_owned)
        .into_iter()
        .chain(["shipments", "refunds", "timeline"].map(|name| format!("{below}/{name}")))
    {
        let page = world.get(&path).await.json();
        assert!(page["data"].is_array(), "{path}");
        assert_eq!(page["has_more"], false, "{path}");
        assert_eq!(page.get("next_cursor"), Some(&Value::Null), "{path}");
    }
}
