//! Recordings: what is kept, what becomes a token, what refuses to be written, and that a recording plays back.
#![expect(clippy::unwrap_used, unreachable_pub, dead_code, reason = "tests")]

#[path = "../../../tests/support/src/faulty_server.rs"]
mod faulty_server;

use std::path::{Path, PathBuf};

use faulty_server::{Fault, FaultyServer, refused_address};
use lendport_core::{CallLog, Secret};
use lendport_outbound::{
    Against, CallError, CallErrorKind, Cassette, ClientSettings, Origin, Outbound, RecordError, Recorder,
    RedactionPolicy, Request, Url,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const PASSWORD: &str = "moa24phoPh`";

const KEEP: RedactionPolicy =
    RedactionPolicy { keep_fields: &["status", "inv_id", "/cart_items/*/quantity"], keep_headers: &["x-mark"] };

fn origin() -> Origin {
    Origin::Recorded { date: "2026-11-21".parse().unwrap(), against: Against::Simulator }
}

struct Session {
    path: PathBuf,
    recorder: Recorder,
    outbound: Outbound,
    server: FaultyServer,
    _folder: tempfile::TempDir,
}

async fn session(answer: Value, policy: RedactionPolicy) -> Session {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("create_ok.json");
    let secrets = vec![Secret::from(""), Secret::from("configured-secret")];
    let recorder = Recorder::new(&path, "wegetfinancing", "create_ok", origin(), policy, secrets).unwrap();
    let outbound = Outbound::recording(ClientSettings::default(), recorder.clone()).unwrap();
    let server = FaultyServer::start(Fault::Json(200, answer.to_string())).await.unwrap();
    Session { path, recorder, outbound, server, _folder: folder }
}

impl Session {
    fn post(&self) -> Request {
        let url = Url::parse(&format!("{}/merchant/1234/requests?page=77&inv_id=kept", self.server.url())).unwrap();
        Request::post(url).basic_auth("user", &Secret::from(PASSWORD)).accept("application/json")
    }

    async fn send(&self, request: Request) -> Result<lendport_outbound::Answer, CallError> {
        self.outbound.call(request, &CallLog::new()).await
    }

    fn written(&self) -> Option<String> {
        let names: Vec<_> = std::fs::read_dir(self.path.parent().unwrap()).unwrap().collect();
        assert!(names.len() <= 1, "something was left beside the file");
        std::fs::read_to_string(&self.path).ok()
    }
}

fn cart() -> Value {
    json!({
        "first_name": "Wilhelmina", "email": "wilhelmina@example.com", "phone": "5550100",
        "cart_items": [{"sku": "ABC-1", "quantity": 3, "unit_price": 1370.25}],
        "billing_address": {"street1": "5th Avenue 12", "note": null, "gift": true},
        "again": "Wilhelmina",
    })
}

#[tokio::test]
async fn what_is_not_allowed_becomes_a_token_and_the_file_plays_back() {
    let answer = json!({"inv_id": "4f2", "status": "new", "email": "wilhelmina@example.com", "amount": "4110.75"});
    let session = session(answer, KEEP).await;
    session.send(session.post().header("x-mark", "m1").header("x-person", "Wilhelmina").json(&cart())).await.unwrap();
    session.recorder.finish().unwrap();
    let text = session.written().unwrap();
    for gone in [
        "Wilhelmina",
        "wilhelmina",
        "5550100",
        "ABC-1",
        "1370",
        "5th",
        "4110",
        "user",
        "authorization",
        PASSWORD,
        "=77",
    ] {
        assert!(!text.contains(gone), "{gone} is in\n{text}");
    }
    for kept in [
        "\"inv_id\": \"4f2\"",
        "\"status\": \"new\"",
        "\"quantity\": 3",
        "\"x-mark\": \"m1\"",
        "inv_id=kept",
        "\"gift\": true",
    ] {
        assert!(text.contains(kept), "{kept} is not in\n{text}");
    }
    assert!(text.contains("\"against\": \"simulator\"") && text.ends_with("}\n"), "{text}");
    let file: Value = serde_json::from_str(&text).unwrap();
    let body = &file["interactions"][0]["request"]["body"];
    assert_eq!(body["first_name"], body["again"]);
    assert_ne!(body["first_name"], body["email"]);
    assert_eq!(body["email"], file["interactions"][0]["response"]["body"]["email"]);
    assert!(body["cart_items"][0]["unit_price"].as_str().unwrap().starts_with("<n:"));

    // A token stands for any one value: another person's cart fits, and the answer echoes that person.
    let cassette = Cassette::load(&session.path).unwrap();
    let playback = Outbound::playback(cassette.clone());
    let mut other = cart();
    other["first_name"] = json!("Rose");
    other["again"] = json!("Rose");
    other["email"] = json!("rose@example.com");
    let request = session.post().header("x-mark", "m1").header("x-person", "Wilhelmina").json(&other);
    // The header held the same name as the body, so it must be the same again.
    assert!(matches!(playback.call(request, &CallLog::new()).await.unwrap_err().kind, CallErrorKind::Playback(_)));
    let cassette = Cassette::load(&session.path).unwrap();
    let playback = Outbound::playback(cassette.clone());
    let request = session.post().header("x-mark", "m1").header("x-person", "Rose").json(&other);
    let answer = playback.call(request, &CallLog::new()).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((&answer["email"], &answer["inv_id"]), (&json!("rose@example.com"), &json!("4f2")));
    cassette.finish().unwrap();
}

#[tokio::test]
async fn a_secret_in_a_kept_field_refuses_the_file() {
    let basic = "dXNlcjptb2EyNHBob1BoYA==";
    for leak in [
        "configured-secret",
        "prefix configured-secret",
        PASSWORD,
        basic,
        "Basic dXNlcjptb2EyNHBob1BoYA==",
        "moa24phoPh%60",
        "moa24phoPh\\u0060",
        "Y29uZmlndXJlZC1zZWNyZXQ=",
        "configured%2dsecret",
        "{\"k\":\"configured\\u002dsecret\"}",
    ] {
        let session = session(json!({"status": leak}), KEEP).await;
        session.send(session.post().json(&cart())).await.unwrap();
        let error = session.recorder.finish().unwrap_err();
        let there = "/interactions/0/response/body/status";
        assert!(matches!(&error, RecordError::SecretInside { at, .. } if at == there), "{leak}: {error}");
        assert!(!error.to_string().contains("configured") && !error.to_string().contains("moa"), "{error}");
        assert_eq!(session.written(), None, "nothing may be written");
    }
}

#[tokio::test]
async fn a_secret_in_path_key_scenario_or_provenance_refuses_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let push = |recorder: &Recorder| recorder.push(&[], b"{\"a\":true}");
    for (scenario, provider, why, key) in [
        ("configured-secret", "p", "w", "k"),
        ("s", "configured-secret", "w", "k"),
        ("s", "p", "configured-secret", "k"),
        ("s", "p", "w", "configured-secret"),
    ] {
        let path = folder.path().join("x.json");
        let origin = Origin::Handwritten { why: why.to_owned() };
        let secrets = vec![Secret::from("configured-secret")];
        let recorder = Recorder::new(&path, provider, scenario, origin, RedactionPolicy::default(), secrets).unwrap();
        push(&recorder);
        recorder.push(&[], json!({key: true}).to_string().as_bytes());
        assert!(matches!(recorder.finish(), Err(RecordError::SecretInside { number: 1, .. })));
        assert!(!path.exists());
    }
    let session = session(json!({}), KEEP).await;
    let url = Url::parse(&format!("{}/token/configured-secret", session.server.url())).unwrap();
    session.send(Request::get(url)).await.unwrap();
    assert!(matches!(session.recorder.finish(), Err(RecordError::SecretInside { number: 2, .. })));
}

