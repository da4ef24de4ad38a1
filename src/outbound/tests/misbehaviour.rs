//! What a provider may do to a call: each ends in its limit, with its kind and its commit class.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, unreachable_pub, reason = "tests")]

// The file and not the crate `lendport-testkit`: that one depends on this one.
#[path = "../../../tests/support/src/faulty_server.rs"]
mod faulty_server;

use std::time::Duration;

use faulty_server::{Fault, FaultyServer, refused_address};
use lendport_core::{CallLog, CallRecord, CommitClass, ErrorKind, RetryClass, Secret};
use lendport_outbound::{Answer, CallError, CallErrorKind, ClientSettings, Outbound, Request, Url};

/// What a call may take that is answered in the end, on a machine that is busy with other tests.
const PATIENCE_MS: u64 = 120_000;
/// What one may take that never ends by itself.
const LIMIT_MS: u64 = 2_000;

fn settings() -> ClientSettings {
    ClientSettings { connect_timeout_ms: 60_000, request_timeout_ms: PATIENCE_MS, ..ClientSettings::default() }
}

fn in_haste() -> ClientSettings {
    ClientSettings { connect_timeout_ms: 300, request_timeout_ms: LIMIT_MS, ..ClientSettings::default() }
}

async fn post(base: &str) -> (Result<Answer, CallError>, CallRecord) {
    post_with(settings(), base).await
}

async fn post_with(settings: ClientSettings, base: &str) -> (Result<Answer, CallError>, CallRecord) {
    let outbound = Outbound::live(settings).unwrap();
    let url = Url::parse(&format!("{base}/merchant/1234/requests?mark=hidden")).unwrap();
    let request = Request::post(url)
        .basic_auth("user", &Secret::from("s3cret-password"))
        .accept("application/json")
        .keep_fields(&["error"])
        .json(&serde_json::json!({"first_name": "John"}));
    let log = CallLog::new();
    let outcome = outbound.call(request, &log).await;
    let records = log.records();
    assert_eq!(records.len(), 1);
    assert!(records[0].target.ends_with("/merchant/1234/requests"), "{}", records[0].target);
    assert_eq!(records[0].method, "POST");
    (outcome, records[0].clone())
}

async fn fails(base: &str, kind: CallErrorKind, commit: CommitClass) -> CallError {
    failed(post(base).await, kind, commit)
}

/// Where nothing but the limit ends the call.
async fn fails_in_the_limit(base: &str, kind: CallErrorKind, commit: CommitClass) -> CallError {
    failed(post_with(in_haste(), base).await, kind, commit)
}

fn failed(
    (outcome, record): (Result<Answer, CallError>, CallRecord),
    kind: CallErrorKind,
    commit: CommitClass,
) -> CallError {
    let error = outcome.unwrap_err();
    assert_eq!((&error.kind, error.commit_class()), (&kind, commit), "{error:?}");
    assert_eq!(record.failure.as_deref(), Some(error.word()));
    assert_eq!(record.status, error.status());
    assert!(record.fields.is_empty());
    error
}

async fn answers(fault: Fault) -> (Answer, CallRecord) {
    let server = FaultyServer::start(fault).await.unwrap();
    let (outcome, record) = post(&server.url()).await;
    (outcome.unwrap(), record)
}

#[tokio::test]
async fn a_refused_connection_sent_nothing() {
    let base = format!("http://{}", refused_address().await.unwrap());
    let error = fails(&base, CallErrorKind::Connect, CommitClass::NotSent).await;
    assert_eq!(error.cause(), "refused");
    let error = error.into_provider_error();
    assert_eq!((error.kind, error.retry), (ErrorKind::Unavailable, RetryClass::SameRequest));
}

#[tokio::test]
async fn a_name_that_does_not_exist_sent_nothing() {
    // However long somebody looks for it.
    fails_in_the_limit("http://provider.invalid", CallErrorKind::Connect, CommitClass::NotSent).await;
}

