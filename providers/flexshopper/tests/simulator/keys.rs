//! Keys, tokens that belong to one key, headers and bodies.

use serde_json::{Value, json};

use crate::support::{AUTH_KEY, KEY, Refused as _, Running, application, start, text};

/// The 25 calls of the reference.
pub(crate) const CALLS: [(&str, &str, &str); 25] = [
    ("user_exists", "GET", "user-exists?email=a@example.com"),
    ("deep_exists", "POST", "users/exists"),
    ("create_user", "POST", "users"),
    ("authorize", "GET", "users/5a9/authorize"),
    ("me", "GET", "users/me"),
    ("users", "GET", "users"),
    ("add_payment_method", "POST", "paymentMethods/add"),
    ("payment_methods", "GET", "customers/me/payment-methods"),
    ("verify_ach", "POST", "paymentMethods/5a9/verifyACH"),
    ("child_key", "POST", "paymentMethods/child-transaction-key"),
    ("pkms", "GET", "gateways/clover/pkms"),
    ("apply", "POST", "users/me/apply"),
    ("create_lease", "POST", "leases"),
    ("lease", "GET", "leases/eyJ"),
    ("sign", "POST", "leases/eyJ/sign"),
    ("transaction", "GET", "transactions/T-1"),
    ("transactions", "GET", "transactions"),
    ("finalize", "POST", "transactions/T-1/finalize"),
    ("cancel", "POST", "transactions/T-1/cancel"),
    ("return", "POST", "transactions/T-1/return"),
    ("confirm_shipment", "POST", "transactions/T-1/confirm-shipment"),
    ("confirm_receipt", "POST", "transactions/T-1/confirm-receipt"),
    ("agreements", "GET", "customers/me/agreements"),
    ("collect_payment", "POST", "customers/me/agreements/5a9/transactions/payment"),
    ("settings", "GET", "settings/lease"),
];

/// The calls that speak for a customer.
const PERSONAL: [&str; 9] = [
    "me",
    "add_payment_method",
    "payment_methods",
    "apply",
    "create_lease",
    "lease",
    "sign",
    "agreements",
    "collect_payment",
];

#[tokio::test]
async fn every_call_needs_the_bare_key_and_is_counted() {
    let sim = start().await;
    let wrong = json!({"message": "Invalid authentication credentials"});
    for (name, method, path) in CALLS {
        let path = format!("/v3/{path}");
        let none = sim.raw(method, &path, &[], b"").await.unwrap();
        assert_eq!((none.status, none.json()), (401, json!({"message": "No API key found in request"})), "{name}");
        for key in ["another", &format!("Bearer {KEY}"), AUTH_KEY] {
            let reply = sim.raw(method, &path, &[("authorization", key)], b"").await.unwrap();
            assert_eq!((reply.status, reply.json()), (401, wrong.clone()), "{name} {key}");
        }
        let right = sim.raw(method, &path, &[("authorization", KEY)], b"").await.unwrap();
        let gateway = right.json().get("message").is_some();
        assert_eq!(gateway, PERSONAL.contains(&name), "{name}: {}", right.text());
        if gateway {
            assert_eq!((right.status, right.json()), (401, json!({"message": "Unauthorized"})), "{name}");
        }
    }
    let counted = sim.control("GET", "/calls", &Value::Null).await.json();
    for (name, _, _) in CALLS {
        assert_eq!(counted[name], 5, "{name}");
    }
    sim.stop().await;
}

#[tokio::test]
async fn what_is_no_call_is_told_before_the_key() {
    let sim = start().await;
    for (method, path) in
        [("POST", "/v3/transactions/T-1/return-items"), ("GET", "/v3/transaction/T-1"), ("PUT", "/v3/users")]
    {
        let reply = sim.raw(method, path, &[], b"").await.unwrap();
        let expected = json!({"message": "no Route matched with those values"});
        assert_eq!((reply.status, reply.json()), (404, expected), "{method} {path}");
    }
    assert_eq!(sim.raw("GET", "/elsewhere", &[], b"").await.unwrap().status, 404);
    sim.stop().await;
}

