//! Cassettes as tests see them: order, exactness, near-miss reports, faults, pushes.
#![expect(clippy::unwrap_used, reason = "tests")]

use lendport_core::{CallLog, CommitClass, Secret};
use lendport_outbound::{
    Answer, CallError, CallErrorKind, Cassette, CassetteError, Method, Origin, Outbound, Request, Url,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn cassette(interactions: Value) -> Cassette {
    let file = json!({
        "scenario": "create_ok",
        "provider": "wegetfinancing",
        "origin": {"kind": "documented", "source": "seed 002, Responses"},
        "interactions": interactions,
    });
    Cassette::parse("test", file.to_string().as_bytes()).unwrap()
}

fn create() -> Value {
    json!({
        "request": {
            "method": "POST",
            "path": "/merchant/1234/requests",
            "body": {"first_name": "John", "unit_price": "1370.00", "items": [{"sku": "a", "quantity": 2}]},
        },
        "response": {"status": 200, "headers": {"X-Mark": "7"}, "body": {"inv_id": "a1", "amount": "1420.00"}},
    })
}

fn cart() -> Value {
    json!({"items": [{"quantity": 2, "sku": "a"}], "unit_price": "1370.00", "first_name": "John"})
}

fn url(path: &str) -> Url {
    Url::parse(&format!("https://provider.invalid{path}")).unwrap()
}

fn post(body: &Value) -> Request {
    let url = url("/merchant/1234/requests");
    Request::post(url).basic_auth("user", &Secret::from("password")).accept("application/json").json(body)
}

async fn ask(cassette: &Cassette, request: Request) -> Result<Answer, CallError> {
    let log = CallLog::new();
    let outcome = Outbound::playback(cassette.clone()).call(request, &log).await;
    assert_eq!(log.records().len(), 1);
    outcome
}

async fn report(cassette: &Cassette, request: Request) -> String {
    let error = ask(cassette, request).await.unwrap_err();
    assert_eq!(error.commit_class(), CommitClass::NotSent);
    let CallErrorKind::Playback(report) = error.kind else { return format!("another kind: {error:?}") };
    assert!(matches!(cassette.finish(), Err(CassetteError::Mismatch { .. })));
    report
}

#[tokio::test]
async fn key_order_does_not_count_and_the_answer_comes_back() {
    let cassette = cassette(json!([create()]));
    let answer = ask(&cassette, post(&cart())).await.unwrap();
    assert_eq!((answer.status, answer.header("x-mark")), (200, Some("7")));
    assert_eq!(answer.content_type.as_deref(), Some("application/json"));
    assert_eq!(answer.body, br#"{"inv_id":"a1","amount":"1420.00"}"#);
    cassette.finish().unwrap();
    assert_eq!(cassette.origin(), &Origin::Documented { source: "seed 002, Responses".to_owned() });
}

#[tokio::test]
async fn an_interaction_that_was_not_used_is_an_error() {
    let cassette = cassette(json!([create(), create()]));
    ask(&cassette, post(&cart())).await.unwrap();
    let error = cassette.finish().unwrap_err();
    assert!(
        matches!(&error, CassetteError::Unused { unused, .. } if unused[..] == ["2 POST /merchant/1234/requests"]),
        "{error}"
    );
}

#[tokio::test]
async fn a_repeated_request_is_an_error() {
    let cassette = cassette(json!([create()]));
    ask(&cassette, post(&cart())).await.unwrap();
    let report = report(&cassette, post(&cart())).await;
    assert!(report.contains("it repeats interaction 1 of 1"), "{report}");
    assert!(report.contains("all 1 interactions are used"), "{report}");
}

#[tokio::test]
async fn the_order_of_the_file_counts() {
    let status =
        json!({"request": {"method": "GET", "path": "/status", "query": "b=2&a=1"}, "response": {"status": 204}});
    let tape = cassette(json!([create(), status]));
    let report = report(&tape, Request::get(url("/status?a=1&b=2"))).await;
    assert!(report.contains("it fits interaction 2 of 2, but an earlier one"), "{report}");

    let tape = cassette(json!([create(), status]));
    ask(&tape, post(&cart())).await.unwrap();
    let answer = ask(&tape, Request::get(url("/status?a=1&b=2"))).await.unwrap();
    assert_eq!((answer.status, answer.content_type, answer.body), (204, None, Vec::new()));
    tape.finish().unwrap();
}

#[tokio::test]
async fn a_near_miss_lists_each_difference_and_shows_nothing_that_came() {
    let other = json!({"request": {"method": "GET", "path": "/status"}, "response": {"status": 204}});
    let cassette = cassette(json!([other, create()]));
    let mut body = cart();
    body["first_name"] = json!("Wilhelmina");
    body["unit_price"] = json!(1370.0);
    body["items"][0]["quantity"] = json!(3);
    body["items"][0]["note"] = json!("call +1 555 0100");
    body["items"][0].as_object_mut().unwrap().remove("sku");
    let report = report(&cassette, post(&body)).await;
    for line in [
        "no interaction of `create_ok` answers POST /merchant/1234/requests",
        "nearest unused: 2 (POST /merchant/1234/requests), differences: 5",
        r#"body /first_name: expected "John", got a string of 10 characters, different from character 1"#,
        r#"body /unit_price: expected "1370.00", got a number"#,
        "body /items/0/quantity: expected 2, got another number",
        r#"body /items/0/sku: expected "a", got nothing"#,
        "body /items/0/note: expected nothing, got a string of 16 characters",
    ] {
        assert!(report.contains(line), "{line}\nis not in\n{report}");
    }
    assert!(!report.contains("Wilhelmina") && !report.contains("555"), "{report}");
}

#[tokio::test]
async fn numbers_count_by_value_and_not_by_spelling() {
    let raw = |amount: &str| {
        let text = format!(
            r#"{{"scenario":"s","provider":"p","origin":{{"kind":"handwritten","why":"numbers"}},"interactions":
            [{{"request":{{"method":"POST","path":"/a","body":{{"amount":{amount}}}}},"response":{{"status":200,"body":{amount}}}}}]}}"#
        );
        Cassette::parse("test", text.as_bytes()).unwrap()
    };
    let send = |text: &str| Request::post(url("/a")).bytes("application/json", text.as_bytes().to_vec());
    for (stored, sent) in [("300.00", "300"), ("3e2", "300.0"), ("12345678901234567890.10", "12345678901234567890.1")] {
        let answer = ask(&raw(stored), send(&format!(r#"{{"amount":{sent}}}"#))).await.unwrap();
        assert_eq!(answer.body, stored.as_bytes());
    }
    for (stored, sent) in [("300.00", "300.01"), ("300", "\"300\""), ("12345678901234567891", "12345678901234567890")] {
        assert!(ask(&raw(stored), send(&format!(r#"{{"amount":{sent}}}"#))).await.is_err(), "{stored} {sent}");
    }
}

#[tokio::test]
async fn volatile_fields_may_differ_but_must_be_there() {
    let load = || {
        let file = json!({
            "scenario": "s", "provider": "p", "origin": {"kind": "handwritten", "why": "volatile"},
            "volatile": ["/reference", "/items/*/id"],
            "interactions": [{
                "request": {"method": "POST", "path": "/a", "body": {"reference": "r", "items": [{"id": 1}, {"id": 2}]}},
                "fault": "reset",
            }],
        });
        Cassette::parse("test", file.to_string().as_bytes()).unwrap()
    };
    let send = |body: Value| Request::post(url("/a")).json(&body);
    let fine = send(json!({"reference": "another", "items": [{"id": 7}, {"id": 8}]}));
    assert_eq!(ask(&load(), fine).await.unwrap_err().kind, CallErrorKind::Reset);
    for (body, line) in [
        (json!({"items": [{"id": 7}, {"id": 8}]}), r#"body /reference: expected "r", got nothing"#),
        (
            json!({"reference": null, "items": [{"id": 7}, {"id": 8}]}),
            "body /reference: expected a string of any value, got null",
        ),
        (json!({"reference": "x", "items": [{"id": 7}]}), "body /items: expected an array of 2, got an array of 1"),
    ] {
        let report = report(&load(), send(body)).await;
        assert!(report.contains(line), "{line}\nis not in\n{report}");
    }
}

#[tokio::test]
async fn method_path_query_and_stated_headers_count() {
    let stored = json!({
        "request": {"method": "POST", "path": "/a", "query": "x=1", "headers": {"Accept": "application/json"}},
        "response": {"status": 200, "text": "ok"},
    });
    let good = || Request::post(url("/a?x=1")).accept("application/json").header("x-other", "free");
    let answer = ask(&cassette(json!([stored])), good()).await.unwrap();
    assert_eq!((answer.body.as_slice(), answer.content_type), (b"ok".as_slice(), None));
    for (request, line) in [
        (Request::new(Method::PUT, url("/a?x=1")).accept("application/json"), "method: expected POST, got PUT"),
        (Request::post(url("/b?x=1")).accept("application/json"), "path: expected /a, got /b"),
        (Request::post(url("/a?x=2")).accept("application/json"), "query x: expected 1, got a string of 1 characters"),
        (Request::post(url("/a")).accept("application/json"), "query x: expected 1, got nothing"),
        (good().json(&json!({})), "body: expected no body, got JSON"),
        (Request::post(url("/a?x=1&x=1")).accept("application/json"), "query x: expected nothing, got a string"),
        (
            Request::post(url("/a?x=1")).accept("*/*"),
            "header /accept: expected \"application/json\", got a string of 3",
        ),
        (Request::post(url("/a?x=1")), "header /accept: expected application/json, got nothing"),
    ] {
        let report = report(&cassette(json!([stored])), request).await;
        assert!(report.contains(line), "{line}\nis not in\n{report}");
    }
}

#[tokio::test]
async fn faults_end_as_on_the_wire() {
    let fault = |word: &str| cassette(json!([{"request": {"method": "GET", "path": "/a"}, "fault": word}]));
    for (word, kind, commit) in [
        ("connect", CallErrorKind::Connect, CommitClass::NotSent),
        ("timeout", CallErrorKind::Timeout { sent: true }, CommitClass::Unknown),
        ("reset", CallErrorKind::Reset, CommitClass::Unknown),
    ] {
        let cassette = fault(word);
        let error = ask(&cassette, Request::get(url("/a"))).await.unwrap_err();
        assert_eq!((&error.kind, error.commit_class()), (&kind, commit));
        cassette.finish().unwrap();
    }
}

#[tokio::test]
async fn forms_match_by_field() {
    let stored = json!({
        "request": {"method": "POST", "path": "/a", "body": {"form": {"b": "x y", "a": ["1", "2"]}}},
        "response": {"status": 200, "form": {"status": "ok"}},
    });
    let tape = cassette(json!([stored]));
    let answer = ask(&tape, Request::post(url("/a")).form(&[("a", "1"), ("b", "x y"), ("a", "2")])).await.unwrap();
    assert_eq!(answer.body, b"status=ok");
    assert_eq!(answer.content_type.as_deref(), Some("application/x-www-form-urlencoded"));
    let report = report(&cassette(json!([stored])), Request::post(url("/a")).form(&[("a", "1"), ("b", "x")])).await;
    assert!(report.contains("body /a: expected [\"1\",\"2\"], got a string of 1 characters"), "{report}");
}

#[test]
fn pushes_come_as_raw_bytes() {
    let file = r#"{
        "scenario": "approved", "provider": "wegetfinancing",
        "origin": {"kind": "documented", "source": "seed 001, postbacks"},
        "pushes": [
            {"headers": {"X-Signature": "ab"}, "body": {"version": "1.9", "amount": 1370.00}},
            {"form": {"status": "approved", "note": "a b"}},
            {"headers": {"Content-Type": "application/json"}, "text": "{ \"a\" : 1 }"},
            {"raw_base64": "/w=="},
            {}
        ]
    }"#;
    let cassette = Cassette::parse("approved.json", file.as_bytes()).unwrap();
    let pushes = cassette.pushes();
    assert_eq!(pushes[0].body, br#"{"version":"1.9","amount":1370.00}"#);
    assert_eq!(pushes[0].header("x-SIGNATURE"), Some("ab"));
    assert_eq!(pushes[0].content_type.as_deref(), Some("application/json"));
    assert_eq!(pushes[1].body, b"status=approved&note=a+b");
    assert_eq!(pushes[1].content_type.as_deref(), Some("application/x-www-form-urlencoded"));
    assert_eq!((pushes[2].body.as_slice(), pushes[2].headers.len()), (br#"{ "a" : 1 }"#.as_slice(), 1));
    assert_eq!((pushes[3].body.as_slice(), pushes[3].content_type.as_deref()), ([255].as_slice(), None));
    assert!(pushes[4].body.is_empty());
    cassette.finish().unwrap();
}

#[test]
fn a_file_that_is_not_there_says_which() {
    let error = Cassette::load("no/such/cassette.json").unwrap_err();
    assert!(error.to_string().contains("no/such/cassette.json"), "{error}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((".{0,8}", inner), 0..6).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_body_matches_itself_and_differs_from_another(stored in any_json(), sent in any_json()) {
        let load = || cassette(json!([{
            "request": {"method": "POST", "path": "/a", "body": {"json": stored}},
            "response": {"status": 200},
        }]));
        let send = |value: &Value| Request::post(url("/a")).json(value);
        prop_assert!(runtime().block_on(ask(&load(), send(&stored))).is_ok());
        let outcome = runtime().block_on(ask(&load(), send(&sent)));
        prop_assert!(outcome.is_err() || stored == sent || has_number(&stored));
    }

    #[test]
    fn any_bytes_are_a_cassette_or_an_error(text in ".{0,200}", json in any_json()) {
        let _ = Cassette::parse("x", text.as_bytes());
        let _ = Cassette::parse("x", json.to_string().as_bytes());
        let shape = json!({"scenario": "s", "provider": "p", "origin": {"kind": "handwritten", "why": "x"},
            "volatile": [text], "interactions": [{"request": {"method": "POST", "path": "/", "body": json}, "fault": "reset"}],
            "pushes": [{"body": json}]});
        let _ = Cassette::parse("x", shape.to_string().as_bytes());
    }

    #[test]
    fn any_bytes_sent_are_compared(bytes in prop::collection::vec(any::<u8>(), 0..200), media in 0..4_usize) {
        let media = ["application/json", "application/x-www-form-urlencoded", "text/plain", "?"][media];
        let request = Request::post(url("/merchant/1234/requests")).bytes(media, bytes);
        prop_assert!(runtime().block_on(ask(&cassette(json!([create()])), request)).is_err());
    }
}

/// Different spellings of one number are equal on purpose (`-0.0` and `0`).
fn has_number(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::Array(items) => items.iter().any(has_number),
        Value::Object(members) => members.values().any(has_number),
        _ => false,
    }
}