#[tokio::test]
async fn a_server_without_tls_gets_nothing_over_https() {
    let server = FaultyServer::start(Fault::Garbage).await.unwrap();
    let error = fails_in_the_limit(&server.https_url(), CallErrorKind::Connect, CommitClass::NotSent).await;
    assert_eq!(error.into_provider_error().commit, CommitClass::NotSent);
    assert!(server.requests().iter().all(|request| !request.contains("John")));
}

#[tokio::test]
async fn a_tls_handshake_that_never_comes_sent_nothing() {
    let server = FaultyServer::start(Fault::Silence).await.unwrap();
    let error = fails_in_the_limit(&server.https_url(), CallErrorKind::Connect, CommitClass::NotSent).await;
    assert_eq!(error.cause(), "connect limit");
}

#[tokio::test]
async fn silence_after_the_request_is_unknown() {
    let server = FaultyServer::start(Fault::Silence).await.unwrap();
    let error = fails_in_the_limit(&server.url(), CallErrorKind::Timeout { sent: true }, CommitClass::Unknown).await;
    assert_eq!(server.requests().len(), 1);
    let error = error.into_provider_error();
    assert_eq!((error.kind, error.retry), (ErrorKind::NoAnswer, RetryClass::NewAttempt));
}

#[tokio::test]
async fn a_body_that_trickles_ends_with_the_whole_limit() {
    let server = FaultyServer::start(Fault::Trickle).await.unwrap();
    fails_in_the_limit(&server.url(), CallErrorKind::Timeout { sent: true }, CommitClass::Unknown).await;
}

