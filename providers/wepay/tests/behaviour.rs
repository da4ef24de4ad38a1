//! What the adapter does beside translating: searching, watching whose answer it is, keeping the limit of calls.

#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use jiff::SignedDuration;
use lendport_core::{
    AttemptState, CaptureMode, Claim, CommitClass, Currency, ErrorKind, FinancingProvider, NextActionKind, ProviderRef,
    RetryClass, Secret,
};
use lendport_testkit::Sample;
use lendport_testkit::clock::START;

use common::{ID, LATER, Stage, card, every_option, with_options};

#[tokio::test]
async fn a_created_page_says_where_to_go_and_until_when() {
    let (stage, _guard) = Stage::play("create_ok", &Sample::usa(), &[]);
    let created = stage.create().await.unwrap();
    assert_eq!((created.reference, created.state), (ProviderRef(ID.to_owned()), AttemptState::AwaitingCustomer));
    assert_eq!(created.amount_echoed, Some(stage.attempt.amount));
    assert!(created.mismatch_stops);
    let action = created.next_action.unwrap();
    assert_eq!(action.kind, NextActionKind::Redirect);
    assert_eq!(action.url, "https://stage.wepay.com/api/checkout/649945633/51e59317");
    assert_eq!(action.expires_at.unwrap().as_second(), 1_439_582_388 + 30 * 60);

    let (stage, _guard) = Stage::play("create_ok_every_option", &every_option(), &[]);
    assert_eq!(stage.create().await.unwrap().next_action.unwrap().kind, NextActionKind::Iframe);
}

#[tokio::test]
async fn a_stored_card_needs_no_page() {
    for (cassette, state) in
        [("create_ok_card_captured", AttemptState::Captured), ("create_card_not_charged", AttemptState::Authorized)]
    {
        let (stage, _guard) = Stage::play(cassette, &card(), &[]);
        let created = stage.create().await.unwrap();
        assert_eq!((created.state, created.next_action), (state, None), "{cassette}");
    }
}

#[tokio::test]
async fn an_unanswered_create_is_adopted_with_its_page() {
    for (cassette, account) in
        [("create_number_spent", &[][..]), ("create_without_number", &[("unique_id", "tokens_only")][..])]
    {
        let (stage, _guard) = Stage::play(cassette, &Sample::usa(), account);
        let created = stage.create().await.unwrap();
        assert_eq!(created.reference.0, ID);
        assert!(created.next_action.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_is_sent_again_after_a_while_and_later_after_a_longer_one() {
    for (cassette, waited_ms) in
        [("create_ok", 0), ("create_unknown_error_then_ok", 300), ("create_unknown_error_for_ever", 1_500)]
    {
        let (stage, _guard) = Stage::play(cassette, &Sample::usa(), &[]);
        let began = tokio::time::Instant::now();
        assert_eq!(stage.create().await.is_ok(), !cassette.ends_with("ever"));
        assert_eq!(began.elapsed().as_millis(), waited_ms, "{cassette}");
    }
}

#[tokio::test]
async fn a_search_takes_what_is_ours_and_not_over() {
    let (stage, _guard) = Stage::play("find_several", &Sample::usa(), &[]);
    let found = stage.provider.find(stage.context(), &stage.attempt).await.unwrap().unwrap();
    assert_eq!(found.reference.0, "513220415");
    let fields = stage.calls.records().pop().unwrap().fields;
    assert!(fields.contains(&("checkouts_with_this_reference".to_owned(), "3".to_owned())), "{fields:?}");

    let (mut stage, _guard) = Stage::play("find_several", &Sample::usa(), &[]);
    stage.attempt.reference = Some(ProviderRef("513220999".to_owned()));
    let found = stage.provider.find(stage.context(), &stage.attempt).await.unwrap().unwrap();
    assert_eq!(found.reference.0, "513220999", "the one we know by number, even when it is over");

    for cassette in ["find_nothing", "find_someone_elses"] {
        let (stage, _guard) = Stage::play(cassette, &Sample::usa(), &[]);
        assert_eq!(stage.provider.find(stage.context(), &stage.attempt).await.unwrap(), None, "{cassette}");
    }
}

#[tokio::test]
async fn looking_tells_more_than_the_state() {
    let (stage, _guard) = Stage::play("retrieve_part_refunded", &Sample::usa(), &[]);
    let stage = stage.known();
    let standing = stage.provider.standing(stage.context(), &stage.attempt).await.unwrap();
    let text = |money: Option<lendport_core::Money>| money.map(|money| money.to_string());
    assert_eq!(standing.claim, Claim::state(AttemptState::Captured));
    assert_eq!(text(standing.refunded).as_deref(), Some("5.50"));
    assert_eq!(text(standing.charged_back).as_deref(), Some("2.07"));
    assert_eq!(text(standing.gross).as_deref(), Some("23.96"));
    assert!(standing.dispute_uri.is_some() && !standing.review_open);

    let (stage, _guard) = Stage::play("retrieve_authorized", &Sample::usa(), &[]);
    let stage = stage.known();
    assert!(stage.provider.standing(stage.context(), &stage.attempt).await.unwrap().review_open);
}

#[tokio::test]
async fn an_answer_about_another_checkout_is_not_believed() {
    let (stage, _guard) = Stage::play("retrieve_captured", &Sample::usa(), &[("account_id", "99")]);
    let stage = stage.known();
    let error = stage.provider.retrieve(stage.context(), &stage.attempt).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadResponse);
}

#[tokio::test]
async fn the_callback_address_can_be_changed() {
    let address = Secret::from("https://www.example.com/ipn/12345");
    for (cassette, account) in [("modify_dialect_b", LATER), ("modify_ok", &[][..])] {
        let (stage, _guard) = Stage::play(cassette, &Sample::usa(), account);
        let stage = stage.known();
        let told = stage.provider.amend_callback(stage.context(), &stage.attempt, &address).await.unwrap();
        assert_eq!(told.raw_status.as_deref(), Some("new"));
    }
    let (stage, _guard) = Stage::play("modify_ok", &Sample::usa(), &[]);
    let stage = stage.known();
    stage.provider.amend_callback(stage.context(), &stage.attempt, &address).await.unwrap();
    let here = Secret::from("http://127.0.0.1:8080/callbacks/wepay/token");
    let error = stage.provider.amend_callback(stage.context(), &stage.attempt, &here).await.unwrap_err();
    assert_eq!((error.kind, error.commit), (ErrorKind::Configuration, CommitClass::NotSent));
}

#[tokio::test]
async fn manual_capture_holds_the_money_in_both_dialects() {
    for (cassette, account) in [("create_held", &[][..]), ("create_held_dialect_b", LATER)] {
        let (mut stage, _guard) = Stage::play(cassette, &Sample::usa(), account);
        stage.attempt.capture = CaptureMode::Manual;
        stage.create().await.unwrap();
    }
}

#[tokio::test]
async fn a_card_that_is_only_authorised_is_let_go_by_its_capture_within_a_week() {
    let sample = with_options(
        r#"{ "payment_method": { "type": "credit_card", "credit_card":
             { "id": 2291714459, "auto_capture": false, "data": { "transaction_token": "tok_8f2c" } } },
             "client_ip": "100.166.99.123", "risk_token": "123e4567-e89b-12d3-a456-426614174000" }"#,
    );
    let (mut stage, _guard) = Stage::play("create_card_authorised_dialect_b", &sample, LATER);
    stage.attempt.capture = CaptureMode::Manual;
    stage.checkout.capture = CaptureMode::Manual;
    let created = stage.create().await.unwrap();
    assert_eq!((created.state, created.details.review_open), (AttemptState::Authorized, Some(true)));
    assert_eq!(created.capture_by.unwrap().as_second(), 1_439_582_388 + 7 * 24 * 3_600);
}

