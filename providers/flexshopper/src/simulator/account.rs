//! The merchants' two keys, and what happens to those who mix customers' tokens (flexshopper.md 1.2).

use std::collections::VecDeque;

use jiff::Timestamp;
use lendport_core::Secret;
use subtle::ConstantTimeEq as _;

use super::rules::Rules;
use lendport_simulation::later;

/// One merchant.
pub(super) struct Account {
    /// `Authorization` of every call.
    pub(super) api_key: Secret<String>,
    /// `authKey` of the plugin; no secret.
    pub(super) auth_key: String,
    pub(super) suspended: bool,
    /// Calls with its key.
    pub(super) calls: u64,
    /// Calls with a token that another key made, or with this one's token and another key.
    pub(super) mixed: u64,
    /// Calls in the window of the limit, oldest first.
    recent: VecDeque<Timestamp>,
}

impl Account {
    pub(super) fn new(api_key: Secret<String>, auth_key: String) -> Self {
        Self { api_key, auth_key, suspended: false, calls: 0, mixed: 0, recent: VecDeque::new() }
    }

    /// Counts a call. The error is how many seconds it comes too early; a call that is refused does not count.
    pub(super) fn admit(&mut self, rules: &Rules, now: Timestamp) -> Result<(), u64> {
        self.calls += 1;
        if rules.rate_calls == 0 {
            return Ok(());
        }
        while self.recent.front().is_some_and(|first| later(*first, rules.rate_window_ms) <= now) {
            self.recent.pop_front();
        }
        match self.recent.front() {
            Some(first) if self.recent.len() >= rules.rate_calls => {
                let wait = later(*first, rules.rate_window_ms).duration_since(now).as_millis();
                Err(u64::try_from(wait).unwrap_or_default().div_ceil(1_000))
            }
            _ => {
                self.recent.push_back(now);
                Ok(())
            }
        }
    }
}

/// The account that a key belongs to. Every key is compared, in constant time.
pub(super) fn of_key(accounts: &[Account], given: &str) -> Option<usize> {
    let mut found = None;
    for (place, account) in accounts.iter().enumerate() {
        if bool::from(account.api_key.expose().as_bytes().ct_eq(given.as_bytes())) {
            found = Some(place);
        }
    }
    found
}
