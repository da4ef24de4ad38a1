//! Every class of error, from its cassette: what it says of a commitment and whether anything may be sent again.

#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use lendport_core::CommitClass::{NotSent, Rejected, Unknown};
use lendport_core::RetryClass::{AfterLookup, Never, NewAttempt, SameRequest};
use lendport_core::{CommitClass, ErrorKind, FinancingProvider, Money, ProviderError, RetryClass};
use lendport_testkit::Sample;

use common::{LATER, Stage};

#[derive(Clone, Copy, Debug)]
enum Ask {
    Create,
    Retrieve,
    Capture,
    Cancel,
    Refund,
}

async fn failure(cassette: &str, ask: Ask, account: &[(&str, &str)]) -> ProviderError {
    let (stage, _guard) = Stage::play(cassette, &Sample::usa(), account);
    if matches!(ask, Ask::Create) {
        return stage.create().await.unwrap_err();
    }
    let stage = stage.known();
    let (ctx, attempt, provider) = (stage.context(), &stage.attempt, &stage.provider);
    let part = Money::parse("20.00", attempt.amount.currency()).unwrap();
    match ask {
        Ask::Capture => provider.capture(ctx, attempt).await,
        Ask::Cancel => provider.cancel(ctx, attempt, None).await,
        Ask::Refund => provider.refund(ctx, attempt, part, None).await,
        Ask::Create | Ask::Retrieve => provider.retrieve(ctx, attempt).await,
    }
    .unwrap_err()
}

type Row = (&'static str, Ask, ErrorKind, CommitClass, RetryClass, Option<&'static str>);

async fn hold(rows: Vec<Row>, account: &[(&str, &str)]) {
    for (cassette, ask, kind, commit, retry, code) in rows {
        let error = failure(cassette, ask, account).await;
        let found = (error.kind, error.commit, error.retry, error.provider_code.as_deref());
        assert_eq!(found, (kind, commit, retry, code), "{cassette}");
    }
}

#[tokio::test(start_paused = true)]
async fn creates() {
    use ErrorKind::{BadResponse, Configuration, Credentials, Invalid, NotNow, Unavailable};
    hold(
        vec![
            ("create_missing_parameter", Ask::Create, Invalid, Rejected, Never, Some("1004")),
            ("create_wrong_token", Ask::Create, Credentials, Rejected, Never, Some("1006")),
            ("create_unknown_account", Ask::Create, Configuration, Rejected, Never, Some("3001")),
            ("create_version_not_allowed", Ask::Create, Configuration, Rejected, Never, Some("1016")),
            ("create_account_blocked", Ask::Create, Configuration, Rejected, Never, Some("3004")),
            ("create_throttled", Ask::Create, NotNow, Rejected, NewAttempt, Some("1007")),
            ("create_unknown_error_for_ever", Ask::Create, Unavailable, Unknown, AfterLookup, Some("1008")),
            // Once a send may have arrived, a later refusal to connect does not make it undone.
            ("create_gateway_error_then_reset", Ask::Create, Unavailable, Unknown, AfterLookup, None),
            ("create_other_account", Ask::Create, BadResponse, Unknown, AfterLookup, None),
        ],
        &[],
    )
    .await;
    assert_eq!(failure("create_throttled", Ask::Create, &[]).await.retry_after_s, Some(7));
}

#[tokio::test]
async fn looks() {
    use ErrorKind::{BadResponse, Configuration, Credentials, NotNow, Unavailable};
    hold(
        vec![
            ("retrieve_unknown_checkout", Ask::Retrieve, Configuration, Rejected, Never, Some("4001")),
            ("retrieve_no_right", Ask::Retrieve, Credentials, Rejected, Never, Some("4002")),
            ("retrieve_unknown_call", Ask::Retrieve, Configuration, Rejected, Never, Some("1001")),
            ("retrieve_outage", Ask::Retrieve, Unavailable, Rejected, SameRequest, None),
            ("retrieve_redirect", Ask::Retrieve, BadResponse, Rejected, SameRequest, None),
            ("retrieve_error_with_200", Ask::Retrieve, Unavailable, Rejected, SameRequest, Some("1008")),
            ("retrieve_throttled", Ask::Retrieve, NotNow, Rejected, SameRequest, Some("1007")),
        ],
        &[],
    )
    .await;
}

