//! A provider that is watched: notices that only say "look" or never come, pages that cannot be canceled, deadlines,
//! captures that show late.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lendport::gateway::Ambient;
use lendport::{registry, simulators};
use lendport_core::Clock as _;
use lendport_testkit::ManualClock;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::harness::{Answer, Merchant, ServedGateway, carts, fresh, until};

/// The settle worker finds what is due at its next turn.
const TURN: SignedDuration = SignedDuration::from_secs(1);

/// A gateway whose clock is moved by hand, and the made-up provider by itself.
struct Desk {
    merchant: Merchant,
    provider: String,
    clock: Arc<ManualClock>,
    _gateway: ServedGateway,
    _stop: CancellationToken,
}

impl Desk {
    async fn open() -> Self {
        let (stop, clock) = (CancellationToken::new(), Arc::new(ManualClock::new()));
        let ambient = Ambient { clock: clock.clone(), ..Ambient::system() };
        let setup = simulators::Setup {
            bind: ([127, 0, 0, 1], 0).into(),
            resend_interval_ms: 200,
            account: std::collections::BTreeMap::new(),
            ambient: &ambient,
            stop: &stop,
        };
        let running = simulators::start(&registry::registration("sandbox").unwrap(), setup).await.unwrap();
        let settings = [
            ("providers.sandbox.enabled", "true"),
            ("providers.sandbox.base_url", running.url.as_str()),
            ("merchant.accounts.sandbox.test.api_key", "sandbox-key"),
            ("merchant.accounts.sandbox.test.push_secret", "sandbox-push-secret"),
        ];
        let gateway = ServedGateway::start_on("http://127.0.0.1:9", &ambient, &settings).await;
        Self {
            merchant: gateway.merchant.clone(),
            provider: running.url.clone(),
            clock,
            _gateway: gateway,
            _stop: stop,
        }
    }

    /// Opens a checkout; the cents of its total say what is odd about the provider.
    async fn checkout(&self, cents: &str, capture: &str) -> Answer {
        let mut cart = carts::usa();
        cart["provider"] = json!("sandbox");
        cart["capture"] = json!(capture);
        cart["shipping_amount"] = json!(format!("50.{cents}"));
        self.merchant.open(&cart).await.ok(201).clone()
    }

    /// Presses a button of the provider's page; `quiet` tells nobody.
    async fn press(&self, made: &Answer, button: &str, quiet: bool) {
        let page = made.str("/next_action/url");
        let pressed = self.merchant.http.post(format!("{page}/decide"));
        let pressed = pressed.header("content-type", "application/x-www-form-urlencoded");
        let status = pressed.body(format!("decision={button}&quiet={quiet}")).send().await.unwrap().status();
        assert!(status.is_success() || status.is_redirection(), "{button}: {status}");
    }

