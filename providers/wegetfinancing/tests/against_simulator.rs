//! The adapter against the simulator, which was written from a second reading of the documents: both must agree.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use lendport_core::operation::Shipment;
use lendport_core::{
    AccountSettings, Attempt, AttemptState, CallContext, CallLog, CascadeHints, Checkout, Claim, CreateRequest,
    Created, ErrorKind, FinancingProvider, Grade, LineInput, Mode, Notice, NoticeContext, ProviderError, Push, Secret,
    ShipmentStatus, parse_decimal,
};
use lendport_outbound::{ClientSettings, Outbound, Request, Url};
use lendport_testkit::clock::START;
use lendport_testkit::{ManualClock, Sample, SeededIds, samples};
use provider_wegetfinancing::simulator::{Simulator, SimulatorSettings};
use provider_wegetfinancing::{ProviderConfig, WeGetFinancing};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{self, UnboundedReceiver};

type Arrived = (Vec<(String, String)>, Vec<u8>);

struct World {
    provider: WeGetFinancing,
    callback_url: Secret<String>,
    pushes: UnboundedReceiver<Arrived>,
    outbound: Outbound,
}

fn account(more: &[(&str, &str)]) -> AccountSettings {
    let mut values = vec![("merchant_id", "1234"), ("username", "cdx_shop"), ("password", "moa`24")];
    values.extend(more);
    samples::account(&values)
}

impl World {
    async fn start() -> Self {
        let outbound = Outbound::live(ClientSettings::default()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let settings = SimulatorSettings::new("cdx_shop", Secret::from("moa`24"), "1234");
        let simulator = Simulator::new(settings, outbound.clone(), Arc::new(ManualClock::new()));
        tokio::spawn(simulator.serve(listener, std::future::pending()));

        let (tell, pushes) = mpsc::unbounded_channel();
        let receive = move |headers: HeaderMap, body: Bytes| async move {
            let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
            tell.send((headers.collect(), body.to_vec())).unwrap();
            "OK"
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let callback_url = Secret::new(format!("http://{}/here", listener.local_addr().unwrap()));
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/here", post(receive))).await });
        let config = ProviderConfig::default().with_sandbox_at(&base_url);
        Self { provider: WeGetFinancing::new(config, outbound.clone()), callback_url, pushes, outbound }
    }

    async fn create(&self, checkout: &Checkout, attempt: &Attempt) -> Result<Created, ProviderError> {
        let (account, calls) = (account(&[]), CallLog::new());
        let ctx = CallContext { account: &account, mode: Mode::Test, now: START, calls: &calls };
        self.provider
            .create(
                ctx,
                CreateRequest { checkout, attempt, callback_url: &self.callback_url, hints: CascadeHints::FIRST },
            )
            .await
    }

    async fn ship(&self, checkout: &Checkout, attempt: &Attempt, api: &str) -> Result<Option<String>, ProviderError> {
        let (account, calls) = (account(&[("shipping_api", api)]), CallLog::new());
        let ctx = CallContext { account: &account, mode: Mode::Test, now: START, calls: &calls };
        let shipment = Shipment {
            status: ShipmentStatus::Shipped,
            carrier: Some("UPS".into()),
            service: None,
            tracking_number: None,
            tracking_url: None,
            shipped_on: None,
            expected_on: None,
            message: None,
            lines: Vec::new(),
        };
        self.provider.confirm_shipment(ctx, checkout, attempt, &shipment).await.map(|told| told.reference)
    }

    async fn press(&self, page: &str, decision: &str) {
        let url = Url::parse(&format!("{page}/decide")).unwrap();
        let pressed = Request::post(url).form(&[("decision", decision)]);
        assert!(self.outbound.call(pressed, &CallLog::new()).await.unwrap().status < 400);
    }

    async fn notice(&mut self, attempt: &Attempt) -> Notice {
        let arrived = tokio::time::timeout(Duration::from_secs(120), self.pushes.recv()).await.unwrap();
        let (headers, body) = arrived.unwrap();
        let account = account(&[("signature_mode", "required")]);
        let push = Push { method: "POST", headers: &headers, query: "", body: &body, received_at: START };
        self.provider.read_notification(NoticeContext { account: &account, attempt }, &push).unwrap()
    }
}

fn order(sample: &Sample) -> (Checkout, Attempt) {
    let ids = SeededIds::default();
    let checkout = sample.checkout(&ids);
    let attempt = samples::attempt(&checkout, "wegetfinancing", &ids);
    (checkout, attempt)
}

#[tokio::test]
async fn both_compute_the_same_sum() {
    let world = World::start().await;
    let mut awkward = Sample::usa();
    awkward.cart.items = vec![
        LineInput { brand: Some("Acme".into()), ..samples::item(Some("A"), "Thing", 3, "33.34", "3.01") },
        samples::item(None, "Free gift", 2, "0", "0"),
        samples::item(Some("B"), "Other", 7, "1299.99", "0.07"),
    ];
    awkward.cart.discount = parse_decimal("100.01").ok();
    for sample in [Sample::usa(), Sample::canada(), Sample::seed_000(), awkward] {
        let (checkout, attempt) = order(&sample);
        let created = world.create(&checkout, &attempt).await.unwrap();
        assert_eq!(created.amount_echoed, Some(checkout.cart.total));
    }
}

#[tokio::test]
async fn decisions_arrive_signed_and_goods_are_told() {
    let mut world = World::start().await;
    let (checkout, mut attempt) = order(&Sample::seed_000());
    let created = world.create(&checkout, &attempt).await.unwrap();
    let page = created.next_action.unwrap().url;
    attempt.reference = Some(created.reference);
    for (button, state) in [("preapprove", AttemptState::Preapproved), ("approve", AttemptState::Authorized)] {
        world.press(&page, button).await;
        let notice = world.notice(&attempt).await;
        assert_eq!((notice.grade, notice.claim), (Grade::Signed, Claim::state(state)));
    }
    assert!(world.ship(&checkout, &attempt, "v1").await.unwrap().is_some());
    assert_eq!(world.ship(&checkout, &attempt, "v3").await.unwrap(), None);
}

#[tokio::test]
async fn a_no_and_a_push_before_the_id_is_known() {
    let mut world = World::start().await;
    let (checkout, attempt) = order(&Sample::usa());
    let created = world.create(&checkout, &attempt).await.unwrap();
    world.press(&created.next_action.unwrap().url, "reject").await;
    let notice = world.notice(&attempt).await;
    assert_eq!(notice.claim, Claim::state(AttemptState::Declined));
    assert_eq!(notice.reference, Some(created.reference));
}

#[tokio::test]
async fn refusals_name_the_callers_fields() {
    let world = World::start().await;
    let mut sample = Sample::usa();
    sample.return_urls.success = Some("not a link".into());
    let (checkout, attempt) = order(&sample);
    let error = world.create(&checkout, &attempt).await.unwrap_err();
    assert_eq!((error.kind, error.fields[0].pointer.as_str()), (ErrorKind::Invalid, "/return_urls/success"));

    let (account, calls) =
        (samples::account(&[("merchant_id", "1234"), ("username", "x"), ("password", "y")]), CallLog::new());
    let ctx = CallContext { account: &account, mode: Mode::Test, now: START, calls: &calls };
    let (checkout, attempt) = order(&Sample::usa());
    let request = CreateRequest {
        checkout: &checkout,
        attempt: &attempt,
        callback_url: &world.callback_url,
        hints: CascadeHints::FIRST,
    };
    assert_eq!(world.provider.create(ctx, request).await.unwrap_err().kind, ErrorKind::Credentials);
}