#[tokio::test]
async fn a_reset_after_the_request_is_unknown_and_not_repeated() {
    let server = FaultyServer::start(Fault::Reset).await.unwrap();
    let error = fails(&server.url(), CallErrorKind::Reset, CommitClass::Unknown).await;
    assert_eq!(server.requests().len(), 1, "the request went out once");
    assert_eq!(error.into_provider_error().kind, ErrorKind::NoAnswer);
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_unknown() {
    let server = FaultyServer::start(Fault::Garbage).await.unwrap();
    fails(&server.url(), CallErrorKind::Reset, CommitClass::Unknown).await;
}

#[tokio::test]
async fn half_a_body_is_unknown() {
    let server = FaultyServer::start(Fault::HalfBody).await.unwrap();
    let error = fails(&server.url(), CallErrorKind::BrokenBody { status: 200 }, CommitClass::Unknown).await;
    let error = error.into_provider_error();
    assert_eq!((error.kind, error.http_status), (ErrorKind::BadResponse, Some(200)));
}

#[tokio::test]
async fn fifty_megabytes_are_given_up_at_the_limit() {
    for announced in [true, false] {
        let server = FaultyServer::start(Fault::Huge { bytes: 50_000_000, announced }).await.unwrap();
        fails(&server.url(), CallErrorKind::TooLarge { status: 200 }, CommitClass::Unknown).await;
    }
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_read() {
    for announced in [true, false] {
        let max = 100_000;
        let outbound = Outbound::live(ClientSettings { body_max_bytes: max, ..ClientSettings::default() }).unwrap();
        for (bytes, fits) in [(max, true), (max + 1, false)] {
            let server = FaultyServer::start(Fault::Huge { bytes, announced }).await.unwrap();
            let url = Url::parse(&server.url()).unwrap();
            let outcome = outbound.call(Request::get(url), &CallLog::new()).await;
            match outcome {
                Ok(answer) => assert!(fits && answer.body.len() == max),
                Err(error) => assert!(!fits && error.kind == CallErrorKind::TooLarge { status: 200 }, "{error}"),
            }
        }
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let elsewhere = FaultyServer::start(Fault::Json(200, "{}".to_owned())).await.unwrap();
    let (answer, record) = answers(Fault::Redirect(elsewhere.url())).await;
    assert_eq!((answer.status, record.status), (302, Some(302)));
    assert_eq!(answer.header("location"), Some(elsewhere.url().as_str()));
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn html_is_an_answer_with_its_media_type() {
    for status in [200, 502] {
        let (answer, record) = answers(Fault::Html(status)).await;
        assert_eq!((answer.status, answer.content_type.as_deref()), (status, Some("text/html")));
        assert!(!answer.says_json() && record.fields.is_empty());
    }
}

#[tokio::test]
async fn the_request_on_the_wire_is_what_was_built() {
    let server = FaultyServer::start(Fault::Json(401, r#"{"error":"http","x":"John"}"#.to_owned())).await.unwrap();
    let (outcome, record) = post(&server.url()).await;
    assert_eq!(outcome.unwrap().status, 401);
    assert_eq!(record.fields, vec![("error".to_owned(), "http".to_owned())]);
    let request = server.requests().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /merchant/1234/requests?mark=hidden HTTP/1.1\r\n"), "{head}");
    let head = head.to_lowercase();
    assert!(head.contains("authorization: basic dxnlcjpzm2nyzxqtcgfzc3dvcmq="), "{head}");
    assert!(head.contains("content-type: application/json") && head.contains("accept: application/json"), "{head}");
    assert!(head.contains("user-agent: lendport/") && !head.contains("accept-encoding"), "{head}");
    assert_eq!(body, r#"{"first_name":"John"}"#);
}

#[tokio::test]
async fn connections_are_used_again() {
    let server = FaultyServer::start(Fault::Json(200, "{}".to_owned())).await.unwrap();
    let outbound = Outbound::live(settings()).unwrap();
    let log = CallLog::new();
    for _ in 0..5 {
        let request = Request::get(Url::parse(&server.url()).unwrap());
        outbound.clone().call(request, &log).await.unwrap();
    }
    assert_eq!((server.requests().len(), log.records().len()), (5, 5));
    // One that is not handed back yet is not waited for.
    assert!(server.connections() < 5, "{}", server.connections());
}

#[tokio::test]
async fn what_cannot_be_sent_is_invalid_and_stays_here() {
    let server = FaultyServer::start(Fault::Json(200, "{}".to_owned())).await.unwrap();
    let outbound = Outbound::live(settings()).unwrap();
    let url = Url::parse(&server.url()).unwrap();
    let with_password = Url::parse(&server.url().replace("http://", "http://user:pass@")).unwrap();
    let broken = std::collections::HashMap::from([(vec![1_u8], 1)]);
    for request in [
        Request::get(url.clone()).header("x-mark", "a\nb: c"),
        Request::get(url.clone()).header("not a name", "a"),
        Request::get(url.clone()).basic_auth("us:er", &Secret::from("x")),
        Request::post(url).json(&broken),
        Request::get(with_password),
        Request::get(Url::parse("ftp://provider.example/").unwrap()),
        Request::get(Url::parse("data:text/plain,a").unwrap()),
    ] {
        let log = CallLog::new();
        let error = outbound.call(request, &log).await.unwrap_err();
        assert_eq!((&error.kind, error.commit_class()), (&CallErrorKind::Invalid, CommitClass::NotSent));
        assert_eq!(log.records()[0].failure.as_deref(), Some("invalid"));
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_a_record() {
    let server = FaultyServer::start(Fault::Silence).await.unwrap();
    let outbound = Outbound::live(settings()).unwrap();
    let log = CallLog::new();
    let call = outbound.call(Request::get(Url::parse(&server.url()).unwrap()), &log);
    assert!(tokio::time::timeout(Duration::from_millis(50), call).await.is_err());
    assert_eq!(log.records()[0].failure.as_deref(), Some("canceled"));
}

#[tokio::test]
async fn a_server_that_recovers_is_used_again() {
    let server = FaultyServer::start(Fault::Reset).await.unwrap();
    fails(&server.url(), CallErrorKind::Reset, CommitClass::Unknown).await;
    server.switch(Fault::Json(200, "{}".to_owned()));
    let (outcome, _) = post(&format!("http://{}", server.address())).await;
    assert!(outcome.unwrap().is_success());
}
