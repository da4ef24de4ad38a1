//! What becomes of each answer of WeGetFinancing: kind, commit class, and the caller's fields.

#![expect(clippy::unwrap_used, reason = "tests")]

use lendport_core::operation::Shipment;
use lendport_core::provider::ShipmentConfirmed;
use lendport_core::{
    AccountSettings, CallContext, CallLog, CascadeHints, CommitClass, CreateRequest, Created, ErrorKind,
    FinancingProvider, LineInput, ProviderError, RetryClass, ReturnUrls, Secret, ShipmentStatus, parse_decimal,
};
use lendport_outbound::{ClientSettings, Outbound};
use lendport_testkit::clock::START;
use lendport_testkit::{Sample, SeededIds, play, samples};
use provider_wegetfinancing::{ProviderConfig, WeGetFinancing};

fn account(more: &[(&str, &str)]) -> AccountSettings {
    let mut values = vec![("merchant_id", "1234"), ("username", "cdx_merchantname"), ("password", "moa24phoPh")];
    values.extend(more);
    samples::account(&values)
}

async fn create(cassette: &str, sample: &Sample, more: &[(&str, &str)]) -> (Result<Created, ProviderError>, CallLog) {
    let (outbound, _guard) = play(format!("{}/cassettes/{cassette}.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let provider = WeGetFinancing::new(ProviderConfig::default(), outbound);
    let (ids, calls, account) = (SeededIds::default(), CallLog::new(), account(more));
    let checkout = sample.checkout(&ids);
    let attempt = samples::attempt(&checkout, "wegetfinancing", &ids);
    let callback_url = Secret::from("https://gateway.example/callbacks/wegetfinancing/callback-token");
    let ctx = CallContext { account: &account, mode: checkout.mode, now: START, calls: &calls };
    let request = CreateRequest {
        checkout: &checkout,
        attempt: &attempt,
        callback_url: &callback_url,
        hints: CascadeHints::FIRST,
    };
    (provider.create(ctx, request).await, calls)
}

async fn ship(
    cassette: &str,
    more: &[(&str, &str)],
    status: ShipmentStatus,
) -> Result<ShipmentConfirmed, ProviderError> {
    let (outbound, _guard) = play(format!("{}/cassettes/{cassette}.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let provider = WeGetFinancing::new(ProviderConfig::default(), outbound);
    let (ids, calls, account) = (SeededIds::default(), CallLog::new(), account(more));
    let checkout = Sample::seed_000().checkout(&ids);
    let attempt = samples::attempt(&checkout, "wegetfinancing", &ids);
    let attempt = samples::created(attempt, "df0c3186b69be8aad35ff837a841d347");
    let ctx = CallContext { account: &account, mode: checkout.mode, now: START, calls: &calls };
    let shipment = Shipment {
        status,
        carrier: Some("UPS".into()),
        service: Some("Ground".into()),
        tracking_number: Some("1Z999AA10123456784".into()),
        tracking_url: None,
        shipped_on: Some(jiff::civil::date(2026, 11, 21)),
        expected_on: Some(jiff::civil::date(2026, 11, 24)),
        message: Some("left the warehouse".into()),
        lines: Vec::new(),
    };
    provider.confirm_shipment(ctx, &checkout, &attempt, &shipment).await
}

#[tokio::test]
async fn a_request_is_taken_in() {
    let created = create("create_ok", &Sample::usa(), &[]).await.0.unwrap();
    assert_eq!(created.reference.0, "df0c3186b69be8aad35ff837a841d347");
    assert_eq!(created.amount_echoed.unwrap().to_string(), "1420.00");
    assert!(created.mismatch_stops);
    let action = created.next_action.unwrap();
    assert_eq!((action.kind.as_str(), action.also.len()), ("lightbox", 1));
    assert!(action.url.ends_with("/lc/info/df0c3186b69be8aad35ff837a841d347"));

    let created = create("create_ok_net_prices", &Sample::seed_000(), &[]).await.0.unwrap();
    assert_eq!(created.amount_echoed.unwrap().to_string(), "3000.00");
}

#[tokio::test]
async fn every_field_goes_out_as_documented() {
    let mut sample = Sample::usa();
    let mut shipping = samples::address("350 5th Ave", "New York", "ny", "10118-0110", "us");
    shipping.line2 = Some(lendport_core::Personal::new("Floor 7".into()));
    sample.shipping = Some(shipping);
    sample.cart.items = vec![LineInput {
        brand: Some("Samsung".into()),
        category: Some("electronics".into()),
        ..samples::item(Some("TV-1"), "TV", 3, "460.00", "17.65")
    }];
    sample.cart.discount = parse_decimal("10.00").ok();
    sample.return_urls = ReturnUrls {
        success: Some("https://shop.example/ok".into()),
        failure: Some("https://shop.example/cart".into()),
    };
    let options = r#"{"sent_to_consumer":true,"software_name":"Shop","software_version":"2.1"}"#;
    sample.provider_options.insert("wegetfinancing".into(), options.into());
    let created = create("create_ok_every_field", &sample, &[]).await.0.unwrap();
    // Sent to the customer by mail, the address is handed out all the same (Q24).
    assert!(created.next_action.is_some());
}

#[tokio::test]
async fn another_amount_is_reported_as_it_is() {
    for (setting, stops) in [("stop", true), ("warn", false), ("", true)] {
        let created = create("create_amount_differs", &Sample::usa(), &[("amount_mismatch", setting)]).await.0.unwrap();
        assert_eq!(created.amount_echoed.unwrap().to_string(), "1472.69");
        assert_eq!(created.mismatch_stops, stops, "{setting}");
    }
    let created = create("create_amount_absent", &Sample::usa(), &[]).await.0.unwrap();
    assert_eq!(created.amount_echoed, None);
}

#[tokio::test]
async fn every_failure_has_its_kind_and_commit_class() {
    use CommitClass::{NotSent, Rejected, Unknown};
    use ErrorKind::{BadResponse, Configuration, Credentials, Invalid, NoAnswer, NotNow, Unavailable};
    use RetryClass::{Never, NewAttempt, SameRequest};
    for (cassette, kind, commit, retry) in [
        ("create_missing_field", Invalid, Rejected, Never),
        ("create_missing_field_with_reasons", Invalid, Rejected, Never),
        ("create_invalid_field", Invalid, Rejected, Never),
        ("create_invalid_subject", Invalid, Rejected, Never),
        ("create_country_refused", Invalid, Rejected, Never),
        ("create_malformed", Invalid, Rejected, Never),
        ("create_error_text", Invalid, Rejected, Never),
        ("create_unknown_field", Configuration, Rejected, Never),
        ("create_wrong_key", Credentials, Rejected, Never),
        ("create_forbidden", Credentials, Rejected, Never),
        ("create_wrong_merchant", Configuration, Rejected, Never),
        ("create_slow_down", NotNow, Rejected, SameRequest),
        ("create_server_error", Unavailable, Unknown, NewAttempt),
        ("create_server_error_json", Unavailable, Unknown, NewAttempt),
        ("create_redirect", BadResponse, Unknown, NewAttempt),
        ("create_html", BadResponse, Unknown, NewAttempt),
        ("create_empty", BadResponse, Unknown, NewAttempt),
        ("create_without_href", BadResponse, Unknown, NewAttempt),
        ("create_without_id", BadResponse, Unknown, NewAttempt),
        ("create_unsafe_href", BadResponse, Unknown, NewAttempt),
        ("create_amount_unreadable", BadResponse, Unknown, NewAttempt),
        ("create_time_limit", NoAnswer, Unknown, NewAttempt),
        ("create_reset", NoAnswer, Unknown, NewAttempt),
        ("create_refused_connection", Unavailable, NotSent, SameRequest),
    ] {
        let (outcome, calls) = create(cassette, &Sample::usa(), &[]).await;
        let error = outcome.unwrap_err();
        assert_eq!((&error.kind, error.commit, error.retry), (&kind, commit, retry), "{cassette}");
        assert_eq!(calls.records().len(), 1, "{cassette}");
    }
}

#[tokio::test]
async fn refused_fields_are_the_callers() {
    let error = create("create_missing_field", &Sample::usa(), &[]).await.0.unwrap_err();
    let named: Vec<_> = error.fields.iter().map(|f| (f.pointer.as_str(), f.code.as_str())).collect();
    assert_eq!(named, [("/customer/first_name", "missing"), ("/customer/email", "missing")]);
    assert_eq!((error.provider_code.as_deref(), error.http_status), (Some("missing_parameters"), Some(400)));

    let error = create("create_country_refused", &Sample::usa(), &[]).await.0.unwrap_err();
    let text = "Invalid country/currency pairing: US/USD. Expected US/CAD.";
    assert_eq!((error.fields[0].pointer.as_str(), error.fields[0].detail.as_str()), ("/currency", text));

    let error = create("create_slow_down", &Sample::usa(), &[]).await.0.unwrap_err();
    assert_eq!(error.retry_after_s, Some(30));
}

#[tokio::test]
async fn the_record_of_a_call_keeps_marks_and_no_persons() {
    let (_, calls) = create("create_missing_field", &Sample::usa(), &[]).await;
    let record = calls.records().remove(0);
    let kept: Vec<_> = record.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let expected =
        [("error", "missing_parameters"), ("message", "MissingParameters"), ("code", "400"), ("stamp", "0x93a930")];
    assert_eq!(kept, expected);
    let shown = format!("{record:?}");
    for private in ["John", "Doe", "john@", "2222222222", "moa24phoPh", "callback-token"] {
        assert!(!shown.contains(private), "{private}");
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_any_call() {
    for (sample, more, kind) in [
        (Sample { currency: lendport_core::Currency::CAD, ..Sample::canada() }, &[][..], ErrorKind::Invalid),
        (Sample::usa(), &[("merchant_id", "..")], ErrorKind::Configuration),
        (Sample::usa(), &[("merchant_id", "")], ErrorKind::Configuration),
        (Sample::usa(), &[("password", "")], ErrorKind::Configuration),
    ] {
        // The cassette's one interaction must stay unused, so its guard is told to expect that.
        let outbound = {
            let path = format!("{}/cassettes/create_ok.json", env!("CARGO_MANIFEST_DIR"));
            Outbound::playback(lendport_outbound::Cassette::load(path).unwrap())
        };
        let provider = WeGetFinancing::new(ProviderConfig::default(), outbound);
        let (ids, calls, account) = (SeededIds::default(), CallLog::new(), account(more));
        let checkout = sample.checkout(&ids);
        let attempt = samples::attempt(&checkout, "wegetfinancing", &ids);
        let callback_url = Secret::from("https://gateway.example/callbacks/wegetfinancing/t");
        let ctx = CallContext { account: &account, mode: checkout.mode, now: START, calls: &calls };
        let request = CreateRequest {
            checkout: &checkout,
            attempt: &attempt,
            callback_url: &callback_url,
            hints: CascadeHints::FIRST,
        };
        let error = provider.create(ctx, request).await.unwrap_err();
        assert_eq!((error.kind, error.commit), (kind, CommitClass::NotSent));
        assert!(calls.records().is_empty());
    }
}

#[tokio::test]
async fn shipping_updates_and_their_failures() {
    let v3 = &[("shipping_api", "v3")];
    let confirmed = ship("shipping_v1_shipped", &[], ShipmentStatus::Shipped).await.unwrap();
    assert_eq!(confirmed.reference.as_deref(), Some("5f1e3c"));
    assert_eq!(ship("shipping_v3_shipped", v3, ShipmentStatus::Shipped).await.unwrap().reference, None);

    for (cassette, more, kind, commit, retry) in [
        ("shipping_v1_refused", &[][..], ErrorKind::Invalid, CommitClass::Rejected, RetryClass::Never),
        ("shipping_v1_time_limit", &[], ErrorKind::NoAnswer, CommitClass::Unknown, RetryClass::AfterLookup),
        ("shipping_v1_not_done", &[], ErrorKind::BadResponse, CommitClass::Unknown, RetryClass::AfterLookup),
        ("shipping_v3_wrong_key", v3, ErrorKind::Credentials, CommitClass::Rejected, RetryClass::Never),
        ("shipping_v3_token_time_limit", v3, ErrorKind::NoAnswer, CommitClass::NotSent, RetryClass::SameRequest),
    ] {
        let error = ship(cassette, more, ShipmentStatus::Shipped).await.unwrap_err();
        assert_eq!((error.kind, error.commit, error.retry), (kind, commit, retry), "{cassette}");
    }
}

#[test]
fn a_request_that_is_mailed_to_the_customer_is_not_repeated() {
    let provider = WeGetFinancing::new(ProviderConfig::default(), Outbound::live(ClientSettings::default()).unwrap());
    for (options, may) in
        [(None, true), (Some(r#"{"sent_to_consumer":false}"#), true), (Some(r#"{"sent_to_consumer":true}"#), false)]
    {
        let mut sample = Sample::usa();
        sample.provider_options.extend(options.map(|text| ("wegetfinancing".to_owned(), text.to_owned())));
        assert_eq!(provider.may_repeat_create(&sample.checkout(&SeededIds::default())), may, "{options:?}");
    }
}
