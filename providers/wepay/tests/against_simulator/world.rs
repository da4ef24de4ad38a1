//! An adapter, a simulator and a place for notices.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use lendport_core::provider::Retrieved;
use lendport_core::{
    AccountSettings, Attempt, AttemptState, CallContext, CallLog, CascadeHints, Checkout, Claim, CreateRequest,
    Created, FinancingProvider as _, Mode, Money, ProviderError, Secret,
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

pub(crate) struct World {
    pub(crate) provider: WePay,
    pub(crate) account: AccountSettings,
    base_url: String,
    pub(crate) callback_url: Secret<String>,
    pub(crate) notices: UnboundedReceiver<Arrived>,
    control: Outbound,
    pub(crate) checkout: Checkout,
    pub(crate) attempt: Attempt,
}

impl World {
    pub(crate) async fn start(version: &str, patience_ms: u64) -> Self {
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

    pub(crate) fn context<'a>(&'a self, calls: &'a CallLog) -> CallContext<'a> {
        CallContext { account: &self.account, mode: Mode::Test, now: START, calls }
    }

    pub(crate) async fn try_create(&self) -> Result<Created, ProviderError> {
        let Self { checkout, attempt, callback_url, .. } = self;
        let calls = CallLog::new();
        self.provider
            .create(self.context(&calls), CreateRequest { checkout, attempt, callback_url, hints: CascadeHints::FIRST })
            .await
    }

    pub(crate) async fn create(&mut self) -> Created {
        let created = self.try_create().await.unwrap();
        self.attempt.reference = Some(created.reference.clone());
        created
    }

    pub(crate) async fn standing(&self) -> Standing {
        self.provider.standing(self.context(&CallLog::new()), &self.attempt).await.unwrap()
    }

    pub(crate) async fn state(&self) -> Claim {
        self.provider.retrieve(self.context(&CallLog::new()), &self.attempt).await.unwrap().claim
    }

    pub(crate) async fn capture(&self) -> Result<Retrieved, ProviderError> {
        self.provider.capture(self.context(&CallLog::new()), &self.attempt).await
    }

    pub(crate) async fn cancel(&self) -> Result<Retrieved, ProviderError> {
        self.provider.cancel(self.context(&CallLog::new()), &self.attempt, None).await
    }

    pub(crate) async fn refund(&self, amount: &str) -> Result<Retrieved, ProviderError> {
        let amount = Money::parse(amount, self.attempt.amount.currency()).unwrap();
        self.provider.refund(self.context(&CallLog::new()), &self.attempt, amount, Some("one item returned")).await
    }

    pub(crate) async fn control(&self, path: &str, body: Option<Value>) -> Value {
        let url = Url::parse(&format!("{}/_sim/{path}", self.base_url)).unwrap();
        let request = match &body {
            Some(body) => Request::post(url).json(body),
            None => Request::get(url),
        };
        let answer = self.control.call(request, &CallLog::new()).await.unwrap();
        assert!(answer.is_success(), "{path}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        serde_json::from_slice(&answer.body).unwrap()
    }

    pub(crate) async fn decide(&self, status: &str) {
        let id = &self.attempt.reference.as_ref().unwrap().0;
        self.control(&format!("requests/{id}/decide"), Some(json!({ "status": status }))).await;
    }

    pub(crate) async fn fault(&self, fault: Value) {
        self.control("faults", Some(fault)).await;
    }

    /// Checkouts that there are at WePay.
    pub(crate) async fn count(&self) -> usize {
        self.control("requests", None).await.get("requests").unwrap().as_array().unwrap().len()
    }
}

/// A state and nothing else.
pub(crate) fn is(state: AttemptState) -> Claim {
    Claim::state(state)
}
