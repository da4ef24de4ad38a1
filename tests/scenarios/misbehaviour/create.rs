//! The create call against a server that misbehaves.

use std::time::{Duration, Instant};

use lendport_testkit::{Fault, FaultyServer, refused_address};
use serde_json::json;

use crate::harness::{Answer, Merchant, ServedGateway, carts, fresh};

/// What one call to the provider may take: long enough for a busy machine to read every broken answer.
const LIMIT_MS: u64 = 10_000;

/// A good answer for the usual cart.
fn good() -> Fault {
    let id = "df0c3186b69be8aad35ff837a841d347";
    let body = json!({ "inv_id": id, "href": format!("https://partner.example/lc/info/{id}"), "amount": "1420.00" });
    Fault::Json(200, body.to_string())
}

struct Failed {
    key: String,
    problem: Answer,
    id: String,
}

/// Creates, expects this problem, and checks that nobody is told of a financed checkout.
async fn fails(merchant: &Merchant, status: u16, code: &str, retryable: bool, checkout: &str) -> Failed {
    let key = fresh();
    let problem = merchant.post("/v1/checkouts", &key, &carts::usa()).await;
    problem.refused(status, code);
    assert_eq!(problem.body["retryable"], retryable, "{}", problem.text);
    assert_eq!(problem.str("/provider/id"), "wegetfinancing");
    assert_eq!(problem.str("/checkout/status"), checkout);
    let id = problem.str("/checkout/id").to_owned();
    let seen = merchant.read(&id).await;
    assert_eq!(seen.str("/status"), checkout);
    assert_eq!((&seen.body["can_fulfill"], &seen.body["next_action"]), (&json!(false), &json!(null)));
    assert_eq!(seen.str("/amounts/authorized"), "0.00");
    Failed { key, problem, id }
}

/// The same key goes on with a new attempt now that the provider is well.
async fn goes_on(merchant: &Merchant, failed: &Failed) {
    let again = merchant.post("/v1/checkouts", &failed.key, &carts::usa()).await;
    assert!(!again.ok(201).replayed());
    assert_eq!((again.id(), again.str("/status")), (failed.id.clone(), "requires_customer_action"));
    assert!(!again.str("/next_action/url").is_empty());
    assert_eq!(merchant.read(&failed.id).await.body["attempts"].as_array().unwrap().len(), 2);
    let replay = merchant.post("/v1/checkouts", &failed.key, &carts::usa()).await;
    assert!(replay.ok(201).replayed());
    assert_eq!(replay.text, again.text);
}

#[tokio::test]
async fn a_refused_connection_is_failed_and_the_same_key_goes_on_later() {
    let address = refused_address().await.unwrap();
    let gateway = ServedGateway::start(&format!("http://{address}"), LIMIT_MS).await;
    let failed = fails(&gateway.merchant, 503, "provider_unavailable", true, "failed").await;
    assert_eq!(failed.problem.body["provider"]["status"], json!(null));
    let timeline = gateway.merchant.timeline(&failed.id).await;
    let call = timeline.iter().find(|entry| entry["kind"] == "operation").unwrap();
    assert_eq!(call["calls"][0]["failure"], "connect", "{call}");

    #[cfg(feature = "simulator")]
    {
        let _well = crate::harness::LoneSimulator::start(Some(address)).await;
        goes_on(&gateway.merchant, &failed).await;
    }
}

#[tokio::test]
async fn refused_tls_is_failed_and_nothing_was_sent() {
    let server = FaultyServer::start(Fault::Garbage).await.unwrap();
    let gateway = ServedGateway::start(&server.https_url(), LIMIT_MS).await;
    let failed = fails(&gateway.merchant, 503, "provider_unavailable", true, "failed").await;
    assert!(server.requests().iter().all(|request| !request.contains("merchant/1234")), "no request over plain text");
    fails_the_same_again(&gateway.merchant, &failed).await;
}

async fn fails_the_same_again(merchant: &Merchant, failed: &Failed) {
    let again = merchant.post("/v1/checkouts", &failed.key, &carts::usa()).await;
    again.refused(failed.problem.status, failed.problem.str("/code"));
    assert_eq!(again.str("/checkout/id"), failed.id);
    assert!(!again.replayed(), "it was tried anew");
}

