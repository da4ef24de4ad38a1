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
    for (name, differences) in [
        ("lookup_request", written_again::<CheckoutIdBody>(example!("lookup_request"))),
        ("lookup_answer", written_again::<Checkout>(example!("lookup_answer"))),
        ("find_request", written_again::<FindBody>(example!("find_request"))),
        ("find_answer", written_again::<Vec<Checkout>>(example!("find_answer"))),
        ("create_request", written_again::<CreateBody>(example!("create_request"))),
        ("cancel_request", written_again::<CancelBody>(example!("cancel_request"))),
        ("cancel_answer", written_again::<CommandAnswer>(example!("cancel_answer"))),
        ("refund_request", written_again::<RefundBody>(example!("refund_request"))),
        ("refund_answer", written_again::<CommandAnswer>(example!("refund_answer"))),
        ("capture_request", written_again::<CheckoutIdBody>(example!("capture_request"))),
        ("capture_answer", written_again::<CommandAnswer>(example!("capture_answer"))),
        ("modify_request", written_again::<ModifyBody>(example!("modify_request"))),
    ] {
        assert!(differences.is_empty(), "{name}:\n{}", differences.join("\n"));
    }
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
