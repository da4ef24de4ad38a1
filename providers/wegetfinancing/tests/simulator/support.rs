//! A running simulator, a client that speaks HTTP by hand, and a receiver of postbacks.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use lendport_core::{Clock, Secret};
use lendport_outbound::{ClientSettings, Outbound};
pub(crate) use lendport_testkit::by_hand::{PATIENCE, Reply, call};
use provider_wegetfinancing::simulator::{Simulator, SimulatorSettings};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const USER: &str = "cdx_merchantname";
pub(crate) const PASSWORD: &str = "moa24phoPh";
pub(crate) const NOW: i64 = 1_700_000_000;

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(NOW).unwrap()
    }

    fn steady(&self) -> Timestamp {
        self.now()
    }
}

/// A simulator on a port of its own.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

pub(crate) async fn start() -> Running {
    start_with(|_| {}).await
}

/// A simulator that nobody serves yet.
pub(crate) fn unserved() -> Simulator {
    build(|_| {})
}

fn build(edit: impl FnOnce(&mut SimulatorSettings)) -> Simulator {
    let mut settings = SimulatorSettings::new(USER, Secret::from(PASSWORD), "1234");
    settings.resend_interval_ms = 40;
    settings.postback_delay_ms = 20;
    edit(&mut settings);
    Simulator::new(settings, Outbound::live(ClientSettings::default()).unwrap(), Arc::new(Stopped))
}

pub(crate) async fn start_with(edit: impl FnOnce(&mut SimulatorSettings)) -> Running {
    let simulator = build(edit);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(simulator.serve(listener, async move { drop(stopped.await) }));
    Running { address, stop, task }
}

impl Running {
    /// Ends it as a shutdown would.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        tokio::time::timeout(PATIENCE, self.task).await.unwrap().unwrap().unwrap();
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Reply> {
        call(self.address, method, path, headers, body).await
    }

    /// The create call with good credentials.
    pub(crate) async fn create_raw(&self, body: &str) -> io::Result<Reply> {
        let auth = basic(USER, PASSWORD);
        let headers = [("content-type", "application/json"), ("accept", "application/json"), ("authorization", &auth)];
        self.call("POST", "/merchant/1234/requests", &headers, body.as_bytes()).await
    }

    pub(crate) async fn create(&self, body: &Value) -> Reply {
        self.create_raw(&body.to_string()).await.unwrap()
    }

    /// Creates and answers the id.
    pub(crate) async fn created(&self, body: &Value) -> String {
        let reply = self.create(body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["inv_id"].as_str().unwrap().to_owned()
    }

    /// A call of the control API.
    pub(crate) async fn control(&self, method: &str, path: &str, body: &Value) -> Reply {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.call(method, &format!("/_sim{path}"), &[], body.as_bytes()).await.unwrap()
    }

    pub(crate) async fn decide(&self, inv_id: &str, body: &Value) -> Value {
        let reply = self.control("POST", &format!("/requests/{inv_id}/decide"), body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    pub(crate) async fn seen(&self, inv_id: &str) -> Value {
        self.control("GET", &format!("/requests/{inv_id}"), &Value::Null).await.json()
    }

    pub(crate) async fn stored(&self) -> usize {
        self.control("GET", "/requests", &Value::Null).await.json()["requests"].as_array().unwrap().len()
    }
}

/// The body of the newest document's sample.
pub(crate) fn sample() -> Value {
    json!({
        "first_name": "John", "last_name": "Doe", "email": "john@example.com", "phone": "2222222222",
        "billing_address": {"street1": "6 West End Court 1", "city": "Long Branch", "state": "NJ", "zipcode": "07740"},
        "cart_items": [{"display_name": "TV", "quantity": 1, "unit_price": 1370, "unit_tax": 52.69}],
        "shipping_amount": 50, "merchant_transaction_id": "ORDER-123",
        "postback_url": "https://your-shop.com/api/postback", "version": "1.9"
    })
}

/// The sample with other members.
pub(crate) fn sample_with(members: Value) -> Value {
    let mut body = sample();
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// A postback as the merchant's server gets it.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
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
        format!("http://{}/postback", self.address.unwrap())
    }

    /// Waits for that many postbacks and a moment longer for surplus ones.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Got> {
        self.wait_for_at_least(count).await;
        tokio::time::sleep(Duration::from_millis(120)).await;
        let got = self.got();
        assert_eq!(got.len(), count, "{got:?}");
        got
    }

    /// Waits for that many postbacks.
    pub(crate) async fn wait_for_at_least(&self, count: usize) {
        until("postbacks", async || self.got().len() >= count).await;
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

/// Looks again and again until it is so, for two minutes.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..6_000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited in vain: {what}");
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> StatusCode {
    receiver.got.lock().unwrap().push(Got { headers, body });
    let status = receiver.answers.lock().unwrap().pop_front().unwrap_or(200);
    StatusCode::from_u16(status).unwrap()
}
