//! Every example of the published page (seed 003), parsed and written again, compared field by field and digit by digit.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::*;

/// JSON with its scalars as they are spelt, so that no float stands between two numbers.
#[derive(Debug, PartialEq)]
enum Tree {
    Scalar(String),
    List(Vec<Tree>),
    Object(BTreeMap<String, Tree>),
}

impl Tree {
    fn of(text: &str) -> Self {
        let text = text.trim();
        match text.as_bytes()[0] {
            b'{' => {
                let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).unwrap();
                Self::Object(members.into_iter().map(|(key, value)| (key, Self::of(value.get()))).collect())
            }
            b'[' => {
                let items: Vec<Box<RawValue>> = serde_json::from_str(text).unwrap();
                Self::List(items.iter().map(|item| Self::of(item.get())).collect())
            }
            _ => Self::Scalar(text.to_owned()),
        }
    }

    /// The places at which two trees differ.
    fn differences(&self, other: &Self, at: &str, found: &mut Vec<String>) {
        match (self, other) {
            (Self::Object(left), Self::Object(right)) => {
                for key in left.keys().chain(right.keys().filter(|key| !left.contains_key(*key))) {
                    match (left.get(key), right.get(key)) {
                        (Some(one), Some(two)) => one.differences(two, &format!("{at}/{key}"), found),
                        (one, two) => found.push(format!("{at}/{key}: {one:?} became {two:?}")),
                    }
                }
            }
            (Self::List(left), Self::List(right)) if left.len() == right.len() => {
                for (place, (one, two)) in left.iter().zip(right).enumerate() {
                    one.differences(two, &format!("{at}/{place}"), found);
                }
            }
            (one, two) if one == two => {}
            (one, two) => found.push(format!("{at}: {one:?} became {two:?}")),
        }
    }
}

fn written_again<T: DeserializeOwned + Serialize>(text: &str) -> Vec<String> {
    let read: T = serde_json::from_str(text).unwrap();
    let written = serde_json::to_string(&read).unwrap();
    let mut found = Vec::new();
    Tree::of(text).differences(&Tree::of(&written), "", &mut found);
    found
}

macro_rules! example {
    ($name:literal) => {
        include_str!(concat!("../../tests/seed_003/", $name, ".json"))
    };
}

#[test]
fn every_example_is_read_and_written_exactly() {
    let compared = [
        ("cancel_answer", written_again::<CommandAnswer>(example!("cancel_answer"))),
        ("cancel_request", written_again::<CancelBody>(example!("cancel_request"))),
        ("capture_answer", written_again::<CommandAnswer>(example!("capture_answer"))),
        ("capture_request", written_again::<CheckoutIdBody>(example!("capture_request"))),
        ("create_request", written_again::<CreateBody>(example!("create_request"))),
        ("find_answer", written_again::<Vec<Checkout>>(example!("find_answer"))),
        ("find_request", written_again::<FindBody>(example!("find_request"))),
        ("lookup_answer", written_again::<Checkout>(example!("lookup_answer"))),
        ("lookup_request", written_again::<CheckoutIdBody>(example!("lookup_request"))),
        ("modify_request", written_again::<ModifyBody>(example!("modify_request"))),
        ("refund_answer", written_again::<CommandAnswer>(example!("refund_answer"))),
        ("refund_request", written_again::<RefundBody>(example!("refund_request"))),
    ];
    for (name, differences) in &compared {
        assert!(differences.is_empty(), "{name}:\n{}", differences.join("\n"));
    }
    // The page has twelve examples, and none may be left out: create and modify answer "the same" as looking up.
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/seed_003");
    let name = |entry: std::fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut there: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| name(entry.unwrap())).collect();
    there.sort();
    assert_eq!(there, compared.map(|(name, _)| format!("{name}.json")));
    assert_eq!(there.len(), 12);
}

