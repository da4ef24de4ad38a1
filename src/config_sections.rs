//! The sections of the configuration as types. Defaults are in `config/lendport.toml` and nowhere else.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use lendport_core::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

/// Declares how the gateway listens.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on. Port 0 takes a free one.
    pub bind: SocketAddr,
    /// Base of callback and page URLs, `http` or `https`. Empty: `http://` and the bound address.
    pub public_url: String,
    /// How long a merchant's request may take, in milliseconds.
    pub request_timeout_ms: u64,
    /// Largest request body of a merchant, in bytes.
    pub body_max_bytes: u64,
    /// How long requests in flight may go on after a stop signal, in milliseconds.
    pub shutdown_grace_ms: u64,
}

impl Server {
    /// Base of our own URLs without a trailing slash, once the address in use is known.
    pub fn base_url(&self, bound: SocketAddr) -> String {
        if !self.public_url.is_empty() {
            return self.public_url.trim_end_matches('/').to_owned();
        }
        let reachable = match bound.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), bound.port()),
            IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), bound.port()),
            _ => bound,
        };
        format!("http://{reachable}")
    }

    /// How long a merchant's request may take.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    /// How long a stop waits for requests in flight.
    pub fn shutdown_grace(&self) -> Duration {
        Duration::from_millis(self.shutdown_grace_ms)
    }
}

/// `[security]` as written.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecurityKeys {
    /// 32 random bytes in base64. Empty: not set.
    pub(crate) encryption_key: SecretText,
    /// File that holds the key. Set one of the two.
    pub(crate) encryption_key_file: String,
    /// Keys that were used before, with blanks between them. They open and do not seal.
    pub(crate) older_encryption_keys: SecretText,
    /// File that holds those, one a line. Set one of the two.
    pub(crate) older_encryption_keys_file: String,
    /// Days after which a key counts as old, which is said in the log.
    pub(crate) key_age_warning_days: u32,
}

/// What seals data at rest.
#[derive(Clone, Debug)]
pub struct Security {
    /// The key, or nothing when none is configured.
    pub encryption_key: Option<Secret<[u8; 32]>>,
    /// Keys that were used before.
    pub older_encryption_keys: Vec<Secret<[u8; 32]>>,
    /// Days after which a key counts as old.
    pub key_age_warning_days: u32,
}

/// Declares how long things may take inside the gateway.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// Hours after which an undecided checkout counts as expired.
    pub checkout_expires_after_hours: u32,
    /// How often deadlines are looked at, in milliseconds.
    pub expiry_sweep_interval_ms: u64,
    /// How often is looked for attempts whose provider is to be asked again, in milliseconds.
    pub settle_interval_ms: u64,
    /// How often an account may ask its provider how things stand, in a minute. 0 means no limit.
    pub looks_per_minute: u32,
    /// Hours without a word after which a provider counts as silent.
    pub silent_after_hours: u32,
    /// Seconds of the past by which a provider counts as one that does not work.
    pub breaker_window_s: u32,
    /// Calls that have to have failed in that time. 0 means never.
    pub breaker_failures: u32,
    /// Percentage of the calls in that time that have to have failed.
    pub breaker_percent: u32,
    /// Seconds for which nothing new is begun at it then.
    pub breaker_open_s: u32,
    /// How long a started operation belongs to the process that started it, in milliseconds.
    pub operation_lease_ms: u64,
    /// Days for which the answer to an `Idempotency-Key` is kept.
    pub idempotency_keep_days: u32,
    /// Days for which events and the log of their deliveries are kept.
    pub events_keep_days: u32,
    /// Days for which providers' messages and the facts of finished checkouts are kept.
    pub observations_keep_days: u32,
}

impl Engine {
    /// How often deadlines are looked at.
    pub fn expiry_sweep_interval(&self) -> Duration {
        Duration::from_millis(self.expiry_sweep_interval_ms)
    }

    /// How often is looked for providers to be asked again.
    pub fn settle_interval(&self) -> Duration {
        Duration::from_millis(self.settle_interval_ms)
    }

    /// How long a started operation belongs to its process.
    pub fn operation_lease(&self) -> Duration {
        Duration::from_millis(self.operation_lease_ms)
    }
}

/// Declares how webhooks are sent.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// How long a merchant's server may take to answer, in milliseconds.
    pub timeout_ms: u64,
    /// Webhooks under way at the same time in this process.
    pub concurrency: u32,
    /// Of those, at most so many to one endpoint.
    pub concurrency_per_endpoint: u32,
    /// How often the queue is looked at when nothing wakes the worker, in milliseconds.
    pub poll_interval_ms: u64,
    /// Let endpoints of test mode be on this machine and use http.
    pub allow_loopback_in_test_mode: bool,
}

/// Declares what the customers' pages may do.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Minutes for which a link to the customer's page works.
    pub client_token_minutes: u32,
    /// Browsers that this process tells of changes as they come.
    pub live_updates_max: usize,
}

/// Declares how often may be asked. 0: no limit.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Reads with one secret key, in a second.
    pub key_reads_per_second: u32,
    /// Everything else with one secret key, in a second.
    pub key_writes_per_second: u32,
    /// Reads about one merchant in one mode, in a second.
    pub merchant_reads_per_second: u32,
    /// Everything else about one merchant in one mode, in a second.
    pub merchant_writes_per_second: u32,
    /// Tokens for one secret key, in a minute.
    pub tokens_per_minute: u32,
    /// Refused requests without a valid key from one address, in a minute.
    pub strays_per_minute: u32,
    /// Requests of the customer's page of one checkout, in a second.
    pub page_per_second: u32,
    /// Pushes of a financer for one attempt, in a second.
    pub pushes_per_second: u32,
    /// Proxies of one's own in front that write `X-Forwarded-For`.
    pub trusted_proxies: u32,
}

/// Declares how much a merchant may have that has no quotas of its own. 0: no quota.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quotas {
    /// Checkouts that nobody has decided on, in each mode.
    pub open_checkouts: u32,
    /// Checkouts made within 24 hours, in each mode.
    pub checkouts_per_day: u32,
    /// Endpoints for events in each mode.
    pub webhook_endpoints: u32,
}

/// Declares what is written while running.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Least severe level that is written, or a filter such as `info,lendport_http=debug`.
    pub level: String,
    /// For people or for log collectors.
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Declares how simulators behave when the development gateway starts them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Simulator {
    /// Address of the demo shop. Port 0 takes a free one.
    pub shop_bind: SocketAddr,
    /// How long a simulator waits before it sends an unanswered postback again, in milliseconds.
    pub resend_interval_ms: u64,
    /// Address of each provider's simulator. Port 0 takes a free one.
    pub bind: BTreeMap<String, SocketAddr>,
}

impl Simulator {
    /// How long a simulator waits before it sends again.
    pub fn resend_interval(&self) -> Duration {
        Duration::from_millis(self.resend_interval_ms)
    }

    /// Where one provider's simulator listens; a free local port when nothing is said.
    pub fn bind_of(&self, provider: &str) -> SocketAddr {
        self.bind.get(provider).copied().unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }
}

/// A text in the configuration that is never printed.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(inline)]
pub(crate) struct SecretText(#[schemars(with = "String")] pub(crate) Secret<String>);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}
