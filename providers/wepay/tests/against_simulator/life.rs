//! What becomes of a payment, from the page to the last refund.

use lendport_core::{AttemptState, CaptureMode, Claim, CommitClass, ErrorKind, Personal, Reason};
use serde_json::json;

use crate::world::{World, is};

#[tokio::test]
async fn paid_then_given_back_in_parts() {
    let mut world = World::start("2015-11-18", 60_000).await;
    let created = world.create().await;
    assert_eq!((created.state, created.amount_echoed), (AttemptState::AwaitingCustomer, Some(world.attempt.amount)));
    assert_eq!(world.state().await, is(AttemptState::AwaitingCustomer));
    world.decide("pay").await;
    let paid = world.standing().await;
    assert_eq!((paid.claim, paid.raw_status.as_str()), (is(AttemptState::Captured), "captured"));
    assert!(!paid.review_open && paid.capture_by.is_none());

    for (amount, sum) in [("20.50", "20.50"), ("100.00", "120.50")] {
        let told = world.refund(amount).await.unwrap();
        assert_eq!(told.details.refunded.unwrap().to_string(), sum);
        assert_eq!(world.state().await, is(AttemptState::Captured));
    }
    // WePay keeps the fees that the payer paid and says that the payment stands; the engine goes by the total.
    let told = world.refund("1299.50").await.unwrap();
    assert_eq!(told.details.refunded, Some(world.attempt.amount));
    assert_eq!(world.state().await, is(AttemptState::Captured));
    let error = world.refund("100.00").await.unwrap_err();
    assert_eq!((error.kind, error.commit), (ErrorKind::Invalid, CommitClass::NotSent));
}

#[tokio::test]
async fn a_full_refund_is_one_call() {
    let mut world = World::start("2015-11-18", 60_000).await;
    world.create().await;
    world.decide("pay").await;
    world.refund("1420.00").await.unwrap();
    assert_eq!(world.standing().await.raw_status, "refunded");
}

#[tokio::test]
async fn held_until_it_is_captured_in_both_dialects() {
    for (version, held, paid) in [("2015-11-18", "reserved", "captured"), ("2018-08-29", "captured", "released")] {
        let mut world = World::start(version, 60_000).await;
        world.attempt.capture = CaptureMode::Manual;
        world.create().await;
        assert_eq!(world.capture().await.unwrap_err().commit, CommitClass::NotSent);
        world.decide("authorized").await;
        let standing = world.standing().await;
        assert_eq!((standing.claim, standing.review_open), (is(AttemptState::Authorized), true));
        assert!(standing.capture_by.is_some());
        assert_eq!(world.capture().await.unwrap_err().kind, ErrorKind::Invalid, "still in review");
        world.decide("reviewed").await;
        let standing = world.standing().await;
        assert_eq!((standing.raw_status.as_str(), standing.review_open), (held, false));
        assert_eq!(standing.claim, is(AttemptState::Authorized));
        assert_eq!(world.refund("20.00").await.unwrap_err().commit, CommitClass::NotSent);
        for _ in 0..2 {
            let told = world.capture().await.unwrap();
            assert_eq!((told.claim, told.raw_status.as_deref()), (is(AttemptState::Captured), Some(paid)));
        }
        assert_eq!(world.cancel().await.unwrap_err().commit, CommitClass::NotSent);
    }
}

#[tokio::test]
async fn canceled_where_it_can_be_and_ended_here_where_it_cannot() {
    let mut world = World::start("2015-11-18", 60_000).await;
    world.attempt.capture = CaptureMode::Manual;
    world.create().await;
    let here = Claim::State { state: AttemptState::Canceled, reason: Some(Reason::new(Reason::CANCELED_LOCALLY)) };
    assert_eq!(world.cancel().await.unwrap().claim, here);
    assert_eq!(world.standing().await.raw_status, "new", "WePay was not told");
    world.decide("pay").await;
    for _ in 0..2 {
        assert_eq!(world.cancel().await.unwrap().claim, is(AttemptState::Canceled));
    }
    assert_eq!(world.standing().await.raw_status, "cancelled");
}

