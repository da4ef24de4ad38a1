//! The suite that all providers pass.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use lendport_core::{
    AttemptState, Claim, Currency, Details, Dispute, Grade, Money, OperationKind, Reason, ShipmentStatus,
};
use lendport_testkit::provider_suite::{self, Case, Expect, LinesCase, Suite};
use lendport_testkit::{Sample, samples};
use provider_sandbox::{ProviderConfig, Sandbox};

#[tokio::test]
async fn the_shared_suite() {
    let suite = Suite {
        provider: &|outbound| Arc::new(Sandbox::new(ProviderConfig::default(), outbound)),
        account: &[("api_key", "sandbox-key"), ("push_secret", "sandbox-push-secret")],
        cassettes: Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/cassettes")),
        cases: cases(),
    };
    provider_suite::run(&suite).await.unwrap();
}

fn cases() -> Vec<Case> {
    let refund =
        |text| Claim::Refund { amount: Some(Money::parse(text, Currency::USD).unwrap()), distinguishable: true };
    let on = |cassette, expect| Case::new(cassette, expect).on("app_00000001");
    let states = [
        AttemptState::UnderReview,
        AttemptState::Preapproved,
        AttemptState::Authorized,
        AttemptState::Captured,
        AttemptState::Declined,
        AttemptState::Canceled,
        AttemptState::Expired,
        AttemptState::Refunded,
    ];
    let told = states.into_iter().map(Claim::state).chain([refund("20.00")]);
    let captured = Claim::state(AttemptState::Captured);
    let reason = Some(Reason::new(Reason::CANCELED_LOCALLY));
    let canceled_here = Claim::State { state: AttemptState::Canceled, reason };
    let mismatch = Claim::State { state: AttemptState::Canceled, reason: Some(Reason::new("agreement_mismatch")) };
    vec![
        Case::new("create_ok", Expect::Created),
        Case::new("create_plugin", Expect::Created),
        Case::new("create_after_another", Expect::Created).after_declines(1),
        Case::new("create_refused", Expect::RefusedContent),
        Case::new("create_declined", Expect::Declined),
        Case::new("create_wrong_key", Expect::WrongKey),
        Case::new("create_time_limit", Expect::TimeLimit),
        Case::new("create_slow_down", Expect::SlowDown),
        on("retrieve_captured", Expect::Retrieved(captured.clone())),
        Case::new("find_approved", Expect::Found(Claim::state(AttemptState::Authorized))),
        on("retrieve_in_review", with(AttemptState::Authorized, ["0", "0"], true, None)),
        on("retrieve_disputed", with(AttemptState::Captured, ["20", "100"], false, Some(Dispute::Open))),
        on("retrieve_dispute_lost", with(AttemptState::ChargedBack, ["0", "1420"], false, Some(Dispute::Lost))),
        on("notice_dispute", Expect::Notices(vec![(Grade::Signed, Claim::state(AttemptState::Captured))])),
        on("retrieve_unknown_status", Expect::Retrieved(Claim::UnknownStatus)),
        on("capture_ok", Expect::Captured(captured)),
        on("apply_ok", Expect::Stepped(OperationKind::Apply, Claim::state(AttemptState::Preapproved))),
        on("apply_found", Expect::Stepped(OperationKind::Apply, Claim::state(AttemptState::Preapproved))),
        on("agree_ok", Expect::Stepped(OperationKind::Agree, Claim::state(AttemptState::AwaitingCustomer))),
        on("sign_ok", Expect::Stepped(OperationKind::Sign, Claim::state(AttemptState::AwaitingMerchant))),
        on("finalize_ok", Expect::Finalized(Claim::state(AttemptState::Authorized), false)),
        Case::new("sweep_ok", Expect::Swept { rows: 2, ours: 1, more: true }),
        on("finalize_other_amount", Expect::Finalized(mismatch, true)),
        on("cancel_ok", Expect::Canceled(Claim::state(AttemptState::Canceled))),
        on("cancel_still_open", Expect::Canceled(canceled_here)),
        on("amend_ok", Expect::Amended(Claim::state(AttemptState::AwaitingCustomer))),
        on("retrieve_deadline", Expect::Retrieved(Claim::state(AttemptState::AwaitingCustomer))),
        on("notice_look", Expect::Notices(vec![(Grade::Signed, Claim::Nothing)])),
        on("refund_full", Expect::Refunded(None, refund("1420.00"))),
        on("refund_part", Expect::Refunded(Some("20.00"), refund("20.00"))),
        on(
            "lines_canceled",
            Expect::LinesCanceled(LinesCase { asked: &[(0, 1), (1, 1)], done: &[(0, 1)], failed: &[(1, 1)] }),
        )
        .with(by_shipment),
        on("lines_returned", Expect::LinesReturned(LinesCase { asked: &[(0, 2)], done: &[(0, 2)], failed: &[] }))
            .with(by_shipment),
        on("shipment_paid", Expect::Shipped(ShipmentStatus::Shipped)).with(by_shipment),
        on("shipment_shipped", Expect::Shipped(ShipmentStatus::Shipped)),
        on("shipment_delivered", Expect::Shipped(ShipmentStatus::Delivered)),
        on("notices", Expect::Notices(told.map(|claim| (Grade::Signed, claim)).collect())),
        on("notice_unknown_status", Expect::Notices(vec![(Grade::Signed, Claim::UnknownStatus)])),
    ]
}

/// A state with what is told beside it; the sums are what was given back and what was taken back.
fn with(state: AttemptState, sums: [&str; 2], review_open: bool, dispute: Option<Dispute>) -> Expect {
    let [refunded, charged_back] = sums.map(|text| Some(Money::parse(text, Currency::USD).unwrap()));
    let details = Details { review_open: Some(review_open), refunded, charged_back, dispute, lines: Vec::new() };
    Expect::RetrievedWith(Claim::state(state), details)
}

/// A cart that is paid for by shipment, whose second product cannot be stopped.
fn by_shipment() -> Sample {
    let mut sample = Sample::usa();
    sample.cart.items =
        vec![samples::item(Some("TV"), "TV", 2, "500", "0"), samples::item(Some("FAIL-1"), "Cable", 1, "10.38", "0")];
    sample.cart.shipping = None;
    sample
}
