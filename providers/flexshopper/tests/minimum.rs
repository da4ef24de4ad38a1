//! The merchant's minimum, which FlexShopper's own settings may raise: asked for briefly, and not at every checkout.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lendport_core::{
    AccountSettings, CallContext, CallLog, CascadeHints, CreateRequest, Created, FinancingProvider as _, Mode,
    ProviderError, Secret,
};
use lendport_outbound::{ClientSettings, Outbound, Request, Url};
use lendport_testkit::by_hand::PATIENCE;
use lendport_testkit::clock::START;
use lendport_testkit::{ManualClock, Sample, SeededIds, samples};
use provider_flexshopper::simulator::{Simulator, SimulatorSettings};
use provider_flexshopper::{Clients, FlexShopper, ID, ProviderConfig};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What no test waits for.
const FOR_EVER_MS: u64 = 3_600_000;

struct World {
    provider: FlexShopper,
    account: AccountSettings,
    calls: CallLog,
    base_url: String,
    control: Outbound,
}

impl World {
    /// With so long for the settings, and for ever for everything else.
    async fn start(settings_timeout_ms: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let settings = SimulatorSettings::new(Secret::from("api-key-example"), "AUTH_KEY");
        let simulator = Simulator::new(settings, Arc::new(ManualClock::new()));
        tokio::spawn(simulator.serve(listener, std::future::pending()));
        let config =
            ProviderConfig { request_timeout_ms: FOR_EVER_MS, settings_timeout_ms, ..ProviderConfig::default() };
        let config = config.with_sandbox_at(&base_url);
        let clients = Clients::new(&config, &Outbound::live).unwrap();
        Self {
            provider: FlexShopper::new(config, clients),
            account: samples::account(&[("api_key", "api-key-example"), ("auth_key", "AUTH_KEY")]),
            calls: CallLog::new(),
            base_url,
            control: Outbound::live(ClientSettings::default()).unwrap(),
        }
    }

    async fn turn(&self, path: &str, body: Value) {
        let url = Url::parse(&format!("{}/_sim/{path}", self.base_url)).unwrap();
        let answer = self.control.call(Request::post(url).json(&body), &self.calls).await.unwrap();
        assert!((200..300).contains(&answer.status), "{path} {body}: {}", answer.status);
    }

    async fn create(&self, now: Timestamp) -> Result<Created, ProviderError> {
        let ids = SeededIds::default();
        let checkout = Sample::usa().checkout(&ids);
        let attempt = samples::attempt(&checkout, ID, &ids);
        let callback_url = Secret::from("https://gateway.example/callbacks/flexshopper/nobody");
        let calls = CallLog::new();
        let context = CallContext { account: &self.account, mode: Mode::Test, now, calls: &calls };
        let request = CreateRequest {
            checkout: &checkout,
            attempt: &attempt,
            callback_url: &callback_url,
            hints: CascadeHints::FIRST,
        };
        self.provider.create(context, request).await
    }
}

fn after(minutes: i64) -> Timestamp {
    START + SignedDuration::from_mins(minutes)
}

#[tokio::test]
async fn it_counts_for_a_quarter_of_an_hour_and_is_asked_for_again() {
    let world = World::start(60_000).await;
    world.turn("settings", json!({ "settings_minimum": "5000" })).await;
    let refused = world.create(START).await.unwrap_err();
    assert_eq!((refused.fields[0].pointer.as_str(), refused.fields[0].code.as_str()), ("/items", "too_small"));
    world.turn("settings", json!({ "settings_minimum": "100" })).await;
    assert!(world.create(after(14)).await.is_err(), "remembered");
    world.create(after(16)).await.unwrap();
    world.turn("settings", json!({ "settings_minimum": "5000" })).await;
    world.create(after(30)).await.unwrap();
    assert!(world.create(after(32)).await.is_err());
}

#[tokio::test]
async fn nobody_waits_for_settings_that_do_not_come() {
    let world = World::start(200).await;
    world.turn("faults", json!({ "on": "settings", "kind": "silence", "delay_ms": FOR_EVER_MS })).await;
    // With any other call's limit it would take an hour.
    let created = tokio::time::timeout(PATIENCE, world.create(START)).await.unwrap();
    assert!(created.is_ok(), "the configured minimum counts: {created:?}");
}
