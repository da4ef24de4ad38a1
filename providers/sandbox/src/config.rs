//! The keys of `[providers.sandbox]`. Credentials are not here: they are fields of an account.

use lendport_outbound::ClientSettings;
use serde::Deserialize;

/// Settings of the adapter, the same for all merchants.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderConfig {
    /// Offer the made-up provider.
    pub enabled: bool,
    /// API base, which is where its simulator listens.
    pub base_url: String,
    /// How long connecting may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long one call may take, connecting included, in milliseconds.
    pub request_timeout_ms: u64,
}

impl Default for ProviderConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            base_url: "http://127.0.0.1:9002".to_owned(),
            connect_timeout_ms: 2_000,
            request_timeout_ms: 10_000,
        }
    }
}

impl ProviderConfig {
    /// Limits for the HTTP client that calls this provider.
    pub fn client_settings(&self) -> ClientSettings {
        ClientSettings {
            connect_timeout_ms: self.connect_timeout_ms,
            request_timeout_ms: self.request_timeout_ms,
            ..ClientSettings::default()
        }
    }
}
