//! Answers that no document promises: each operation says what it is left with, and nothing it does panics.

#![expect(clippy::unwrap_used, reason = "tests")]

mod liar;

use std::net::SocketAddr;

use lendport_core::CommitClass::{self, Rejected, Unknown};
use lendport_core::RetryClass::{AfterLookup, SameRequest};
use lendport_core::{
    AccountSettings, Attempt, CallContext, CallLog, CascadeHints, Checkout, Claim, CreateRequest, ErrorKind,
    FinancingProvider as _, Mode, ProviderError, RetryClass, Secret,
};
use lendport_outbound::{ClientSettings, Outbound};
use lendport_testkit::clock::START;
use lendport_testkit::{Sample, SeededIds, samples};
use proptest::prelude::*;
use provider_wepay::{ProviderConfig, WePay};
use tokio::task::JoinSet;

use liar::{http, liar};

const ID: &str = "649945633";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    Create,
    Retrieve,
    Find,
    Capture,
    Cancel,
    Refund,
    Amend,
}

const ALL: [Ask; 7] = [Ask::Create, Ask::Retrieve, Ask::Find, Ask::Capture, Ask::Cancel, Ask::Refund, Ask::Amend];

impl Ask {
    /// What stands behind `/v2/checkout` in the call that matters.
    fn verb(self) -> &'static str {
        match self {
            Self::Create => "/create",
            Self::Retrieve => "",
            Self::Find => "/find",
            Self::Capture => "/capture",
            Self::Cancel => "/cancel",
            Self::Refund => "/refund",
            Self::Amend => "/modify",
        }
    }

    /// What a failure after sending says.
    fn open(self) -> (CommitClass, RetryClass) {
        match self {
            Self::Create | Self::Capture | Self::Cancel | Self::Refund => (Unknown, AfterLookup),
            Self::Amend => (Unknown, SameRequest),
            Self::Retrieve | Self::Find => (Rejected, SameRequest),
        }
    }
}

