//! Merchants: made by a platform, seen by themselves, unknown to everybody else.

use http::Method;
use lendport_core::{Clock as _, KeyId, Mode, Scope};
use lendport_engine::digest;
use lendport_storage::{ApiKey, Tenant};
use serde_json::{Value, json};

use crate::world::{KEY, LIVE_KEY, OTHER_KEY, PLATFORM_KEY, World};

#[tokio::test]
async fn a_platform_makes_lists_and_changes_merchants() {
    let world = World::new().await;
    world.platform().await;
    let body = json!({ "name": " Example TV ", "page": { "accent": "#0B57D0" } });
    let key = [("idempotency-key", "make it")];
    let made = world.with_headers(PLATFORM_KEY, Method::POST, "/v1/merchants", &key, &body).await;
    assert_eq!((made.status.as_u16(), made.header("etag")), (201, Some("\"1\"")));
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(made.header("location"), Some(format!("/v1/merchants/{id}").as_str()));
    assert_eq!((&made.json()["name"], &made.json()["page"]["accent"]), (&json!("Example TV"), &json!("#0b57d0")));
    let again = world.with_headers(PLATFORM_KEY, Method::POST, "/v1/merchants", &key, &body).await;
    assert_eq!((again.header("idempotent-replayed"), again.text.as_str()), (Some("true"), made.text.as_str()));
    assert_eq!(again.header("location"), made.header("location"));

    let listed = world.with_key(PLATFORM_KEY, Method::GET, "/v1/merchants?limit=2", &Value::Null).await.json();
    assert_eq!((&listed["data"][0]["id"], &listed["data"][1]["name"]), (&json!(id), &json!("platform")));
    assert_eq!((listed["data"].as_array().unwrap().len(), &listed["has_more"]), (2, &json!(true)));

    let path = format!("/v1/merchants/{id}");
    let patch = json!({ "page": { "display_name": "TV & more", "allowed_origins": ["https://tv.example"] } });
    let stale = world.with_headers(PLATFORM_KEY, Method::PATCH, &path, &[("if-match", "\"7\"")], &patch).await;
    assert_eq!(stale.problem().0, 412);
    let changed = world.with_headers(PLATFORM_KEY, Method::PATCH, &path, &[("if-match", "\"1\"")], &patch).await;
    assert_eq!(changed.header("etag"), Some("\"2\""));
    let page = json!({ "display_name": "TV & more", "logo_url": null, "accent": "#0b57d0",
        "allowed_origins": ["https://tv.example"], "locale": null });
    assert_eq!(changed.json()["page"], page);
    let same = world.with_key(PLATFORM_KEY, Method::PATCH, &path, &patch).await;
    assert_eq!(same.header("etag"), Some("\"2\""), "a repeat changes nothing more");
    let bare = json!({ "name": "Renamed", "page": { "accent": null, "allowed_origins": null } });
    let renamed = world.with_key(PLATFORM_KEY, Method::PATCH, &path, &bare).await.json();
    assert_eq!((&renamed["name"], &renamed["page"]["accent"]), (&json!("Renamed"), &Value::Null));
    assert_eq!(renamed["page"]["allowed_origins"], json!([]));
    assert_eq!(world.with_key(PLATFORM_KEY, Method::GET, &path, &Value::Null).await.json(), renamed);

    for (body, pointer) in [
        (json!({ "name": "first" }), "/name taken"),
        (json!({ "name": " " }), "/name blank"),
        (json!({ "name": "x".repeat(201) }), "/name too_long"),
        (json!({ "name": 7 }), "/name wrong_type"),
        (json!({}), "/name missing"),
        (json!({ "name": "x", "page": { "accent": "red" } }), "/page/accent invalid_color"),
        (json!({ "name": "x", "nmae": "y" }), "/nmae unknown_field"),
    ] {
        let answer = world.with_key(PLATFORM_KEY, Method::POST, "/v1/merchants", &body).await;
        assert_eq!(answer.problem(), (422, "validation_failed".to_owned()), "{body}");
        assert!(answer.pointers().contains(&pointer.to_owned()), "{body}: {:?}", answer.pointers());
    }
    let taken = world.with_key(PLATFORM_KEY, Method::PATCH, &path, &json!({ "name": "other" })).await;
    assert_eq!(taken.pointers(), ["/name taken"]);
}

