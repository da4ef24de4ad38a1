//! Transactions one by one and as lists, which sweeps are made of.

use serde_json::{Value, json};

use crate::support::{Refused as _, Running, cart, start};

/// The ids of the orders on one page. Orders are `2f96...` for all, so each has its lines to be told apart by.
async fn skus(sim: &Running, query: &str) -> Vec<String> {
    let page = sim.read(&format!("transactions{query}"), None).await;
    let each = page["transactions"].as_array().unwrap().iter();
    each.map(|one| one["items"][0]["sku"].as_str().unwrap().to_owned()).collect()
}

async fn lease(sim: &Running, sku: &str, sign: bool) {
    let customer = sim.approved(&format!("{sku}@example.com")).await;
    let lease = sim.leased(&customer, &cart(&format!("T-{sku}"), &[(sku, "100", 1)])).await;
    if sign {
        assert_eq!(sim.sign(&customer, &lease).await.status, 200);
    }
}

#[tokio::test]
async fn pages_statuses_and_days() {
    let sim = start().await;
    // Made at noon, 23:30 UTC, and 00:30 the day after.
    lease(&sim, "A", true).await;
    sim.seconds(11 * 3600 + 1800).await;
    lease(&sim, "B", false).await;
    sim.seconds(3600).await;
    lease(&sim, "C", true).await;
    assert_eq!(skus(&sim, "").await, ["C", "B", "A"]);
    assert_eq!(skus(&sim, "?leaseStatus=signed").await, ["C", "A"]);
    assert_eq!(skus(&sim, "?leaseStatus=pending").await, ["B"]);
    assert_eq!(skus(&sim, "?page=2&limit=2").await, ["A"]);
    assert_eq!(skus(&sim, "?page=9").await, [""; 0]);
    assert_eq!(skus(&sim, "?fromDate=2026-11-22").await, ["C"]);
    assert_eq!(skus(&sim, "?toDate=2026-11-21").await, ["B", "A"]);
    assert_eq!(skus(&sim, "?fromDate=2026-11-21T20:00:00Z&toDate=2026-11-22").await, ["C", "B"]);
    // Days of the east coast: the last one was made on the 21st there.
    sim.set(json!({"list_offset_minutes": -300})).await;
    assert_eq!(skus(&sim, "?fromDate=2026-11-22").await, [""; 0]);
    assert_eq!(skus(&sim, "?toDate=2026-11-21").await, ["C", "B", "A"]);
    let meta = sim.read("transactions?limit=2", None).await["meta"].clone();
    assert_eq!(meta, json!({"count": 3, "totalPages": 2, "page": 1, "limit": 2}));
    for (query, message) in [
        ("page=0", "\"page\" must be larger than or equal to 1"),
        ("page=1001", "\"page\" must be less than or equal to 1000"),
        ("limit=x", "\"limit\" must be a number"),
        ("leaseStatus=finalized", "\"leaseStatus\" must be one of [signed, pending]"),
        ("fromDate=yesterday", "\"fromDate\" must be a valid date"),
    ] {
        let (status, code, said) = sim.get(&format!("transactions?{query}"), None).await.error();
        assert_eq!((status, code, said.as_str()), (400, json!(""), message));
    }
    sim.stop().await;
}

#[tokio::test]
async fn lists_may_lag_behind() {
    let sim = start().await;
    sim.set(json!({"list_lag_ms": 60_000})).await;
    lease(&sim, "A", true).await;
    assert_eq!(skus(&sim, "").await, [""; 0]);
    assert_eq!(sim.get("transactions/T-A", None).await.status, 200);
    sim.seconds(60).await;
    assert_eq!(skus(&sim, "").await, ["A"]);
    sim.stop().await;
}

#[tokio::test]
async fn a_thousand_on_one_page() {
    let sim = start().await;
    let customer = sim.approved("ada+limit100000@example.com").await;
    for place in 0..1_005 {
        sim.leased(&customer, &cart(&format!("T-{place}"), &[("A", "50", 1)])).await;
    }
    let page = sim.read("transactions?limit=1000", None).await;
    assert_eq!(page["transactions"].as_array().unwrap().len(), 1_000);
    assert_eq!(page["meta"], json!({"count": 1005, "totalPages": 2, "page": 1, "limit": 1000}));
    let rest = sim.read("transactions?limit=1000&page=2", None).await;
    assert_eq!(rest["transactions"].as_array().unwrap().len(), 5);
    sim.stop().await;
}