#[tokio::test]
async fn bodies_are_json_and_say_so() {
    let sim = start().await;
    let body = json!({"email": "a@example.com"}).to_string();
    let send = async |kind: Option<&str>, body: &str| {
        let mut headers = vec![("authorization", KEY)];
        headers.extend(kind.map(|kind| ("content-type", kind)));
        sim.raw("POST", "/v3/users/exists", &headers, body.as_bytes()).await.unwrap()
    };
    assert_eq!(send(Some("application/json; charset=utf-8"), &body).await.status, 200);
    for kind in [None, Some("application/x-www-form-urlencoded")] {
        assert_eq!(send(kind, &body).await.error().0, 400, "{kind:?}");
        assert_eq!(sim.why().await, "the body is not labelled application/json");
    }
    for wrong in ["{", "[]", "\"text\"", "{\"email\":'a'}"] {
        let (status, code, message) = send(Some("application/json"), wrong).await.error();
        assert_eq!(
            (status, code, message.as_str()),
            (400, json!(""), "Invalid request payload JSON format"),
            "{wrong}"
        );
    }
    sim.stop().await;
}

async fn with_key(sim: &Running, key: &str, method: &str, path: &str, token: Option<&str>, body: &Value) -> u16 {
    let mut headers = vec![("authorization", key), ("content-type", "application/json")];
    headers.extend(token.map(|token| ("customer-token", token)));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    sim.raw(method, &format!("/v3/{path}"), &headers, body.as_bytes()).await.unwrap().status
}

#[tokio::test]
async fn a_token_is_good_for_its_own_key_alone() {
    let sim = start().await;
    let other = "key-of-the-second-merchant";
    assert_eq!(sim.turn("/accounts", json!({"api_key": other, "auth_key": "auth-2"})).await, json!({"account": 1}));
    let taken = sim.control("POST", "/accounts", &json!({"api_key": other, "auth_key": "auth-3"})).await;
    assert_eq!(taken.status, 409);
    let ada = sim.approved("ada@example.com").await;

    for (name, method, path) in CALLS.iter().filter(|(name, _, _)| PERSONAL.contains(name)) {
        assert_eq!(with_key(&sim, other, method, path, Some(&ada.token), &Value::Null).await, 401, "{name}");
    }
    let accounts = async || sim.control("GET", "/accounts", &Value::Null).await.json()["accounts"].clone();
    let seen = accounts().await;
    assert_eq!((&seen[0]["mixed_tokens"], &seen[1]["mixed_tokens"]), (&json!(9), &json!(9)));
    assert_eq!((&seen[0]["calls"], &seen[1]["calls"]), (&json!(3), &json!(9)));
    assert_eq!(with_key(&sim, KEY, "GET", "users/me", Some(&ada.token), &Value::Null).await, 200, "no harm done yet");

    // The other merchant makes a token of its own for the same customer.
    let path = format!("/v3/users/{}/authorize", ada.id);
    let made = sim.raw("GET", &path, &[("authorization", other)], b"").await.unwrap().json();
    let own = text(&made["data"]["token"]);
    assert_eq!(with_key(&sim, other, "GET", "users/me", Some(&own), &Value::Null).await, 200);
    assert_eq!(with_key(&sim, KEY, "GET", "users/me", Some(&own), &Value::Null).await, 401);

    sim.set(json!({"mixed_tokens": "suspend"})).await;
    assert_eq!(with_key(&sim, other, "POST", "users/me/apply", Some(&ada.token), &application()).await, 401);
    assert_eq!(accounts().await[1]["suspended"], true);
    for key in [KEY, other] {
        let reply = sim.raw("GET", "/v3/settings/lease", &[("authorization", key)], b"").await.unwrap();
        assert_eq!((reply.status, reply.json()), (403, json!({"message": "Consumer is suspended"})));
    }
    sim.stop().await;
}