    /// How the provider itself shows it.
    async fn at_the_provider(&self, made: &Answer) -> Value {
        let id = made.str("/attempt/provider_reference");
        let asked = self.merchant.http.get(format!("{}/v1/applications/{id}", self.provider));
        let text = asked.header("sandbox-key", "sandbox-key").send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    async fn post(&self, made: &Answer, operation: &str, body: &Value) -> Answer {
        self.merchant.post(&format!("/v1/checkouts/{}/{operation}", made.id()), &fresh(), body).await
    }

    fn passes(&self, time: SignedDuration) {
        self.clock.advance(time);
    }

    /// Lets time pass in steps until the checkout shows what is looked for.
    async fn passes_until(&self, what: &str, step: SignedDuration, shows: impl AsyncFn() -> bool) {
        until(what, async || {
            if shows().await {
                return Some(());
            }
            self.passes(step);
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            None
        })
        .await;
    }

    async fn told(&self, made: &Answer, event: &str) -> usize {
        self.merchant.events(&made.id()).await.iter().filter(|kind| *kind == event).count()
    }
}

fn moment(answer: &Answer, pointer: &str) -> Timestamp {
    answer.str(pointer).parse().unwrap()
}

#[tokio::test]
async fn what_is_paid_after_it_was_canceled_here_is_undone_at_the_provider_and_never_ready() {
    let desk = Desk::open().await;
    for (capture, undone) in [("manual", "cancelled"), ("automatic", "refunded")] {
        let made = desk.checkout("30", capture).await;
        let canceled = desk.post(&made, "cancel", &json!({ "reason": "out of stock" })).await;
        assert_eq!(
            (canceled.ok(200).str("/status"), canceled.str("/attempt/reason")),
            ("canceled", "canceled_locally")
        );
        assert_eq!(canceled.body["next_action"], Value::Null);
        assert_eq!(desk.at_the_provider(&made).await["status"], "applying", "it could not be canceled there");

        desk.press(&made, "approve", true).await;
        let item = format!("/v1/attention?checkout={}&kind=paid_after_cancel", made.id());
        desk.passes_until("the payment to be undone", TURN, async || {
            desk.at_the_provider(&made).await["status"] == undone
        })
        .await;
        desk.passes_until("the item to be settled", TURN * 10, async || {
            let items = desk.merchant.get(&item).await;
            let items = items.ok(200).body["data"].as_array().unwrap().clone();
            items.len() == 1 && items[0]["resolution"]["choice"] == "by_evidence"
        })
        .await;
        let seen = desk.merchant.read(&made.id()).await;
        assert_eq!((seen.str("/status"), &seen.body["can_fulfill"]), ("canceled", &json!(false)), "{capture}");
        assert_eq!(desk.told(&made, "checkout.ready_to_fulfill").await, 0);
        assert_eq!(desk.told(&made, "checkout.canceled").await, 1);
        if undone == "cancelled" {
            let reason = desk.at_the_provider(&made).await["cancel_reason"].as_str().unwrap().to_owned();
            assert_eq!(reason, "Canceled by the merchant before it was paid.");
        }
    }
}

#[tokio::test]
async fn the_merchants_reason_reaches_the_provider() {
    let desk = Desk::open().await;
    let made = desk.checkout("00", "manual").await;
    desk.post(&made, "cancel", &json!({ "reason": "out of stock" })).await.ok(200);
    let there = desk.at_the_provider(&made).await;
    assert_eq!((&there["status"], &there["cancel_reason"]), (&json!("cancelled"), &json!("out of stock")));
}

#[tokio::test]
async fn a_notice_that_only_says_look_is_looked_after() {
    let desk = Desk::open().await;
    let made = desk.checkout("31", "manual").await;
    desk.press(&made, "approve", false).await;
    let seen = desk.merchant.until_status(&made.id(), "authorized").await;
    assert_eq!((seen.str("/attempt/evidence"), &seen.body["can_fulfill"]), ("fetched", &json!(true)));
    assert_eq!(desk.told(&made, "checkout.ready_to_fulfill").await, 1);
}

#[tokio::test]
async fn what_was_never_told_is_found() {
    let desk = Desk::open().await;
    let made = desk.checkout("00", "manual").await;
    desk.press(&made, "approve", true).await;
    assert_eq!(desk.merchant.status(&made.id()).await, "requires_customer_action");
    desk.passes(SignedDuration::from_mins(13));
    desk.merchant.until_status(&made.id(), "authorized").await;
    assert_eq!(desk.told(&made, "checkout.ready_to_fulfill").await, 1);
}

#[tokio::test]
async fn a_providers_deadlines_are_shown_and_told_once_before_they_pass() {
    let desk = Desk::open().await;
    let made = desk.checkout("32", "manual").await;
    let began = desk.clock.now();
    assert_eq!(moment(&made, "/deadlines/expires_at"), began + SignedDuration::from_mins(30));
    desk.passes(SignedDuration::from_mins(21));
    until("the end to be told", async || (desk.told(&made, "checkout.expiring").await == 1).then_some(())).await;

    desk.press(&made, "approve", false).await;
    let held = desk.merchant.until_status(&made.id(), "authorized").await;
    let refresh = desk.merchant.request(Method::POST, &format!("/v1/checkouts/{}/refresh", made.id()));
    let held = if held.body["deadlines"]["capture_by"].is_null() { desk.merchant.send(refresh).await } else { held };
    assert_eq!(moment(&held, "/deadlines/capture_by"), began + SignedDuration::from_hours(14 * 24));
    desk.passes(SignedDuration::from_hours(10 * 24));
    until("the time to capture", async || (desk.told(&made, "checkout.capture_due").await == 1).then_some(())).await;
    desk.post(&made, "capture", &json!({})).await.ok(200);
    desk.passes(SignedDuration::from_hours(5 * 24));
    let other = desk.checkout("32", "manual").await;
    desk.passes(SignedDuration::from_mins(21));
    until("the other's end", async || (desk.told(&other, "checkout.expiring").await == 1).then_some(())).await;
    assert_eq!((desk.told(&made, "checkout.expiring").await, desk.told(&made, "checkout.capture_due").await), (1, 1));
    assert_eq!(desk.merchant.read(&made.id()).await.body["deadlines"]["capture_by"], Value::Null);
}

#[tokio::test]
async fn a_capture_that_shows_late_is_sent_once_and_counted_once() {
    let desk = Desk::open().await;
    let made = desk.checkout("33", "manual").await;
    desk.press(&made, "approve", false).await;
    desk.merchant.until_status(&made.id(), "authorized").await;
    let captured = desk.post(&made, "capture", &json!({})).await;
    assert_eq!((captured.ok(200).str("/status"), captured.str("/amounts/captured")), ("authorized", "0.00"));
    desk.post(&made, "capture", &json!({})).await.refused(409, "invalid_state");
    desk.passes_until("the capture to show", TURN * 10, async || desk.merchant.status(&made.id()).await == "captured")
        .await;
    let seen = desk.merchant.read(&made.id()).await;
    assert_eq!((seen.str("/amounts/captured"), desk.told(&made, "checkout.captured").await), ("1420.33", 1));
    let captures = desk.merchant.timeline(&made.id()).await;
    let captures: Vec<_> = captures.iter().filter(|entry| entry["what"] == "capture").collect();
    assert_eq!((captures.len(), &captures[0]["outcome"]), (1, &json!("settled")));
    assert_eq!(desk.told(&made, "operation.failed").await, 0);
}

#[tokio::test]
async fn a_new_address_for_notices_is_used_where_the_provider_takes_one() {
    let desk = Desk::open().await;
    let made = desk.checkout("00", "manual").await;
    let renewed = desk.post(&made, "renew_callback", &json!({})).await;
    assert_eq!(renewed.ok(200).str("/status"), "requires_customer_action");
    desk.press(&made, "approve", false).await;
    let seen = desk.merchant.until_status(&made.id(), "authorized").await;
    assert_eq!(seen.str("/attempt/evidence"), "signed", "by a push to the new address");
}
