//! A running simulator, a client that speaks HTTP by hand, and a receiver of notices.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use lendport_core::Secret;
use lendport_outbound::{ClientSettings, Outbound};
use lendport_testkit::ManualClock;
pub(crate) use lendport_testkit::by_hand::{PATIENCE, Reply, call};
use provider_wepay::simulator::{Simulator, SimulatorSettings};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const TOKEN: &str = "STAGE_8a9f0b";
pub(crate) const ACCOUNT: u64 = 1_548_718_026;

/// A simulator on a port of its own, whose base clock stands still.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    /// Sent as `Api-Version` with every call.
    pub(crate) version: Option<&'static str>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

/// Without a throttle, which a clock that stands still would never open again.
pub(crate) async fn start() -> Running {
    let sim = start_throttled(|_| {}).await;
    sim.set(json!({ "throttle_calls": 0 })).await;
    sim
}

pub(crate) async fn start_throttled(edit: impl FnOnce(&mut SimulatorSettings)) -> Running {
    let mut settings = SimulatorSettings::new(Secret::from(TOKEN), ACCOUNT);
    settings.action_delay_ms = 10;
    edit(&mut settings);
    let outbound = Outbound::live(ClientSettings::default()).unwrap();
    let simulator = Simulator::new(settings, outbound, Arc::new(ManualClock::new()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(simulator.serve(listener, async move { drop(stopped.await) }));
    Running { address, version: None, stop, task }
}

impl Running {
    /// Speaks another version from now on.
    pub(crate) fn speaking(mut self, version: &'static str) -> Self {
        self.version = Some(version);
        self
    }

    /// Ends it as a shutdown would.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        tokio::time::timeout(PATIENCE, self.task).await.unwrap().unwrap().unwrap();
    }

    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Reply> {
        call(self.address, method, path, headers, body).await
    }

    /// A call as our clients make it.
    pub(crate) async fn try_call(&self, verb: &str, body: &Value) -> io::Result<Reply> {
        let auth = format!("Bearer {TOKEN}");
        let mut headers =
            vec![("content-type", "application/json"), ("user-agent", "tests/1"), ("authorization", &auth)];
        headers.extend(self.version.map(|version| ("api-version", version)));
        let path = if verb.is_empty() { "/v2/checkout".to_owned() } else { format!("/v2/checkout/{verb}") };
        self.raw("POST", &path, &headers, body.to_string().as_bytes()).await
    }

    pub(crate) async fn call(&self, verb: &str, body: &Value) -> Reply {
        self.try_call(verb, body).await.unwrap()
    }

    /// A call that has to work.
    pub(crate) async fn ok(&self, verb: &str, body: &Value) -> Value {
        let reply = self.call(verb, body).await;
        assert_eq!(reply.status, 200, "{verb} {body}: {}", reply.text());
        reply.json()
    }

    /// A call that has to be refused: HTTP status, code and text.
    pub(crate) async fn refused(&self, verb: &str, body: &Value) -> (u16, u64, String) {
        let reply = self.call(verb, body).await;
        assert_ne!(reply.status, 200, "{verb} {body}: {}", reply.text());
        reply.error()
    }

    /// Creates the sample with these members and answers its id.
    pub(crate) async fn created(&self, members: Value) -> u64 {
        self.ok("create", &order(members)).await["checkout_id"].as_u64().unwrap()
    }

    /// Creates and lets the payer pay.
    pub(crate) async fn paid(&self, members: Value) -> u64 {
        let id = self.created(members).await;
        self.decide(id, json!({"status": "pay"})).await;
        id
    }

    pub(crate) async fn look(&self, id: u64) -> Value {
        self.ok("", &json!({ "checkout_id": id })).await
    }

    pub(crate) async fn state(&self, id: u64) -> String {
        self.look(id).await["state"].as_str().unwrap().to_owned()
    }

    /// A call of the control API.
    pub(crate) async fn control(&self, method: &str, path: &str, body: &Value) -> Reply {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.raw(method, &format!("/_sim{path}"), &[], body.as_bytes()).await.unwrap()
    }

    pub(crate) async fn decide(&self, id: u64, body: Value) -> Value {
        let reply = self.control("POST", &format!("/requests/{id}/decide"), &body).await;
        assert_eq!(reply.status, 200, "{body}: {}", reply.text());
        reply.json()
    }

    pub(crate) async fn set(&self, settings: Value) {
        let reply = self.control("POST", "/settings", &settings).await;
        assert_eq!(reply.status, 200, "{settings}: {}", reply.text());
    }

    pub(crate) async fn fault(&self, fault: Value) {
        let reply = self.control("POST", "/faults", &fault).await;
        assert_eq!(reply.status, 201, "{fault}: {}", reply.text());
    }

    /// Lets simulated time pass.
    pub(crate) async fn minutes(&self, minutes: u64) {
        let reply = self.control("POST", "/clock", &json!({ "advance_s": minutes * 60 })).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }

    pub(crate) async fn days(&self, days: u64) {
        self.minutes(days * 24 * 60).await;
    }

    pub(crate) async fn seen(&self, id: u64) -> Value {
        self.control("GET", &format!("/requests/{id}"), &Value::Null).await.json()
    }

    pub(crate) async fn stored(&self) -> usize {
        self.control("GET", "/requests", &Value::Null).await.json()["requests"].as_array().unwrap().len()
    }
}

/// A small order with these members.
pub(crate) fn order(members: Value) -> Value {
    let mut body = json!({
        "account_id": ACCOUNT, "short_description": "Order 77", "type": "goods", "amount": 100, "currency": "USD",
        "fee": {"fee_payer": "payee"}
    });
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// An answer that is an error object.
pub(crate) trait Refused {
    /// HTTP status, code and text.
    fn error(&self) -> (u16, u64, String);
}

impl Refused for Reply {
    fn error(&self) -> (u16, u64, String) {
        let body = self.json();
        assert!(body["error"].is_string(), "{body}");
        let text = body["error_description"].as_str().unwrap().to_owned();
        (self.status, body["error_code"].as_u64().unwrap(), text)
    }
}

/// A notice as the merchant's server gets it.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) content_type: String,
    pub(crate) uri: String,
    pub(crate) body: String,
}

/// The merchant's server.
#[derive(Clone, Default)]
pub(crate) struct Receiver {
    got: Arc<Mutex<Vec<Got>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
    address: Option<SocketAddr>,
}

impl Receiver {
    /// Answers with the given statuses first and then with 200.
    pub(crate) async fn start(answers: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut receiver = Self { address: listener.local_addr().ok(), ..Self::default() };
        receiver.answers = Arc::new(Mutex::new(answers.iter().copied().collect()));
        let app = axum::Router::new().fallback(receive).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        receiver
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/ipn?t=8f2c", self.address.unwrap())
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    /// Waits until that many notices are there, and finds no more than these.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Got> {
        let waited = async {
            while self.got.lock().unwrap().len() < count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, waited).await.is_ok(), "{:?}", self.got());
        let got = self.got();
        assert_eq!(got.len(), count, "{got:?}");
        got
    }
}

async fn receive(State(receiver): State<Receiver>, uri: Uri, headers: HeaderMap, body: String) -> StatusCode {
    let content_type = headers.get("content-type").map_or("", |value| value.to_str().unwrap()).to_owned();
    receiver.got.lock().unwrap().push(Got { content_type, uri: uri.to_string(), body });
    let status = receiver.answers.lock().unwrap().pop_front().unwrap_or(200);
    StatusCode::from_u16(status).unwrap()
}
