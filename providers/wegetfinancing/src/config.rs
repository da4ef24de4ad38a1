//! The keys of `[providers.wegetfinancing]`. Credentials are not here: they are fields of an account.

use lendport_core::Mode;
use lendport_outbound::{ClientSettings, Url};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Settings of the adapter, the same for all merchants. Sources: `wegetfinancing.md` sections 2, 9 and 10.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderConfig {
    /// Offer WeGetFinancing.
    pub enabled: bool,
    /// API base for test mode.
    #[serde(deserialize_with = "http_url")]
    pub sandbox_base_url: String,
    /// API base for live mode.
    #[serde(deserialize_with = "http_url")]
    pub live_base_url: String,
    /// API base of version 3 for test mode.
    #[serde(deserialize_with = "http_url")]
    pub sandbox_v3_base_url: String,
    /// API base of version 3 for live mode.
    #[serde(deserialize_with = "http_url")]
    pub live_v3_base_url: String,
    /// How long connecting may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long one call may take, connecting included, in milliseconds.
    pub request_timeout_ms: u64,
    /// Script that opens the provider's page in a box over the shop.
    #[serde(deserialize_with = "http_url")]
    pub lightbox_script_url: String,
    /// Base of the price estimator's script and style in test mode.
    #[serde(deserialize_with = "http_url")]
    pub sandbox_ppe_base_url: String,
    /// The same in live mode.
    #[serde(deserialize_with = "http_url")]
    pub live_ppe_base_url: String,
}

impl Default for ProviderConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            sandbox_base_url: "https://api.sandbox.wegetfinancing.com".to_owned(),
            live_base_url: "https://api.wegetfinancing.com".to_owned(),
            sandbox_v3_base_url: "https://apisrv.sandbox.wegetfinancing.com".to_owned(),
            live_v3_base_url: "https://apisrv.wegetfinancing.com".to_owned(),
            connect_timeout_ms: 5_000,
            request_timeout_ms: 20_000,
            lightbox_script_url: "https://cdn.wegetfinancing.com/libs/1.0/wegetfinancing.js".to_owned(),
            sandbox_ppe_base_url: "https://ppe.sandbox.wegetfinancing.com".to_owned(),
            live_ppe_base_url: "https://ppe.wegetfinancing.com".to_owned(),
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

    /// Sends everything of test mode to one server, such as a simulator.
    #[must_use]
    pub fn with_sandbox_at(mut self, base_url: &str) -> Self {
        self.sandbox_base_url = base_url.to_owned();
        self.sandbox_v3_base_url = base_url.to_owned();
        self
    }

    pub(crate) fn base_url(&self, mode: Mode) -> &str {
        match mode {
            Mode::Test => &self.sandbox_base_url,
            Mode::Live => &self.live_base_url,
        }
    }

    pub(crate) fn v3_base_url(&self, mode: Mode) -> &str {
        match mode {
            Mode::Test => &self.sandbox_v3_base_url,
            Mode::Live => &self.live_v3_base_url,
        }
    }
}

fn http_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let fits = Url::parse(&text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    });
    if fits { Ok(text) } else { Err(D::Error::custom("is not an http or https URL without user, query and fragment")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_may_name_only_what_differs() {
        let config: ProviderConfig = serde_json::from_str(r#"{"request_timeout_ms": 900}"#).unwrap();
        assert_eq!(config, ProviderConfig { request_timeout_ms: 900, ..ProviderConfig::default() });
        for wrong in [
            r#"{"timeout": 1}"#,
            r#"{"live_base_url": "api.example.com"}"#,
            r#"{"live_base_url": "ftp://api.example.com"}"#,
            r#"{"live_base_url": "https://user@api.example.com"}"#,
        ] {
            assert!(serde_json::from_str::<ProviderConfig>(wrong).is_err(), "{wrong}");
        }
    }
}