/// An honest checkout in the state that the operation needs.
fn checkout(ask: Ask) -> String {
    let state = if ask == Ask::Refund { "captured" } else { "reserved" };
    format!(r#"{{"checkout_id":{ID},"account_id":1548718026,"state":"{state}","currency":"USD","amount":1420}}"#)
}

struct Shop {
    provider: WePay,
    account: AccountSettings,
    checkout: Checkout,
    attempt: Attempt,
}

impl Shop {
    fn at(address: SocketAddr, patience_ms: u64, fields: &[(&str, &str)]) -> Self {
        let mut config = ProviderConfig::default().with_stage_at(&format!("http://{address}"));
        config.throttle_calls = 0;
        config.create_resend_within_ms = patience_ms;
        let client = ClientSettings { request_timeout_ms: patience_ms, ..ClientSettings::default() };
        let ids = SeededIds::default();
        let checkout = Sample::usa().checkout(&ids);
        Self {
            provider: WePay::new(config, Outbound::live(client).unwrap()),
            account: samples::account(&[&[("account_id", "1548718026"), ("access_token", "STAGE_t")], fields].concat()),
            attempt: samples::attempt(&checkout, "wepay", &ids),
            checkout,
        }
    }

    /// What it comes to: a claim, or none where there is nothing to be found.
    async fn ask(&self, ask: Ask) -> Result<Option<Claim>, ProviderError> {
        let calls = CallLog::new();
        let ctx = CallContext { account: &self.account, mode: Mode::Test, now: START, calls: &calls };
        let known = samples::created(self.attempt.clone(), ID);
        let callback_url = Secret::from("https://gateway.example/callbacks/wepay/token");
        let told = match ask {
            Ask::Create => {
                let Self { checkout, attempt, .. } = self;
                let request =
                    CreateRequest { checkout, attempt, callback_url: &callback_url, hints: CascadeHints::FIRST };
                let created = self.provider.create(ctx, request).await?;
                return Ok(Some(Claim::state(created.state)));
            }
            Ask::Find => {
                let found = self.provider.find(ctx, &self.attempt).await?;
                return Ok(found.map(|found| found.retrieved.claim));
            }
            Ask::Retrieve => self.provider.retrieve(ctx, &known).await?,
            Ask::Capture => self.provider.capture(ctx, &known).await?,
            Ask::Cancel => self.provider.cancel(ctx, &known, None).await?,
            Ask::Refund => self.provider.refund(ctx, &known, known.amount, None).await?,
            Ask::Amend => self.provider.amend_callback(ctx, &known, &callback_url).await?,
        };
        Ok(Some(told.claim))
    }
}

/// Answers every call that matters like this, and others honestly: commands are looked up before they are sent.
async fn answered(ask: Ask, bytes: Option<Vec<u8>>, patience_ms: u64) -> Result<Option<Claim>, ProviderError> {
    answered_with(ask, bytes, patience_ms, &[]).await
}

/// The same with more fields of the account.
async fn answered_with(
    ask: Ask,
    bytes: Option<Vec<u8>>,
    patience_ms: u64,
    fields: &[(&str, &str)],
) -> Result<Option<Claim>, ProviderError> {
    let address = liar(move |path| {
        // The search after an unanswered create is no better than the answer was.
        let hostile = path.ends_with(&format!("/checkout{}", ask.verb())) || ask == Ask::Create;
        if hostile { bytes.clone() } else { Some(http(200, "application/json", checkout(ask).as_bytes())) }
    })
    .await;
    Shop::at(address, patience_ms, fields).ask(ask).await
}

fn nothing_to_read() -> Vec<(&'static str, Vec<u8>)> {
    let json = |body: &str| http(200, "application/json", body.as_bytes());
    let mut half = http(200, "application/json", checkout(Ask::Retrieve).as_bytes());
    half.truncate(half.len() - 20);
    vec![
        ("html", http(200, "text/html", b"<!doctype html><h1>Maintenance</h1>")),
        ("empty", http(200, "application/json", b"")),
        ("null", json("null")),
        ("number", json("7")),
        ("text", json("\"captured\"")),
        ("no members", json("{}")),
        ("cut off", json(r#"{"checkout_id":649945633,"account_id":15487"#)),
        ("half a body", half),
        ("wrong id", json(r#"{"checkout_id":"abc","account_id":1548718026,"state":"captured"}"#)),
        ("wrong state", json(r#"{"checkout_id":649945633,"account_id":1548718026,"state":7}"#)),
        ("negative id", json(r#"{"checkout_id":-1,"account_id":1548718026,"state":"captured"}"#)),
        ("twice", json(r#"{"checkout_id":649945633,"checkout_id":649945633,"account_id":1,"state":"new"}"#)),
        ("deep", json(&"[".repeat(20_000))),
        ("no text", http(200, "application/json", &[0xff, 0xfe, 0x00, 0x7b])),
        ("too long", http(200, "application/json", &vec![b' '; 2 * 1024 * 1024])),
        ("no HTTP", b"\x16\x03\x01 hello\r\n\r\n".to_vec()),
        ("nothing", Vec::new()),
        ("gateway", http(502, "text/html", b"<h1>Bad gateway</h1>")),
        ("error without words", http(500, "application/json", br#"{"error":7,"error_code":"x"}"#)),
    ]
}

#[tokio::test]
async fn what_cannot_be_read_leaves_each_operation_where_it_says() {
    let mut all = JoinSet::new();
    for (name, bytes) in nothing_to_read() {
        for ask in ALL {
            let bytes = Some(bytes.clone());
            all.spawn(async move { (name, ask, answered(ask, bytes, 60_000).await.unwrap_err()) });
        }
    }
    for (name, ask, error) in all.join_all().await {
        assert_eq!((error.commit, error.retry), ask.open(), "{name} {ask:?}: {error:?}");
        let kinds = [ErrorKind::BadResponse, ErrorKind::NoAnswer, ErrorKind::Unavailable];
        assert!(kinds.contains(&error.kind), "{name} {ask:?}: {error:?}");
    }
}

#[tokio::test]
async fn silence_leaves_each_operation_where_it_says() {
    let mut all = JoinSet::new();
    for ask in ALL {
        all.spawn(async move { (ask, answered(ask, None, 5_000).await.unwrap_err()) });
    }
    for (ask, error) in all.join_all().await {
        assert_eq!(
            (error.kind, error.commit, error.retry),
            (ErrorKind::NoAnswer, ask.open().0, ask.open().1),
            "{ask:?}"
        );
    }
}

#[tokio::test]
async fn a_checkout_that_is_wrong_somewhere_is_not_believed() {
    let with = |members: &str| {
        let honest = r#""checkout_id":649945633,"account_id":1548718026,"state":"new","currency":"USD","amount":1420"#;
        format!("{{{honest},{members}}}").into_bytes()
    };
    let mut all = JoinSet::new();
    for wrong in [
        r#""gross":-20"#,
        r#""gross":{"value":20}"#,
        r#""gross":"twenty""#,
        r#""gross":20.001"#,
        r#""gross":1e400"#,
        r#""create_time":"yesterday""#,
        r#""refund":7"#,
        r#""refund":{"amount_refunded":true}"#,
        r#""chargeback":{"amount_charged_back":"much"}"#,
        r#""auto_capture":"no""#,
        r#""hosted_checkout":"https://wepay.example/""#,
        r#""reference_id":"another""#,
        r#""state":"new""#,
    ] {
        for ask in [Ask::Create, Ask::Retrieve, Ask::Amend] {
            let bytes = Some(http(200, "application/json", &with(wrong)));
            all.spawn(async move { (wrong, ask, answered(ask, bytes, 60_000).await) });
        }
    }
    for (wrong, ask, told) in all.join_all().await {
        let Err(error) = told else { panic!("{wrong} {ask:?} was believed: {told:?}") };
        assert_eq!(error.kind, ErrorKind::BadResponse, "{wrong} {ask:?}: {error:?}");
        assert!(ask != Ask::Create || error.commit == Unknown, "{wrong}: {error:?}");
    }
}

#[tokio::test]
async fn words_that_nobody_knows_are_kept_and_move_nothing() {
    let strange = r#"{"checkout_id":649945633,"account_id":1548718026,"state":"in_limbo","type":"loan","currency":"USD",
        "amount":1420,"fee":{"app_fee":0,"processing_fee":0,"fee_payer":"nobody"},"delivery_type":"by_balloon",
        "payment_method":{"type":"barter","credit_card":null},"hosted_checkout":{"mode":"hologram"}}"#;
    let bytes = || Some(http(200, "application/json", strange.as_bytes()));
    assert_eq!(answered(Ask::Retrieve, bytes(), 60_000).await.unwrap(), Some(Claim::UnknownStatus));
    let error = answered(Ask::Create, bytes(), 60_000).await.unwrap_err();
    assert_eq!((error.kind, error.commit), (ErrorKind::BadResponse, Unknown));
    // A command's answer is news and not proof: the look after it decides.
    assert_eq!(answered(Ask::Capture, bytes(), 60_000).await.unwrap(), Some(Claim::state(AUTHORIZED)));
}

const AUTHORIZED: lendport_core::AttemptState = lendport_core::AttemptState::Authorized;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_answer_of_any_status_makes_it_panic(
        status in 200_u16..600, body in prop_oneof![".{0,80}", Just(checkout(Ask::Refund)), r#"\{"error[a-z_]{0,6}":[0-9]{0,5}\}"#],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut all = JoinSet::new();
            for ask in ALL {
                let bytes = Some(http(status, "application/json", body.as_bytes()));
                // Without a number a create is sent once, and waits for nothing.
                let fields = &[("unique_id", "tokens_only")];
                all.spawn(async move { answered_with(ask, bytes, 60_000, fields).await });
            }
            for error in all.join_all().await.into_iter().filter_map(Result::err) {
                assert!(!error.message.is_empty());
            }
        });
    }
}