#[test]
fn a_search_is_bounded_by_seconds_or_by_a_text() {
    for (end, order) in [("1439582902", "DESC"), ("\"2015-08-14 20:08:22 UTC\"", "ASC")] {
        let text = format!(
            r#"{{"account_id":1548718026,"preapproval_id":7,"start_time":0,"end_time":{end},"sort_order":"{order}",
                "shipping_fee":2.5}}"#
        );
        assert_eq!(written_again::<FindBody>(&text), Vec::<String>::new());
    }
    assert!(serde_json::from_str::<FindBody>(r#"{"account_id":1,"sort_order":"newest"}"#).is_err());
    let long = format!(r#"{{"account_id":1,"start_time":"{}"}}"#, "1".repeat(256));
    assert!(serde_json::from_str::<FindBody>(&long).is_err());
}

#[test]
fn structures_of_later_documents_are_read_and_written_exactly() {
    // `wepay.md` 5.5, 5.7 and 4.9: chip cards as public clients recorded them, banks, and dialect B's flags.
    let mut text = example!("lookup_answer").trim_end().trim_end_matches('}').to_owned();
    text.push_str(
        r#", "auto_release": true, "in_review": false, "payment_method": {"type": "credit_card", "credit_card":
            {"id": 235810395803, "auto_capture": false, "data": {"emv_receipt": null, "signature_url": null}}}}"#,
    );
    assert_eq!(written_again::<Checkout>(&text), Vec::<String>::new());
    let bank = r#"{"type": "payment_bank", "payment_bank": {"id": 7}}"#;
    assert_eq!(written_again::<MethodAnswer>(bank), Vec::<String>::new());
    let chip = r#"{"type": "credit_card", "credit_card": {"id": 7, "data": {"transaction_token": "t"}}}"#;
    assert_eq!(written_again::<MethodBody>(chip), Vec::<String>::new());
}

#[test]
fn the_comparison_sees_every_kind_of_difference() {
    let differences = |one: &str, two: &str| {
        let mut found = Vec::new();
        Tree::of(one).differences(&Tree::of(two), "", &mut found);
        found.len()
    };
    for (one, two, count) in [
        (r#"{"a": null}"#, "{}", 1),
        ("{}", r#"{"a": null}"#, 1),
        (r#"{"a": 23.96}"#, r#"{"a": 23.960000000000001}"#, 1),
        (r#"{"a": 20}"#, r#"{"a": "20"}"#, 1),
        (r#"{"a": [1, 2]}"#, r#"{"a": [1]}"#, 1),
        (r#"{"a": {"b": 0}, "c": 1}"#, r#"{"a": {"b": false}, "c": 2}"#, 2),
        (r#"{"a": 1, "b": 2}"#, r#"{"b": 2, "a": 1}"#, 0),
    ] {
        assert_eq!(differences(one, two), count, "{one} {two}");
    }
}

#[test]
fn auto_capture_may_be_a_number() {
    let text = example!("create_request").replace("\"auto_capture\": true", "\"auto_capture\": 0");
    assert_ne!(text, example!("create_request"));
    assert!(written_again::<CreateBody>(&text).is_empty());
    let read: CreateBody = serde_json::from_str(&text).unwrap();
    assert!(read.auto_capture.is_some_and(|flag| !flag.is_on()));
    let answer = example!("lookup_answer").replace("\"auto_capture\": true", "\"auto_capture\": 0");
    assert_ne!(answer, example!("lookup_answer"));
    assert!(written_again::<Checkout>(&answer).is_empty());
}

#[test]
fn absent_and_null_are_two_things_and_both_are_read() {
    let read: Vec<Checkout> = serde_json::from_str(example!("find_answer")).unwrap();
    let hosted = read[0].hosted_checkout.value().unwrap();
    assert!(read[0].payment_method.is_absent() && read[1].hosted_checkout.is_absent());
    assert_eq!(
        hosted.shipping_address.value().and_then(|address| address.zip.value()).map(String::as_str),
        Some("94085")
    );
    let looked_up: Checkout = serde_json::from_str(example!("lookup_answer")).unwrap();
    assert!(!looked_up.reference_id.is_absent() && looked_up.reference_id.value().is_none());
    let nulls = example!("lookup_answer")
        .replace("\"long_description\": \"test\"", "\"long_description\": null, \"payment_method\": null");
    assert!(written_again::<Checkout>(&nulls).is_empty());
}

#[test]
fn fields_that_nobody_told_us_of_change_nothing() {
    let plain = example!("lookup_answer");
    let more = plain.replacen('{', "{\"initiated_by\": {\"a\": [1e400]}, \"npo_information\": null, ", 1);
    let more = more.replace("\"app_fee\": 1,", "\"app_fee\": 1, \"extra\": 0.1,");
    let (one, two): (Checkout, Checkout) = (serde_json::from_str(plain).unwrap(), serde_json::from_str(&more).unwrap());
    assert!(one == two);
}

#[test]
fn amounts_are_those_of_the_page() {
    let read: Vec<Checkout> = serde_json::from_str(example!("find_answer")).unwrap();
    let shown = |index: usize| {
        let fee = read[index].fee.value().unwrap();
        [&read[index].amount, &read[index].gross, &fee.app_fee, &fee.processing_fee]
            .map(|amount| amount.value().unwrap().to_string())
    };
    assert_eq!(shown(0), ["20", "23.96", "1", "0.96"]);
    assert_eq!(shown(1), ["20", "21.9", "1", "0.9"]);
}
