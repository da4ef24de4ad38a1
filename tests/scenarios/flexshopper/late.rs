//! What a customer signs in a window that was left open after the checkout had expired here.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use lendport::gateway::Ambient;
use lendport::{registry, simulators};
use lendport_testkit::ManualClock;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::harness::ServedGateway;

/// After which a checkout that nobody signed has expired.
const DEADLINE: SignedDuration = SignedDuration::from_hours(7 * 24 + 1);
/// So long after its end it has been looked at once more; its list shows no order that is a week old.
const LATER: SignedDuration = SignedDuration::from_mins(90);
/// Nothing of FlexShopper's ends by itself meanwhile.
const LEASE_MS: u64 = 30 * 86_400_000;

/// A gateway whose clock is moved by hand, and FlexShopper by the same clock.
struct Late {
    merchant: Merchant,
    flexshopper: String,
    clock: Arc<ManualClock>,
    _gateway: ServedGateway,
    _stop: CancellationToken,
}

impl Late {
    async fn open() -> Self {
        let (stop, clock) = (CancellationToken::new(), Arc::new(ManualClock::new()));
        let ambient = Ambient { clock: clock.clone(), ..Ambient::system() };
        let setup = simulators::Setup {
            bind: ([127, 0, 0, 1], 0).into(),
            resend_interval_ms: 200,
            account: BTreeMap::new(),
            ambient: &ambient,
            stop: &stop,
        };
        let running = simulators::start(&registry::registration("flexshopper").unwrap(), setup).await.unwrap();
        let field = |name: &str| running.account[name].expose().clone();
        let (api_key, auth_key) = (field("api_key"), field("auth_key"));
        let settings = [
            ("providers.flexshopper.enabled", "true"),
            ("providers.flexshopper.sandbox_base_url", running.url.as_str()),
            ("providers.flexshopper.sandbox_plugin_url", running.url.as_str()),
            ("merchant.accounts.flexshopper.test.api_key", api_key.as_str()),
            ("merchant.accounts.flexshopper.test.auth_key", auth_key.as_str()),
        ];
        let gateway = ServedGateway::start_on("http://127.0.0.1:9", &ambient, &settings).await;
        let late = Self {
            merchant: gateway.merchant.clone(),
            flexshopper: running.url.clone(),
            clock,
            _gateway: gateway,
            _stop: stop,
        };
        late.control(Method::POST, "settings", &json!({ "lease_ms": LEASE_MS })).await;
        late
    }

    async fn control(&self, method: Method, path: &str, body: &Value) -> Value {
        let request = self.merchant.http.request(method, format!("{}/_sim/{path}", self.flexshopper)).json(body);
        let text = request.send().await.unwrap().error_for_status().unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    async fn calls(&self, endpoint: &str) -> u64 {
        self.control(Method::GET, "calls", &Value::Null).await[endpoint].as_u64().unwrap_or(0)
    }
}

#[tokio::test]
async fn it_is_canceled_there_and_nothing_is_confirmed() {
    let late = Late::open().await;
    let made = late.merchant.open(&cart()).await.ok(201).clone();
    let order = late.merchant.get(&format!("/v1/checkouts/{}/plugin", made.id())).await.ok(200).body["order"].clone();
    let opened = json!({ "order": order, "email": CUSTOMER, "until": "applied" });
    assert_eq!(late.control(Method::POST, "plugin", &opened).await["stage"], "contract");
    late.clock.advance(DEADLINE);
    late.merchant.until_status(&made.id(), "expired").await;

    // The window knows nothing of that.
    let signed = json!({ "order": order, "email": CUSTOMER });
    assert_eq!(late.control(Method::POST, "plugin", &signed).await["stage"], "signed");
    late.clock.advance(LATER);
    until("the lease to be undone", async || (late.calls("cancel").await == 1).then_some(())).await;
    let items = until("the item to be settled", async || {
        let items = late.merchant.get(&format!("/v1/attention?checkout={}&kind=late_approval", made.id())).await;
        let all = items.ok(200).body["data"].clone();
        all.as_array().unwrap().iter().any(|item| item["state"] == "resolved").then_some(all)
    })
    .await;
    assert_eq!(items.as_array().unwrap().len(), 1, "{items}");
    let reference = late.merchant.read(&made.id()).await.str("/attempt/provider_reference").to_owned();
    let there = late.control(Method::GET, &format!("requests/{reference}"), &Value::Null).await;
    for line in there["lines"].as_array().unwrap() {
        assert_eq!(line["canceled"], line["quantity"], "{there}");
    }
    let seen = late.merchant.read(&made.id()).await;
    assert_eq!((seen.str("/status"), &seen.body["can_fulfill"]), ("expired", &json!(false)));
    assert_eq!((seen.str("/amounts/authorized"), late.calls("finalize").await), ("0.00", 0));
    let events = late.merchant.events(&made.id()).await;
    assert!(!events.contains(&"checkout.ready_to_fulfill".to_owned()), "{events:?}");
}
