//! How much a merchant may have.

use http::Method;
use jiff::SignedDuration;
use lendport_core::{Mode, Scope};
use lendport_storage::Tenant;
use serde_json::{Value, json};

use crate::world::{Answer, KEY, LIVE_KEY, OTHER_KEY, PLATFORM_KEY, World, sample};

/// The platform's key that may set the quotas of a merchant with a live key.
const LIVE_PLATFORM_KEY: &str = "lp_live_platform";

async fn with_platform() -> World {
    let world = World::new().await;
    let live = Tenant { mode: Mode::Live, ..world.platform().await };
    world.add_key(LIVE_PLATFORM_KEY, live, &[Scope::PlatformAdmin]).await;
    world
}

fn path(world: &World) -> String {
    format!("/v1/merchants/{}/quotas", world.tenant.merchant)
}

async fn put(world: &World, body: &Value) -> Answer {
    let answer = world.with_key(LIVE_PLATFORM_KEY, Method::PUT, &path(world), body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

#[track_caller]
fn exceeded(answer: &Answer, name: &str, limit: u32, used: u32) {
    assert_eq!(answer.problem(), (409, "quota_exceeded".to_owned()));
    assert_eq!(answer.json()["quota"], json!({ "name": name, "limit": limit, "used": used }));
    assert_eq!(answer.json()["retryable"], false);
}

#[tokio::test]
async fn a_merchant_opens_no_more_checkouts_than_it_may_and_what_ends_makes_room() {
    let world = with_platform().await;
    let shown = put(&world, &json!({ "open_checkouts": 2 })).await.json();
    assert_eq!(shown["quotas"][0], json!({ "name": "open_checkouts", "limit": 2, "used": 0, "own": true }));
    assert_eq!(shown["quotas"][1]["limit"], Value::Null);
    let first = world.opened("one").await;
    world.opened("two").await;
    let refused = world.post("/v1/checkouts", "three", sample().to_string()).await;
    exceeded(&refused, "open_checkouts", 2, 2);
    // Repeats of what was answered are no new checkouts, and the refused key is free.
    assert_eq!(
        world.post("/v1/checkouts", "two", sample().to_string()).await.header("idempotent-replayed"),
        Some("true")
    );
    assert!(world.store.idempotency(world.tenant, "POST /v1/checkouts", "three").await.unwrap().is_none());
    // Other merchants and the other mode are not concerned.
    for key in [OTHER_KEY, LIVE_KEY] {
        assert_eq!(world.with_key(key, Method::POST, "/v1/checkouts", &sample()).await.status, 201);
    }
    let canceled = world.post(&format!("/v1/checkouts/{first}/cancel"), "stop", "").await;
    assert_eq!(canceled.status, 200, "{}", canceled.text);
    world.clock.advance(SignedDuration::from_secs(1));
    let again = world.post("/v1/checkouts", "three", sample().to_string()).await;
    assert_eq!(again.status, 201, "{}", again.text);
    exceeded(&world.post("/v1/checkouts", "four", sample().to_string()).await, "open_checkouts", 2, 2);
    // What fails before it is stored takes no room.
    put(&world, &json!({ "open_checkouts": 3 })).await;
    for _ in 0..5 {
        assert_eq!(world.post("/v1/checkouts", "bad", "{}").await.problem().0, 422);
    }
    assert_eq!(world.post("/v1/checkouts", "four", sample().to_string()).await.status, 201);
}

#[tokio::test]
async fn fifty_at_once_make_as_many_as_there_may_be() {
    let world = std::sync::Arc::new(with_platform().await);
    put(&world, &json!({ "open_checkouts": 7 })).await;
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..50 {
        let world = std::sync::Arc::clone(&world);
        asking.spawn(async move {
            world.post("/v1/checkouts", &format!("key {number}"), sample().to_string()).await.status.as_u16()
        });
    }
    let answers = asking.join_all().await;
    let of = |status| answers.iter().filter(|answer| **answer == status).count();
    assert_eq!((of(201), of(409)), (7, 43));
    let shown = world.with_key(KEY, Method::GET, &path(&world), &Value::Null).await.json();
    assert_eq!(shown["quotas"][0]["used"], 7);
}

#[tokio::test]
async fn checkouts_of_a_day_count_whatever_became_of_them() {
    let world = with_platform().await;
    put(&world, &json!({ "checkouts_per_day": 1 })).await;
    let id = world.opened("one").await;
    assert_eq!(world.post(&format!("/v1/checkouts/{id}/cancel"), "stop", "").await.status, 200);
    world.clock.advance(SignedDuration::from_hours(23));
    exceeded(&world.post("/v1/checkouts", "two", sample().to_string()).await, "checkouts_per_day", 1, 1);
    world.clock.advance(SignedDuration::from_hours(2));
    assert_eq!(world.post("/v1/checkouts", "two", sample().to_string()).await.status, 201);
}

#[tokio::test]
async fn endpoints_have_a_quota_and_none_may_be_none() {
    let world = with_platform().await;
    put(&world, &json!({ "webhook_endpoints": 1, "open_checkouts": 0 })).await;
    let endpoint = json!({ "url": "https://shop.example/hooks" }).to_string();
    assert_eq!(world.post("/v1/webhook_endpoints", "one", endpoint.clone()).await.status, 201);
    exceeded(&world.post("/v1/webhook_endpoints", "two", endpoint.clone()).await, "webhook_endpoints", 1, 1);
    exceeded(&world.post("/v1/checkouts", "one", sample().to_string()).await, "open_checkouts", 0, 0);
    // All of them are said at once: what is left out is as configured again.
    put(&world, &json!({})).await;
    let shown = world.with_key(KEY, Method::GET, &path(&world), &Value::Null).await.json();
    assert_eq!(shown["quotas"][2], json!({ "name": "webhook_endpoints", "limit": null, "used": 1, "own": false }));
    assert_eq!(world.post("/v1/webhook_endpoints", "two", endpoint).await.status, 201);
}

#[tokio::test]
async fn only_a_platform_sets_them_and_it_is_written_down() {
    let world = with_platform().await;
    let refused = world.with_key(KEY, Method::PUT, &path(&world), &json!({ "open_checkouts": 9 })).await;
    assert_eq!(refused.problem(), (403, "insufficient_scope".to_owned()));
    assert_eq!(refused.json()["required_scope"], "platform:admin");
    assert_eq!(world.with_key(OTHER_KEY, Method::GET, &path(&world), &Value::Null).await.problem().0, 404);
    assert_eq!(world.with_key(OTHER_KEY, Method::PUT, &path(&world), &json!({})).await.problem().0, 404);
    for (body, pointer) in [
        (json!({ "open_checkouts": -1 }), "/open_checkouts out_of_range"),
        (json!({ "open_checkouts": "many" }), "/open_checkouts wrong_type"),
        (json!({ "open_chekouts": 1 }), "/open_chekouts unknown_field"),
    ] {
        let answer = world.with_key(LIVE_PLATFORM_KEY, Method::PUT, &path(&world), &body).await;
        assert_eq!(answer.problem(), (422, "validation_failed".to_owned()), "{body}");
        assert_eq!(answer.pointers(), [pointer], "{body}");
    }
    put(&world, &json!({ "checkouts_per_day": 5 })).await;
    let log = world.with_key(LIVE_KEY, Method::GET, "/v1/audit", &Value::Null).await.json();
    assert_eq!(
        (&log["data"][0]["action"], &log["data"][0]["facts"]["checkouts_per_day"]),
        (&json!("merchant.updated"), &json!("5"))
    );
}

/// They are one row for both modes: with a test key anybody's live shop could be closed.
#[tokio::test]
async fn what_a_live_shop_may_have_is_not_set_with_a_test_key() {
    let world = with_platform().await;
    let none = json!({ "open_checkouts": 0 });
    let refused = world.with_key(PLATFORM_KEY, Method::PUT, &path(&world), &none).await;
    assert_eq!(refused.problem(), (403, "live_key_required".to_owned()));
    assert_eq!(world.with_key(LIVE_KEY, Method::POST, "/v1/checkouts", &sample()).await.status, 201);
    // A merchant without a live key is still being set up.
    let other = format!("/v1/merchants/{}/quotas", world.merchants[1]);
    assert_eq!(world.with_key(PLATFORM_KEY, Method::PUT, &other, &none).await.status, 200);
    exceeded(&world.with_key(OTHER_KEY, Method::POST, "/v1/checkouts", &sample()).await, "open_checkouts", 0, 0);
}
