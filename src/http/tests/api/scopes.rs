//! Each operation names the scope it needs, and needs the scope it names; who acts for whom.

use axum::body::Body;
use http::Method;
use lendport_core::{Clock as _, Mode, Scope};
use lendport_storage::Tenant;
use serde_json::{Value, json};

use crate::world::{Answer, KEY, LIVE_KEY, OTHER_KEY, PLATFORM_KEY, World};

/// Every operation under `/v1` with the scopes of which it needs one.
fn operations() -> Vec<(Method, String, Vec<Scope>)> {
    let document: Value = serde_json::from_str(&lendport_http::openapi_json()).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let named = operation["security"].as_array().unwrap().iter();
            let scope = |one: &Value| one["secret_key"][0].as_str().and_then(Scope::parse);
            let scopes: Vec<_> = named.filter_map(scope).collect();
            // Who asks for a token has none yet.
            if path.starts_with("/v1/") && path != "/v1/oauth/token" {
                all.push((method.to_uppercase().parse().unwrap(), path.clone(), scopes));
            }
        }
    }
    all
}

fn refused(answer: &Answer) -> Option<String> {
    (answer.status == 403).then(|| {
        assert_eq!(answer.problem().1, "insufficient_scope");
        let scope = answer.json()["required_scope"].as_str().unwrap().to_owned();
        let asked = format!("Bearer realm=\"lendport\", error=\"insufficient_scope\", scope=\"{scope}\"");
        assert_eq!(answer.header("www-authenticate"), Some(asked.as_str()));
        assert!(answer.json()["detail"].as_str().unwrap().contains(&scope));
        scope
    })
}

#[tokio::test]
async fn every_operation_needs_the_scope_it_names_and_no_other() {
    let world = World::new().await;
    let platform = world.platform().await;
    // Without a live key, so that none is asked for.
    let tenant = Tenant { merchant: world.merchants[1], mode: Mode::Test };
    let all = operations();
    assert!(all.len() > 45, "{}", all.len());
    for scope in Scope::ALL {
        world.add_key(&format!("lp_test_only {}", scope.as_str()).replace([' ', ':'], "_"), tenant, &[scope]).await;
    }
    for (number, (method, path, scopes)) in all.into_iter().enumerate() {
        let named = scopes.first().unwrap_or_else(|| panic!("{method} {path} names no scope"));
        let filled = path
            .replace("/v1/merchants/{id}", &format!("/v1/merchants/{}", tenant.merchant))
            .replace("{id}", "acme")
            .replace("{key_id}", "key_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")
            .replace("{provider}", "acme");
        let others: Vec<_> =
            Scope::ALL.into_iter().filter(|one| !scopes.contains(one) && *one != Scope::PlatformAdmin).collect();
        let lacking = format!("lp_test_lacking_{number}");
        world.add_key(&lacking, tenant, &others).await;
        // Whoever may make keys makes none that may do more.
        let body = if path.ends_with("/keys") { json!({ "scopes": [named.as_str()] }) } else { json!({}) };
        let answer = world.with_key(&lacking, method.clone(), &filled, &body).await;
        assert_eq!(refused(&answer).as_deref(), Some(named.as_str()), "{method} {path}: {}", answer.text);
        for scope in scopes {
            let only = format!("lp_test_only {}", scope.as_str()).replace([' ', ':'], "_");
            let answer = world.with_key(&only, method.clone(), &filled, &body).await;
            assert!(refused(&answer).is_none() && answer.status != 401, "{method} {path}: {}", answer.text);
        }
        let own = filled.replace(&tenant.merchant.to_string(), &platform.merchant.to_string());
        let answer = world.with_key(PLATFORM_KEY, method.clone(), &own, &body).await;
        assert!(refused(&answer).is_none() && answer.status != 401, "{method} {path}: {}", answer.text);
    }
}

#[tokio::test]
async fn an_expired_key_is_refused_to_the_moment_and_told_so() {
    let world = World::new().await;
    let id = world.add_key("lp_test_short", world.tenant, &[Scope::CheckoutsRead]).await;
    let key = world.store.key(world.tenant, id).await.unwrap().unwrap();
    let ends = world.clock.now() + jiff::SignedDuration::from_secs(60);
    world.store.put_key(&lendport_storage::ApiKey { expires_at: Some(ends), ..key }).await.unwrap();
    let ask = || world.with_key("lp_test_short", Method::GET, "/v1/checkouts", &Value::Null);
    assert_eq!(ask().await.status, 200);
    world.clock.advance(jiff::SignedDuration::from_secs(60));
    let answer = ask().await;
    assert_eq!(answer.problem(), (401, "unauthorized".to_owned()));
    assert!(answer.json()["detail"].as_str().unwrap().contains("expired"));
}

#[tokio::test]
async fn a_platform_acts_for_a_merchant_and_nobody_else_does() {
    let world = World::new().await;
    let platform = world.platform().await;
    let id = world.opened("open").await;
    let [first, other] = world.merchants.map(|merchant| merchant.to_string());
    let path = format!("/v1/checkouts/{id}");
    let acting = async |key: &str, merchant: &str, path: &str| {
        world.with_headers(key, Method::GET, path, &[("lendport-merchant", merchant)], &Value::Null).await
    };
    assert_eq!(acting(PLATFORM_KEY, &first, &path).await.json()["id"], id);
    assert_eq!(world.with_key(PLATFORM_KEY, Method::GET, &path, &Value::Null).await.problem().0, 404);
    assert_eq!(acting(PLATFORM_KEY, &other, &path).await.problem().0, 404, "it is not that merchant's");
    // Its own merchant's name changes nothing, and neither does a merchant's own.
    assert_eq!(acting(PLATFORM_KEY, &platform.merchant.to_string(), "/v1/merchants").await.status, 200);
    assert_eq!(acting(KEY, &first, &path).await.status, 200);
    // As a merchant it may do what the merchant may, and no more.
    let answer = acting(PLATFORM_KEY, &first, "/v1/merchants").await;
    assert_eq!(refused(&answer).as_deref(), Some("platform:admin"));
    assert_eq!(acting(PLATFORM_KEY, &first, &format!("/v1/merchants/{other}")).await.problem().0, 404);
    // What is not there, not theirs, or written twice, is one and the same.
    for (key, merchant) in [
        (PLATFORM_KEY, "mer_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b"),
        (PLATFORM_KEY, "first"),
        (PLATFORM_KEY, ""),
        (KEY, other.as_str()),
        (OTHER_KEY, first.as_str()),
        (KEY, "mer_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b"),
    ] {
        let answer = acting(key, merchant, &path).await;
        assert_eq!(answer.problem(), (404, "not_found".to_owned()), "{key} {merchant}");
    }
    let bearer = format!("Bearer {PLATFORM_KEY}");
    let twice = [("authorization", bearer.as_str()), ("lendport-merchant", &first), ("lendport-merchant", &other)];
    assert_eq!(world.call(Method::GET, &path, &twice, Body::empty()).await.problem().0, 404);
    // The key's mode stays.
    let live = Tenant { mode: Mode::Live, ..platform };
    world.add_key("lp_live_platform", live, &[Scope::PlatformAdmin]).await;
    assert_eq!(acting("lp_live_platform", &first, &path).await.problem().0, 404);
    assert_eq!(acting("lp_live_platform", &first, "/v1/checkouts").await.json()["data"], json!([]));
    assert_eq!(world.with_key(LIVE_KEY, Method::GET, &path, &Value::Null).await.problem().0, 404);
}
