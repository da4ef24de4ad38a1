//! The suite that all providers pass.

#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::path::Path;
use std::sync::Arc;

use lendport_core::{AttemptState, Claim, Currency, Grade, Money, Reason};
use lendport_testkit::Sample;
use lendport_testkit::provider_suite::{self, Case, Expect, Suite};
use provider_wepay::{ProviderConfig, WePay};

use common::{ACCOUNT, ID, LATER, card, card_with_browser, every_option};

#[tokio::test(start_paused = true)]
async fn the_shared_suite() {
    let suite = Suite {
        provider: &|outbound| Arc::new(WePay::new(ProviderConfig::default(), outbound)),
        account: ACCOUNT,
        cassettes: Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/cassettes")),
        cases: [creates(), looks(), commands(), notices()].concat(),
    };
    provider_suite::run(&suite).await.unwrap();
}

fn creates() -> Vec<Case> {
    vec![
        Case::new("create_ok", Expect::Created),
        Case::new("create_ok_every_option", Expect::Created).with(every_option),
        Case::new("create_ok_canada", Expect::Created).with(Sample::canada),
        Case::new("create_ok_dialect_b", Expect::Created).account(LATER),
        Case::new("create_ok_unclear_address", Expect::Created).account(&[("api_version", "2016-07-13")]),
        Case::new("create_ok_card", Expect::Created).with(card_with_browser),
        Case::new("create_ok_card_captured", Expect::Created).with(card),
        Case::new("create_card_not_charged", Expect::Created).with(card),
        Case::new("create_time_limit", Expect::TimeLimit),
        Case::new("create_throttled", Expect::SlowDown),
        Case::new("create_time_limit_then_ok", Expect::Created),
        Case::new("create_unknown_error_then_ok", Expect::Created),
        Case::new("create_broken_answer_then_ok", Expect::Created),
        Case::new("create_number_spent", Expect::Created),
        Case::new("create_without_number", Expect::Created).account(&[("unique_id", "tokens_only")]),
        Case::new("create_missing_parameter", Expect::RefusedContent),
        Case::new("create_bad_value", Expect::RefusedContent).account(LATER),
        Case::new("create_declined", Expect::Declined).with(card),
        Case::new("create_declined_as_1008", Expect::Declined).with(card),
        Case::new("create_wrong_token", Expect::WrongKey),
        Case::new("create_revoked_token", Expect::WrongKey),
        Case::new("create_no_right", Expect::WrongKey),
    ]
}

fn looks() -> Vec<Case> {
    use AttemptState as S;
    let state = |cassette, state| Case::new(cassette, Expect::Retrieved(Claim::state(state))).on(ID);
    let unknown = |cassette| Case::new(cassette, Expect::Retrieved(Claim::UnknownStatus)).on(ID);
    vec![
        state("retrieve_new", S::AwaitingCustomer),
        state("retrieve_authorized", S::Authorized),
        state("retrieve_reserved", S::Authorized),
        state("retrieve_captured", S::Captured),
        state("retrieve_part_refunded", S::Captured),
        state("retrieve_cancelled", S::Canceled),
        state("retrieve_refunded", S::Refunded),
        state("retrieve_charged_back", S::ChargedBack),
        state("retrieve_failed", S::Failed),
        state("retrieve_expired", S::Expired),
        unknown("retrieve_unknown_status"),
        unknown("retrieve_other_dialect"),
        state("retrieve_captured_dialect_b", S::Authorized).account(LATER),
        state("retrieve_released_dialect_b", S::Captured).account(LATER),
        unknown("retrieve_reserved_dialect_b").account(LATER),
        Case::new("find_captured", Expect::Found(Claim::state(S::Captured))),
        Case::new("find_dialect_b", Expect::Found(Claim::state(S::Captured))).account(LATER),
        Case::new("find_several", Expect::Found(Claim::state(S::Captured))),
    ]
}

fn commands() -> Vec<Case> {
    use AttemptState as S;
    let captured = |cassette, state| Case::new(cassette, Expect::Captured(Claim::state(state))).on(ID);
    let canceled = |cassette| Case::new(cassette, Expect::Canceled(Claim::state(S::Canceled))).on(ID);
    let refunded = |cassette, amount: Option<&'static str>| {
        let given = Money::parse(amount.unwrap_or("1420.00"), Currency::USD).unwrap();
        let claim = Claim::Refund { amount: Some(given), distinguishable: true };
        Case::new(cassette, Expect::Refunded(amount, claim)).on(ID)
    };
    let here = Claim::State { state: S::Canceled, reason: Some(Reason::new(Reason::CANCELED_LOCALLY)) };
    vec![
        captured("capture_ok", S::Captured),
        captured("capture_lag", S::Authorized),
        captured("capture_done_already", S::Captured),
        captured("capture_dialect_b", S::Captured).account(LATER),
        captured("capture_card_dialect_b", S::Captured).account(LATER),
        canceled("cancel_authorized"),
        canceled("cancel_reserved"),
        canceled("cancel_dialect_b").account(LATER),
        canceled("cancel_done_already"),
        Case::new("cancel_new", Expect::Canceled(here)).on(ID),
        Case::new("modify_notices", Expect::Amended(Claim::state(S::AwaitingCustomer))).on(ID),
        refunded("refund_full", None),
        refunded("refund_part", Some("20.00")),
        refunded("refund_rest", Some("1399.50")),
        refunded("refund_look_lost", Some("20.00")),
        refunded("refund_dialect_b", Some("20.00")).account(LATER),
    ]
}

fn notices() -> Vec<Case> {
    let look = (Grade::Token, Claim::Nothing);
    let told = |cassette, count| Case::new(cassette, Expect::Notices(vec![look.clone(); count])).on(ID);
    vec![told("notices", 3), told("notice_with_claims", 1)]
}
