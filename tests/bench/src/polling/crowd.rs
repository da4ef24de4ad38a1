//! Customers: they open checkouts, and some of them sign.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lendport_core::{AttemptState, CheckoutId, Clock as _, Invalid};
use lendport_engine::{Effect, Engine, EngineError, OpenCheckout, Rendered, Ticket, digest};
use lendport_storage::{Change, ChangeAsk, change_with};
use lendport_testkit::{ManualClock, samples};
use serde_json::json;

use super::account::{Account, Simulated};
use super::{PROVIDER, PollingPlan};
use crate::Fault;

/// Looks that brought nothing, after which only the last pause of the provider's schedule is left.
pub(super) const LOOKED_AT: u32 = 6;
/// That pause, in seconds.
const LAST_PAUSE_S: i64 = 3_600;

/// Everybody.
pub(super) struct Crowd {
    plan: PollingPlan,
    /// Every checkout with its customer's address, in the order of coming.
    pub(super) all: Vec<(CheckoutId, String)>,
    /// Who signs when.
    to_sign: BTreeMap<i64, Vec<usize>>,
    /// Who signed, when, and is not confirmed yet.
    signed: Vec<(CheckoutId, Timestamp)>,
    /// Seconds from signature to confirmation.
    pub(super) found_s: Vec<i64>,
    /// How many signed.
    pub(super) signatures: usize,
    began: Option<Timestamp>,
    arrived: i64,
}

impl Crowd {
    pub(super) fn new(plan: PollingPlan) -> Self {
        Self {
            plan,
            all: Vec::new(),
            to_sign: BTreeMap::new(),
            signed: Vec::new(),
            found_s: Vec::new(),
            signatures: 0,
            began: None,
            arrived: 0,
        }
    }

    /// True while a signature is not found.
    pub(super) fn waits(&self) -> bool {
        !self.signed.is_empty()
    }

    /// A customer of their own opens a checkout.
    pub(super) async fn open(
        &mut self,
        account: &Account,
        engine: &Arc<Engine>,
        clock: &ManualClock,
    ) -> Result<(), Fault> {
        let place = self.all.len();
        let email = format!("buyer{place}@example.com");
        let asked = OpenCheckout {
            provider: Some(PROVIDER.to_owned()),
            currency: Some("USD".to_owned()),
            customer: samples::person("Buyer", &format!("Number{place}"), &email, "2222222222"),
            billing: samples::address("6 West End Court 1", "Long Branch", "NJ", "07740", "US"),
            cart: Some(samples::cart(vec![samples::item(Some("TV-1"), "TV", 1, "400", "0")], true, "30")),
            ..OpenCheckout::default()
        };
        let key = format!("key {place}");
        let ticket =
            Ticket { route: "POST /v1/checkouts".to_owned(), fingerprint: digest(&key), key, render: Arc::new(render) };
        let reply = engine.open_checkout(account.tenant, asked, Invalid::none(), ticket).await?;
        let id: CheckoutId = reply.body.parse().map_err(|_| format!("{}: {}", reply.status, reply.body))?;
        self.all.push((id, email));
        if place % 100 < self.plan.signed_percent {
            // Over the whole time but its end, in no order.
            let span = (self.plan.minutes - 5) * 60;
            let spread = i64::try_from(place).unwrap_or(0) * 7_919 % span.max(1);
            let at = match self.began {
                Some(_) => clock.now().as_second() + 60 + spread % 600,
                None => clock.now().as_second() + 10 + spread,
            };
            self.to_sign.entry(at).or_default().push(place);
        }
        Ok(())
    }

    /// Everybody has waited for hours: only the last pause is left, and nobody's looks come at the same time.
    pub(super) async fn age(&mut self, account: &Account, now: Timestamp) -> Result<(), Fault> {
        self.began = Some(now);
        for (place, (id, _)) in self.all.iter().enumerate() {
            let wait = i64::try_from(place).unwrap_or(0) * 104_729 % LAST_PAUSE_S;
            let next = now + SignedDuration::from_secs(wait);
            change_with(account.store.as_ref(), account.tenant, *id, ChangeAsk::default(), move |loaded| {
                let mut attempts = loaded.record.attempts.clone();
                for attempt in &mut attempts {
                    (attempt.polls, attempt.poll_at) = (LOOKED_AT, Some(next));
                }
                let mut checkout = loaded.record.checkout.clone();
                checkout.version += 1;
                (Change { checkout: Some(Box::new(checkout)), attempts, ..Change::default() }, ())
            })
            .await?;
        }
        Ok(())
    }

    /// Whoever comes in this second.
    pub(super) async fn arrive(
        &mut self,
        account: &Account,
        engine: &Arc<Engine>,
        clock: &ManualClock,
    ) -> Result<(), Fault> {
        let passed = self.began.map_or(0, |began| clock.now().duration_since(began).as_secs());
        let due = passed * i64::try_from(self.plan.arrivals_per_minute)? / 60;
        while self.arrived < due {
            self.arrived += 1;
            self.open(account, engine, clock).await?;
        }
        Ok(())
    }

    /// Whoever signs in this second does, and closes the window: no browser tells of it.
    pub(super) async fn sign(
        &mut self,
        account: &Account,
        engine: &Arc<Engine>,
        at: &Simulated,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let later = self.to_sign.split_off(&(now.as_second() + 1));
        for place in std::mem::replace(&mut self.to_sign, later).into_values().flatten() {
            let Some((id, email)) = self.all.get(place) else { continue };
            let plugin = engine.plugin(account.tenant, *id).await?.ok_or("no plugin to sign in")?;
            let order: serde_json::Value = serde_json::from_str(&plugin.order)?;
            let shown = at.control("plugin", Some(&json!({ "order": order, "email": email }))).await?;
            if shown.get("stage").and_then(|stage| stage.as_str()) != Some("signed") {
                return Err(format!("not signed: {shown}").into());
            }
            self.signed.push((*id, now));
            self.signatures += 1;
        }
        Ok(())
    }

    /// Which signatures are confirmed by now.
    pub(super) async fn find(&mut self, account: &Account, now: Timestamp) -> Result<(), Fault> {
        let mut still = Vec::new();
        for (id, signed) in std::mem::take(&mut self.signed) {
            let record = account.store.checkout(account.tenant, id).await?.ok_or("a checkout is gone")?;
            if record.attempts.iter().any(|attempt| attempt.state == AttemptState::Authorized) {
                self.found_s.push(now.duration_since(signed).as_secs());
            } else {
                still.push((id, signed));
            }
        }
        self.signed = still;
        Ok(())
    }
}

/// The id of what was opened, or what is wrong.
fn render(result: &Result<Effect, EngineError>) -> Rendered {
    let (status, body) = match result {
        Ok(Effect::Checkout(view)) => (201, view.id.to_string()),
        Ok(other) => (500, format!("{other:?}")),
        Err(error) => (500, error.to_string()),
    };
    Rendered { status, body, version: None }
}
