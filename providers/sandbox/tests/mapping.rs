//! What is special to this provider: what is refused before a call, what its errors mean, whose pushes count.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::LazyLock;

use lendport_core::{
    Attempt, CallContext, CallLog, CascadeHints, CommitClass, CreateRequest, Currency, ErrorKind, FinancingProvider,
    Mode, NoticeContext, NoticeRefusal, Product, ProviderError, Push, Secret,
};
use lendport_outbound::Outbound;
use lendport_testkit::clock::START;
use lendport_testkit::{Fault, FaultyServer, Sample, SeededIds, samples};
use proptest::prelude::*;
use provider_sandbox::{ProviderConfig, Sandbox};

fn attempt() -> Attempt {
    let ids = SeededIds::default();
    samples::attempt(&Sample::usa().checkout(&ids), "sandbox", &ids)
}

fn provider(base_url: &str) -> Sandbox {
    let config = ProviderConfig { base_url: base_url.to_owned(), request_timeout_ms: 800, ..ProviderConfig::default() };
    Sandbox::new(config.clone(), Outbound::live(config.client_settings()).unwrap())
}

async fn create_error(base_url: &str, sample: &Sample, mode: Mode) -> ProviderError {
    let (ids, calls) = (SeededIds::default(), CallLog::new());
    let account = samples::account(&[("api_key", "key"), ("push_secret", "push")]);
    let checkout = sample.checkout(&ids);
    let attempt = samples::attempt(&checkout, "sandbox", &ids);
    let callback_url = Secret::from("https://gateway.example/callbacks/sandbox/t");
    let ctx = CallContext { account: &account, mode, now: START, calls: &calls };
    let request = CreateRequest {
        checkout: &checkout,
        attempt: &attempt,
        callback_url: &callback_url,
        hints: CascadeHints::FIRST,
    };
    provider(base_url).create(ctx, request).await.unwrap_err()
}

#[tokio::test]
async fn what_is_not_served_is_refused_before_any_call() {
    let nowhere = "http://127.0.0.1:1";
    let error = create_error(nowhere, &Sample::canada(), Mode::Test).await;
    assert_eq!((error.kind, error.commit), (ErrorKind::Invalid, CommitClass::NotSent));
    assert_eq!(error.fields[0].pointer, "/currency");

    let mexico = samples::address("Calle 1", "Mexico City", "CDMX", "01000", "MX");
    let error = create_error(nowhere, &Sample { billing: mexico, ..Sample::usa() }, Mode::Test).await;
    assert_eq!(error.fields[0].pointer, "/billing_address/country");

    let error = create_error(nowhere, &Sample::usa(), Mode::Live).await;
    assert_eq!((error.kind, error.commit), (ErrorKind::Configuration, CommitClass::NotSent));
}

#[tokio::test]
async fn every_answer_has_its_kind_and_commit_class() {
    use CommitClass::{Rejected, Unknown};
    let json = |status, body: &str| Fault::Json(status, body.to_owned());
    let server = FaultyServer::start(Fault::Silence).await.unwrap();
    for (fault, kind, commit) in [
        (json(403, "{}"), ErrorKind::Credentials, Rejected),
        (json(402, "{}"), ErrorKind::Declined, Rejected),
        (json(404, ""), ErrorKind::Configuration, Rejected),
        (json(409, r#"{"error":{"code":"not_possible_now"}}"#), ErrorKind::Invalid, Rejected),
        (json(429, "null"), ErrorKind::NotNow, Rejected),
        (Fault::Html(503), ErrorKind::Unavailable, Unknown),
        (Fault::Html(200), ErrorKind::BadResponse, Unknown),
        (Fault::Redirect("http://127.0.0.1:1/".to_owned()), ErrorKind::BadResponse, Unknown),
        (json(201, r#"{"id":"a","status":"frozen","amount_cents":1}"#), ErrorKind::BadResponse, Unknown),
        (json(201, r#"{"id":"","status":"applying","amount_cents":1}"#), ErrorKind::BadResponse, Unknown),
        (
            json(201, r#"{"id":"a","status":"applying","amount_cents":1,"apply_url":"ftp://a"}"#),
            ErrorKind::BadResponse,
            Unknown,
        ),
        (json(201, r#"{"id":"a","status":"applying","amount_cents":1.5}"#), ErrorKind::BadResponse, Unknown),
        (Fault::Silence, ErrorKind::NoAnswer, Unknown),
    ] {
        server.switch(fault.clone());
        let error = create_error(&server.url(), &Sample::usa(), Mode::Test).await;
        assert_eq!((&error.kind, error.commit), (&kind, commit), "{fault:?}");
    }
}

fn read(headers: &[(String, String)], body: &[u8]) -> Result<lendport_core::Notice, NoticeRefusal> {
    static READER: LazyLock<Sandbox> = LazyLock::new(|| provider("http://127.0.0.1:1"));
    let (account, attempt) = (samples::account(&[("push_secret", "push")]), attempt());
    let push = Push { method: "POST", headers, query: "", body, received_at: START };
    READER.read_notification(NoticeContext { account: &account, attempt: &attempt }, &push)
}

#[test]
fn nothing_unsigned_is_read() {
    assert!(matches!(read(&[], b"{}"), Err(NoticeRefusal::Unauthentic(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_pushes_never_panic(signature in ".{0,80}", body in proptest::collection::vec(any::<u8>(), 0..100)) {
        let headers = [("sandbox-timestamp".to_owned(), "1".to_owned()), ("sandbox-signature".to_owned(), signature)];
        prop_assert!(read(&headers, &body).is_err());
    }
}

#[test]
fn a_plugin_is_handed_the_stored_order() {
    let ids = SeededIds::default();
    let checkout = Sample::usa().checkout(&ids);
    let attempt = samples::attempt(&checkout, "sandbox", &ids);
    let account = samples::account(&[]);
    let sandbox = provider("http://127.0.0.1:1");
    let order = |attempt: &Attempt| sandbox.plugin_order(&checkout, attempt, &account).unwrap();
    assert_eq!(order(&attempt), None);
    let expected =
        r#"{"application":"app_1","amount_cents":142000,"items":[{"name":"TV","quantity":1,"unit_cents":137000}]}"#;
    assert_eq!(order(&samples::created(attempt, "app_1")).as_deref(), Some(expected));
}

/// The kind of financing is one that routing knows, and the limits it tells are those it refuses by.
#[test]
fn it_says_what_it_takes() {
    let provider = provider("http://127.0.0.1:1");
    assert_eq!(Product::parse(provider.descriptor().product), Some(Product::Loan));
    let account = samples::account(&[("api_key", "key"), ("push_secret", "push")]);
    let limits = provider.amount_limits(&account, Currency::USD);
    assert_eq!((limits.min, limits.max.map(|max| max.to_string())), (None, Some("1000000.00".to_owned())));
    let refused = |price: &str| {
        let mut sample = Sample::usa();
        sample.cart.items = vec![samples::item(None, "House", 1, price, "0")];
        sample.cart.shipping = None;
        let checkout = sample.checkout(&SeededIds::default());
        let refused = provider.check(&checkout, &account).err().map(|invalid| invalid.0[0].code.clone());
        assert_eq!(refused, limits.judge(checkout.cart.total).map(|found| found.code));
        refused
    };
    assert_eq!((refused("1000000.00"), refused("1000000.01")), (None, Some("too_large".to_owned())));
}
