//! The sections of the configuration as types. Defaults are in `config/lendport.toml` and nowhere else.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use lendport_core::{Mode, Secret, ShopPage};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

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

/// Declares where data lives.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// `sqlite:` and a file, or `postgres://`.
    pub(crate) url: SecretText,
    /// File that holds the password for PostgreSQL.
    pub password_file: String,
    /// What is in that file.
    #[serde(skip)]
    pub(crate) password: Option<Secret<String>>,
    /// SQLite: connections that read at the same time.
    pub readers: usize,
    /// PostgreSQL: connections of this process at most.
    pub connections: usize,
    /// PostgreSQL: how long one statement may take, in milliseconds.
    pub statement_timeout_ms: u64,
    /// PostgreSQL: how long to wait for a free connection, in milliseconds.
    pub connection_wait_ms: u64,
}

/// Which database.
#[derive(Clone, Debug)]
pub enum StoragePlace {
    /// A file.
    Sqlite(PathBuf),
    /// A server. The address may hold a password.
    Postgres(Secret<String>),
}

impl Storage {
    /// The database that `storage.url` names.
    pub fn place(&self) -> StoragePlace {
        let url = self.url.0.expose();
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return StoragePlace::Postgres(self.with_password(url));
        }
        let rest = url.strip_prefix("sqlite:").unwrap_or(url);
        StoragePlace::Sqlite(PathBuf::from(rest.strip_prefix("//").unwrap_or(rest)))
    }

    fn with_password(&self, url: &str) -> Secret<String> {
        let full = self.password.as_ref().and_then(|password| {
            let mut url = Url::parse(url).ok()?;
            url.set_password(Some(password.expose())).ok()?;
            Some(url.to_string())
        });
        Secret::new(full.unwrap_or_else(|| url.to_owned()))
    }

    /// The database file, where it is one.
    pub fn path(&self) -> Option<PathBuf> {
        match self.place() {
            StoragePlace::Sqlite(path) => Some(path),
            StoragePlace::Postgres(_) => None,
        }
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
}

/// What seals data at rest.
#[derive(Clone, Debug)]
pub struct Security {
    /// The key, or nothing when none is configured.
    pub encryption_key: Option<Secret<[u8; 32]>>,
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

/// `[merchant]` as written.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MerchantKeys {
    /// Name of the shop. Empty: no merchant is declared here.
    pub(crate) name: String,
    /// Secret key the shop uses: `lp_test_` or `lp_live_` and at least 24 characters. Empty: not set.
    pub(crate) secret_key: SecretText,
    /// File that holds the key. Set one of the two.
    pub(crate) secret_key_file: String,
    /// How the shop's customers see it.
    pub(crate) page: PageKeys,
    /// Accounts by provider and mode (`test`, `live`); the fields are those the provider asks for.
    #[serde(default)]
    pub(crate) accounts: BTreeMap<String, BTreeMap<String, BTreeMap<String, SecretText>>>,
}

/// `[merchant.page]` as written. An empty text means "not set".
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageKeys {
    /// Name of the shop.
    pub(crate) display_name: String,
    /// Address of the shop's logo, `https`.
    pub(crate) logo_url: String,
    /// Colour of buttons and links, `#rrggbb`.
    pub(crate) accent: String,
    /// Sites that may embed the script and frame the page, with blanks between them.
    pub(crate) allowed_origins: String,
    /// Language of the page: `en`, `es` or `fr-CA`.
    pub(crate) locale: String,
}

/// The one merchant a configuration may declare.
#[derive(Clone, Debug)]
pub struct Merchant {
    /// Name of the shop, not empty.
    pub name: String,
    /// How its customers see it.
    pub page: ShopPage,
    /// Its secret key, if declared here.
    pub secret_key: Option<Secret<String>>,
    /// Its provider accounts.
    pub accounts: Vec<Account>,
}

/// Credentials of the declared merchant at one provider in one mode.
#[derive(Clone, Debug)]
pub struct Account {
    /// The provider's name.
    pub provider: String,
    /// Test or live.
    pub mode: Mode,
    /// Field name and value. Fields that came from files carry their plain name.
    pub fields: BTreeMap<String, Secret<String>>,
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
