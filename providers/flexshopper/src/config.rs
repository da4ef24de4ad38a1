//! The keys of `[providers.flexshopper]`. Credentials are not here: they are fields of an account.

use lendport_core::{Currency, Mode, Money};
use lendport_outbound::{BuildError, ClientSettings, Outbound, Transport, Url};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::paths::Paths;

/// Settings of the adapter, the same for all merchants (`flexshopper.md` 1.1 and section 8).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderConfig {
    /// Offer FlexShopper.
    pub enabled: bool,
    /// REST host for test mode, which FlexShopper calls sandbox; paths begin with `/v3`.
    #[serde(deserialize_with = "http_url")]
    pub sandbox_base_url: String,
    /// The same for live mode.
    #[serde(deserialize_with = "http_url")]
    pub production_base_url: String,
    /// Host of the Payment Plugin's script for test mode.
    #[serde(deserialize_with = "http_url")]
    pub sandbox_plugin_url: String,
    /// The same for live mode.
    #[serde(deserialize_with = "http_url")]
    pub production_plugin_url: String,
    /// Path of the script on that host.
    #[serde(deserialize_with = "plain_path")]
    pub plugin_script_path: String,
    /// How long connecting may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long one call may take, connecting included, in milliseconds. Finalizing makes up to three.
    pub request_timeout_ms: u64,
    /// The same for applying: FlexShopper's own tests wait 270 seconds for a decision (4.12).
    pub apply_timeout_ms: u64,
    /// The same for reading the minimum order, for which a customer waits.
    pub settings_timeout_ms: u64,
    /// How long a minimum order that was read counts, in seconds.
    pub settings_cache_s: u32,
    /// Smallest order, in cents; an account or FlexShopper itself may raise it (question 13).
    pub minimum_order_cents: u64,
    /// Allow taking payments from customers. Off: the unit of the amount is not documented (question 12).
    pub collect_payment: bool,
    /// Paths of the calls.
    pub paths: Paths,
}

impl Default for ProviderConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            sandbox_base_url: "https://apis.sandbox.flexshopper.com".to_owned(),
            production_base_url: "https://apis.flexshopper.com".to_owned(),
            sandbox_plugin_url: "https://pp3.sandbox.flexshopper.com".to_owned(),
            production_plugin_url: "https://pp3.flexshopper.com".to_owned(),
            plugin_script_path: "/sdk/js".to_owned(),
            connect_timeout_ms: 5_000,
            request_timeout_ms: 10_000,
            apply_timeout_ms: 300_000,
            settings_timeout_ms: 2_000,
            settings_cache_s: 900,
            minimum_order_cents: 4_995,
            collect_payment: false,
            paths: Paths::default(),
        }
    }
}

impl ProviderConfig {
    /// Sends everything of test mode to another server, such as a simulator.
    #[must_use]
    pub fn with_sandbox_at(mut self, base_url: &str) -> Self {
        base_url.clone_into(&mut self.sandbox_base_url);
        base_url.clone_into(&mut self.sandbox_plugin_url);
        self
    }

    /// The smallest order that this gateway sends.
    pub(crate) fn minimum_order(&self) -> Money {
        Money::from_minor(self.minimum_order_cents, Currency::USD).unwrap_or(Money::zero(Currency::USD))
    }

    pub(crate) fn base_url(&self, mode: Mode) -> &str {
        match mode {
            Mode::Test => &self.sandbox_base_url,
            Mode::Live => &self.production_base_url,
        }
    }

    /// True when calls of this mode go to FlexShopper itself, and not to a simulator or a proxy in front of one.
    pub(crate) fn is_flexshoppers(&self, mode: Mode) -> bool {
        let Ok(url) = Url::parse(self.base_url(mode)) else { return true };
        url.host_str().is_none_or(|host| host == "flexshopper.com" || host.ends_with(".flexshopper.com"))
    }

    /// Where a page of this mode loads the plugin from; `auth_key` is public.
    pub(crate) fn script_url(&self, mode: Mode, auth_key: &str) -> Option<Url> {
        let host = match mode {
            Mode::Test => &self.sandbox_plugin_url,
            Mode::Live => &self.production_plugin_url,
        };
        let mut url = Url::parse(host).ok()?;
        url.path_segments_mut().ok()?.pop_if_empty().extend(self.plugin_script_path.split('/').skip(1));
        url.query_pairs_mut().append_pair("authKey", auth_key);
        Some(url)
    }
}

/// The HTTP clients, by how long a call may take.
#[derive(Clone, Debug)]
pub struct Clients {
    pub(crate) normal: Outbound,
    pub(crate) applying: Outbound,
    pub(crate) quick: Outbound,
}

impl Clients {
    /// Makes them with the limits of the configuration.
    pub fn new(config: &ProviderConfig, transport: &Transport<'_>) -> Result<Self, BuildError> {
        let limits = |request_timeout_ms| ClientSettings {
            connect_timeout_ms: config.connect_timeout_ms,
            request_timeout_ms,
            ..ClientSettings::default()
        };
        Ok(Self {
            normal: transport(limits(config.request_timeout_ms))?,
            applying: transport(limits(config.apply_timeout_ms))?,
            quick: transport(limits(config.settings_timeout_ms))?,
        })
    }

    /// One client for all of them, such as one that answers from a cassette.
    pub fn all(client: Outbound) -> Self {
        Self { normal: client.clone(), applying: client.clone(), quick: client }
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

fn plain_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte));
    let fits = text.starts_with('/') && plain && text.split('/').skip(1).all(|part| !matches!(part, "" | "." | ".."));
    if fits { Ok(text) } else { Err(D::Error::custom("is not a plain path such as /sdk/js")) }
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
            r#"{"sandbox_base_url": "apis.example.com"}"#,
            r#"{"production_base_url": "https://user@apis.example.com"}"#,
            r#"{"plugin_script_path": "sdk/js"}"#,
            r#"{"plugin_script_path": "/sdk/../js"}"#,
            r#"{"paths": {"sign": "/v3/sign"}}"#,
        ] {
            assert!(serde_json::from_str::<ProviderConfig>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_script_is_that_of_the_mode_and_the_key_is_escaped() {
        let config = ProviderConfig::default();
        let script = |mode, key| config.script_url(mode, key).unwrap().as_str().to_owned();
        assert_eq!(script(Mode::Live, "AUTH_KEY"), "https://pp3.flexshopper.com/sdk/js?authKey=AUTH_KEY");
        let odd = script(Mode::Test, "a&b=\"><script>");
        assert_eq!(odd, "https://pp3.sandbox.flexshopper.com/sdk/js?authKey=a%26b%3D%22%3E%3Cscript%3E");
        let local = ProviderConfig::default().with_sandbox_at("http://127.0.0.1:9003/");
        assert_eq!(local.script_url(Mode::Test, "k").unwrap().as_str(), "http://127.0.0.1:9003/sdk/js?authKey=k");
        assert_eq!(config.minimum_order().to_string(), "49.95");
    }
}
