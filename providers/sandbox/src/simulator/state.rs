//! Applications and what may happen to them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use lendport_core::Clock;
use lendport_outbound::Outbound;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::SimulatorSettings;
use super::lines::Line;
use super::oddities::Oddities;

/// One application.
#[derive(Clone, Debug)]
pub(super) struct Application {
    pub(super) id: String,
    pub(super) reference: String,
    pub(super) status: &'static str,
    pub(super) amount_cents: u64,
    pub(super) refunded_cents: u64,
    pub(super) captures_itself: bool,
    /// Approved, and looked at once more.
    pub(super) in_review: bool,
    pub(super) charged_back_cents: u64,
    pub(super) dispute: Option<&'static str>,
    /// How many more have the same reference.
    pub(super) duplicates: u32,
    pub(super) callback_url: String,
    /// What was bought.
    pub(super) lines: Vec<Line>,
    pub(super) odd: Oddities,
}

/// Everything the simulator knows.
pub(super) struct Sim {
    pub(super) settings: SimulatorSettings,
    pub(super) outbound: Outbound,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) base: OnceLock<String>,
    pub(super) tasks: Mutex<JoinSet<()>>,
    applications: Mutex<BTreeMap<String, Application>>,
    count: AtomicU64,
}

impl Sim {
    pub(super) fn new(settings: SimulatorSettings, outbound: Outbound, clock: Arc<dyn Clock>) -> Self {
        Self {
            settings,
            outbound,
            clock,
            base: OnceLock::new(),
            tasks: Mutex::default(),
            applications: Mutex::default(),
            count: AtomicU64::new(0),
        }
    }

    pub(super) fn applications(&self) -> MutexGuard<'_, BTreeMap<String, Application>> {
        self.applications.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn next(&self, prefix: &str) -> String {
        format!("{prefix}_{:08}", self.count.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Where the customer applies.
    pub(super) fn page(&self, id: &str) -> String {
        format!("{}/apply/{id}", self.base.get().map_or("http://localhost", String::as_str))
    }

    /// What the merchant is told: the page, or the script that shows it.
    fn way(&self, application: &Application) -> String {
        let page = self.page(&application.id);
        if application.is_shown_by_a_script() { format!("{page}/script.js") } else { page }
    }

    /// An application as answers and pushes show it.
    pub(super) fn shown(&self, application: &Application) -> Value {
        let Application { id, reference, status, amount_cents, refunded_cents, charged_back_cents, .. } = application;
        let dispute_url = application.dispute.map(|_| format!("{}#dispute", self.page(id)));
        let mut shown = json!({ "id": id, "reference": reference, "status": status, "amount_cents": amount_cents,
            "refunded_cents": refunded_cents, "apply_url": self.way(application), "review_open": application.in_review,
            "charged_back_cents": charged_back_cents, "dispute": application.dispute, "dispute_url": dispute_url,
            "duplicates": application.duplicates });
        if let Some(fields) = shown.as_object_mut() {
            fields.extend(application.odd_fields());
        }
        shown
    }
}

impl Application {
    /// What a person at the lender decides. `None` when it is too late for that.
    pub(super) fn decide(&mut self, decision: &str) -> Option<()> {
        self.status = match (decision, self.status) {
            ("preapprove", "applying" | "reviewing") => "preapproved",
            ("review", "applying") => "reviewing",
            ("approve", "applying" | "reviewing" | "preapproved") if self.is_signed_first() => "signed",
            ("approve", "applying" | "reviewing" | "preapproved" | "declined")
                if self.captures_itself && !self.in_review && !self.is_paid_by_shipment() =>
            {
                "captured"
            }
            ("approve", "applying" | "reviewing" | "preapproved" | "declined") => "approved",
            ("reject", "applying" | "reviewing" | "preapproved" | "approved") => "declined",
            ("expire", "applying" | "reviewing" | "preapproved") => "expired",
            ("clear_review", "approved") if self.in_review && self.captures_itself => "captured",
            ("clear_review", "approved") if self.in_review => "approved",
            ("win_dispute", "captured" | "charged_back") if self.dispute == Some("open") => "captured",
            ("lose_dispute", "captured" | "charged_back") if self.dispute == Some("open") => self.status,
            _ => return None,
        };
        match decision {
            "clear_review" | "reject" => self.in_review = false,
            "win_dispute" => (self.charged_back_cents, self.dispute) = (0, Some("won")),
            "lose_dispute" => self.dispute = Some("lost"),
            _ => {}
        }
        Some(())
    }

    /// The customer's bank takes at most what is left.
    pub(super) fn charge_back(&mut self, cents: u64) -> Option<()> {
        let left = self.amount_cents.checked_sub(self.charged_back_cents)?.checked_sub(self.refunded_cents)?;
        if self.status != "captured" || cents == 0 || cents > left {
            return None;
        }
        self.charged_back_cents += cents;
        self.dispute = Some("open");
        if self.charged_back_cents == self.amount_cents {
            self.status = "charged_back";
        }
        Some(())
    }

    /// Takes the whole amount.
    pub(super) fn capture(&mut self) -> Option<()> {
        if self.status != "approved" || self.is_capturing() {
            return None;
        }
        if !self.captures_late() {
            self.status = "captured";
        }
        Some(())
    }

    /// Confirms what the customer signed; once more changes nothing.
    pub(super) fn finalize(&mut self) -> Option<()> {
        self.status = match self.status {
            "signed" if self.captures_itself => "captured",
            "signed" => "approved",
            done @ ("approved" | "captured") => done,
            _ => return None,
        };
        Some(())
    }

    /// Stops it before capture.
    pub(super) fn cancel(&mut self) -> Option<()> {
        let open = matches!(self.status, "applying" | "reviewing" | "preapproved" | "agreed" | "signed" | "approved");
        open.then(|| self.status = "cancelled")
    }

    /// Gives back at most what is left.
    pub(super) fn refund(&mut self, cents: u64) -> Option<()> {
        let left = self.amount_cents.checked_sub(self.refunded_cents)?.checked_sub(self.charged_back_cents)?;
        if self.status != "captured" || cents == 0 || cents > left {
            return None;
        }
        self.refunded_cents += cents;
        if self.refunded_cents == self.amount_cents {
            self.status = "refunded";
        }
        Some(())
    }
}
