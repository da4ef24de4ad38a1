//! The merchant's day: looking things up, not stepping on each other's toes, and the pages that explain it all.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Loan, TestGateway, carts, fresh, raw};

fn ids(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn lists_are_newest_first_and_come_in_pages() {
    let gateway = TestGateway::start().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.insert(0, gateway.merchant.open(&carts::usa()).await.ok(201).id());
    }
    let all = gateway.merchant.get("/v1/checkouts").await.body;
    assert_eq!((ids(&all), &all["has_more"], &all["next_cursor"]), (made.clone(), &json!(false), &json!(null)));

    let mut seen = Vec::new();
    let mut path = "/v1/checkouts?limit=2".to_owned();
    loop {
        let page = gateway.merchant.get(&path).await.ok(200).body.clone();
        seen.extend(ids(&page));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        assert_eq!(page["has_more"], true);
        path = format!("/v1/checkouts?limit=2&after={cursor}");
    }
    assert_eq!(seen, made);

    for wrong in ["limit=0", "limit=101", "limit=x", "after=x", "status=x", "created_after=x", "colour=red"] {
        let refused = gateway.merchant.get(&format!("/v1/checkouts?{wrong}")).await;
        refused.refused(400, "invalid_query");
        let name = wrong.split('=').next().unwrap();
        assert_eq!(refused.errors()[0].0, format!("?{name}"));
    }
}

#[tokio::test]
async fn lists_are_filtered_by_what_a_shop_knows() {
    let gateway = TestGateway::start().await;
    let mut other = carts::canada();
    other["reference"] = json!("another & order");
    let first = gateway.merchant.open(&carts::usa()).await.ok(201).clone();
    let second = gateway.merchant.open(&other).await.ok(201).clone();
    let loan = Loan::of(&gateway.merchant, &gateway.lender, &second).await;
    loan.tell("approved").await;
    let found = async |query: &str| ids(&gateway.merchant.get(&format!("/v1/checkouts?{query}")).await.ok(200).body);
    assert_eq!(found("reference=ORDER-123").await, [first.id()]);
    assert_eq!(found("reference=another+%26+order").await, [second.id()]);
    assert_eq!(found("reference=ORDER").await, [""; 0]);
    assert_eq!(found("status=authorized").await, [second.id()]);
    assert_eq!(found("status=requires_customer_action&provider=wegetfinancing").await, [first.id()]);
    assert_eq!(found("provider=sandbox").await, [""; 0]);
    let moment = second.str("/created_at");
    assert_eq!(found(&format!("created_after={moment}")).await, [second.id()]);
    assert_eq!(found(&format!("created_before={moment}")).await, [first.id()]);
}

#[tokio::test]
async fn a_change_with_an_old_etag_is_refused() {
    let gateway = TestGateway::start().await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    let path = format!("/v1/checkouts/{}", loan.id);
    let old = gateway.merchant.get(&path).await.header("etag").to_owned();
    assert!(old.starts_with('"') && old.ends_with('"'), "{old}");
    gateway.lender.decide(&loan.inv_id, json!({ "status": "approved" })).await;
    let new = gateway.merchant.get(&path).await.header("etag").to_owned();
    assert_ne!(old, new);

    let ship = |tag: &str| {
        let request = gateway.merchant.request(Method::POST, &format!("{path}/shipments"));
        let request = request.header("idempotency-key", fresh()).header("if-match", tag);
        gateway.merchant.send(request.json(&json!({ "status": "shipped" })))
    };
    ship(&old).await.refused(412, "precondition_failed");
    ship("3").await.refused(400, "invalid_header");
    assert_eq!(gateway.lender.calls("shipping").await, 0);
    ship(&new).await.ok(201);
    ship("*").await.ok(201);
}

