//! The suite that all providers pass.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use lendport_core::{AttemptState, Claim, Currency, Grade, Money, ShipmentStatus};
use lendport_testkit::Sample;
use lendport_testkit::provider_suite::{self, Case, Expect, Suite};
use provider_wegetfinancing::{ProviderConfig, WeGetFinancing};

const REQUEST: &str = "df0c3186b69be8aad35ff837a841d347";
const TOLD: &str = "0991dfd815ad17e530d88728ce046c4c";

#[tokio::test]
async fn the_shared_suite() {
    let suite = Suite {
        provider: &|outbound| Arc::new(WeGetFinancing::new(ProviderConfig::default(), outbound)),
        account: &[("merchant_id", "1234"), ("username", "cdx_merchantname"), ("password", "moa24phoPh")],
        cassettes: Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/cassettes")),
        cases: cases(),
    };
    provider_suite::run(&suite).await.unwrap();
}

fn cases() -> Vec<Case> {
    let state = |state| (Grade::Token, Claim::state(state));
    let refund = |text: Option<&str>, distinguishable| {
        let amount = text.map(|text| Money::parse(text, Currency::USD).unwrap());
        (Grade::Token, Claim::Refund { amount, distinguishable })
    };
    let (preapproved, approved) = (state(AttemptState::Preapproved), state(AttemptState::Authorized));
    let declined = state(AttemptState::Declined);
    let (nothing, unknown) = ((Grade::Token, Claim::Nothing), (Grade::Token, Claim::UnknownStatus));
    let signed = (Grade::Signed, Claim::state(AttemptState::Authorized));
    let told = |cassette, claims: &[(Grade, Claim)]| Case::new(cassette, Expect::Notices(claims.to_vec())).on(TOLD);
    let old = [preapproved.clone(), approved.clone(), declined.clone(), nothing, unknown.clone()];
    vec![
        Case::new("create_ok", Expect::Created),
        Case::new("create_ok_canada", Expect::Created).with(Sample::canada),
        Case::new("create_ok_net_prices", Expect::Created).with(Sample::seed_000),
        Case::new("create_ok_request_token", Expect::Created),
        Case::new("create_ok_without_country", Expect::Created)
            .account(&[("send_country_and_currency", "canada_only")]),
        Case::new("create_missing_field", Expect::RefusedContent),
        Case::new("create_missing_field_with_reasons", Expect::RefusedContent),
        Case::new("create_invalid_field", Expect::RefusedContent),
        Case::new("create_invalid_subject", Expect::RefusedContent),
        Case::new("create_wrong_key", Expect::WrongKey),
        Case::new("create_time_limit", Expect::TimeLimit),
        Case::new("create_slow_down", Expect::SlowDown),
        told("notice_approved", std::slice::from_ref(&approved)),
        told("notice_approved_signed", std::slice::from_ref(&signed)).account(&[("signature_mode", "required")]),
        told("notice_approved_signed", &[signed]),
        Case::new("notice_approved_simulated", Expect::Notices(vec![approved.clone()]))
            .on("fc4ca75f0c4073e06491879b0943f90a"),
        told("notice_statuses", &[preapproved.clone(), approved, declined.clone(), refund(Some("1200.00"), false)]),
        told("notice_older_words", &[declined, refund(Some("1200.00"), false)]),
        told(
            "notice_odd_refunds",
            &[refund(None, false), refund(None, false), refund(Some("1200.50"), false), refund(Some("10.00"), true)],
        ),
        told("notice_unknown_status", &[unknown]),
        told("notice_constant_references", &vec![preapproved; 4]),
        told("notice_dialect_1_0", &old),
        told("notice_dialect_0_2", &old),
        Case::new("shipping_v1_shipped", Expect::Shipped(ShipmentStatus::Shipped)).with(Sample::seed_000).on(REQUEST),
        Case::new("shipping_v1_delivered", Expect::Shipped(ShipmentStatus::Delivered))
            .with(Sample::seed_000)
            .on(REQUEST),
        Case::new("shipping_v3_shipped", Expect::Shipped(ShipmentStatus::Shipped))
            .on(REQUEST)
            .account(&[("shipping_api", "v3")]),
    ]
}
