//! Every row of the README's table of states, and what must never be read as a yes.

use std::collections::BTreeMap;

use lendport_core::Currency;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn transaction(told: &Value) -> Transaction {
    serde_json::from_str(&told.to_string()).unwrap()
}

fn order(status: &str, shipped: [u32; 2]) -> Value {
    json!({
        "lease": { "id": "eyJ", "status": status },
        "items": [
            { "sku": "A", "quantity": 1, "quantityByStatus": { "ordered": 1, "shipped": shipped[0] } },
            { "sku": "B", "quantity": 2, "quantityByStatus": { "ordered": 2, "shipped": shipped[1] } }
        ]
    })
}

fn user(told: &Value) -> User {
    serde_json::from_str(&told.to_string()).unwrap()
}

fn with_decision(status: &str, verification: &str, balance: u32) -> Value {
    json!({
        "decision": { "status": status, "spendingLimit": 1_300, "availableBalance": balance },
        "verificationStatus": verification,
        "spendingHold": false
    })
}

fn asked() -> Money {
    Money::parse("450.30", Currency::USD).unwrap()
}

/// A claim as the README writes it.
fn written(claim: &Claim) -> String {
    match claim {
        Claim::State { state, reason: None } => format!("`{}`", state.as_str()),
        Claim::State { state, reason: Some(reason) } => format!("`{}`, `{}`", state.as_str(), reason.0),
        Claim::UnknownStatus => "unknown".to_owned(),
        Claim::Nothing => "unchanged".to_owned(),
        other => format!("{other:?}"),
    }
}

/// What FlexShopper says, as the README words it, and what comes of it.
fn rows() -> Vec<(&'static str, String)> {
    let of_order = |told: Option<Value>, own| written(&standing(told.as_ref().map(transaction).as_ref(), own).claim);
    let of_user = |told: Value| written(&decided(&user(&told), asked()).claim);
    let mut held = with_decision("approved", "succeeded", 1_300);
    held["spendingHold"] = json!(true);
    let mut last = with_decision("failed", "succeeded", 0);
    last["decision"]["waterfallSuppressionFlags"] = json!({ "suppressWaterfallToUOwn": true });
    vec![
        ("no transaction, not confirmed", of_order(None, Own::Open)),
        ("transaction without a lease, not confirmed", of_order(Some(json!({ "id": "x" })), Own::Open)),
        ("lease `pending` or `unsigned`, not confirmed", of_order(Some(order("pending", [0, 0])), Own::Open)),
        ("lease `signed`, not confirmed", of_order(Some(order("signed", [0, 0])), Own::Open)),
        (
            "lease `signed`, confirmed, some units `shipped` or none",
            of_order(Some(order("signed", [1, 1])), Own::Confirmed),
        ),
        (
            "lease `signed`, confirmed, all units `shipped` or canceled here",
            of_order(Some(order("signed", [1, 2])), Own::Confirmed),
        ),
        ("no transaction, confirmed", of_order(None, Own::Confirmed)),
        ("lease not `signed`, confirmed", of_order(Some(order("pending", [0, 0])), Own::Confirmed)),
        ("lease in any other word", of_order(Some(order("finalized", [1, 2])), Own::Open)),
        ("anything, given or taken back here", of_order(Some(order("signed", [1, 2])), Own::Over)),
        ("`spendingHold`", of_user(held)),
        ("verification `failed`", of_user(with_decision("approved", "failed", 1_300))),
        ("decision `failed` or `denied`", of_user(with_decision("denied", "succeeded", 0))),
        ("decision `failed` or `denied`, `suppressWaterfallToUOwn`", of_user(last)),
        ("no decision", of_user(json!({ "userId": "7", "verificationStatus": "pending" }))),
        ("decision `pending`", of_user(with_decision("pending", "pending", 0))),
        ("decision `error`", of_user(with_decision("error", "succeeded", 0))),
        ("decision `approved`, verification `pending`", of_user(with_decision("approved", "pending", 1_300))),
        ("decision `approved`, balance below the cart", of_user(with_decision("approved", "succeeded", 450))),
        ("decision `approved`", of_user(with_decision("approved", "succeeded", 451))),
        ("decision or verification in any other word", of_user(with_decision("granted", "succeeded", 1_300))),
    ]
}

#[test]
fn the_readme_lists_every_state_as_it_is_read() {
    let readme = include_str!("../README.md");
    let section = readme.split("\n## ").find(|section| section.starts_with("States")).unwrap();
    let mut listed: BTreeMap<String, String> = BTreeMap::new();
    for line in section.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let mut cells = line.trim_matches('|').split(" | ").map(str::trim);
        let (says, ours) = (cells.next().unwrap(), cells.next().unwrap());
        assert_eq!(listed.insert(says.to_owned(), ours.to_owned()), None, "{says} twice");
    }
    let expected: BTreeMap<String, String> = rows().into_iter().map(|(says, ours)| (says.to_owned(), ours)).collect();
    assert_eq!(listed, expected);
}

