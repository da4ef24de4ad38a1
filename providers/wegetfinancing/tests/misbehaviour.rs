//! A provider that misbehaves on the wire: each fault has a kind, a commit class and an end within the time limit.

#![expect(clippy::unwrap_used, reason = "tests")]

use lendport_core::{
    CallContext, CallLog, CascadeHints, CommitClass, CreateRequest, Created, ErrorKind, FinancingProvider,
    ProviderError, Secret,
};
use lendport_outbound::Outbound;
use lendport_testkit::clock::START;
use lendport_testkit::{Fault, FaultyServer, Sample, SeededIds, refused_address, samples};
use provider_wegetfinancing::{ProviderConfig, WeGetFinancing};

/// What a call may take that never ends by itself.
const LIMIT_MS: u64 = 800;
/// What one may take that does, on a machine that is busy with other tests.
const PATIENCE_MS: u64 = 120_000;

async fn create_at(base_url: &str) -> Result<Created, ProviderError> {
    create_within(PATIENCE_MS, base_url).await
}

async fn create_within(limit_ms: u64, base_url: &str) -> Result<Created, ProviderError> {
    let config = ProviderConfig { request_timeout_ms: limit_ms, ..ProviderConfig::default() }.with_sandbox_at(base_url);
    let outbound = Outbound::live(config.client_settings()).unwrap();
    let provider = WeGetFinancing::new(config, outbound);
    let account = samples::account(&[("merchant_id", "a/b ü"), ("username", "shop"), ("password", "p`ß:")]);
    let (ids, calls) = (SeededIds::default(), CallLog::new());
    let checkout = Sample::usa().checkout(&ids);
    let attempt = samples::attempt(&checkout, "wegetfinancing", &ids);
    let callback_url = Secret::from("https://gateway.example/callbacks/wegetfinancing/t");
    let ctx = CallContext { account: &account, mode: checkout.mode, now: START, calls: &calls };
    let request = CreateRequest {
        checkout: &checkout,
        attempt: &attempt,
        callback_url: &callback_url,
        hints: CascadeHints::FIRST,
    };
    let outcome = provider.create(ctx, request).await;
    assert_eq!(calls.records().len(), 1);
    outcome
}

#[tokio::test]
async fn each_fault_is_typed_and_in_time() {
    use CommitClass::{Rejected, Unknown};
    use ErrorKind::{BadResponse, Credentials, NoAnswer, Unavailable};
    let json = |status, body: &str| Fault::Json(status, body.to_owned());
    let server = FaultyServer::start(Fault::Silence).await.unwrap();
    for (fault, kind, commit) in [
        (Fault::Silence, NoAnswer, Unknown),
        (Fault::Trickle, NoAnswer, Unknown),
        (Fault::Reset, NoAnswer, Unknown),
        (Fault::Garbage, NoAnswer, Unknown),
        (Fault::HalfBody, BadResponse, Unknown),
        (Fault::Huge { bytes: 50 * 1024 * 1024, announced: true }, BadResponse, Unknown),
        (Fault::Huge { bytes: 50 * 1024 * 1024, announced: false }, BadResponse, Unknown),
        (Fault::Redirect("http://127.0.0.1:9/".to_owned()), BadResponse, Unknown),
        (Fault::Html(200), BadResponse, Unknown),
        (Fault::Html(502), Unavailable, Unknown),
        (Fault::Html(401), Credentials, Rejected),
        (json(200, r#"{"inv_id":"1","amount":"1420.00"}"#), BadResponse, Unknown),
        (json(200, r#"{"inv_id":1,"href":"https://a.example/","amount":"1420.00"}"#), BadResponse, Unknown),
        (json(200, r#"{"inv_id":"1","href":"https://a.example/","amount":1e400}"#), BadResponse, Unknown),
        (json(200, &"[".repeat(100_000)), BadResponse, Unknown),
    ] {
        server.switch(fault.clone());
        let endless = matches!(fault, Fault::Silence | Fault::Trickle);
        let error = create_within(if endless { LIMIT_MS } else { PATIENCE_MS }, &server.url()).await.unwrap_err();
        assert_eq!((&error.kind, error.commit), (&kind, commit), "{fault:?}");
    }
}

#[tokio::test]
async fn what_never_left_is_not_sent() {
    let nobody = refused_address().await.unwrap();
    let error = create_at(&format!("http://{nobody}")).await.unwrap_err();
    assert_eq!((error.kind, error.commit), (ErrorKind::Unavailable, CommitClass::NotSent));

    let server = FaultyServer::start(Fault::Silence).await.unwrap();
    let error = create_within(LIMIT_MS, &server.https_url()).await.unwrap_err();
    assert_eq!((error.kind, error.commit), (ErrorKind::Unavailable, CommitClass::NotSent));
}

#[tokio::test]
async fn another_amount_is_reported_and_the_request_is_as_documented() {
    let body = r#"{"inv_id":"1","href":"https://a.example/1","amount":"9.99"}"#;
    let server = FaultyServer::start(Fault::Json(200, body.to_owned())).await.unwrap();
    let created = create_at(&server.url()).await.unwrap();
    assert_eq!(created.amount_echoed.unwrap().to_string(), "9.99");
    assert!(created.mismatch_stops);

    let requests = server.requests();
    let request = requests.first().unwrap();
    assert!(request.starts_with("POST /merchant/a%2Fb%20%C3%BC/requests HTTP/1.1\r\n"), "{request}");
    let head = request.split("\r\n\r\n").next().unwrap().to_ascii_lowercase();
    // base64 of "shop:p`ß:" as UTF-8, lowered like the rest of the head.
    assert!(head.contains(&format!("authorization: basic {}", "c2hvcDpwYMOfOg==".to_ascii_lowercase())), "{head}");
    assert!(head.contains("content-type: application/json") && head.contains("accept: application/json"));
    assert!(head.lines().count() < 20);
    for absent in ["null", "\"\"", "tax_amount", "preapproval_only", "\"amount\""] {
        assert!(!request.contains(absent), "{absent}");
    }
}
