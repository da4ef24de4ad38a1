//! Headers, credentials, versions, throttle and bodies: every refusal before a call is looked at.

use serde_json::json;

use crate::support::{ACCOUNT, Refused as _, TOKEN, order, start, start_throttled};

const JSON: (&str, &str) = ("content-type", "application/json");
const AGENT: (&str, &str) = ("user-agent", "tests/1");

#[tokio::test]
async fn headers_and_credentials() {
    let sim = start().await;
    let good = format!("Bearer {TOKEN}");
    let auth = ("authorization", good.as_str());
    let table = [
        (vec![JSON, auth], 400, 1002, "User-Agent header is required"),
        (vec![JSON, auth, ("user-agent", " ")], 400, 1002, "User-Agent header is required"),
        (vec![AGENT, auth], 400, 1002, "Content-Type header is required"),
        (vec![AGENT, JSON], 400, 1002, "Authorization header is required"),
        (vec![AGENT, JSON, ("authorization", "Bearer wrong")], 401, 1006, "a valid access_token is required"),
        (vec![AGENT, JSON, ("authorization", TOKEN)], 401, 1006, "a valid access_token is required"),
        (vec![AGENT, JSON, ("authorization", "Bearer REVOKED_1")], 401, 1011, "this access_token has been revoked"),
        (vec![AGENT, JSON, auth, ("api-version", "2015-13-01")], 400, 1015, "that is not a valid API version"),
        (
            vec![AGENT, JSON, auth, ("api-version", "2014-01-08")],
            400,
            1016,
            "your application may not use that API version",
        ),
        (vec![AGENT, JSON, auth], 400, 4001, "there is no checkout with that ID"),
    ];
    for (headers, status, code, text) in table {
        let reply = sim.raw("POST", "/v2/checkout", &headers, br#"{"checkout_id":1}"#).await.unwrap();
        assert_eq!(reply.error(), (status, code, text.to_owned()), "{headers:?}");
        assert_eq!(reply.header("content-type"), Some("application/json"));
    }
    let text = reply_words(&sim.raw("POST", "/v2/checkout", &[AGENT, JSON, auth], b"{}").await.unwrap());
    assert_eq!(text, ["error", "error_description", "error_code"]);
    sim.set(json!({ "strict_versions": true })).await;
    let headers = [AGENT, JSON, auth, ("api-version", "2016-07-13")];
    assert_eq!(sim.raw("POST", "/v2/checkout", &headers, b"{}").await.unwrap().error().1, 1016);
}

fn reply_words(reply: &crate::support::Reply) -> Vec<String> {
    reply.json().as_object().unwrap().keys().cloned().collect()
}

#[tokio::test]
async fn bodies_that_cannot_be_read() {
    let sim = start().await;
    let good = format!("Bearer {TOKEN}");
    let headers = [AGENT, JSON, ("authorization", good.as_str())];
    for body in [&b"{"[..], b"[]", b"\"a\"", b"\xff\xfe", b"{\"a\":NaN}", b"hello"] {
        let reply = sim.raw("POST", "/v2/checkout", &headers, body).await.unwrap();
        assert_eq!((reply.error().0, reply.error().1), (400, 1005), "{body:?}");
    }
    let reply = sim.raw("POST", "/v2/checkout", &headers, &vec![b' '; 1024 * 1024 + 1]).await.unwrap();
    assert_eq!(reply.status, 413);
    for (method, path) in [("PUT", "/v2/checkout"), ("POST", "/v2/checkout/destroy"), ("POST", "/v2/account/create")] {
        assert_eq!(sim.raw(method, path, &headers, b"{}").await.unwrap().error().1, 1001, "{method} {path}");
    }
    assert_eq!(sim.raw("GET", "/nowhere", &[], b"").await.unwrap().status, 404);
}

#[tokio::test]
async fn thirty_calls_in_ten_seconds() {
    let sim = start_throttled(|_| {}).await;
    for _ in 0..30 {
        assert_eq!(sim.refused("", &json!({"checkout_id": 1})).await.1, 4001);
    }
    let (status, code, _) = sim.refused("", &json!({"checkout_id": 1})).await;
    assert_eq!((status, code), (429, 1007));
    assert_eq!(sim.call("", &json!({"checkout_id": 1})).await.json()["error"], "throttle_exceeded");
    let spent = order(json!({"unique_id": "throttled"}));
    assert_eq!(sim.refused("create", &spent).await.1, 1007);
    sim.control("POST", "/clock", &json!({"advance_ms": 9_999})).await;
    assert_eq!(sim.refused("", &json!({"checkout_id": 1})).await.1, 1007);
    sim.control("POST", "/clock", &json!({"advance_ms": 1})).await;
    assert_eq!(sim.refused("", &json!({"checkout_id": 1})).await.1, 4001, "the window slides on simulated time");
    assert_eq!(sim.refused("create", &spent).await.1, 1003, "a throttled create used its unique_id up");
    sim.set(json!({"throttle_spends_unique_id": false, "throttle_calls": 1})).await;
    let kept = order(json!({"unique_id": "kept"}));
    assert_eq!(sim.refused("create", &kept).await.1, 1007);
    sim.set(json!({"throttle_calls": 0})).await;
    sim.ok("create", &kept).await;
    assert_eq!(sim.control("GET", "/calls", &json!(null)).await.json()["create"], 4);
}

#[tokio::test]
async fn accounts_in_trouble() {
    let sim = start().await;
    for (account, status, code) in [
        (ACCOUNT + 1, 401, 3002),
        (ACCOUNT + 2, 400, 3003),
        (ACCOUNT + 3, 400, 3004),
        (ACCOUNT + 4, 400, 3001),
        (7, 400, 3001),
    ] {
        let (got, number, _) = sim.refused("create", &order(json!({ "account_id": account }))).await;
        assert_eq!((got, number), (status, code), "{account}");
        assert_eq!(sim.refused("find", &json!({ "account_id": account })).await.1, code);
    }
}

#[tokio::test]
async fn every_code_can_be_asked_for() {
    let sim = start().await;
    for (code, status, word) in [
        (1006, 401, "access_denied"),
        (1007, 429, "throttle_exceeded"),
        (1008, 500, "processing_error"),
        (1010, 401, "access_denied"),
        (1014, 401, "access_denied"),
        (2004, 400, "processing_error"),
        (3005, 400, "processing_error"),
        (4002, 401, "access_denied"),
        (4005, 400, "invalid_request"),
        (10003, 400, "invalid_request"),
    ] {
        sim.fault(json!({"on": "lookup", "kind": "error", "error_code": code})).await;
        let reply = sim.call("", &json!({"checkout_id": 1})).await;
        assert_eq!((reply.error().0, reply.error().1, reply.json()["error"].as_str()), (status, code, Some(word)));
    }
    sim.fault(json!({"on": "find", "kind": "error", "error_code": 1007, "retry_after": 7})).await;
    let reply = sim.call("find", &json!({"account_id": ACCOUNT})).await;
    assert_eq!((reply.status, reply.header("retry-after")), (429, Some("7")));
    let sim = sim.speaking("2018-08-29");
    let late = sim.call("refund", &json!({"checkout_id": 1})).await.json();
    assert_eq!((&late["details"][0]["target"], &late["error_code"]), (&json!("refund_reason"), &json!(1004)));
}
