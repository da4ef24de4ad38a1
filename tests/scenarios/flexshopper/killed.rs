//! The gateway dies between any two calls of a confirmation: afterwards there is one lease, and it is confirmed or undone once.

use std::collections::BTreeMap;

use lendport::gateway::Ambient;
use lendport::{registry, simulators};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::harness::Binary;
use crate::harness::binary::{add_settings, settings_file};

/// FlexShopper by itself: it outlives the gateway, and goes by the clock on the wall.
struct FlexShopper {
    running: simulators::Running,
    http: reqwest::Client,
    _stop: CancellationToken,
}

impl FlexShopper {
    async fn start() -> Self {
        let stop = CancellationToken::new();
        let setup = simulators::Setup {
            bind: ([127, 0, 0, 1], 0).into(),
            resend_interval_ms: 200,
            account: BTreeMap::new(),
            ambient: &Ambient::system(),
            stop: &stop,
        };
        let running = simulators::start(&registry::registration("flexshopper").unwrap(), setup).await.unwrap();
        Self { running, http: reqwest::Client::new(), _stop: stop }
    }

    fn settings(&self) -> String {
        let field = |name: &str| self.running.account[name].expose().clone();
        format!(
            "[providers.flexshopper]\nenabled = true\nsandbox_base_url = \"{url}\"\nsandbox_plugin_url = \"{url}\"\n\
             [merchant.accounts.flexshopper.test]\napi_key = \"{}\"\nauth_key = \"{}\"\n",
            field("api_key"),
            field("auth_key"),
            url = self.running.url,
        )
    }

    async fn control(&self, method: Method, path: &str, body: &Value) -> Value {
        let request = self.http.request(method, format!("{}/_sim/{path}", self.running.url)).json(body);
        let text = request.send().await.unwrap().error_for_status().unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    async fn calls(&self, endpoint: &str) -> u64 {
        self.control(Method::GET, "calls", &Value::Null).await[endpoint].as_u64().unwrap_or(0)
    }
}

/// When the gateway dies.
struct Death {
    /// During the how many-th call of this kind after the signature.
    during: (&'static str, u64),
    /// Whether FlexShopper carries that call out.
    carried_out: bool,
    /// What the customer signs is the checkout's.
    fits: bool,
}

/// What is left of it.
struct Left {
    there: Value,
    finalized: u64,
    canceled: u64,
    seen: Answer,
    ready: usize,
}

/// Kills the gateway while FlexShopper holds the answer of a call back, starts it again, and waits until it has made up its mind.
async fn dies(Death { during: (call, number), carried_out, fits }: Death) -> Left {
    let data = tempfile::tempdir().unwrap();
    let flexshopper = FlexShopper::start().await;
    let config = settings_file(data.path(), "http://127.0.0.1:9");
    add_settings(&config, &flexshopper.settings());
    let (mut binary, merchant) = Binary::serve(&config).await;
    let made = merchant.open(&cart()).await.ok(201).clone();
    let mut order = merchant.get(&format!("/v1/checkouts/{}/plugin", made.id())).await.ok(200).body["order"].clone();
    if !fits {
        order["items"][0]["cost"] = json!(300.00);
    }
    // The calls before it are answered, late by nothing.
    for _ in 1..number {
        let answered = json!({ "on": call, "kind": "late", "delay_ms": 1 });
        flexshopper.control(Method::POST, "faults", &answered).await;
    }
    let held = json!({ "on": call, "kind": "silence", "accept": carried_out });
    flexshopper.control(Method::POST, "faults", &held).await;
    let before = flexshopper.calls(call).await;
    let signed = json!({ "order": order, "email": CUSTOMER });
    assert_eq!(flexshopper.control(Method::POST, "plugin", &signed).await["stage"], "signed");
    let hint = format!("{}/came_back", made.str("/checkout_url"));
    let told = merchant.http.post(hint).json(&json!({ "outcome": "complete" })).send().await.unwrap();
    assert!(told.status().is_success());
    until("the call", async || (flexshopper.calls(call).await >= before + number).then_some(())).await;
    binary.kill();

    let (_binary, merchant) = Binary::serve(&config).await;
    let seen = merchant.until_status(&made.id(), if fits { "authorized" } else { "canceled" }).await;
    until("nothing to be unclear", async || {
        let items = merchant.open_items(&made.id()).await;
        items.iter().all(|item| item["kind"] != "unknown_command").then_some(())
    })
    .await;
    let all = flexshopper.control(Method::GET, "requests", &Value::Null).await["requests"].clone();
    assert_eq!(all.as_array().unwrap().len(), 1, "one lease: {all}");
    let reference = seen.str("/attempt/provider_reference");
    let events = merchant.events(&made.id()).await;
    Left {
        there: flexshopper.control(Method::GET, &format!("requests/{reference}"), &Value::Null).await,
        finalized: flexshopper.calls("finalize").await,
        canceled: flexshopper.calls("cancel").await,
        ready: events.iter().filter(|event| *event == "checkout.ready_to_fulfill").count(),
        seen,
    }
}

impl Left {
    /// One lease that is confirmed, and one order that is ready.
    fn confirmed(&self, sent: u64) {
        assert_eq!((&self.there["finalized"], &self.there["signed"]), (&json!(true), &json!(true)), "{}", self.there);
        assert_eq!((self.finalized, self.canceled, self.ready), (sent, 0, 1));
        assert_eq!((self.seen.str("/amounts/authorized"), &self.seen.body["can_fulfill"]), (TOTAL, &json!(true)));
    }

    /// One lease that is undone, and no order.
    fn undone(&self) {
        assert_eq!((&self.there["finalized"], self.finalized, self.ready), (&json!(false), 0, 0), "{}", self.there);
        for line in self.there["lines"].as_array().unwrap() {
            assert_eq!(line["canceled"], line["quantity"], "{}", self.there);
        }
        assert_eq!((self.seen.str("/amounts/authorized"), &self.seen.body["can_fulfill"]), ("0.00", &json!(false)));
    }
}

#[tokio::test]
async fn while_it_looks_whether_the_customer_signed() {
    dies(Death { during: ("transaction", 1), carried_out: true, fits: true }).await.confirmed(1);
}

#[tokio::test]
async fn while_it_reads_what_was_signed_to_compare_it() {
    dies(Death { during: ("transaction", 2), carried_out: true, fits: true }).await.confirmed(1);
}

#[tokio::test]
async fn while_it_confirms_and_flexshopper_has_not_heard() {
    dies(Death { during: ("finalize", 1), carried_out: false, fits: true }).await.confirmed(2);
}

#[tokio::test]
async fn while_it_confirms_and_flexshopper_has_heard() {
    dies(Death { during: ("finalize", 1), carried_out: true, fits: true }).await.confirmed(2);
}

#[tokio::test]
async fn while_it_undoes_and_flexshopper_has_not_heard() {
    let left = dies(Death { during: ("cancel", 1), carried_out: false, fits: false }).await;
    left.undone();
    assert_eq!(left.canceled, 2);
}

#[tokio::test]
async fn while_it_undoes_and_flexshopper_has_heard() {
    let left = dies(Death { during: ("cancel", 1), carried_out: true, fits: false }).await;
    left.undone();
    assert_eq!(left.canceled, 2);
}
