//! The keys of `[providers.wepay]`. Credentials are not here: they are fields of an account.

use lendport_core::Mode;
use lendport_outbound::{ClientSettings, Url};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Settings of the adapter, the same for all merchants. Sources: `wepay.md` 3.1, 3.6 and question 24.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderConfig {
    /// Offer WePay.
    pub enabled: bool,
    /// API host for test mode, which WePay calls stage; the path begins with `/v2`.
    #[serde(deserialize_with = "http_url")]
    pub stage_base_url: String,
    /// The same for live mode.
    #[serde(deserialize_with = "http_url")]
    pub production_base_url: String,
    /// How long connecting may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long one call may take, connecting included, in milliseconds. A command makes three.
    pub request_timeout_ms: u64,
    /// How long the calls of one create may have taken, in milliseconds, for it to be sent once more with its own
    /// `unique_id`.
    pub create_resend_within_ms: u64,
    /// Calls that an app, or an account that names none, may make in one window. 0: no limit.
    pub throttle_calls: u32,
    /// Length of that window, in milliseconds.
    pub throttle_window_ms: u32,
    /// Largest `app_fee`, in percent of the amount.
    pub app_fee_max_percent: u8,
}

impl Default for ProviderConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            stage_base_url: "https://stage.wepayapi.com".to_owned(),
            production_base_url: "https://wepayapi.com".to_owned(),
            connect_timeout_ms: 5_000,
            request_timeout_ms: 15_000,
            create_resend_within_ms: 10_000,
            throttle_calls: 30,
            throttle_window_ms: 10_000,
            app_fee_max_percent: 20,
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

    /// Sends everything of test mode to another server, such as a simulator.
    #[must_use]
    pub fn with_stage_at(mut self, base_url: &str) -> Self {
        self.stage_base_url = base_url.to_owned();
        self
    }

    pub(crate) fn base_url(&self, mode: Mode) -> &str {
        match mode {
            Mode::Test => &self.stage_base_url,
            Mode::Live => &self.production_base_url,
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
            r#"{"stage_base_url": "stage.example.com"}"#,
            r#"{"stage_base_url": "ftp://stage.example.com"}"#,
            r#"{"production_base_url": "https://user@api.example.com"}"#,
        ] {
            assert!(serde_json::from_str::<ProviderConfig>(wrong).is_err(), "{wrong}");
        }
    }
}