#[tokio::test]
async fn commands() {
    use ErrorKind::{Configuration, Invalid, NoAnswer, NotNow, Unavailable};
    hold(
        vec![
            ("capture_in_review", Ask::Capture, Invalid, NotSent, AfterLookup, None),
            ("capture_wrong_state", Ask::Capture, Invalid, Rejected, AfterLookup, Some("4004")),
            ("capture_time_limit", Ask::Capture, NoAnswer, Unknown, AfterLookup, None),
            ("capture_outage", Ask::Capture, Unavailable, Unknown, AfterLookup, Some("1008")),
            ("retrieve_new", Ask::Capture, Invalid, NotSent, AfterLookup, None),
            ("retrieve_expired", Ask::Capture, Invalid, NotSent, AfterLookup, None),
            ("retrieve_other_dialect", Ask::Capture, Configuration, NotSent, AfterLookup, None),
            ("cancel_captured", Ask::Cancel, Invalid, NotSent, AfterLookup, None),
            ("cancel_twice", Ask::Cancel, Invalid, Rejected, AfterLookup, Some("4004")),
            ("retrieve_unknown_status", Ask::Cancel, Configuration, NotSent, AfterLookup, None),
            ("refund_too_much", Ask::Refund, Invalid, Rejected, Never, Some("processing_error")),
            ("refund_no_funds", Ask::Refund, NotNow, Rejected, SameRequest, Some("3005")),
            ("refund_held", Ask::Refund, Invalid, NotSent, AfterLookup, None),
            ("retrieve_refunded", Ask::Refund, Invalid, NotSent, AfterLookup, None),
            ("refund_time_limit", Ask::Refund, NoAnswer, Unknown, AfterLookup, None),
        ],
        &[],
    )
    .await;
    let later = vec![
        ("capture_part_not_allowed", Ask::Capture, Invalid, Rejected, Never, Some("4007")),
        ("cancel_bank_dialect_b", Ask::Cancel, Invalid, NotSent, AfterLookup, None),
    ];
    hold(later, LATER).await;
}

#[tokio::test]
async fn refunds_beyond_the_payment_and_long_reasons_are_refused_before_the_call() {
    for (amount, code) in [("1420.01", "too_large"), ("0.00", "out_of_range"), ("9999999.99", "too_large")] {
        let (stage, _guard) = Stage::play("refund_full_looked_at", &Sample::usa(), &[]);
        let stage = stage.known();
        let amount = Money::parse(amount, stage.attempt.amount.currency()).unwrap();
        let error = stage.provider.refund(stage.context(), &stage.attempt, amount, None).await.unwrap_err();
        assert_eq!((error.commit, error.fields[0].code.as_str()), (NotSent, code));
    }
    let (stage, guard) = Stage::play("refund_full_looked_at", &Sample::usa(), &[]);
    let stage = stage.known();
    let (amount, long) = (stage.attempt.amount, "x".repeat(256));
    let refund = stage.provider.refund(stage.context(), &stage.attempt, amount, Some(&long)).await;
    let cancel = stage.provider.cancel(stage.context(), &stage.attempt, Some(&long)).await;
    for error in [refund.unwrap_err(), cancel.unwrap_err()] {
        assert_eq!((error.commit, error.fields[0].pointer.as_str()), (NotSent, "/reason"));
    }
    assert!(stage.calls.records().is_empty());
    // Nothing was called, so the cassette is used up here.
    stage.provider.retrieve(stage.context(), &stage.attempt).await.unwrap();
    drop(guard);
}
