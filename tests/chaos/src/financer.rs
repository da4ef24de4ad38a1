//! The providers' simulators, in the driver's own process: they outlive every kill, as a provider does.

use std::time::Duration;

use lendport::gateway::Ambient;
use lendport::registry;
use lendport::simulators::{self, Running, Setup};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::Fault;
use crate::arguments::Played;
use crate::merchant::rows_at;
use crate::wire::{self, Request};

/// Milliseconds until a push that was not answered with 2xx is sent again. The real one waits a minute.
const RESEND_MS: u64 = 150;
/// The same for the made-up provider.
const RESEND_SANDBOX_MS: u64 = 1_000;
/// Milliseconds of a late or silent answer: long enough for a kill to fall into it.
const DISTURBED_MS: u64 = 400;
const LIMIT: Duration = Duration::from_secs(120);

/// The simulators that answer.
pub(crate) struct Financers {
    pub(crate) running: Vec<Running>,
    address: String,
    played: Played,
}

impl Financers {
    /// Starts the one that is played, and the made-up one.
    pub(crate) async fn start(played: Played, ambient: &Ambient, stop: &CancellationToken) -> Result<Self, Fault> {
        let mut running = Vec::new();
        let part = |id: &str| id == played.id() || id == "sandbox";
        for known in registry::registrations().iter().filter(|known| part(known.descriptor.id)) {
            let setup = Setup {
                bind: ([127, 0, 0, 1], 0).into(),
                resend_interval_ms: if known.descriptor.id == "sandbox" { RESEND_SANDBOX_MS } else { RESEND_MS },
                account: Default::default(),
                ambient,
                stop,
            };
            running.push(simulators::start(known, setup).await?);
        }
        let found = running.iter().find(|simulator| simulator.provider == played.id());
        let url = found.map(|simulator| simulator.url.as_str()).ok_or("the provider is not in this build")?;
        let address = url.trim_start_matches("http://").to_owned();
        let financers = Self { running, address, played };
        if played == Played::Wepay {
            // The limit of calls would do what kills are to do; and every change is told.
            let dials = json!({ "throttle_calls": 0, "ipn_on_partial": true });
            financers.control("POST", "settings", Some(&dials)).await?;
        }
        if played == Played::Flexshopper {
            // However much they all lease.
            financers.control("POST", "settings", Some(&json!({ "spending_limit": "1000000" }))).await?;
        }
        Ok(financers)
    }

    async fn control(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Fault> {
        let path = format!("/_sim/{path}");
        let request = Request { method, path: &path, headers: Vec::new(), body };
        let answer = wire::exchange(&self.address, &request, LIMIT).await?;
        if (200..300).contains(&answer.status()) {
            Ok(answer.json())
        } else {
            Err(format!("the simulator answers {} to {method} {path}", answer.status()).into())
        }
    }

    /// Lets the next call that binds go wrong in this way: a create, or a confirmation where customers sign.
    pub(crate) async fn disturb(&self, kind: &str) -> Result<(), Fault> {
        self.disturb_on(if self.played == Played::Flexshopper { "finalize" } else { "create" }, kind).await
    }

    /// Lets the next call of this kind go wrong, whosever it is.
    pub(crate) async fn disturb_on(&self, on: &str, kind: &str) -> Result<(), Fault> {
        let fault = match kind {
            "late" | "silence" => json!({ "on": on, "kind": kind, "delay_ms": DISTURBED_MS }),
            _ => json!({ "on": on, "kind": kind }),
        };
        self.control("POST", "faults", Some(&fault)).await.map(drop)
    }

    /// Lets every call go right from now on.
    pub(crate) async fn behave(&self) -> Result<(), Fault> {
        self.control("DELETE", "faults", None).await.map(drop)
    }

    /// Decides as the lender; the pushes are sent until each is answered with 2xx.
    pub(crate) async fn decide(&self, request: &str, decision: &Value) -> Result<(), Fault> {
        self.control("POST", &format!("requests/{request}/decide"), Some(decision)).await.map(drop)
    }

    /// The customer goes through the plugin's window as far as this; what is shown there then.
    pub(crate) async fn customer(&self, order: &Value, email: &str, until: &str) -> Result<Value, Fault> {
        self.control("POST", "plugin", Some(&json!({ "order": order, "email": email, "until": until }))).await
    }

    /// Everything that the provider knows of a request.
    pub(crate) async fn request(&self, request: &str) -> Result<Value, Fault> {
        self.control("GET", &format!("requests/{request}"), None).await
    }

    /// Whether every push about a request was answered with 2xx.
    pub(crate) async fn all_heard(&self, request: &str) -> Result<bool, Fault> {
        let seen = self.request(request).await?;
        let mut pushes = rows_at(&seen, "/postbacks");
        Ok(pushes.all(|push| push.get("delivered") == Some(&Value::Bool(true))))
    }

    /// Every request that was taken in, as pairs of our reference and the provider's.
    pub(crate) async fn requests(&self) -> Result<Vec<(String, String)>, Fault> {
        let list = self.control("GET", "requests", None).await?;
        let (ours, theirs) = match self.played {
            Played::Wegetfinancing | Played::Cascade => ("merchant_transaction_id", "inv_id"),
            Played::Wepay => ("reference_id", "checkout_id"),
            Played::Flexshopper => ("transaction_id", "lease_number"),
        };
        let text = |row: &Value, name: &str| match row.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        // FlexShopper is told no underscores.
        let own = |row: &Value| text(row, ours).replacen("chk-", "chk_", 1);
        Ok(rows_at(&list, "/requests").map(|row| (own(row), text(row, theirs))).collect())
    }
}