#[tokio::test]
async fn tokens_end() {
    let sim = start().await;
    let ada = sim.customer("ada@example.com").await;
    let status = async |token: &str| sim.get("users/me", Some(token)).await.status;
    sim.seconds(3_599).await;
    assert_eq!(status(&ada.token).await, 200);
    sim.seconds(1).await;
    assert_eq!(status(&ada.token).await, 401);
    let fresh = text(&sim.read(&format!("users/{}/authorize", ada.id), None).await["token"]);
    assert!(fresh.starts_with("\"eyJ"), "{fresh}");
    // With the quote it was printed with, and without.
    assert_eq!((status(&fresh).await, status(fresh.trim_start_matches('"')).await), (200, 200));
    sim.turn(&format!("/users/{}/decide", ada.id), json!({"end_tokens": true})).await;
    assert_eq!(status(&fresh).await, 401);
    sim.stop().await;
}

#[tokio::test]
async fn the_consumer_is_checked_when_it_is_there_and_needed_when_the_rules_say() {
    let sim = start().await;
    let send = async |consumer: Option<&str>| {
        let mut headers = vec![("authorization", KEY), ("content-type", "application/json")];
        headers.extend(consumer.map(|text| ("x-consumer-custom-id", text)));
        let body = json!({"firstName": "Ada", "lastName": "Smith", "email": "a@example.com"}).to_string();
        sim.raw("POST", "/v3/users", &headers, body.as_bytes()).await.unwrap()
    };
    assert_eq!(send(None).await.status, 200);
    for wrong in ["web", "web:", ":42", "web:42:7"] {
        assert_eq!(send(Some(wrong)).await.status, 400, "{wrong}");
    }
    sim.set(json!({"consumer_required": true})).await;
    assert_eq!(send(None).await.error().2, "\"x-consumer-custom-id\" is required");
    assert_eq!(send(Some("web:42")).await.status, 409, "it gets as far as finding the user");
    sim.stop().await;
}

#[tokio::test]
async fn strange_members_are_noted_or_refused() {
    let sim = start().await;
    let body = json!({"email": "a@example.com", "emial": "b", "address": {"street1": "1", "city": "c", "region": "FL",
        "postalCode": "3", "country": "US", "planet": "Earth"}});
    sim.ok("users/exists", None, &body).await;
    let notes = sim.control("GET", "/notes", &Value::Null).await.json();
    assert_eq!(notes["unknown_fields"], json!(["deep_exists: address.planet", "deep_exists: emial"]));
    sim.set(json!({"refuse_unknown_fields": true})).await;
    let (_, code, message) = sim.refused("users/exists", None, &body).await;
    assert_eq!((code, message.as_str()), (json!(""), "\"emial\" is not allowed"));
    sim.stop().await;
}

#[tokio::test]
async fn a_limit_of_calls_counts_each_key() {
    let sim = start().await;
    sim.turn("/accounts", json!({"api_key": "second", "auth_key": "auth-2"})).await;
    sim.set(json!({"rate_calls": 2, "rate_window_ms": 90_500})).await;
    let call = async |key: &str| sim.raw("GET", "/v3/settings/lease", &[("authorization", key)], b"").await.unwrap();
    assert_eq!(call(KEY).await.status, 200);
    sim.seconds(60).await;
    assert_eq!(call(KEY).await.status, 200);
    let over = call(KEY).await;
    assert_eq!((over.status, over.json()), (429, json!({"message": "API rate limit exceeded"})));
    assert_eq!(over.header("retry-after"), Some("31"));
    assert_eq!(call("second").await.status, 200);
    sim.seconds(31).await;
    assert_eq!((call(KEY).await.status, call(KEY).await.status), (200, 429));
    sim.stop().await;
}