#[tokio::test]
async fn silence_ends_at_the_time_limit_and_the_outcome_is_unknown() {
    let server = FaultyServer::start(Fault::Silence).await.unwrap();
    let gateway = ServedGateway::start(&server.url(), LIMIT_MS).await;
    let began = Instant::now();
    let failed = fails(&gateway.merchant, 504, "provider_outcome_unknown", true, "indeterminate").await;
    assert!(began.elapsed() >= Duration::from_millis(LIMIT_MS), "the provider had its time");
    assert_eq!(server.requests().len(), 1, "sent once");
    assert_eq!(gateway.merchant.attention(&failed.id).await, ["unknown_outcome"]);
    server.switch(good());
    goes_on(&gateway.merchant, &failed).await;
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn by_default_a_silent_provider_is_given_up_before_30_seconds_and_before_the_merchant_is() {
    let config = lendport::config::Config::load(None, []).unwrap();
    let section: serde_json::Value = config.provider_section("wegetfinancing").unwrap();
    let limit = section["request_timeout_ms"].as_u64().unwrap();
    assert!(limit < 30_000 && limit < config.server.request_timeout_ms, "{limit}");
}

#[tokio::test]
async fn every_broken_answer_has_its_own_problem_and_the_same_key_goes_on() {
    let server = FaultyServer::start(Fault::Reset).await.unwrap();
    let gateway = ServedGateway::start(&server.url(), LIMIT_MS).await;
    let elsewhere = FaultyServer::start(good()).await.unwrap();
    let json = |body: &str| Fault::Json(200, body.to_owned());
    let unknown = "indeterminate";
    for (fault, status, code) in [
        (Fault::Reset, 504, "provider_outcome_unknown"),
        (Fault::HalfBody, 502, "provider_bad_response"),
        (Fault::Trickle, 504, "provider_outcome_unknown"),
        (Fault::Garbage, 504, "provider_outcome_unknown"),
        (Fault::Html(200), 502, "provider_bad_response"),
        (Fault::Html(502), 503, "provider_unavailable"),
        (Fault::Json(500, String::new()), 503, "provider_unavailable"),
        (Fault::Redirect(elsewhere.url()), 502, "provider_bad_response"),
        (Fault::Huge { bytes: 50 * 1024 * 1024, announced: true }, 502, "provider_bad_response"),
        (Fault::Huge { bytes: 50 * 1024 * 1024, announced: false }, 502, "provider_bad_response"),
        (json(""), 502, "provider_bad_response"),
        (json("[]"), 502, "provider_bad_response"),
        (json(r#"{"inv_id":"abc","amount":"1420.00"}"#), 502, "provider_bad_response"),
        (json(r#"{"href":"https://partner.example/x","amount":"1420.00"}"#), 502, "provider_bad_response"),
        (json(r#"{"inv_id":"abc","href":"javascript:alert(1)","amount":"1420.00"}"#), 502, "provider_bad_response"),
        (json(r#"{"inv_id":"abc","href":"https://partner.example/x","amount":"a lot"}"#), 502, "provider_bad_response"),
    ] {
        server.switch(fault.clone());
        let before = server.requests().len();
        let failed = fails(&gateway.merchant, status, code, true, unknown).await;
        assert_eq!(server.requests().len(), before + 1, "{fault:?} was sent once");
        server.switch(good());
        goes_on(&gateway.merchant, &failed).await;
    }
    assert!(elsewhere.requests().is_empty(), "credentials never follow a redirect");
}

#[tokio::test]
async fn what_the_provider_surely_refused_is_failed_and_stays_so() {
    let server = FaultyServer::start(Fault::Reset).await.unwrap();
    let gateway = ServedGateway::start(&server.url(), LIMIT_MS).await;
    let error = |error: &str| json!({ "type": "error", "error": error, "code": 400, "stamp": "0x93a930" }).to_string();
    for (provider, answer, status, code) in [
        (401, error("http"), 502, "provider_credentials_rejected"),
        (403, String::new(), 502, "provider_credentials_rejected"),
        (404, error("http"), 502, "provider_configuration"),
        (400, error("generic"), 422, "provider_refused"),
        (400, "<html>".to_owned(), 422, "provider_refused"),
    ] {
        server.switch(Fault::Json(provider, answer));
        let failed = fails(&gateway.merchant, status, code, false, "failed").await;
        assert_eq!(failed.problem.body["provider"]["status"], provider);
        server.switch(good());
        let before = server.requests().len();
        let again = gateway.merchant.post("/v1/checkouts", &failed.key, &carts::usa()).await;
        assert_eq!((again.status, again.replayed(), again.text), (status, true, failed.problem.text));
        assert_eq!(server.requests().len(), before, "the answer is kept");
    }
}

#[tokio::test]
async fn the_providers_names_of_fields_come_back_as_ours() {
    let body = json!({
        "type": "error", "error": "invalid_parameters", "message": "InvalidParameters",
        "subjects": ["email", "billing_address.zipcode", "cart_items"],
        "reasons": { "email": "johnny@example.com is not deliverable", "cart_items": "Too many" }, "stamp": "0x1"
    });
    let server = FaultyServer::start(Fault::Json(400, body.to_string())).await.unwrap();
    let gateway = ServedGateway::start(&server.url(), LIMIT_MS).await;
    let failed = fails(&gateway.merchant, 422, "provider_refused", false, "failed").await;
    let mut pointers: Vec<String> = failed.problem.errors().into_iter().map(|(pointer, _)| pointer).collect();
    pointers.sort();
    assert_eq!(pointers, ["/billing_address/postal_code", "/customer/email", "/items"]);
    assert_eq!(failed.problem.str("/provider/code"), "invalid_parameters");
}

#[tokio::test]
async fn too_many_requests_is_failed_and_the_same_key_goes_on() {
    let server = FaultyServer::start(Fault::Json(429, String::new())).await.unwrap();
    let gateway = ServedGateway::start(&server.url(), LIMIT_MS).await;
    let failed = fails(&gateway.merchant, 503, "provider_unavailable", true, "failed").await;
    server.switch(good());
    goes_on(&gateway.merchant, &failed).await;
}

#[tokio::test]
async fn another_amount_stops_the_checkout_before_the_customer_sees_a_link() {
    let id = "df0c3186b69be8aad35ff837a841d347";
    let body = json!({ "inv_id": id, "href": "https://partner.example/x", "amount": "1472.69" });
    let server = FaultyServer::start(Fault::Json(200, body.to_string())).await.unwrap();
    let gateway = ServedGateway::start(&server.url(), LIMIT_MS).await;
    let failed = fails(&gateway.merchant, 502, "provider_amount_mismatch", false, "failed").await;
    let detail = failed.problem.str("/detail");
    assert!(detail.contains("1420.00") && detail.contains("1472.69"), "{detail}");
    assert_eq!(gateway.merchant.attention(&failed.id).await, ["amount_mismatch"]);
    let again = gateway.merchant.post("/v1/checkouts", &failed.key, &carts::usa()).await;
    assert_eq!((again.status, again.replayed()), (502, true));
    assert_eq!(server.requests().len(), 1);
}