#[tokio::test]
async fn disputes_show_in_amounts() {
    let mut world = World::start("2015-11-18", 60_000).await;
    world.create().await;
    world.decide("pay").await;
    let id = world.attempt.reference.as_ref().unwrap().0.clone();
    let body = json!({ "status": "chargeback", "amount": "7.07" });
    world.control(&format!("requests/{id}/decide"), Some(body)).await;
    let standing = world.standing().await;
    assert_eq!(standing.claim, is(AttemptState::Captured));
    assert_eq!(standing.charged_back.unwrap().to_string(), "7.07");
    assert!(standing.dispute_uri.is_some());
    world.decide("chargeback").await;
    assert_eq!(world.state().await, is(AttemptState::ChargedBack));
    world.decide("chargeback_won").await;
    assert_eq!(world.state().await, is(AttemptState::Captured));
}

#[tokio::test]
async fn a_word_that_nobody_knows_moves_nothing() {
    let mut world = World::start("2015-11-18", 60_000).await;
    world.create().await;
    let id = world.attempt.reference.as_ref().unwrap().0.clone();
    let say = json!({ "status": "pay", "say": "in_limbo" });
    world.control(&format!("requests/{id}/decide"), Some(say)).await;
    let standing = world.standing().await;
    assert_eq!((standing.claim, standing.raw_status.as_str()), (Claim::UnknownStatus, "in_limbo"));
    assert_eq!(world.capture().await.unwrap_err().kind, ErrorKind::Configuration);

    let world = World::start("2015-11-18", 60_000).await;
    world.fault(json!({ "on": "create", "kind": "wrong_account", "times": 1 })).await;
    let error = world.try_create().await.unwrap_err();
    assert_eq!((error.kind, error.commit), (ErrorKind::BadResponse, CommitClass::Unknown));
}

#[tokio::test]
async fn a_card_that_is_only_authorised_is_charged_and_let_go_by_one_capture() {
    let mut world = World::start("2018-08-29", 60_000).await;
    let card = r#"{ "payment_method": { "type": "credit_card", "credit_card": { "id": 7, "auto_capture": false } } }"#;
    world.checkout.provider_options.insert("wepay".to_owned(), card.to_owned());
    world.checkout.capture = CaptureMode::Manual;
    world.attempt.capture = CaptureMode::Manual;
    let created = world.create().await;
    assert_eq!((created.state, created.next_action), (AttemptState::Authorized, None));
    assert!(created.capture_by.is_some());
    let told = world.capture().await.unwrap();
    assert_eq!((told.claim, told.raw_status.as_deref()), (is(AttemptState::Captured), Some("released")));
}

#[tokio::test]
async fn a_bank_payment_of_dialect_b_is_not_cancelled() {
    let mut world = World::start("2018-08-29", 60_000).await;
    let bank = r#"{ "payment_method": { "type": "payment_bank", "payment_bank": { "id": 7 } } }"#;
    world.checkout.provider_options.insert("wepay".to_owned(), bank.to_owned());
    world.attempt.capture = CaptureMode::Manual;
    world.create().await;
    let error = world.cancel().await.unwrap_err();
    assert_eq!((error.kind, error.commit), (ErrorKind::Invalid, CommitClass::NotSent));
    assert_eq!(world.capture().await.unwrap().claim, is(AttemptState::Captured));
}

#[tokio::test]
async fn a_long_address_stays_off_the_page_and_refuses_nothing() {
    for version in ["2015-11-18", "2016-07-13", "2018-08-29"] {
        let mut world = World::start(version, 60_000).await;
        world.checkout.billing.line1 = Personal::new("Long Street ".repeat(12));
        world.checkout.billing.city = Personal::new("Taumatawhakatangihangakoauauotamatea".to_owned());
        assert_eq!(world.create().await.state, AttemptState::AwaitingCustomer, "{version}");
    }
}
