//! Accounts at financers: every field judged by its kind, secrets written and never read.

use http::Method;
use serde_json::{Value, json};

use crate::world::{Answer, KEY, LIVE_KEY, OTHER_KEY, PLATFORM_KEY, World};

impl World {
    async fn account(&self, key: &str, method: Method, below: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let path = format!("/v1/merchants/{}/provider_accounts{below}", self.tenant.merchant);
        self.with_headers(key, method, &path, headers, body).await
    }

    async fn put(&self, fields: &Value) -> Answer {
        self.account(KEY, Method::PUT, "/acme", &[], &json!({ "fields": fields })).await
    }
}

#[tokio::test]
async fn an_account_is_set_up_changed_and_deleted_and_shows_no_secret() {
    let world = World::new().await;
    let gone = world.account(KEY, Method::DELETE, "/acme", &[], &Value::Null).await;
    assert_eq!(gone.status, 204, "the one that these tests begin with");
    let new = world.put(&json!({ "password": "moa24phoPh", "shop_number": 7, "strict": true })).await;
    assert_eq!((new.status.as_u16(), new.header("etag")), (201, Some("\"1\"")), "{}", new.text);
    let expected = json!({ "password": true, "push_key": false });
    assert_eq!(
        (&new.json()["fields"], &new.json()["secrets"]),
        (&json!({ "shop_number": "7", "strict": "true" }), &expected)
    );

    // What was read can be sent back: secrets stay, and everything else is what was said.
    let changed = world.put(&json!({ "shop_number": "8", "push_key": "whisper" })).await;
    assert_eq!((changed.status.as_u16(), changed.header("etag")), (200, Some("\"2\"")));
    assert_eq!(changed.json()["fields"], json!({ "shop_number": "8" }));
    assert_eq!(changed.json()["secrets"], json!({ "password": true, "push_key": true }));
    assert_eq!(changed.json()["id"], new.json()["id"]);
    let same = world.put(&json!({ "shop_number": 8 })).await;
    assert_eq!(same.header("etag"), Some("\"2\""), "a repeat changes nothing more");
    let without = world.put(&json!({ "push_key": null })).await;
    assert_eq!(without.json()["secrets"], json!({ "password": true, "push_key": false }));
    let stored = world.store.accounts(world.tenant).await.unwrap();
    assert_eq!(stored[0].settings.get("password").unwrap().expose(), "moa24phoPh");

    let stale = [("if-match", "\"1\"")];
    let body = json!({ "fields": { "shop_number": 9 } });
    assert_eq!(world.account(KEY, Method::PUT, "/acme", &stale, &body).await.problem().0, 412);
    assert_eq!(world.account(KEY, Method::DELETE, "/acme", &stale, &Value::Null).await.problem().0, 412);
    let read = world.account(KEY, Method::GET, "/acme", &[], &Value::Null).await;
    let listed = world.account(KEY, Method::GET, "", &[], &Value::Null).await;
    assert_eq!((read.header("etag"), &listed.json()["data"][0]), (Some("\"3\""), &read.json()));
    for answer in [&new, &changed, &without, &read, &listed] {
        assert!(!answer.text.contains("moa24phoPh") && !answer.text.contains("whisper"));
    }
    let now = [("if-match", "\"3\"")];
    assert_eq!(world.account(KEY, Method::DELETE, "/acme", &now, &Value::Null).await.status, 204);
    assert_eq!(world.account(KEY, Method::GET, "/acme", &[], &Value::Null).await.problem().0, 404);
    assert_eq!(world.account(KEY, Method::DELETE, "/acme", &[], &Value::Null).await.problem().0, 404);
}

#[tokio::test]
async fn an_account_that_checkouts_need_is_deleted_only_when_it_is_insisted_on() {
    let world = World::new().await;
    let id = world.opened("open").await;
    let refused = world.account(KEY, Method::DELETE, "/acme", &[], &Value::Null).await;
    assert_eq!(refused.problem(), (409, "account_in_use".to_owned()));
    assert!(refused.json()["detail"].as_str().unwrap().contains(&id), "{}", refused.text);
    assert_eq!(world.account(KEY, Method::DELETE, "/acme?force=perhaps", &[], &Value::Null).await.problem().0, 400);
    assert_eq!(world.account(KEY, Method::GET, "/acme", &[], &Value::Null).await.status, 200);
    assert_eq!(world.account(KEY, Method::DELETE, "/acme?force=true", &[], &Value::Null).await.status, 204);

    world.put(&json!({ "password": "p" })).await;
    world.post(&format!("/v1/checkouts/{id}/cancel"), "cancel", "{}").await;
    assert_eq!(world.get(&format!("/v1/checkouts/{id}")).await.json()["status"], "canceled");
    assert_eq!(world.account(KEY, Method::DELETE, "/acme", &[], &Value::Null).await.status, 204);
}

