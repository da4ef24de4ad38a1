//! Whether a financer works, by what became of the calls to it: one breaker for each account, in this process alone.
//!
//! A breaker is closed until so many of the calls of the last while failed; then it is open, and nothing new is begun at that
//! financer; then one call may try, and what becomes of it closes the breaker or opens it anew. What is begun already, such as
//! a capture, a refund or a look, is never held back.

mod admission;
mod circuit;
mod heard;
mod watched;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use lendport_core::{Clock, ProviderAccount, ProviderId};
use lendport_storage::Tenant;

pub(crate) use admission::Admission;
pub(crate) use circuit::Verdict;
use circuit::{Circuit, Heard, Turned};

use crate::budget::AccountKey;
use crate::health::{Health, ProviderHealth};

/// When a breaker opens, and for how long. Section `[breaker]` of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Seconds of the past that count.
    pub window_s: u32,
    /// So many calls have to have failed in that time; 0 means that no breaker ever opens.
    pub failures: u32,
    /// And at least this percentage of all calls in that time.
    pub percent: u32,
    /// Seconds that it stays open before a call may try.
    pub open_s: u32,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self { window_s: 60, failures: 10, percent: 50, open_s: 30 }
    }
}

/// How a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// Nothing new is begun.
    Open,
    /// One call tries whether it works again.
    HalfOpen,
}

impl BreakerState {
    /// The word used in answers and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// What is known of a financer at one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerView {
    /// How the breaker stands.
    pub state: BreakerState,
    /// Calls of the last while.
    pub calls: u32,
    /// Those of them that failed.
    pub failed: u32,
    /// Since when it is not closed.
    pub since: Option<Timestamp>,
    /// When a call may try.
    pub retry_at: Option<Timestamp>,
}

/// The breakers of all accounts that were called.
pub(crate) struct Breakers {
    settings: BreakerSettings,
    clock: Arc<dyn Clock>,
    accounts: Mutex<HashMap<AccountKey, Circuit>>,
}

impl Breakers {
    pub(crate) fn new(settings: BreakerSettings, clock: Arc<dyn Clock>) -> Self {
        Self { settings, clock, accounts: Mutex::default() }
    }

    fn at<T>(&self, key: &AccountKey, act: impl FnOnce(&mut Circuit, &BreakerSettings, Timestamp) -> T) -> T {
        let now = self.clock.steady();
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        act(accounts.entry(key.clone()).or_default(), &self.settings, now)
    }

    /// Whether something new may be begun.
    pub(crate) fn foresee(&self, key: &AccountKey) -> Verdict {
        self.at(key, |circuit, _, now| circuit.foresee(now))
    }

    /// Counts what became of a call; `began` where it was to begin something new, or tells as much.
    pub(crate) fn count(&self, key: &AccountKey, failed: bool, began: bool) {
        let (turned, view) = self.at(key, |circuit, settings, now| {
            let turned = circuit.count(Heard { failed, began }, settings, now);
            (turned, circuit.view(settings, now))
        });
        let (tenant, provider) = key;
        match turned {
            Turned::Not => {}
            Turned::Open => tracing::warn!(
                merchant.id = %tenant.merchant, mode = tenant.mode.as_str(), %provider, breaker = "open",
                calls = view.calls, failed = view.failed, "a financer does not work; nothing new is begun at it"
            ),
            Turned::Closed => tracing::info!(
                merchant.id = %tenant.merchant, mode = tenant.mode.as_str(), %provider, breaker = "closed",
                "a financer works again"
            ),
        }
    }

    /// How an account's breaker stands.
    pub(crate) fn view(&self, tenant: Tenant, provider: Option<&ProviderId>) -> BreakerView {
        let now = self.clock.steady();
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        match provider.and_then(|provider| accounts.get(&(tenant, provider.clone()))) {
            Some(circuit) => circuit.view(&self.settings, now),
            None => Circuit::default().view(&self.settings, now),
        }
    }
}

impl Health for Breakers {
    fn health(&self, tenant: Tenant, account: &ProviderAccount) -> ProviderHealth {
        let key = (tenant, account.provider.clone());
        match self.foresee(&key) {
            Verdict::Go => ProviderHealth::Healthy,
            Verdict::Wait { seconds } => {
                ProviderHealth::Unhealthy { detail: resting(seconds), retry_after_s: Some(seconds) }
            }
        }
    }
}

/// Why a financer is passed over that does not work now.
pub(crate) fn resting(seconds: u32) -> String {
    format!("does not answer at the moment; it is tried again in about {seconds} seconds")
}