#[tokio::test]
async fn a_token_sent_in_a_secret_header_may_not_come_back_in_a_kept_field() {
    let session = session(json!({"inv_id": "token-9f8e7d"}), KEEP).await;
    session.send(session.post().secret_header("x-access-token", &Secret::from("token-9f8e7d"))).await.unwrap();
    assert!(matches!(session.recorder.finish(), Err(RecordError::SecretInside { .. })));
    assert_eq!(session.written(), None);
}

#[tokio::test]
async fn text_and_pages_are_one_token() {
    let session = session(json!({}), KEEP).await;
    session.server.switch(Fault::Html(502));
    session.send(session.post().bytes("text/plain", b"dear Wilhelmina".to_vec())).await.unwrap();
    session.recorder.finish().unwrap();
    let file: Value = serde_json::from_str(&session.written().unwrap()).unwrap();
    assert!(file["interactions"][0]["request"]["body"]["text"].as_str().unwrap().starts_with("<s:"));
    assert!(file["interactions"][0]["response"]["text"].as_str().unwrap().starts_with("<s:"));
    assert_eq!(file["interactions"][0]["response"]["headers"]["content-type"], "text/html");
}

#[tokio::test]
async fn faults_are_recorded_and_what_no_file_can_hold_is_refused() {
    let base = session(json!({}), KEEP).await;
    base.server.switch(Fault::Reset);
    base.send(base.post()).await.unwrap_err();
    let refused = Url::parse(&format!("http://{}/", refused_address().await.unwrap())).unwrap();
    base.send(Request::get(refused)).await.unwrap_err();
    base.recorder.finish().unwrap();
    let file: Value = serde_json::from_str(&base.written().unwrap()).unwrap();
    assert_eq!(
        (&file["interactions"][0]["fault"], &file["interactions"][1]["fault"]),
        (&json!("reset"), &json!("connect"))
    );

    let broken = session(json!({}), KEEP).await;
    broken.server.switch(Fault::HalfBody);
    broken.send(broken.post()).await.unwrap_err();
    assert!(matches!(broken.recorder.finish(), Err(RecordError::NotRecordable("broken_body"))));
    assert_eq!(broken.written(), None);
}

