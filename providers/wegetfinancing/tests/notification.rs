//! Postbacks: whose they are, what tells two apart, and that no bytes make the reader panic.

#![expect(clippy::unwrap_used, reason = "tests")]

use lendport_core::{
    AccountSettings, Attempt, AttemptState, Claim, FinancingProvider, Notice, NoticeContext, NoticeRefusal, Push,
};
use lendport_outbound::{Cassette, Outbound};
use lendport_testkit::clock::START;
use lendport_testkit::{Sample, SeededIds, samples};
use proptest::prelude::*;
use provider_wegetfinancing::{ProviderConfig, WeGetFinancing};
use serde_json::json;

const ID: &str = "0991dfd815ad17e530d88728ce046c4c";
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

fn cassette(name: &str) -> Cassette {
    Cassette::load(format!("{}/cassettes/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn provider() -> WeGetFinancing {
    WeGetFinancing::new(ProviderConfig::default(), Outbound::playback(cassette("notice_approved")))
}

fn new_attempt() -> Attempt {
    let ids = SeededIds::default();
    samples::attempt(&Sample::usa().checkout(&ids), "wegetfinancing", &ids)
}

fn account() -> AccountSettings {
    samples::account(&[("username", "cdx_merchantname"), ("password", "moa24phoPh")])
}

fn read_as(attempt: &Attempt, headers: &[(&str, &str)], body: &[u8]) -> Result<Notice, NoticeRefusal> {
    let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let push = Push { method: "POST", headers: &headers, query: "", body, received_at: START };
    provider().read_notification(NoticeContext { account: &account(), attempt }, &push)
}

fn read(content_type: &str, body: &[u8]) -> Result<Notice, NoticeRefusal> {
    read_as(&samples::created(new_attempt(), ID), &[("content-type", content_type)], body)
}

fn approved() -> serde_json::Value {
    json!({ "version": "1.9", "request_token": ID, "updates": { "status": "approved" } })
}

#[test]
fn an_unknown_id_is_adopted_only_with_our_own_reference() {
    let attempt = new_attempt();
    let mut body = approved();
    let refused = |body: &serde_json::Value| {
        matches!(
            read_as(&attempt, &[("content-type", JSON)], body.to_string().as_bytes()),
            Err(NoticeRefusal::Contradicts(_))
        )
    };
    assert!(refused(&body));
    for nonsense in [json!("**"), json!("null"), json!(null), json!(""), json!(7), json!({})] {
        body["merchant_transaction_id"] = nonsense;
        assert!(refused(&body));
    }
    body["merchant_transaction_id"] = json!(attempt.merchant_reference);
    let notice = read_as(&attempt, &[("content-type", JSON)], body.to_string().as_bytes()).unwrap();
    assert_eq!(notice.reference.unwrap().0, ID);

    let form = format!("inv_id={ID}&inv_status=Auth&cust_id_ext={}", attempt.merchant_reference);
    assert!(read_as(&attempt, &[("content-type", FORM)], form.as_bytes()).is_ok());
}

#[test]
fn our_reference_does_not_help_another_id() {
    let attempt = samples::created(new_attempt(), "another");
    let mut body = approved();
    body["merchant_transaction_id"] = json!(attempt.merchant_reference);
    let outcome = read_as(&attempt, &[("content-type", JSON)], body.to_string().as_bytes());
    assert!(matches!(outcome, Err(NoticeRefusal::Contradicts(_))));
}

#[test]
fn equal_messages_have_equal_keys_and_others_do_not() {
    let key = |body: serde_json::Value, timestamp: &str| {
        let headers = [("content-type", JSON), ("x-timestamp", timestamp)];
        read_as(&samples::created(new_attempt(), ID), &headers, body.to_string().as_bytes()).unwrap().dedupe_key
    };
    let refund = |amount: &str| json!({ "request_token": ID, "updates": { "status": "refund", "amount": amount } });
    let plain = key(approved(), "1");
    assert_eq!(plain, key(json!({ "updates": { "status": "approved" }, "request_token": ID, "more": 1 }), "1"));
    let keys = [
        plain,
        key(approved(), "2"),
        key(approved(), ""),
        key(json!({ "request_token": ID, "updates": { "status": "rejected" } }), "1"),
        key(refund("1.00"), "1"),
        key(refund("1.01"), "1"),
    ];
    assert_eq!(keys.iter().collect::<std::collections::BTreeSet<_>>().len(), keys.len());
}

#[test]
fn what_the_documents_do_not_describe_is_unreadable() {
    let deep = format!(r#"{{"request_token":"{ID}","updates":{}{}}}"#, r#"{"a":"#.repeat(9_000), "}".repeat(9_000));
    let endless = format!(r#"{{"request_token":"{}","updates":{{"status":"approved"}}}}"#, "a".repeat(500));
    let twice = format!(r#"{{"request_token":"{ID}","request_token":"{ID}","updates":{{"status":"approved"}}}}"#);
    let status_twice = format!(r#"{{"request_token":"{ID}","updates":{{"status":"rejected","status":"approved"}}}}"#);
    let two_ids = format!(r#"{{"request_token":"{ID}","inv_id":"other","updates":{{"status":"approved"}}}}"#);
    let form_twice = format!("inv_id={ID}&inv_status=Void&inv_status=Auth");
    for (content_type, body) in [
        (JSON, &b""[..]),
        (JSON, b"null"),
        (JSON, b"[]"),
        (JSON, b"{}"),
        (JSON, br#"{"request_token":7,"updates":{"status":"approved"}}"#),
        (JSON, br#"{"request_token":"","updates":{"status":"approved"}}"#),
        (JSON, br#"{"request_token":"a b","updates":{"status":"approved"}}"#),
        (JSON, br#"{"request_token":"0991","updates":"approved"}"#),
        (JSON, b"{\"request_token\":\"\xff\",\"updates\":{}}"),
        (JSON, deep.as_bytes()),
        (JSON, endless.as_bytes()),
        (JSON, twice.as_bytes()),
        (JSON, status_twice.as_bytes()),
        (JSON, two_ids.as_bytes()),
        (JSON, b"inv_id=0991&inv_status=Auth"),
        (FORM, b"inv_status=Auth"),
        (FORM, b"inv_id=&inv_status=Auth"),
        (FORM, form_twice.as_bytes()),
        ("text/plain", b"OK"),
    ] {
        let shown = String::from_utf8_lossy(body).chars().take(80).collect::<String>();
        assert!(matches!(read(content_type, body), Err(NoticeRefusal::Unreadable(_))), "{shown}");
    }
    let push = Push { method: "GET", headers: &[], query: "", body: b"", received_at: START };
    let attempt = new_attempt();
    let outcome = provider().read_notification(NoticeContext { account: &account(), attempt: &attempt }, &push);
    assert!(matches!(outcome, Err(NoticeRefusal::Unreadable(_))));
}

#[test]
fn news_about_the_customer_needs_no_id() {
    for (content_type, body) in
        [(FORM, &b"function=update_customer&crl_id=7"[..]), (JSON, br#"{"function":"update_customer"}"#)]
    {
        let notice = read(content_type, body).unwrap();
        assert_eq!((notice.claim, notice.reference), (Claim::Nothing, None));
    }
}

#[test]
fn a_wrong_content_type_does_not_hide_a_readable_body() {
    for content_type in ["", "text/plain", FORM, "application/json; charset=utf-8"] {
        let notice = read(content_type, approved().to_string().as_bytes()).unwrap();
        assert_eq!(notice.claim, Claim::state(AttemptState::Authorized), "{content_type}");
    }
}

#[test]
fn no_status_at_all_is_unknown_and_long_words_are_cut() {
    let body = json!({ "request_token": ID }).to_string();
    assert_eq!(read(JSON, body.as_bytes()).unwrap().claim, Claim::UnknownStatus);
    let body = json!({ "request_token": ID, "updates": { "status": null, "action": "approved" } }).to_string();
    assert_eq!(read(JSON, body.as_bytes()).unwrap().claim, Claim::UnknownStatus);
    let body = json!({ "request_token": ID, "updates": { "status": "x\n".repeat(400) } }).to_string();
    let word = read(JSON, body.as_bytes()).unwrap().raw_status.unwrap();
    assert_eq!(word, "x".repeat(60));
}

/// The bodies of all committed postback samples.
fn sample_bodies() -> Vec<(String, Vec<u8>)> {
    let names =
        ["notice_approved", "notice_statuses", "notice_older_words", "notice_dialect_1_0", "notice_dialect_0_2"];
    let pushes = names.iter().flat_map(|name| cassette(name).pushes().to_vec());
    pushes.map(|push| (push.content_type.unwrap_or_default(), push.body)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn arbitrary_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..300), form in any::<bool>()) {
        let _ = read(if form { FORM } else { JSON }, &body);
    }

    #[test]
    fn mutated_samples_never_panic_and_never_name_another_request(
        which in any::<prop::sample::Index>(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), 0..6),
    ) {
        let samples = sample_bodies();
        let (content_type, mut body) = which.get(&samples).clone();
        for (at, byte, how) in edits {
            if body.is_empty() {
                break;
            }
            let at = at.index(body.len());
            match how {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                _ => drop(body.remove(at)),
            }
        }
        if let Ok(notice) = read(&content_type, &body) {
            match notice.reference {
                Some(reference) => prop_assert_eq!(reference.0.as_str(), ID),
                None => prop_assert_eq!(notice.claim, Claim::Nothing, "without an id nothing may be claimed"),
            }
        }
    }

    #[test]
    fn json_of_any_shape_never_panics(status in ".{0,40}", amount in ".{0,40}", reference in ".{0,40}") {
        let body = json!({ "request_token": ID, "merchant_transaction_id": reference,
            "updates": { "status": status, "amount": amount } });
        prop_assert!(read(JSON, body.to_string().as_bytes()).is_ok());
    }
}
