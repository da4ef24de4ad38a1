//! What a provider is handed with a call.

use jiff::Timestamp;

use crate::account::AccountSettings;
use crate::attempt::Attempt;
use crate::call::CallLog;
use crate::checkout::Checkout;
use crate::hints::CascadeHints;
use crate::mode::Mode;
use crate::secret::Secret;

/// What every call needs beside its own content.
#[derive(Clone, Copy, Debug)]
pub struct CallContext<'a> {
    /// Credentials and settings.
    pub account: &'a AccountSettings,
    /// Sandbox or live hosts.
    pub mode: Mode,
    /// The current moment.
    pub now: Timestamp,
    /// Where the HTTP calls are recorded.
    pub calls: &'a CallLog,
}

/// What to start a request with.
#[derive(Clone, Copy, Debug)]
pub struct CreateRequest<'a> {
    /// The merchant's intent.
    pub checkout: &'a Checkout,
    /// Our try; its `merchant_reference` is what the provider may call us by.
    pub attempt: &'a Attempt,
    /// Where the provider pushes to. Holds a secret token: never logged.
    pub callback_url: &'a Secret<String>,
    /// Who was asked before.
    pub hints: CascadeHints,
}
