//! The suite that all providers pass.

#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::path::Path;
use std::sync::Arc;

use lendport_core::{AttemptState, Claim, Currency, Money, OperationKind, Reason, ShipmentStatus};
use lendport_testkit::provider_suite::{self, Case, Expect, LinesCase, Suite};
use provider_flexshopper::{Clients, FlexShopper, ProviderConfig};

use common::{ACCOUNT, ID, two_products};

#[tokio::test]
async fn the_shared_suite() {
    let suite = Suite {
        provider: &|outbound| Arc::new(FlexShopper::new(ProviderConfig::default(), Clients::all(outbound))),
        account: ACCOUNT,
        cassettes: Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/cassettes")),
        cases: [creates(), looks(), steps(), commands()].concat(),
    };
    provider_suite::run(&suite).await.unwrap();
}

fn creates() -> Vec<Case> {
    vec![
        Case::new("create_ok", Expect::Created),
        Case::new("create_ok_no_minimum", Expect::Created),
        Case::new("create_ok_settings_down", Expect::Created),
        Case::new("create_ok_settings_abroad", Expect::Created),
        Case::new("create_ok_settings_time_limit", Expect::Created),
        Case::new("create_ok_settings_forbidden", Expect::Created),
        Case::new("create_below_minimum", Expect::RefusedContent),
        Case::new("create_wrong_key", Expect::WrongKey),
        Case::new("create_no_key", Expect::WrongKey),
    ]
}

fn looks() -> Vec<Case> {
    use AttemptState as S;
    let state = |cassette, state| Case::new(cassette, Expect::Retrieved(Claim::state(state))).on(ID);
    vec![
        state("retrieve_not_begun", S::AwaitingCustomer),
        state("retrieve_not_begun_older_word", S::AwaitingCustomer),
        state("retrieve_applying", S::AwaitingCustomer),
        state("retrieve_pending", S::AwaitingCustomer),
        state("retrieve_unsigned", S::AwaitingCustomer),
        state("retrieve_signed", S::AwaitingMerchant),
        Case::new("retrieve_throttled", Expect::SlowDown).on(ID),
        Case::new("retrieve_unknown_status", Expect::Retrieved(Claim::UnknownStatus)).on(ID),
        Case::new("find_signed", Expect::Found(Claim::state(S::AwaitingMerchant))),
        Case::new("sweep_ok", Expect::Swept { rows: 5, ours: 4, more: true }).on(ID),
        Case::new("sweep_nothing", Expect::Swept { rows: 0, ours: 0, more: false }).on(ID),
    ]
}

fn steps() -> Vec<Case> {
    use AttemptState as S;
    use OperationKind::{Agree, Apply, Sign};
    let step = |cassette, kind, state| Case::new(cassette, Expect::Stepped(kind, Claim::state(state))).on(ID);
    let last = Claim::State { state: S::Declined, reason: Some(Reason::new(Reason::NOT_TO_BE_ASKED_AGAIN)) };
    let below = Claim::State { state: S::Preapproved, reason: Some(Reason::new("limit_below_cart")) };
    vec![
        step("apply_new_customer", Apply, S::Preapproved),
        step("apply_decided_before", Apply, S::Preapproved),
        Case::new("apply_after_another", Expect::Stepped(Apply, last)).on(ID).after_declines(1),
        step("agree_new_lease", Agree, S::AwaitingCustomer).with(two_products),
        Case::new("agree_limit_below_cart", Expect::Stepped(Agree, below)).on(ID),
        step("agree_there_already", Agree, S::AwaitingCustomer),
        step("sign_ok", Sign, S::AwaitingMerchant),
        step("sign_payment_first", Sign, S::AwaitingCustomer),
        step("sign_too_late", Sign, S::Expired),
        step("sign_expired", Sign, S::Expired),
    ]
}

fn commands() -> Vec<Case> {
    let here = Claim::State { state: AttemptState::Canceled, reason: Some(Reason::new(Reason::CANCELED_LOCALLY)) };
    let all = Money::parse("1420.00", Currency::USD).unwrap();
    let undone = |cassette, reason: &str| {
        let claim = Claim::State { state: AttemptState::Canceled, reason: Some(Reason::new(reason)) };
        Case::new(cassette, Expect::Finalized(claim, true)).with(two_products).on(ID)
    };
    let given = Claim::Refund { amount: Some(all), distinguishable: true };
    vec![
        Case::new("cancel_signed", Expect::Canceled(Claim::state(AttemptState::Canceled))).on(ID),
        Case::new("cancel_unsigned", Expect::Canceled(here.clone())).on(ID),
        Case::new("cancel_not_begun", Expect::Canceled(here)).on(ID),
        Case::new("finalize_ok", Expect::Finalized(Claim::state(AttemptState::Authorized), false))
            .with(two_products)
            .on(ID),
        Case::new("finalize_pending", Expect::Finalized(Claim::state(AttemptState::AwaitingCustomer), false))
            .with(two_products)
            .on(ID),
        undone("finalize_other_total", "agreement_mismatch"),
        undone("finalize_undo_in_part", "agreement_mismatch"),
        undone("finalize_refused", "refused_by_provider"),
        Case::new("finalize_cannot_tell", Expect::Finalized(Claim::Nothing, true)).with(two_products).on(ID),
        Case::new("refund_full", Expect::Refunded(None, given)).on(ID),
        Case::new("ship_all", Expect::Shipped(ShipmentStatus::Shipped)).with(two_products).on(ID),
        lines(
            "cancel_lines_part",
            Expect::LinesCanceled,
            LinesCase { asked: &[(1, 2)], done: &[(1, 1)], failed: &[(1, 1)] },
        ),
        lines(
            "return_lines_part",
            Expect::LinesReturned,
            LinesCase { asked: &[(1, 2), (0, 1)], done: &[(0, 1)], failed: &[(1, 2)] },
        ),
    ]
}

fn lines(cassette: &'static str, expect: fn(LinesCase) -> Expect, case: LinesCase) -> Case {
    Case::new(cassette, expect(case)).with(two_products).on(ID)
}