#[tokio::test]
async fn a_merchant_sees_itself_and_changes_its_page_but_not_its_name() {
    let world = World::new().await;
    let [own, other] = world.merchants.map(|merchant| format!("/v1/merchants/{merchant}"));
    assert_eq!(world.get(&own).await.json()["name"], "first");
    let answer = world.with_key(KEY, Method::PATCH, &own, &json!({ "name": "other" })).await;
    assert_eq!(answer.json()["required_scope"], "platform:admin", "nobody learns whose a name is");
    for (method, path) in [(Method::GET, &other), (Method::PATCH, &other)] {
        for path in [path.clone(), format!("{path}/keys"), format!("{path}/provider_accounts")] {
            let method = if path == other { method.clone() } else { Method::GET };
            let answer = world.with_key(KEY, method.clone(), &path, &json!({ "page": {} })).await;
            assert_eq!(answer.problem(), (404, "not_found".to_owned()), "{method} {path}");
        }
    }
    // A key that may do nothing here learns no more of the other one either.
    world.add_key("lp_test_reader", world.tenant, &[Scope::CheckoutsRead]).await;
    assert_eq!(world.with_key("lp_test_reader", Method::GET, &other, &Value::Null).await.problem().0, 404);
    assert_eq!(world.with_key("lp_test_reader", Method::GET, &own, &Value::Null).await.problem().0, 403);
    for nothing in ["/v1/merchants/mer_1", "/v1/merchants/mer_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b"] {
        assert_eq!(world.get(nothing).await.problem().0, 404);
    }
}

#[tokio::test]
async fn what_live_shoppers_see_is_not_changed_with_a_test_key() {
    let world = World::new().await;
    world.platform().await;
    let [own, other] = world.merchants.map(|merchant| format!("/v1/merchants/{merchant}"));
    let patch = json!({ "page": { "allowed_origins": ["https://evil.example"] } });
    for key in [KEY, PLATFORM_KEY] {
        let answer = world.with_key(key, Method::PATCH, &own, &patch).await;
        assert_eq!(answer.problem(), (403, "live_key_required".to_owned()));
    }
    assert_eq!(world.with_key(LIVE_KEY, Method::PATCH, &own, &patch).await.status, 200);
    // The other one has nothing live yet.
    assert_eq!(world.with_key(OTHER_KEY, Method::PATCH, &other, &patch).await.status, 200);
    let live = Tenant { merchant: world.merchants[1], mode: Mode::Live };
    world.add_key("lp_live_other", live, &[Scope::CheckoutsRead]).await;
    assert_eq!(world.with_key(OTHER_KEY, Method::PATCH, &other, &patch).await.problem().0, 403);
    // However many have come and gone since then.
    for number in 0..120 {
        let (text, now) = (format!("lp_live_gone{number}"), world.clock.now());
        let row = ApiKey::new(KeyId::mint(&world.ids), live, digest(&text), "gone", now);
        world.store.put_key(&ApiKey { expires_at: Some(now), ..row }).await.unwrap();
    }
    assert_eq!(world.with_key(OTHER_KEY, Method::PATCH, &other, &patch).await.problem().0, 403);
}

/// A platform that sells for its merchants with its own live key gives them none.
#[tokio::test]
async fn a_merchant_with_a_live_account_needs_no_live_key_of_its_own_to_be_safe_from_test_keys() {
    let world = World::new().await;
    let live = Tenant { mode: Mode::Live, ..world.platform().await };
    world.add_key("lp_live_platform", live, &[Scope::PlatformAdmin]).await;
    let path = format!("/v1/merchants/{}", world.merchants[1]);
    let (patch, none) =
        (json!({ "page": { "allowed_origins": ["https://evil.example"] } }), json!({ "open_checkouts": 0 }));
    let set_up = world.with_key(PLATFORM_KEY, Method::PATCH, &path, &patch).await;
    assert_eq!(set_up.status, 200, "{}", set_up.text);
    let account = format!("{path}/provider_accounts/acme");
    let stored = world
        .with_key("lp_live_platform", Method::PUT, &account, &json!({ "fields": { "password": "moa24phoPh" } }))
        .await;
    assert_eq!(stored.status, 201, "{}", stored.text);
    let quotas = format!("{path}/quotas");
    for (key, method, path, body) in [
        (OTHER_KEY, Method::PATCH, &path, &patch),
        (PLATFORM_KEY, Method::PATCH, &path, &patch),
        (PLATFORM_KEY, Method::PUT, &quotas, &none),
    ] {
        let answer = world.with_key(key, method.clone(), path, body).await;
        assert_eq!(answer.problem(), (403, "live_key_required".to_owned()), "{method} {path}");
        let answer = world.with_key("lp_live_platform", method, path, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}