#[test]
fn a_recording_without_content_or_provenance_is_refused() {
    let path = Path::new("unused.json");
    let start = |scenario: &str, origin: Origin| {
        Recorder::new(path, "p", scenario, origin, RedactionPolicy::default(), Vec::new())
    };
    assert!(matches!(start("s", origin()).unwrap().finish(), Err(RecordError::Empty)));
    assert!(matches!(start(" ", origin()), Err(RecordError::Format(_))));
    let nowhere = Origin::Documented { source: String::new() };
    assert!(matches!(start("s", nowhere), Err(RecordError::Format(_))));
    assert!(!path.exists());
}

#[test]
fn an_unwritable_place_is_an_error() {
    let recorder =
        Recorder::new("/no/such/folder/x.json", "p", "s", origin(), RedactionPolicy::default(), Vec::new()).unwrap();
    recorder.push(&[], b"{}");
    assert!(matches!(recorder.finish(), Err(RecordError::Write { .. })));
}

fn recorded_push(headers: &[(String, String)], body: &[u8], policy: RedactionPolicy) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("push.json");
    let recorder = Recorder::new(&path, "p", "s", origin(), policy, Vec::new()).unwrap();
    recorder.push(headers, body);
    recorder.finish().unwrap();
    Cassette::load(&path).unwrap();
    std::fs::read_to_string(&path).unwrap()
}

/// JSON whose every string and number can be recognised: `Qz` and `987654` stand in no token and no key.
fn marked_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        "Qz[a-zA-Z0-9 @.é\"\\\\]{0,12}".prop_map(Value::from),
        (0_u32..99).prop_map(|n| Value::from(98_765_400 + u64::from(n))),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{1,8}|Qz[@ ][a-z]{1,5}", inner), 0..5)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_value_that_is_kept_out_survives(value in marked_json(), header in "Qz[a-z]{1,9}") {
        let headers = [("x-custom".to_owned(), header.clone()), ("Authorization".to_owned(), header)];
        let text = recorded_push(&headers, value.to_string().as_bytes(), RedactionPolicy::default());
        prop_assert!(!text.contains("Qz") && !text.contains("987654"), "{}", text);
    }

    #[test]
    fn a_kept_name_keeps_only_itself(value in marked_json()) {
        let policy = RedactionPolicy { keep_fields: &["kept_name_of_a_field"], keep_headers: &[] };
        let body = json!({"kept_name_of_a_field": "stays", "other": value});
        let text = recorded_push(&[], body.to_string().as_bytes(), policy);
        prop_assert!(text.contains("\"stays\"") && !text.contains("Qz") && !text.contains("987654"), "{}", text);
    }

    #[test]
    fn forms_and_text_are_redacted_too(value in "Qz[ -~]{0,30}", form in any::<bool>()) {
        let media = if form { "application/x-www-form-urlencoded" } else { "text/plain" };
        let body = if form { format!("field=Qz{value}&Qz@x={value}") } else { value };
        let text = recorded_push(&[("content-type".to_owned(), media.to_owned())], body.as_bytes(), RedactionPolicy::default());
        prop_assert!(!text.contains("Qz"), "{}", text);
    }

    #[test]
    fn any_bytes_can_be_recorded(bytes in prop::collection::vec(any::<u8>(), 0..200), media in 0..3_usize) {
        let media = ["application/json", "application/x-www-form-urlencoded", "text/html"][media];
        recorded_push(&[("content-type".to_owned(), media.to_owned())], &bytes, RedactionPolicy::default());
    }
}
