//! The audit log: everything that was changed, by whom, and no secret.

use http::Method;
use lendport_core::Scope;
use serde_json::{Value, json};

use crate::world::{KEY, LIVE_KEY, OTHER_KEY, PLATFORM_KEY, World, sample};

impl World {
    async fn log(&self, key: &str, query: &str) -> Vec<Value> {
        let answer = self.with_key(key, Method::GET, &format!("/v1/audit{query}"), &Value::Null).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["data"].as_array().unwrap().clone()
    }
}

fn actions(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_change_is_kept_with_who_made_it_and_no_secret() {
    let world = World::new().await;
    let platform = world.platform().await;
    let made = world.with_key(PLATFORM_KEY, Method::POST, "/v1/merchants", &json!({ "name": "new" })).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let base = format!("/v1/merchants/{id}");
    let key = world.with_key(PLATFORM_KEY, Method::POST, &format!("{base}/keys"), &json!({ "label": "shop" })).await;
    let (key_id, secret) = (key.json()["id"].clone(), key.json()["secret_key"].as_str().unwrap().to_owned());
    let account = format!("{base}/provider_accounts/acme");
    let fields = json!({ "fields": { "password": "moa24phoPh", "shop_number": 7 } });
    // The same twice is one change, and what is refused is none.
    for body in [&fields, &fields, &json!({ "fields": { "shop_number": 0 } })] {
        world.with_key(&secret, Method::PUT, &account, body).await;
    }
    world.with_key(&secret, Method::PATCH, &base, &json!({ "page": { "display_name": "Shop" } })).await;
    let rotate = format!("{base}/keys/{}/rotate", key_id.as_str().unwrap());
    let new = world.with_key(&secret, Method::POST, &rotate, &Value::Null).await.json();
    let revoke = format!("{base}/keys/{}", key_id.as_str().unwrap());
    let revoked = world.with_key(PLATFORM_KEY, Method::DELETE, &revoke, &Value::Null).await;
    assert_eq!(world.with_key(PLATFORM_KEY, Method::DELETE, &revoke, &Value::Null).await.status, 204);
    let secret = new["secret_key"].as_str().unwrap();
    assert_eq!(world.with_key(secret, Method::DELETE, &account, &Value::Null).await.status, 204);

    let expected = [
        "account.deleted",
        "key.revoked",
        "key.rotated",
        "merchant.updated",
        "account.put",
        "key.created",
        "merchant.created",
    ];
    let own = world.log(secret, "").await;
    assert_eq!(actions(&own), expected);
    assert_eq!(world.log(PLATFORM_KEY, &format!("?merchant={id}")).await, own);
    let all = world.log(PLATFORM_KEY, "").await;
    assert_eq!(all, own, "nobody else changed anything");
    assert_eq!(actions(&world.log(secret, "?action=account.put&limit=1").await), ["account.put"]);
    // Who, at whose request, and what.
    assert_eq!(own[1]["request_id"].as_str(), revoked.header("request-id"));
    assert_eq!((&own[1]["actor"]["type"], &own[1]["subject"]), (&json!("platform_key"), &key_id));
    assert_eq!((&own[2]["actor"]["type"], &own[2]["actor"]["key"]), (&json!("key"), &key_id));
    assert_eq!(own[2]["facts"], json!({ "replaced_by": new["id"], "overlap_s": "86400" }));
    assert_eq!((&own[3]["mode"], &own[3]["facts"]["fields"]), (&Value::Null, &json!("display_name")));
    assert_eq!((&own[4]["mode"], &own[4]["subject"]), (&json!("test"), &json!("acme")));
    assert_eq!(own[4]["facts"]["fields"], "password, shop_number");
    let text = json!(own).to_string();
    assert!(!text.contains("moa24phoPh") && !text.contains("lp_test_"), "{text}");
    // The platform as itself sees all, as the merchant what the merchant sees.
    let acting = [("lendport-merchant", id.as_str())];
    let answer = world.with_headers(PLATFORM_KEY, Method::GET, "/v1/audit", &acting, &Value::Null).await;
    assert_eq!(answer.json()["data"], json!(own));
    assert_ne!(platform.merchant.to_string(), id);
}

#[tokio::test]
async fn nobody_sees_what_another_one_changed() {
    let world = World::new().await;
    world.platform().await;
    let path = format!("/v1/merchants/{}/keys", world.tenant.merchant);
    assert_eq!(world.with_key(KEY, Method::POST, &path, &Value::Null).await.status, 201);
    assert_eq!(world.log(KEY, "").await.len(), 1);
    assert_eq!((world.log(OTHER_KEY, "").await, world.log(LIVE_KEY, "").await), (vec![], vec![]));
    let theirs = format!("/v1/audit?merchant={}", world.merchants[0]);
    assert_eq!(world.with_key(OTHER_KEY, Method::GET, &theirs, &Value::Null).await.problem().0, 404);
    let own = format!("?merchant={}", world.merchants[0]);
    assert_eq!(world.log(KEY, &own).await.len(), 1);
    world.add_key("lp_test_reader", world.tenant, &[Scope::CheckoutsRead]).await;
    let answer = world.with_key("lp_test_reader", Method::GET, "/v1/audit", &Value::Null).await;
    assert_eq!(answer.json()["required_scope"], "accounts:write");
    for (query, pointer) in
        [("?action=key.stolen", "?action invalid_value"), ("?merchant=x", "?merchant invalid_value")]
    {
        let answer = world.with_key(KEY, Method::GET, &format!("/v1/audit{query}"), &Value::Null).await;
        assert_eq!(answer.pointers(), [pointer]);
    }
}

#[tokio::test]
async fn what_a_person_settled_is_kept_and_what_was_refused_is_not() {
    let world = World::new().await;
    world.fake.next(crate::fake::Create::Echoes("1.00"));
    let refused = world.post("/v1/checkouts", "mismatch", sample().to_string()).await;
    assert_eq!(refused.problem().1, "provider_amount_mismatch");
    let item = world.get("/v1/attention").await.json()["data"][0].clone();
    let (id, choice) = (item["id"].as_str().unwrap(), item["choices"][0]["choice"].as_str().unwrap());
    let path = format!("/v1/attention/{id}/resolve");
    assert_eq!(world.post(&path, "one", r#"{"choice":"nonsense","reason":"x"}"#).await.problem().0, 422);
    assert!(world.log(KEY, "").await.is_empty());
    let body = json!({ "choice": choice, "reason": "looked it up" });
    let settled = world.with_key(KEY, Method::POST, &path, &body).await;
    assert_eq!(settled.status, 200, "{}", settled.text);
    let log = world.log(KEY, "").await;
    assert_eq!((actions(&log), log[0]["subject"].as_str()), (vec!["attention.resolved"], Some(id)));
    assert_eq!((&log[0]["facts"]["choice"], &log[0]["facts"]["checkout"]), (&json!(choice), &item["checkout"]));
    assert_eq!(log[0]["request_id"].as_str(), settled.header("request-id"));
}