#[tokio::test]
async fn another_merchants_checkout_does_not_exist() {
    let gateway = TestGateway::start().await;
    let other = gateway.another_merchant("Another shop").await;
    let loan = Loan::open(&gateway.merchant, &gateway.lender).await;
    loan.tell("approved").await;
    let path = format!("/v1/checkouts/{}", loan.id);
    for suffix in ["", "/timeline", "/refunds", "/shipments", "?expand=attempts"] {
        let theirs = other.get(&format!("{path}{suffix}")).await;
        theirs.refused(404, "not_found");
        let nobodys = other.get(&format!("/v1/checkouts/chk_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b{suffix}")).await;
        assert_eq!(theirs.str("/detail"), nobodys.str("/detail"), "told apart by nothing");
    }
    for operation in ["cancel", "capture", "refunds", "attempts"] {
        other.post(&format!("{path}/{operation}"), &fresh(), &json!({})).await.refused(404, "not_found");
    }
    other.ship(&loan.id, &json!({ "status": "shipped" })).await.refused(404, "not_found");
    other.send(other.request(Method::POST, &format!("{path}/refresh"))).await.refused(404, "not_found");
    assert_eq!(ids(&other.get("/v1/checkouts").await.body), [""; 0]);
    assert_eq!(gateway.lender.calls("shipping").await, 0);
}

#[tokio::test]
async fn only_a_known_key_opens_the_door() {
    let gateway = TestGateway::start().await;
    let url = format!("{}/v1/checkouts", gateway.merchant.url);
    let http = &gateway.merchant.http;
    for request in [
        http.get(&url),
        http.get(&url).bearer_auth("lp_test_nobody"),
        http.get(&url).bearer_auth(""),
        http.get(&url).basic_auth("user", Some(&gateway.merchant.key)),
        http.get(&url).header("authorization", gateway.merchant.key.as_str()),
        http.post(&url).json(&carts::usa()).header("idempotency-key", "a"),
    ] {
        let refused = gateway.merchant.send(request).await;
        refused.refused(401, "unauthorized");
        assert!(refused.header("www-authenticate").starts_with("Bearer"));
    }
}