#[tokio::test]
async fn every_field_is_judged_where_it_was_written_and_nothing_of_it_is_repeated() {
    let world = World::new().await;
    world.account(KEY, Method::DELETE, "/acme", &[], &Value::Null).await;
    let long = "x".repeat(4_097);
    for (fields, expected) in [
        (json!({}), vec!["/fields/password missing"]),
        (json!({ "password": "" }), vec!["/fields/password blank"]),
        (json!({ "password": "p", "shop_number": "seven77" }), vec!["/fields/shop_number not_a_number"]),
        (json!({ "password": "p", "shop_number": 1.5 }), vec!["/fields/shop_number not_a_number"]),
        (json!({ "password": "p", "shop_number": 10_000 }), vec!["/fields/shop_number out_of_range"]),
        (json!({ "password": "p", "strict": "hunter2" }), vec!["/fields/strict unknown_choice"]),
        (json!({ "password": "p", "strict": [] }), vec!["/fields/strict wrong_type"]),
        (json!({ "password": long }), vec!["/fields/password too_long"]),
        (json!({ "password": "two\r\nlines" }), vec!["/fields/password control_character"]),
        (
            json!({ "pasword": "hunter2", "shop_number": 0 }),
            vec!["/fields/pasword unknown_field", "/fields/password missing", "/fields/shop_number out_of_range"],
        ),
    ] {
        let answer = world.put(&fields).await;
        assert_eq!(answer.problem(), (422, "validation_failed".to_owned()), "{fields}");
        assert_eq!(answer.pointers(), expected, "{fields}");
        assert!(!answer.text.contains("hunter2") && !answer.text.contains("seven77"), "{}", answer.text);
    }
    assert!(world.store.accounts(world.tenant).await.unwrap().is_empty());
    let shape = world.account(KEY, Method::PUT, "/acme", &[], &json!({ "feilds": {} })).await;
    assert_eq!(shape.pointers(), ["/feilds unknown_field", "/fields missing", "/fields/password missing"]);
}

#[tokio::test]
async fn a_form_can_ask_for_what_an_account_needs() {
    let world = World::new().await;
    let fields = world.get("/v1/providers/acme").await.json()["account_fields"].clone();
    let number = json!({ "name": "shop_number", "type": "integer", "secret": false, "required": false, "choices": [],
        "pattern": "^(0|[1-9][0-9]*)$", "minimum": 1, "maximum": 9_999, "max_length": 4_096, "description": "of the shop" });
    assert_eq!(fields[1], number);
    assert_eq!(
        (&fields[0]["secret"], &fields[0]["required"], &fields[0]["type"]),
        (&json!(true), &json!(true), &json!("string"))
    );
    assert_eq!((&fields[2]["type"], &fields[2]["choices"]), (&json!("boolean"), &json!(["true", "false"])));
}

#[tokio::test]
async fn what_the_financer_says_of_the_credentials_is_an_answer() {
    let world = World::new().await;
    for (password, status) in
        [("right", "works"), ("wrong", "refused"), ("nobody home", "unknown"), ("ask me not", "cannot_be_verified")]
    {
        assert!(world.put(&json!({ "password": password })).await.status.is_success());
        let answer = world.account(KEY, Method::POST, "/acme/verify", &[], &Value::Null).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (200, &json!(status)), "{}", answer.text);
        assert!(!answer.text.contains(&format!("\"{password}\"")));
    }
    assert_eq!(world.account(KEY, Method::POST, "/lender/verify", &[], &Value::Null).await.problem().0, 404);
}

#[tokio::test]
async fn accounts_of_another_merchant_or_mode_do_not_exist_and_new_ones_hold_at_once() {
    let world = World::new().await;
    assert!(world.put(&json!({ "password": "test secret" })).await.status.is_success());
    let body = json!({ "fields": { "password": "live secret" } });
    let live = world.account(LIVE_KEY, Method::PUT, "/acme", &[], &body).await.json();
    let test = world.account(KEY, Method::GET, "/acme", &[], &Value::Null).await.json();
    assert_eq!((&live["mode"], &test["mode"]), (&json!("live"), &json!("test")));
    assert_ne!(live["id"], test["id"]);
    for (method, below) in [
        (Method::GET, ""),
        (Method::GET, "/acme"),
        (Method::PUT, "/acme"),
        (Method::DELETE, "/acme"),
        (Method::POST, "/acme/verify"),
    ] {
        let answer = world.account(OTHER_KEY, method.clone(), below, &[], &body).await;
        assert_eq!(answer.problem(), (404, "not_found".to_owned()), "{method} {below}");
    }
    for nothing in ["/lender", "/Acme", "/%ff"] {
        assert_eq!(world.account(KEY, Method::PUT, nothing, &[], &body).await.problem().0, 404, "{nothing}");
    }
    // A checkout finds an account as soon as it is there, and none as soon as it is gone.
    world.opened("with").await;
    assert_eq!(world.account(KEY, Method::DELETE, "/acme?force=true", &[], &Value::Null).await.status, 204);
    let refused = world.post("/v1/checkouts", "without", crate::world::sample().to_string()).await;
    assert_eq!(refused.pointers(), ["/provider unknown_provider"]);
    world.platform().await;
    let put = world.account(PLATFORM_KEY, Method::PUT, "/acme", &[], &body).await;
    assert_eq!(put.status, 201, "{}", put.text);
    world.opened("again").await;
}
