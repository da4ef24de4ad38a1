//! The adapter against its simulator: a whole story over real HTTP.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use jiff::Timestamp;
use lendport_core::{
    AccountSettings, Attempt, AttemptState, CallContext, CallLog, CaptureMode, CascadeHints, Checkout, Claim,
    CreateRequest, Created, ErrorKind, FinancingProvider, LineUnits, Money, Notice, NoticeContext, ProviderError, Push,
    Secret, Shipment, ShipmentStatus, SweepAsk, Verification, parse_decimal,
};
use lendport_outbound::{ClientSettings, Outbound, Request, Url};
use lendport_testkit::clock::START;
use lendport_testkit::{ManualClock, Sample, SeededIds, samples};
use provider_sandbox::simulator::{Simulator, SimulatorSettings};
use provider_sandbox::{ProviderConfig, Sandbox};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{self, UnboundedReceiver};

type Arrived = (Vec<(String, String)>, Vec<u8>);

/// A simulator, an adapter that calls it, and a place where its pushes arrive.
struct World {
    provider: Sandbox,
    account: AccountSettings,
    callback_url: Secret<String>,
    pushes: UnboundedReceiver<Arrived>,
    outbound: Outbound,
}

impl World {
    async fn start() -> Self {
        let outbound = Outbound::live(ClientSettings::default()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let settings = SimulatorSettings::new(Secret::from("key"), Secret::from("push"));
        let simulator = Simulator::new(settings, outbound.clone(), Arc::new(ManualClock::new()));
        tokio::spawn(simulator.serve(listener, std::future::pending()));

        let (tell, pushes) = mpsc::unbounded_channel();
        let receive = move |headers: HeaderMap, body: Bytes| async move {
            let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
            let headers = headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
            tell.send((headers, body.to_vec())).unwrap();
            "OK"
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let callback_url = Secret::new(format!("http://{}/here", listener.local_addr().unwrap()));
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/here", post(receive))).await });

        let config = ProviderConfig { base_url, ..ProviderConfig::default() };
        let account = samples::account(&[("api_key", "key"), ("push_secret", "push")]);
        Self { provider: Sandbox::new(config, outbound.clone()), account, callback_url, pushes, outbound }
    }

    fn context<'a>(&'a self, calls: &'a CallLog) -> CallContext<'a> {
        CallContext { account: &self.account, mode: lendport_core::Mode::Test, now: START, calls }
    }

    async fn create(&self, checkout: &Checkout, attempt: &Attempt) -> Result<Created, ProviderError> {
        let request = CreateRequest { checkout, attempt, callback_url: &self.callback_url, hints: CascadeHints::FIRST };
        self.provider.create(self.context(&CallLog::new()), request).await
    }

    async fn press(&self, page: &str, decision: &str) {
        let url = Url::parse(&format!("{page}/decide")).unwrap();
        let answer = self.outbound.call(Request::post(url).form(&[("decision", decision)]), &CallLog::new()).await;
        assert_eq!(answer.unwrap().status, 303);
    }

    async fn notice(&mut self, attempt: &Attempt) -> Notice {
        let arrived = tokio::time::timeout(Duration::from_secs(120), self.pushes.recv()).await.unwrap();
        let (headers, body) = arrived.unwrap();
        let push = Push { method: "POST", headers: &headers, query: "", body: &body, received_at: START };
        self.provider.read_notification(NoticeContext { account: &self.account, attempt }, &push).unwrap()
    }
}

fn order(shipping: &str, capture: CaptureMode) -> (Checkout, Attempt) {
    let ids = SeededIds::default();
    let mut sample = Sample::usa();
    sample.cart.shipping = parse_decimal(shipping).ok();
    let checkout = sample.checkout(&ids);
    let mut attempt = samples::attempt(&checkout, "sandbox", &ids);
    attempt.capture = capture;
    (checkout, attempt)
}

#[tokio::test]
async fn approved_captured_refunded() {
    let mut world = World::start().await;
    let (checkout, mut attempt) = order("50.00", CaptureMode::Manual);
    let created = world.create(&checkout, &attempt).await.unwrap();
    assert_eq!((created.state, created.amount_echoed), (AttemptState::AwaitingCustomer, Some(attempt.amount)));
    assert_eq!(world.create(&checkout, &attempt).await.unwrap().reference, created.reference);

    let page = created.next_action.unwrap().url;
    attempt.reference = Some(created.reference);
    world.press(&page, "approve").await;
    assert_eq!(world.notice(&attempt).await.claim, Claim::state(AttemptState::Authorized));

    let calls = CallLog::new();
    let captured = world.provider.capture(world.context(&calls), &attempt).await.unwrap();
    assert_eq!(captured.claim, Claim::state(AttemptState::Captured));
    let error = world.provider.cancel(world.context(&calls), &attempt, None).await.unwrap_err();
    assert_eq!((error.kind, error.provider_code.as_deref()), (ErrorKind::Invalid, Some("not_possible_now")));
    let part = Money::parse("20.00", attempt.amount.currency()).unwrap();
    world.provider.refund(world.context(&calls), &attempt, part, None).await.unwrap();
    world.press(&page, "refund").await;
    let rest = attempt.amount.minus(part).unwrap();
    assert_eq!(world.notice(&attempt).await.claim, Claim::Refund { amount: Some(rest), distinguishable: true });
    let read = world.provider.retrieve(world.context(&calls), &attempt).await.unwrap();
    assert_eq!(read.claim, Claim::state(AttemptState::Refunded));
}

#[tokio::test]
async fn the_cents_decide() {
    for (shipping, claim) in [
        ("50.10", Claim::state(AttemptState::Captured)),
        ("50.11", Claim::state(AttemptState::Declined)),
        ("50.14", Claim::state(AttemptState::Preapproved)),
        ("50.15", Claim::UnknownStatus),
    ] {
        let mut world = World::start().await;
        let (checkout, attempt) = order(shipping, CaptureMode::Automatic);
        world.create(&checkout, &attempt).await.unwrap();
        // The attempt has no id yet: our own reference in the push vouches for it.
        assert_eq!(world.notice(&attempt).await.claim, claim, "{shipping}");
    }
    let mut world = World::start().await;
    let (checkout, attempt) = order("50.13", CaptureMode::Automatic);
    world.create(&checkout, &attempt).await.unwrap();
    let first = world.notice(&attempt).await;
    assert_eq!((world.notice(&attempt).await, world.notice(&attempt).await), (first.clone(), first));

    for (shipping, kind) in
        [("50.12", ErrorKind::Invalid), ("50.16", ErrorKind::Unavailable), ("50.21", ErrorKind::Declined)]
    {
        let (checkout, attempt) = order(shipping, CaptureMode::Automatic);
        assert_eq!(World::start().await.create(&checkout, &attempt).await.unwrap_err().kind, kind, "{shipping}");
    }
}

#[tokio::test]
async fn a_page_that_a_script_shows_is_beside_it() {
    let mut world = World::start().await;
    let (checkout, mut attempt) = order("50.36", CaptureMode::Automatic);
    let created = world.create(&checkout, &attempt).await.unwrap();
    attempt.reference = Some(created.reference);
    let action = created.next_action.unwrap();
    assert_eq!(action.kind, lendport_core::NextActionKind::Plugin);
    let answer = world.outbound.call(Request::get(Url::parse(&action.url).unwrap()), &CallLog::new()).await.unwrap();
    let script = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(answer.status == 200 && script.contains("FlexSDK") && script.contains("createOrder"), "{script}");
    world.press(action.url.strip_suffix("/script.js").unwrap(), "approve").await;
    assert_eq!(world.notice(&attempt).await.claim, Claim::state(AttemptState::Captured));
}

#[tokio::test]
async fn a_wrong_key_opens_nothing() {
    let mut world = World::start().await;
    world.account = samples::account(&[("api_key", "other"), ("push_secret", "push")]);
    let (checkout, attempt) = order("50.00", CaptureMode::Manual);
    assert_eq!(world.create(&checkout, &attempt).await.unwrap_err().kind, ErrorKind::Credentials);
}

#[tokio::test]
async fn an_account_is_verified_without_starting_anything() {
    let mut world = World::start().await;
    let calls = CallLog::new();
    assert_eq!(world.provider.verify_account(world.context(&calls)).await, Ok(Verification::Works));
    assert_eq!(calls.records().iter().map(|call| call.method.as_str()).collect::<Vec<_>>(), ["GET"]);
    world.account = samples::account(&[("api_key", "other"), ("push_secret", "push")]);
    let refused = world.provider.verify_account(world.context(&calls)).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Credentials);
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_found_by_our_reference() {
    let world = World::start().await;
    let (checkout, attempt) = order("50.16", CaptureMode::Manual);
    let calls = CallLog::new();
    assert_eq!(world.provider.find(world.context(&calls), &attempt).await.unwrap(), None);
    world.create(&checkout, &attempt).await.unwrap_err();
    let found = world.provider.find(world.context(&calls), &attempt).await.unwrap().unwrap();
    assert_eq!(found.retrieved.amount_echoed, Some(attempt.amount));
    assert_eq!(found.retrieved.claim, Claim::state(AttemptState::AwaitingCustomer));
    assert_eq!(found.retrieved.details.refunded.map(Money::minor), Some(0));
}

/// Units of the two lines, 0 for none.
fn units(checkout: &Checkout, counts: [u32; 2]) -> Vec<LineUnits> {
    let lines = checkout.cart.lines.iter().zip(counts).filter(|(_, quantity)| *quantity > 0);
    lines.map(|(line, quantity)| LineUnits { line: line.id, quantity }).collect()
}

#[tokio::test]
async fn shipments_pay_for_their_units_and_what_fails_is_said() {
    let mut world = World::start().await;
    let mut sample = Sample::usa();
    sample.cart.items =
        vec![samples::item(Some("TV"), "TV", 3, "100", "0"), samples::item(Some("FAIL-1"), "Cable", 1, "10.38", "0")];
    sample.cart.shipping = None;
    let ids = SeededIds::default();
    let checkout = sample.checkout(&ids);
    let mut attempt = samples::attempt(&checkout, provider_sandbox::ID, &ids);
    let created = world.create(&checkout, &attempt).await.unwrap();
    attempt.reference = Some(created.reference);
    world.press(&created.next_action.unwrap().url, "approve").await;
    assert_eq!(
        world.notice(&attempt).await.claim,
        Claim::state(AttemptState::Authorized),
        "whatever captures otherwise"
    );

    let calls = CallLog::new();
    let (provider, context) = (&world.provider, world.context(&calls));
    let cancel =
        async |counts| provider.cancel_lines(context, &checkout, &attempt, &units(&checkout, counts), None).await;
    let part = cancel([1, 1]).await.unwrap();
    assert_eq!((part.done, part.failed), (units(&checkout, [1, 0]), units(&checkout, [0, 1])));
    let shipment = |counts| Shipment {
        status: ShipmentStatus::Shipped,
        carrier: None,
        service: None,
        tracking_number: None,
        tracking_url: None,
        shipped_on: None,
        expected_on: None,
        message: None,
        lines: units(&checkout, counts),
    };
    let ship = async |counts| provider.confirm_shipment(context, &checkout, &attempt, &shipment(counts)).await;
    assert_eq!(ship([1, 1]).await.unwrap().paid, units(&checkout, [1, 1]));
    assert_eq!(ship([2, 0]).await.unwrap_err().kind, ErrorKind::Invalid, "one of them was cancelled");
    assert_eq!(ship([1, 0]).await.unwrap().paid, units(&checkout, [1, 0]));
    let told = provider.retrieve_lines(context, &checkout, &attempt).await.unwrap();
    let counts: Vec<_> = told.details.lines.iter().map(|line| (line.shipped, line.canceled, line.returned)).collect();
    assert_eq!(told.claim, Claim::state(AttemptState::Captured));
    assert_eq!(counts, [(Some(2), Some(1), Some(0)), (Some(1), Some(0), Some(0))]);
    let back = provider.return_lines(context, &checkout, &attempt, &units(&checkout, [2, 1]), None).await.unwrap();
    assert_eq!((back.done, back.failed), (units(&checkout, [2, 0]), units(&checkout, [0, 1])));
    let told = provider.retrieve(context, &attempt).await.unwrap();
    assert_eq!(told.details.refunded.unwrap().to_string(), "200.00");
}

#[tokio::test]
async fn what_was_signed_is_in_the_list_a_page_after_the_other() {
    let world = World::start().await;
    let (checkout, attempt) = order("50.34", CaptureMode::Manual);
    let mut ours = Vec::new();
    for number in 0..102 {
        let attempt = Attempt { merchant_reference: format!("order-{number}"), ..attempt.clone() };
        let page = world.create(&checkout, &attempt).await.unwrap().next_action.unwrap().url;
        if number > 0 {
            world.press(&page, "approve").await;
            ours.extend(world.provider.sweep_marks(&checkout, &attempt));
        }
    }
    let calls = CallLog::new();
    let list = async |since, cursor: Option<&str>| {
        world.provider.sweep(world.context(&calls), SweepAsk { since, cursor }).await.unwrap()
    };
    let first = list(START, None).await;
    let rest = list(START, first.next.as_deref()).await;
    assert_eq!((first.rows.len(), rest.rows.len(), &rest.next), (100, 1, &None));
    let seen: Vec<String> = first.rows.iter().chain(&rest.rows).flat_map(|row| row.marks.clone()).collect();
    assert_eq!(seen, ours);
    assert!(list(Timestamp::MAX, None).await.rows.is_empty(), "nothing was made since");
}