/// The first thing that is wrong with an order, from the check and from a create that is made all the same.
async fn refused(sample: &Sample) -> (String, String) {
    // The cassette is only there to be used up by a look.
    let (stage, _guard) = Stage::play("retrieve_new", sample, &[]);
    let errors = stage.provider.check(&stage.checkout, &stage.account).unwrap_err().0;
    let error = stage.create().await.unwrap_err();
    assert_eq!((error.kind, error.commit), (ErrorKind::Invalid, CommitClass::NotSent));
    assert_eq!(error.fields, errors);
    assert!(stage.calls.records().is_empty());
    let stage = stage.known();
    stage.provider.retrieve(stage.context(), &stage.attempt).await.unwrap();
    let first = errors.into_iter().next().unwrap();
    (first.pointer, first.code)
}

#[tokio::test]
async fn what_wepay_would_refuse_is_refused_before_the_call() {
    let mut pounds = Sample::usa();
    pounds.currency = Currency::parse("GBP").unwrap();
    for (sample, pointer, code) in [
        (pounds, "/currency", "unsupported_currency"),
        (with_options(r#"{ "fee": { "app_fee": "284.01" } }"#), "/provider_options/wepay/fee/app_fee", "too_large"),
        (
            with_options(r#"{ "fee": { "app_fee": "1.001" } }"#),
            "/provider_options/wepay/fee/app_fee",
            "too_many_digits",
        ),
        (
            with_options(r#"{ "payment_method": { "type": "payment_bank", "payment_bank": { "id": 7 } } }"#),
            "/provider_options/wepay/payment_method/type",
            "not_allowed",
        ),
        (with_options(r#"{ "state": "captured" }"#), "/provider_options/wepay/state", "unknown_field"),
    ] {
        assert_eq!(refused(&sample).await, (pointer.to_owned(), code.to_owned()));
    }
    let most = with_options(r#"{ "fee": { "app_fee": "284.00" } }"#);
    let (stage, guard) = Stage::play("retrieve_new", &most, &[]);
    stage.provider.check(&stage.checkout, &stage.account).unwrap();
    let stage = stage.known();
    stage.provider.retrieve(stage.context(), &stage.attempt).await.unwrap();
    drop(guard);
}

#[tokio::test]
async fn what_wepay_asks_of_one_caller_holds_for_all_of_the_account() {
    let (stage, _guard) = Stage::play("retrieve_throttled", &Sample::usa(), &[]);
    let stage = stage.known();
    let clone = stage.provider.clone();
    stage.provider.retrieve(stage.context(), &stage.attempt).await.unwrap_err();
    let error = clone.capture(stage.context(), &stage.attempt).await.unwrap_err();
    assert_eq!((error.commit, error.retry), (CommitClass::NotSent, RetryClass::SameRequest));
    assert_eq!(error.retry_after_s, Some(10));
    assert_eq!(stage.calls.records().len(), 1, "nothing went out");
}

#[tokio::test]
async fn calls_beyond_the_limit_stay_here_until_the_window_has_passed() {
    let (stage, _guard) = Stage::play("find_limit", &Sample::usa(), &[]);
    for _ in 0..24 {
        stage.provider.find(stage.context(), &stage.attempt).await.unwrap();
    }
    let error = stage.provider.find(stage.context(), &stage.attempt).await.unwrap_err();
    assert_eq!((error.kind, error.commit, error.retry_after_s), (ErrorKind::NotNow, CommitClass::NotSent, Some(10)));
    let mut later = stage.context();
    later.now = START + SignedDuration::from_secs(10);
    stage.provider.find(later, &stage.attempt).await.unwrap();
}