#[tokio::test]
async fn attempts_and_events_are_shown_when_asked_for() {
    let gateway = TestGateway::start().await;
    let made = gateway.merchant.open(&carts::usa()).await;
    let path = format!("/v1/checkouts/{}", made.ok(201).id());
    assert_eq!(made.header("location"), path);
    let plain = gateway.merchant.get(&path).await.body;
    assert!(plain.get("attempts").is_none() && plain.get("events").is_none());
    let both = gateway.merchant.get(&format!("{path}?expand=attempts,events")).await.body;
    assert_eq!(both["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(both["events"].as_array().unwrap().len(), 2);
    let events = gateway.merchant.get(&format!("{path}?expand=events")).await.body;
    assert!(events.get("attempts").is_none() && events["events"].is_array());
    gateway.merchant.get(&format!("{path}?expand=customer")).await.refused(400, "invalid_query");
}

#[tokio::test]
async fn the_answer_to_create_is_what_is_read_afterwards() {
    let gateway = TestGateway::start().await;
    let mut cart = carts::usa();
    cart["metadata"] = json!({ "cart": "42" });
    let made = gateway.merchant.open(&cart).await;
    let read = gateway.merchant.get(&format!("/v1/checkouts/{}", made.ok(201).id())).await;
    assert_eq!(made.facts(), read.facts());
    assert_eq!(made.header("etag"), read.header("etag"));
    assert_eq!(read.body["metadata"], json!({ "cart": "42" }));
    let page = gateway.merchant.http.get(made.str("/checkout_url")).send().await.unwrap();
    assert_eq!(page.status(), 200, "the customer's page");
    assert_eq!(read.header("lendport-version"), "2026-11-21");
    assert_eq!(read.header("cache-control"), "no-store");
}

#[tokio::test]
async fn the_provider_says_what_it_can_do() {
    let gateway = TestGateway::start().await;
    let list = gateway.merchant.get("/v1/providers").await;
    let names: Vec<_> = list.body["data"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
    assert!(names.contains(&json!("wegetfinancing")), "{names:?}");
    let one = gateway.merchant.get("/v1/providers/wegetfinancing").await;
    assert_eq!(
        one.ok(200).body["markets"],
        json!([{ "country": "US", "currency": "USD" }, { "country": "CA", "currency": "USD" }])
    );
    let password = one.body["account_fields"].as_array().unwrap().iter().find(|field| field["name"] == "password");
    assert_eq!(password.unwrap()["secret"], true);
    gateway.merchant.get("/v1/providers/nobody").await.refused(404, "not_found");
}

#[tokio::test]
async fn the_pages_that_explain_it_are_there_and_need_no_network() {
    let gateway = TestGateway::start().await;
    let get = async |path: &str| {
        let response = gateway.merchant.http.get(format!("{}{path}", gateway.merchant.url)).send().await.unwrap();
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        (response.status().as_u16(), kind, response.text().await.unwrap())
    };
    let (status, kind, text) = get("/docs").await;
    assert_eq!(status, 200);
    assert!(kind.starts_with("text/html"));
    assert!(text.contains("/v1/checkouts") && text.contains("Idempotency-Key"));
    let outside = text.split("src=\"").skip(1).chain(text.split("href=\"").skip(1));
    let loaded: Vec<&str> = outside.filter(|rest| rest.starts_with("http") || rest.starts_with("//")).collect();
    assert!(loaded.is_empty(), "loads from elsewhere: {loaded:?}");

    let (status, kind, text) = get("/openapi.json").await;
    assert_eq!((status, kind.split(';').next().unwrap()), (200, "application/json"));
    assert!(text == lendport_http::openapi_json(), "what is served is what is committed");

    for path in ["/healthz", "/readyz"] {
        assert_eq!(get(path).await.0, 200, "{path}");
    }
    let refused = gateway.merchant.open(&json!({})).await;
    let page = refused.str("/type").strip_prefix(&gateway.merchant.url).unwrap().to_owned();
    assert_eq!(page, "/problems/validation_failed");
    let (status, kind, text) = get(&page).await;
    assert!(status == 200 && kind.starts_with("text/html") && text.contains("validation_failed"));
    assert_eq!(get("/problems/no_such_code").await.0, 404);
}

#[tokio::test]
async fn head_and_options_answer_without_a_body() {
    let gateway = TestGateway::start().await;
    let made = gateway.merchant.open(&carts::usa()).await;
    let authorization = format!("authorization: Bearer {}", gateway.merchant.key);
    let url = |path: &str| format!("{}{path}", gateway.merchant.url);
    for path in ["/healthz", "/docs", "/openapi.json", "/v1/checkouts", &format!("/v1/checkouts/{}", made.id())] {
        let answer = raw::send(&url(path), "HEAD", &[&authorization], "").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n"), "{path}: {answer}");
    }
    let answer = raw::send(&url("/v1/checkouts"), "OPTIONS", &[], "").await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    let allowed = answer.lines().find_map(|line| line.strip_prefix("allow: ")).unwrap();
    let methods: BTreeSet<&str> = allowed.split(',').map(str::trim).collect();
    assert!(methods.is_superset(&["GET", "POST"].into()), "{allowed}");
}

#[tokio::test]
async fn what_does_not_exist_is_a_problem_document_too() {
    let gateway = TestGateway::start_with(&[("server.body_max_bytes", "65536")]).await;
    let merchant = &gateway.merchant;
    for (method, path, status, code) in [
        (Method::GET, "/v1/nothing", 404, "not_found"),
        (Method::GET, "/nothing", 404, "not_found"),
        (Method::GET, "/v1/checkouts/x", 404, "not_found"),
        (Method::DELETE, "/v1/checkouts", 405, "method_not_allowed"),
        (Method::PUT, "/v1/providers", 405, "method_not_allowed"),
    ] {
        let refused = merchant.send(merchant.request(method, path)).await;
        refused.refused(status, code);
        assert_eq!(refused.header("content-type"), "application/problem+json");
    }
    let plain = merchant.request(Method::POST, "/v1/checkouts").header("idempotency-key", fresh()).body("{}");
    merchant.send(plain.header("content-type", "text/plain")).await.refused(415, "unsupported_media_type");
    let large = merchant.request(Method::POST, "/v1/checkouts").header("idempotency-key", fresh());
    let large = large.header("content-type", "application/json").body(" ".repeat(65_537));
    merchant.send(large).await.refused(413, "body_too_large");
}
