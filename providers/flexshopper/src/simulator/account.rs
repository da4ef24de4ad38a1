//! The merchants' two keys, and what happens to those who mix customers' tokens (flexshopper.md 1.2).

use lendport_core::Secret;
use subtle::ConstantTimeEq as _;

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
}

impl Account {
    pub(super) fn new(api_key: Secret<String>, auth_key: String) -> Self {
        Self { api_key, auth_key, suspended: false, calls: 0, mixed: 0 }
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
