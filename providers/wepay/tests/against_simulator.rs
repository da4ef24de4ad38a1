//! The adapter against the simulator, which was written from a second reading of the documents: both must agree.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use lendport_core::provider::Retrieved;
use lendport_core::{
    AccountSettings, Attempt, AttemptState, CallContext, CallLog, CaptureMode, Checkout, Claim, CommitClass,
    CreateRequest, Created, ErrorKind, FinancingProvider, Mode, Money, NoticeContext, ProviderError, Push, Reason,
    RetryClass, Secret,
};
use lendport_outbound::{ClientSettings, Outbound, Request, Url};
use lendport_testkit::clock::START;
use lendport_testkit::{ManualClock, Sample, SeededIds, samples};
use provider_wepay::simulator::{Simulator, SimulatorSettings};
use provider_wepay::{ProviderConfig, Standing, WePay};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{self, UnboundedReceiver};

type Arrived = (Vec<(String, String)>, Vec<u8>);

struct World {
    provider: WePay,
    account: AccountSettings,
    base_url: String,
    callback_url: Secret<String>,
    notices: UnboundedReceiver<Arrived>,
    control: Outbound,
    checkout: Checkout,
    attempt: Attempt,
}

impl World {
    async fn start(version: &str, patience_ms: u64) -> Self {
        let control = Outbound::live(ClientSettings::default()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let settings = SimulatorSettings::new(Secret::from("STAGE_t"), 1_548_718_026);
        let simulator = Simulator::new(settings, control.clone(), Arc::new(ManualClock::new()));
        tokio::spawn(simulator.serve(listener, std::future::pending()));

        let (tell, notices) = mpsc::unbounded_channel();
        let receive = move |headers: HeaderMap, body: Bytes| async move {
            let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
            tell.send((headers.collect(), body.to_vec())).unwrap();
            "OK"
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let callback_url = Secret::new(format!("http://{}/here", listener.local_addr().unwrap()));
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/here", post(receive))).await });

        let config = ProviderConfig::default().with_stage_at(&base_url);
        let client = ClientSettings { request_timeout_ms: patience_ms, ..ClientSettings::default() };
        let ids = SeededIds::default();
        let checkout = Sample::usa().checkout(&ids);
        let attempt = samples::attempt(&checkout, "wepay", &ids);
        Self {
            provider: WePay::new(config, Outbound::live(client).unwrap()),
            account: samples::account(&[
                ("account_id", "1548718026"),
                ("access_token", "STAGE_t"),
                ("api_version", version),
            ]),
            base_url,
            callback_url,
            notices,
            control,
            checkout,
            attempt,
        }
    }

    fn context<'a>(&'a self, calls: &'a CallLog) -> CallContext<'a> {
        CallContext { account: &self.account, mode: Mode::Test, now: START, calls }
    }

    async fn try_create(&self) -> Result<Created, ProviderError> {
        let Self { checkout, attempt, callback_url, .. } = self;
        let calls = CallLog::new();
        self.provider.create(self.context(&calls), CreateRequest { checkout, attempt, callback_url }).await
    }

    async fn create(&mut self) -> Created {
        let created = self.try_create().await.unwrap();
        self.attempt.reference = Some(created.reference.clone());
        created
    }

    async fn standing(&self) -> Standing {
        self.provider.standing(self.context(&CallLog::new()), &self.attempt).await.unwrap()
    }

    async fn state(&self) -> Claim {
        self.provider.retrieve(self.context(&CallLog::new()), &self.attempt).await.unwrap().claim
    }

    async fn capture(&self) -> Result<Retrieved, ProviderError> {
        self.provider.capture(self.context(&CallLog::new()), &self.attempt).await
    }

    async fn cancel(&self) -> Result<Retrieved, ProviderError> {
        self.provider.cancel(self.context(&CallLog::new()), &self.attempt, None).await
    }

    async fn refund(&self, amount: &str) -> Result<Retrieved, ProviderError> {
        let amount = Money::parse(amount, self.attempt.amount.currency()).unwrap();
        self.provider.refund(self.context(&CallLog::new()), &self.attempt, amount, Some("one item returned")).await
    }

    async fn control(&self, path: &str, body: Option<Value>) -> Value {
        let url = Url::parse(&format!("{}/_sim/{path}", self.base_url)).unwrap();
        let request = match &body {
            Some(body) => Request::post(url).json(body),
            None => Request::get(url),
        };
        let answer = self.control.call(request, &CallLog::new()).await.unwrap();
        assert!(answer.is_success(), "{path}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        serde_json::from_slice(&answer.body).unwrap()
    }

    async fn decide(&self, status: &str) {
        let id = &self.attempt.reference.as_ref().unwrap().0;
        self.control(&format!("requests/{id}/decide"), Some(json!({ "status": status }))).await;
    }

    async fn fault(&self, fault: Value) {
        self.control("faults", Some(fault)).await;
    }

    /// Checkouts that there are at WePay.
    async fn count(&self) -> usize {
        self.control("requests", None).await.get("requests").unwrap().as_array().unwrap().len()
    }
}

fn is(state: AttemptState) -> Claim {
    Claim::state(state)
}

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
async fn one_checkout_whatever_becomes_of_the_answer() {
    for fault in ["lose_reply", "half_body", "reset", "maintenance_text"] {
        let mut world = World::start("2015-11-18", 60_000).await;
        world.fault(json!({ "on": "create", "kind": fault, "times": 1 })).await;
        let created = world.create().await;
        assert!(created.next_action.is_some(), "{fault}");
        assert_eq!(world.count().await, 1, "{fault}");
    }
}

#[tokio::test]
async fn one_checkout_when_the_answer_stays_away_longer_than_we_wait() {
    let world = World::start("2015-11-18", 3_000).await;
    world.fault(json!({ "on": "create", "kind": "silence", "times": 1 })).await;
    // A slow machine may miss the next answers too: then nobody knows, and the search tells.
    match world.try_create().await {
        Ok(created) => assert!(created.next_action.is_some()),
        Err(error) => assert_eq!(error.commit, CommitClass::Unknown),
    }
    let calls = CallLog::new();
    let mut found = None;
    for _ in 0..20 {
        if let Ok(Some(one)) = world.provider.find(world.context(&calls), &world.attempt).await {
            found = Some(one);
            break;
        }
    }
    assert_eq!(found.unwrap().retrieved.claim, is(AttemptState::AwaitingCustomer));
    assert_eq!(world.count().await, 1);
}

#[tokio::test]
async fn unknown_errors_are_tried_again_with_a_bound() {
    let mut world = World::start("2015-11-18", 60_000).await;
    world.fault(json!({ "on": "create", "kind": "error", "error_code": 1008, "times": 2 })).await;
    world.create().await;
    assert_eq!(world.count().await, 1);

    let world = World::start("2015-11-18", 60_000).await;
    world.fault(json!({ "on": "create", "kind": "error", "error_code": 1008, "times": 100 })).await;
    let error = world.try_create().await.unwrap_err();
    assert_eq!((error.commit, error.retry), (CommitClass::Unknown, RetryClass::AfterLookup));
    assert_eq!(world.count().await, 0);
    let calls = CallLog::new();
    assert_eq!(world.provider.find(world.context(&calls), &world.attempt).await.unwrap(), None);
}

#[tokio::test]
async fn a_create_that_nobody_answered_is_found_by_our_reference() {
    let world = World::start("2015-11-18", 60_000).await;
    world.fault(json!({ "on": "create", "kind": "lose_reply", "times": 3 })).await;
    world.fault(json!({ "on": "find", "kind": "reset", "times": 1 })).await;
    let error = world.try_create().await.unwrap_err();
    assert_eq!((error.kind, error.commit), (ErrorKind::NoAnswer, CommitClass::Unknown));
    assert_eq!(world.count().await, 1);
    let calls = CallLog::new();
    let found = world.provider.find(world.context(&calls), &world.attempt).await.unwrap().unwrap();
    assert_eq!(found.retrieved.claim, is(AttemptState::AwaitingCustomer));
    assert_eq!(found.retrieved.amount_echoed, Some(world.attempt.amount));
}

#[tokio::test]
async fn slow_down_is_heard_by_all() {
    let mut world = World::start("2015-11-18", 60_000).await;
    world.create().await;
    world.fault(json!({ "on": "lookup", "kind": "error", "error_code": 1007, "retry_after": 17, "times": 1 })).await;
    let calls = CallLog::new();
    let error = world.provider.retrieve(world.context(&calls), &world.attempt).await.unwrap_err();
    assert_eq!((error.provider_code.as_deref(), error.retry_after_s), (Some("1007"), Some(17)));
    let error = world.capture().await.unwrap_err();
    assert_eq!((error.commit, error.retry_after_s), (CommitClass::NotSent, Some(17)));
    let mut later = world.context(&calls);
    later.now = START + Duration::from_secs(17);
    assert!(world.provider.retrieve(later, &world.attempt).await.is_ok());
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
async fn notices_say_look_and_go_where_they_were_sent_to_last() {
    let mut world = World::start("2015-11-18", 60_000).await;
    let unnamed = world.attempt.clone();
    world.create().await;
    world.decide("pay").await;
    let wait = Duration::from_secs(60);
    let (headers, body) = tokio::time::timeout(wait, world.notices.recv()).await.unwrap().unwrap();
    let push = Push { method: "POST", headers: &headers, query: "", body: &body, received_at: START };
    let notice = |attempt: &Attempt| {
        world.provider.read_notification(NoticeContext { account: &world.account, attempt }, &push).unwrap()
    };
    assert_eq!((notice(&world.attempt).claim, notice(&world.attempt).fetch), (Claim::Nothing, true));
    // Before the answer to create is stored, our own reference vouches for the number.
    assert_eq!(notice(&unnamed).reference, world.attempt.reference);

    let there = Secret::new(world.callback_url.expose().replace("/here", "/here?again=1"));
    let calls = CallLog::new();
    world.provider.amend_callback(world.context(&calls), &world.attempt, &there).await.unwrap();
    let id = world.attempt.reference.as_ref().unwrap().0.clone();
    let shown = world.control(&format!("requests/{id}"), None).await;
    assert_eq!(shown["callback_uri"].as_str(), Some(there.expose().as_str()));
}
