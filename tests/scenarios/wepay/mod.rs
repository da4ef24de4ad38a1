//! WePay through our API alone: a merchant, the gateway, and WePay's simulator, which go by one clock that is moved by hand.

mod creating;
mod dialects;
mod giving_back;
mod interrupted;
mod life;
mod limits;
mod notices;
mod unsupported;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use lendport::gateway::Ambient;
use lendport::{registry, simulators};
use lendport_testkit::ManualClock;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::harness::{Answer, Merchant, ServedGateway, carts, fresh, until};

/// The settle worker finds what is due at its next turn.
const TURN: SignedDuration = SignedDuration::from_secs(1);
/// The total of [`cart`].
const TOTAL: &str = "1420.00";
const READY: &str = "checkout.ready_to_fulfill";

/// A merchant, the gateway and WePay.
#[derive(Clone)]
struct Desk {
    merchant: Merchant,
    /// Where WePay is.
    address: String,
    /// The merchant's account and its token there.
    account: (String, String),
    clock: Arc<ManualClock>,
    gateway: Arc<ServedGateway>,
    _stop: CancellationToken,
}

impl Desk {
    /// Without a limit of calls on either side: the clock stands still, so none would ever end.
    async fn open() -> Self {
        Self::open_with(&[("providers.wepay.throttle_calls", "0")], &json!({ "throttle_calls": 0 })).await
    }

    /// With settings of the gateway by their dotted keys, and of the simulator.
    async fn open_with(more: &[(&'static str, &str)], dials: &Value) -> Self {
        let (stop, clock) = (CancellationToken::new(), Arc::new(ManualClock::new()));
        let ambient = Ambient { clock: clock.clone(), ..Ambient::system() };
        let setup = simulators::Setup {
            bind: ([127, 0, 0, 1], 0).into(),
            resend_interval_ms: 200,
            account: BTreeMap::new(),
            ambient: &ambient,
            stop: &stop,
        };
        let running = simulators::start(&registry::registration("wepay").unwrap(), setup).await.unwrap();
        let field = |name: &str| running.account[name].expose().clone();
        let (account_id, token) = (field("account_id"), field("access_token"));
        let mut settings = vec![
            ("providers.wepay.enabled", "true"),
            ("providers.wepay.stage_base_url", running.url.as_str()),
            ("merchant.accounts.wepay.test.account_id", account_id.as_str()),
            ("merchant.accounts.wepay.test.access_token", token.as_str()),
            // How often a create is sent does not hang on how fast the machine is.
            ("providers.wepay.create_resend_within_ms", "45000"),
        ];
        settings.extend(more);
        let gateway = ServedGateway::start_on("http://127.0.0.1:9", &ambient, &settings).await;
        let desk = Self {
            merchant: gateway.merchant.clone(),
            address: running.url.clone(),
            account: (account_id, token),
            clock,
            gateway: Arc::new(gateway),
            _stop: stop,
        };
        desk.dial(dials).await;
        desk
    }

    /// Opens a checkout of [`TOTAL`].
    async fn checkout(&self, capture: &str) -> Answer {
        self.merchant.open(&cart(capture)).await.ok(201).clone()
    }

    /// A checkout that is paid and the merchant's.
    async fn captured(&self) -> Answer {
        let made = self.checkout("automatic").await;
        self.decide(&made, &json!({ "status": "pay" })).await;
        self.merchant.until_status(&made.id(), "captured").await
    }

    /// A checkout that is paid, and whose money WePay holds.
    async fn held(&self) -> Answer {
        let made = self.checkout("manual").await;
        self.decide(&made, &json!({ "status": "pay" })).await;
        self.merchant.until_status(&made.id(), "authorized").await
    }

    async fn control(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let mut request = self.merchant.http.request(method, format!("{}/_sim/{path}", self.address));
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Switches settings of the simulator.
    async fn dial(&self, dials: &Value) {
        self.control(Method::POST, "settings", Some(dials)).await;
    }

    /// Disturbs the next calls, or notices.
    async fn fault(&self, fault: Value) {
        self.control(Method::POST, "faults", Some(&fault)).await;
    }

    /// Lets everything go right again.
    async fn behave(&self) {
        self.control(Method::DELETE, "faults", None).await;
    }

    /// Calls that WePay got.
    async fn calls(&self, endpoint: &str) -> u64 {
        self.control(Method::GET, "calls", None).await[endpoint].as_u64().unwrap()
    }

    /// The payer, a bank or WePay does something.
    async fn decide(&self, made: &Answer, decision: &Value) {
        let number = made.str("/attempt/provider_reference");
        self.control(Method::POST, &format!("requests/{number}/decide"), Some(decision)).await;
    }

    /// How WePay itself shows it.
    async fn at_wepay(&self, made: &Answer) -> Value {
        let number = made.str("/attempt/provider_reference");
        self.control(Method::GET, &format!("requests/{number}"), None).await
    }

    /// Every checkout that there is at WePay, newest first.
    async fn all_at_wepay(&self) -> Vec<Value> {
        let list = self.control(Method::GET, "requests", None).await;
        list["requests"].as_array().unwrap().clone()
    }

    async fn post(&self, made: &Answer, operation: &str, body: &Value) -> Answer {
        self.merchant.post(&format!("/v1/checkouts/{}/{operation}", made.id()), &fresh(), body).await
    }

    async fn refresh(&self, made: &Answer) -> Answer {
        let request = self.merchant.request(Method::POST, &format!("/v1/checkouts/{}/refresh", made.id()));
        self.merchant.send(request).await.ok(200).clone()
    }

    /// Both sides get older, and what is due at WePay happens.
    async fn passes(&self, time: SignedDuration) {
        self.clock.advance(time);
        self.control(Method::POST, "clock", Some(&json!({ "advance_ms": 0 }))).await;
    }

    /// Lets time pass in steps until something shows.
    async fn passes_until<T>(&self, what: &str, step: SignedDuration, shows: impl AsyncFn() -> Option<T>) -> T {
        until(what, async || {
            let shown = shows().await;
            if shown.is_none() {
                self.passes(step).await;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            shown
        })
        .await
    }

    /// Lets time pass until the checkout has this status.
    async fn passes_until_status(&self, id: &str, status: &str) -> Answer {
        let shows = async || Some(self.merchant.read(id).await).filter(|seen| seen.str("/status") == status);
        self.passes_until(&format!("status {status}"), TURN * 10, shows).await
    }

    /// How often each of these events was told.
    async fn told<const N: usize>(&self, made: &Answer, events: [&str; N]) -> [usize; N] {
        let all = self.merchant.events(&made.id()).await;
        events.map(|event| all.iter().filter(|kind| *kind == event).count())
    }
}

/// The usual cart for WePay.
fn cart(capture: &str) -> Value {
    let mut cart = carts::usa();
    cart["provider"] = json!("wepay");
    cart["capture"] = json!(capture);
    cart
}