#[test]
fn spellings_of_one_state_are_read_alike() {
    let claim = |word: &str| standing(Some(&transaction(&order(word, [0, 0]))), Own::Open).claim;
    assert_eq!(claim("pending"), claim("unsigned"));
    for word in ["Signed", " signed", "SIGNED", "signed!", "", "true", "approved"] {
        assert_eq!(claim(word), Claim::UnknownStatus, "{word:?}");
    }
    let failed = |word: &str| decided(&user(&with_decision(word, "succeeded", 0)), asked()).claim;
    assert_eq!((failed("failed"), failed("denied")), (Claim::state(AttemptState::Declined), failed("denied")));
}

#[test]
fn an_offer_says_what_is_missing_to_the_cent() {
    let of = |balance: u32| decided(&user(&with_decision("approved", "succeeded", balance)), asked()).offer;
    let text = |money: Option<Money>| money.map(|money| money.to_string());
    assert_eq!(text(of(450).shortfall).as_deref(), Some("0.30"));
    assert_eq!((text(of(451).shortfall), text(of(451).available).as_deref()), (None, Some("451.00")));
    assert_eq!(text(of(451).limit).as_deref(), Some("1300.00"));
    let declined = decided(&user(&with_decision("failed", "succeeded", 1_300)), asked());
    assert_eq!((declined.offer, declined.raw_status.as_deref()), (Offer::default(), Some("failed")));
    // The field that is to be deprecated is not asked.
    let told = json!({ "decision": { "approved": true, "status": "failed" } });
    assert_eq!(decided(&user(&told), asked()).claim, Claim::state(AttemptState::Declined));
    let told = json!({ "decision": { "approved": true } });
    assert_eq!(decided(&user(&told), asked()).claim, Claim::UnknownStatus);
}

#[test]
fn what_stops_a_customer_and_cannot_be_read_lets_nobody_go_on() {
    for (field, value) in [
        ("spendingHold", json!("true")),
        ("spendingHold", json!(1)),
        ("verificationStatus", json!({})),
        ("verificationStatus", json!(false)),
    ] {
        let mut told = with_decision("approved", "succeeded", 1_300);
        told[field] = value.clone();
        assert_eq!(decided(&user(&told), asked()).claim, Claim::UnknownStatus, "{field} {value}");
    }
}

#[test]
fn units_count_as_sent_only_when_all_of_them_are_said_to_be() {
    let claim = |items: Value| {
        let told = transaction(&json!({ "lease": { "status": "signed" }, "items": items }));
        standing(Some(&told), Own::Confirmed).claim
    };
    for items in [
        json!([]),
        json!("all"),
        Value::Null,
        json!([{ "sku": "A", "quantity": 1 }]),
        json!([{ "sku": "A", "quantityByStatus": { "shipped": 1 } }]),
        json!([{ "sku": "A", "quantity": 0, "quantityByStatus": { "shipped": 0 } }]),
        json!([{ "sku": "A", "quantity": 1, "quantityByStatus": { "shipped": "one" } }]),
        json!([{ "sku": "A", "quantity": 1, "quantityByStatus": { "delivered": 1 } }]),
    ] {
        assert_eq!(claim(items.clone()), Claim::state(AttemptState::Authorized), "{items}");
    }
}

proptest! {
    #[test]
    fn no_word_but_signed_ever_asks_for_the_confirmation(word in "[a-zA-Z ]{0,12}", shipped in 0_u32..5) {
        let told = transaction(&order(&word, [shipped, shipped]));
        for own in [Own::Open, Own::Confirmed, Own::Over] {
            let claim = standing(Some(&told), own).claim;
            let binding = matches!(
                claim,
                Claim::State { state: AttemptState::AwaitingMerchant | AttemptState::Authorized | AttemptState::Captured, .. }
            );
            prop_assert!(!binding || word == "signed");
            // Only our own record says that a lease was confirmed.
            let committed = matches!(claim, Claim::State { state: AttemptState::Authorized | AttemptState::Captured, .. });
            prop_assert!(!committed || own == Own::Confirmed);
        }
    }

    #[test]
    fn no_decision_commits_to_anything(status in "[a-z]{0,9}", verification in "[a-z]{0,9}", balance in 0_u32..2_000) {
        let claim = decided(&user(&with_decision(&status, &verification, balance)), asked()).claim;
        let committed = matches!(claim, Claim::State { state, .. } if state.is_committed() || state == AttemptState::AwaitingMerchant);
        prop_assert!(!committed);
    }
}
