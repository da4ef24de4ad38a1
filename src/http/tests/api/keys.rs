//! Secret keys: shown once, never more than who asks, replaced with an overlap, refused when revoked.

use http::Method;
use jiff::SignedDuration;
use lendport_core::{Clock as _, Mode, Scope};
use lendport_storage::Tenant;
use serde_json::{Value, json};

use crate::world::{Answer, KEY, OTHER_KEY, PLATFORM_KEY, World};

impl World {
    async fn keys(&self, key: &str, method: Method, below: &str, body: &Value) -> Answer {
        let path = format!("/v1/merchants/{}/keys{below}", self.tenant.merchant);
        self.with_key(key, method, &path, body).await
    }

    async fn status(&self, key: &str) -> u16 {
        self.with_key(key, Method::GET, "/v1/checkouts", &Value::Null).await.status.as_u16()
    }
}

fn text(answer: &Answer, name: &str) -> String {
    answer.json()[name].as_str().unwrap_or_else(|| panic!("{name}: {}", answer.text)).to_owned()
}

#[tokio::test]
async fn a_key_is_shown_once_and_works_for_what_it_may_do() {
    let world = World::new().await;
    let body = json!({ "label": "till 7", "scopes": ["checkouts:read"], "expires_at": "2100-01-01T00:00:00Z" });
    let once = [("idempotency-key", "one key")];
    let path = format!("/v1/merchants/{}/keys", world.tenant.merchant);
    let made = world.with_headers(KEY, Method::POST, &path, &once, &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let (id, secret) = (text(&made, "id"), text(&made, "secret_key"));
    assert!(secret.starts_with("lp_test_") && secret.len() > 30);
    assert_eq!((&made.json()["scopes"], &made.json()["status"]), (&json!(["checkouts:read"]), &json!("active")));
    let again = world.with_headers(KEY, Method::POST, &path, &once, &body).await;
    assert_eq!((text(&again, "secret_key"), again.header("idempotent-replayed")), (secret.clone(), Some("true")));

    assert_eq!(world.status(&secret).await, 200);
    let write = world.with_key(&secret, Method::POST, "/v1/checkouts", &json!({})).await;
    assert_eq!(write.json()["required_scope"], "checkouts:write");
    let listed = world.keys(KEY, Method::GET, "?limit=1", &Value::Null).await;
    assert_eq!((&listed.json()["data"][0]["id"], &listed.json()["data"][0]["label"]), (&json!(id), &json!("till 7")));
    let read = world.keys(KEY, Method::GET, &format!("/{id}"), &Value::Null).await;
    for answer in [&listed, &read] {
        assert!(
            !answer.text.contains("secret_key") && !answer.text.contains(&secret) && !answer.text.contains("digest")
        );
    }
    // When it was used is written by a worker, and read within a minute.
    assert_eq!(read.json()["last_used_at"], Value::Null);
    world.engine.write_key_uses().await.unwrap();
    let read = world.keys(KEY, Method::GET, &format!("/{id}"), &Value::Null).await;
    assert_eq!(text(&read, "last_used_at").parse::<jiff::Timestamp>().unwrap(), world.clock.now());

    // Everything within the merchant, when nothing is said.
    let all = world.keys(KEY, Method::POST, "", &Value::Null).await.json();
    assert_eq!(all["scopes"], json!(["checkouts:read", "checkouts:write", "webhooks:write", "accounts:write"]));
    let past = json!({ "expires_at": "2001-01-01T00:00:00Z" });
    assert_eq!(world.keys(KEY, Method::POST, "", &past).await.pointers(), ["/expires_at out_of_range"]);
}

#[tokio::test]
async fn nobody_hands_out_takes_over_or_hears_again_more_than_they_may_do() {
    let world = World::new().await;
    let accounts = [Scope::AccountsWrite, Scope::CheckoutsRead];
    world.add_key("lp_test_small", world.tenant, &accounts).await;
    let scopes = |words: &[&str]| json!({ "scopes": words });
    for (body, missing) in [
        (scopes(&["checkouts:write"]), "checkouts:write"),
        (scopes(&["platform:admin"]), "platform:admin"),
        (Value::Null, "checkouts:write"),
    ] {
        let answer = world.keys("lp_test_small", Method::POST, "", &body).await;
        assert_eq!(answer.problem().0, 403, "{body}");
        assert_eq!(answer.json()["required_scope"], missing);
    }
    let answer = world.keys(KEY, Method::POST, "", &scopes(&["platform:admin"])).await;
    assert_eq!(answer.json()["required_scope"], "platform:admin");
    assert_eq!(world.keys("lp_test_small", Method::POST, "", &scopes(&["checkouts:read"])).await.status, 201);

    // A larger key is not rotated by a smaller one, not even by repeating the request of a larger one.
    let made = world.keys(KEY, Method::POST, "", &Value::Null).await;
    let path = format!("/v1/merchants/{}/keys/{}/rotate", world.tenant.merchant, text(&made, "id"));
    let once = [("idempotency-key", "rotate it")];
    let refused = world.with_headers("lp_test_small", Method::POST, &path, &once, &Value::Null).await;
    assert_eq!(refused.json()["required_scope"], "checkouts:write");
    assert_eq!(world.with_headers(KEY, Method::POST, &path, &once, &Value::Null).await.status, 201);
    let refused = world.with_headers("lp_test_small", Method::POST, &path, &once, &Value::Null).await;
    assert_eq!(refused.problem().0, 403, "{}", refused.text);
    let path = format!("/v1/merchants/{}/keys", world.tenant.merchant);
    let twice = [("idempotency-key", "make it")];
    assert_eq!(world.with_headers(KEY, Method::POST, &path, &twice, &Value::Null).await.status, 201);
    assert_eq!(world.with_headers("lp_test_small", Method::POST, &path, &twice, &Value::Null).await.problem().0, 403);

    // The platform hands its own right out to its own merchant alone.
    let platform = world.platform().await;
    let answer = world.keys(PLATFORM_KEY, Method::POST, "", &scopes(&["platform:admin"])).await;
    assert_eq!(answer.pointers(), ["/scopes not_allowed"]);
    let own = format!("/v1/merchants/{}/keys", platform.merchant);
    let more = world.with_key(PLATFORM_KEY, Method::POST, &own, &scopes(&["platform:admin"])).await;
    assert_eq!(more.status, 201);
    world.add_key("lp_test_clerk", platform, &[Scope::AccountsWrite]).await;
    let revoke = format!("{own}/{}", text(&more, "id"));
    let answer = world.with_key("lp_test_clerk", Method::DELETE, &revoke, &Value::Null).await;
    assert_eq!(answer.json()["required_scope"], "platform:admin");
}

#[tokio::test]
async fn a_replaced_key_works_for_the_overlap_and_then_no_more() {
    let world = World::new().await;
    let first = world.keys(KEY, Method::POST, "", &json!({ "label": "shop" })).await;
    let (id, old) = (text(&first, "id"), text(&first, "secret_key"));
    assert_eq!(world.status(&old).await, 200);
    let rotate = format!("/{id}/rotate");
    let second = world.keys(KEY, Method::POST, &rotate, &json!({ "overlap_s": 60 })).await;
    let new = text(&second, "secret_key");
    assert_eq!((second.status.as_u16(), text(&second, "label").as_str()), (201, "shop"));
    assert_eq!((world.status(&old).await, world.status(&new).await), (200, 200));
    let shown = world.keys(KEY, Method::GET, &format!("/{id}"), &Value::Null).await;
    assert_eq!((text(&shown, "status"), text(&shown, "replaced_by")), ("replaced".to_owned(), text(&second, "id")));
    let answer = world.keys(KEY, Method::POST, &rotate, &Value::Null).await;
    assert_eq!(answer.problem(), (409, "key_not_active".to_owned()));

    world.clock.advance(SignedDuration::from_secs(60));
    assert_eq!((world.status(&old).await, world.status(&new).await), (401, 200));
    let shown = world.keys(KEY, Method::GET, &format!("/{id}"), &Value::Null).await;
    assert_eq!(text(&shown, "status"), "expired");
    // After a leak there is no overlap.
    let rotate = format!("/{}/rotate", text(&second, "id"));
    let third = world.keys(KEY, Method::POST, &rotate, &json!({ "overlap_s": 0 })).await;
    assert_eq!((world.status(&new).await, world.status(&text(&third, "secret_key")).await), (401, 200));
    for (body, pointer) in [
        (json!({ "overlap_s": 604_801 }), "/overlap_s out_of_range"),
        (json!({ "overlap_s": -1 }), "/overlap_s out_of_range"),
        (json!({ "overlap_hours": 1 }), "/overlap_hours unknown_field"),
    ] {
        assert_eq!(world.keys(KEY, Method::POST, &rotate, &body).await.pointers(), [pointer]);
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once_and_stays_in_the_list() {
    let world = World::new().await;
    let made = world.keys(KEY, Method::POST, "", &Value::Null).await;
    let (id, secret) = (text(&made, "id"), text(&made, "secret_key"));
    assert_eq!(world.status(&secret).await, 200);
    for _ in 0..2 {
        let gone = world.keys(KEY, Method::DELETE, &format!("/{id}"), &Value::Null).await;
        assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
        assert_eq!(world.status(&secret).await, 401);
    }
    let shown = world.keys(KEY, Method::GET, &format!("/{id}"), &Value::Null).await;
    assert_eq!(text(&shown, "status"), "revoked");
    assert_eq!(world.keys(KEY, Method::POST, &format!("/{id}/rotate"), &Value::Null).await.problem().0, 409);
}

#[tokio::test]
async fn keys_of_another_merchant_or_mode_do_not_exist() {
    let world = World::new().await;
    let live = world.add_key("lp_live_second", Tenant { mode: Mode::Live, ..world.tenant }, &Scope::ALL[..4]).await;
    let theirs = Tenant { merchant: world.merchants[1], ..world.tenant };
    let foreign = world.add_key("lp_test_theirs", theirs, &Scope::ALL[..4]).await;
    let nothing = "key_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b".parse().unwrap();
    for id in [live, foreign, nothing] {
        for (method, below) in [(Method::GET, ""), (Method::DELETE, ""), (Method::POST, "/rotate")] {
            let answer = world.keys(KEY, method.clone(), &format!("/{id}{below}"), &Value::Null).await;
            assert_eq!(answer.problem(), (404, "not_found".to_owned()), "{method} {below}");
            let answer = world.keys(OTHER_KEY, method, &format!("/{id}{below}"), &Value::Null).await;
            assert_eq!(answer.problem(), (404, "not_found".to_owned()));
        }
    }
    assert_eq!(world.keys(KEY, Method::GET, "/nonsense", &Value::Null).await.problem().0, 404);
    let listed = world.keys(KEY, Method::GET, "", &Value::Null).await;
    assert!(!listed.text.contains(&live.to_string()) && !listed.text.contains(&foreign.to_string()));
    assert_eq!((world.status("lp_live_second").await, world.status("lp_test_theirs").await), (200, 200));
}

#[tokio::test]
async fn there_are_only_so_many_keys_that_work() {
    let world = World::new().await;
    for number in 1..100 {
        world.add_key(&format!("lp_test_{number}"), world.tenant, &[Scope::CheckoutsRead]).await;
    }
    assert_eq!(world.keys(KEY, Method::POST, "", &Value::Null).await.problem(), (422, "too_many_keys".to_owned()));
    let listed = world.keys(KEY, Method::GET, "?limit=1", &Value::Null).await;
    let id = listed.json()["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(world.keys(KEY, Method::DELETE, &format!("/{id}"), &Value::Null).await.status, 204);
    assert_eq!(world.keys(KEY, Method::POST, "", &Value::Null).await.status, 201);
}
