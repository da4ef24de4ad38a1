//! What an adapter hands to the composition root, so that adding one takes a line there and nothing else.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use lendport_core::{Clock, Descriptor, FinancingProvider, Secret};
use serde_json::Value;
use tokio::net::TcpListener;
use url::Url;

use crate::cassette::RedactionPolicy;
use crate::client::Outbound;
use crate::request::Request;
use crate::settings::{ClientSettings, SetupError};

/// Makes the HTTP client of one adapter with the limits it asks for: live, recording or playback.
pub type Transport<'a> = dyn Fn(ClientSettings) -> Result<Outbound, SetupError> + 'a;

/// Why an adapter could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Its configuration section does not fit; the text names the key.
    #[error("{0}")]
    Section(String),
    /// The HTTP client could not be made.
    #[error(transparent)]
    Transport(#[from] SetupError),
}

/// Builds an adapter from its configuration section, a JSON object.
pub type Build = fn(&Value, &Transport<'_>) -> Result<Arc<dyn FinancingProvider>, BuildError>;

/// A simulator at work; ends with the listener's error, or well when it was told to stop.
pub type Serving = Pin<Box<dyn Future<Output = std::io::Result<()>> + Send>>;

/// One adapter as the registry knows it.
#[derive(Clone, Copy)]
pub struct Registration {
    /// Everything about the provider that is data.
    pub descriptor: &'static Descriptor,
    /// Builds the adapter.
    pub build: Build,
    /// What a recording of its calls may keep.
    pub recording: RedactionPolicy,
    /// Its simulator, when compiled in.
    pub simulator: Option<SimulatorRegistration>,
}

/// A simulator as the registry knows it.
#[derive(Clone, Copy)]
pub struct SimulatorRegistration {
    /// The keys of the configuration section that send test mode to a base URL.
    pub section_keys: &'static [&'static str],
    /// Fields of the account it accepts by default. The values are made up and open to everybody.
    pub account: &'static [(&'static str, &'static str)],
    /// What the browser sends when a person presses a button of its page (`preapprove`, `approve`, `reject`), given
    /// the page's address.
    pub press: fn(&Url, &str) -> Request,
    /// Serves it until the setup's `shutdown` is complete.
    pub serve: fn(SimulatorSetup) -> Serving,
}

/// What a simulator is started with.
pub struct SimulatorSetup {
    /// Fields of the account it accepts.
    pub account: BTreeMap<String, Secret<String>>,
    /// Milliseconds until an unanswered push is sent again.
    pub resend_interval_ms: u64,
    /// Its client for pushes.
    pub outbound: Outbound,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where it listens.
    pub listener: TcpListener,
    /// Completes when it shall stop.
    pub shutdown: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl SimulatorSetup {
    /// A field of the account, empty when it was not given.
    pub fn field(&self, name: &str) -> Secret<String> {
        self.account.get(name).cloned().unwrap_or_else(|| Secret::from(""))
    }
}