#[tokio::test]
async fn nobody_sees_anothers() {
    let sim = start().await;
    sim.turn("/accounts", json!({"api_key": "second", "auth_key": "auth-2"})).await;
    lease(&sim, "A", true).await;
    let second = [("authorization", "second")];
    for (method, path) in [
        ("GET", "transactions/T-A"),
        ("POST", "transactions/T-A/finalize"),
        ("POST", "transactions/T-A/cancel"),
        ("POST", "transactions/T-A/return"),
        ("POST", "transactions/T-A/confirm-shipment"),
        ("POST", "transactions/T-A/confirm-receipt"),
    ] {
        let reply = sim.raw(method, &format!("/v3/{path}"), &second, b"").await.unwrap();
        let (status, code, message) = reply.error();
        assert_eq!((status, code), (404, json!("LeaseNotFound")), "{method} {path}");
        assert_eq!(message, "The lease requested was not found");
    }
    let listed = sim.raw("GET", "/v3/transactions", &second, b"").await.unwrap().json();
    assert_eq!(listed["data"]["meta"]["count"], 0);
    sim.set(json!({"older_words": true})).await;
    let (_, code, _) = sim.get("transactions/T-B", None).await.error();
    assert_eq!(code, "TransactionNotFound");
    let seen = sim.seen("T-A").await;
    assert_eq!(seen["calls"], json!({"create_lease": 1, "sign": 1}), "none of that reached it");
    sim.stop().await;
}

#[tokio::test]
async fn ids_and_words_can_be_others() {
    let sim = start().await;
    lease(&sim, "A", false).await;
    assert!(sim.read("transactions/T-A", None).await["id"].as_str().unwrap().starts_with("eyJ"));
    sim.set(json!({"transaction_ids": "own"})).await;
    assert_eq!(sim.read("transactions/T-A", None).await["id"], "T-A");
    sim.turn("/requests/T-A/decide", json!({"say": "in_limbo"})).await;
    assert_eq!(sim.read("transactions/T-A", None).await["lease"]["status"], "in_limbo");
    sim.turn("/requests/T-A/decide", json!({"say": null})).await;
    assert_eq!(sim.read("transactions/T-A", None).await["lease"]["status"], "pending");
    sim.turn("/requests/T-A/decide", json!({"status": "sign"})).await;
    assert_eq!(sim.read("transactions/T-A", None).await["lease"]["status"], "signed");
    let decide = async |body: Value| sim.control("POST", "/requests/T-A/decide", &body).await.status;
    assert_eq!(decide(json!({"status": "expire"})).await, 409);
    assert_eq!(decide(json!({"status": "dance"})).await, 422);
    assert_eq!(decide(json!({"states": "sign"})).await, 422);
    assert_eq!(sim.control("POST", "/requests/T-B/decide", &json!({"status": "sign"})).await.status, 404);
    sim.stop().await;
}

#[tokio::test]
async fn one_transaction_can_say_something_else() {
    let sim = start().await;
    lease(&sim, "A", true).await;
    lease(&sim, "B", true).await;
    let shown = json!({"/purchaseTotal": 123.45, "/items/0/quantity": 2, "/customer/id": "somebody"});
    sim.turn("/requests/T-A/decide", json!({ "shown": shown })).await;
    for seen in
        [sim.read("transactions/T-A", None).await, sim.read("transactions", None).await["transactions"][1].clone()]
    {
        assert_eq!((&seen["purchaseTotal"], &seen["items"][0]["quantity"]), (&json!(123.45), &json!(2)));
        assert_eq!((&seen["customer"]["id"], &seen["lease"]["status"]), (&json!("somebody"), &json!("signed")));
    }
    assert_eq!(sim.read("transactions/T-B", None).await["purchaseTotal"], 10000);
    let wrong = json!({"shown": {"/items/3/quantity": 2}});
    assert_eq!(sim.control("POST", "/requests/T-A/decide", &wrong).await.status, 422);
    assert_eq!(sim.read("transactions/T-A", None).await["purchaseTotal"], 123.45, "another decision changes nothing");
    sim.turn("/requests/T-A/decide", json!({"shown": {}})).await;
    assert_eq!(sim.read("transactions/T-A", None).await["purchaseTotal"], 10000);
    sim.stop().await;
}

#[tokio::test]
async fn what_is_remembered_can_be_forgotten() {
    let sim = start().await;
    lease(&sim, "A", false).await;
    lease(&sim, "B", false).await;
    assert_eq!(sim.control("DELETE", "/requests/T-A", &Value::Null).await.status, 204);
    assert_eq!(sim.control("DELETE", "/requests/T-A", &Value::Null).await.status, 404);
    assert_eq!((sim.stored().await, sim.get("transactions/T-A", None).await.status), (1, 404));
    assert_eq!(sim.control("DELETE", "/requests", &Value::Null).await.status, 204);
    assert_eq!(sim.stored().await, 0);
    sim.set(json!({"funnel": "x"})).await;
    assert_eq!(sim.control("POST", "/reset", &Value::Null).await.status, 204);
    let settings = sim.control("GET", "/settings", &Value::Null).await.json();
    assert_eq!(settings["funnel"], "tireagent");
    assert_eq!(sim.control("GET", "/users", &Value::Null).await.json(), json!({"users": []}));
    assert_eq!(sim.control("POST", "/settings", &json!({"funnels": "x"})).await.status, 422);
    sim.stop().await;
}
