//! Whether values make sense. Rules go by the ending of a key where they can, so that a provider's section is checked
//! like our own: `_url` is an http(s) URL, `bind` an address, a number is never zero.

use std::net::{IpAddr, SocketAddr};

use lendport_core::limits::REQUEST_BODY_MAX_BYTES;
use tracing_subscriber::EnvFilter;
use url::{Host, Url};

use crate::config_effective::{Effective, Setting};
use crate::config_error::ConfigError;

const BODY_MIN_BYTES: u64 = 1024;
const READERS_MAX: u64 = 64;
/// Times end at a day, minutes at a week, hours and days at ten years: beyond is a slip, and sums of times stay in range.
const MS_MAX: u64 = 86_400_000;
const MINUTES_MAX: u64 = 10_080;
const HOURS_MAX: u64 = 87_600;
const DAYS_MAX: u64 = 3_650;

/// Every value that makes no sense.
pub(crate) fn errors(effective: &Effective) -> Vec<ConfigError> {
    let single = effective.settings().iter().filter_map(|setting| check(setting).err());
    single.chain(short_lease(effective)).collect()
}

/// A call must end before its lease does: after it the key is taken over, and the provider would be called twice.
fn short_lease(effective: &Effective) -> Option<ConfigError> {
    const KEY: &str = "engine.operation_lease_ms";
    let lease = effective.get(KEY)?;
    let number = |setting: &Setting| setting.text.expose().parse::<u64>().ok();
    let calls = |setting: &&Setting| setting.key.starts_with("providers.") && setting.name() == "request_timeout_ms";
    let longest = effective.settings().iter().filter(calls).filter_map(number).max()?;
    let problem = format!("is not above the longest provider call ({longest})");
    let help = "raise it, or lower request_timeout_ms of the providers";
    // Zero is refused by its range already.
    let lease_ms = number(lease).filter(|lease_ms| *lease_ms > 0)?;
    (lease_ms <= longest).then(|| ConfigError::new(&lease.origin, KEY, problem, help))
}

fn check(setting: &Setting) -> Result<(), ConfigError> {
    let text = setting.text.expose().as_str();
    let (key, name) = (setting.key.as_str(), setting.name());
    let wrong = |problem: String, help: &str| Err(ConfigError::new(&setting.origin, key, problem, help));
    if let Some((least, most)) = range(key, name) {
        let fits = text.parse::<u64>().is_ok_and(|number| (least..=most).contains(&number));
        return if fits {
            Ok(())
        } else {
            wrong(format!("is not between {least} and {most}"), "choose one in that range")
        };
    }
    // Checked as a whole, with words of its own.
    if key.starts_with("merchant.page.") || key.starts_with("auth.issuers.") {
        return Ok(());
    }
    if name == "bind" || name == "shop_bind" || key.starts_with("simulator.bind.") {
        let fits = text.parse::<SocketAddr>().is_ok();
        return if fits {
            Ok(())
        } else {
            wrong("is not an address and a port".into(), "write it like 127.0.0.1:8080")
        };
    }
    if name.ends_with("_url") && !text.is_empty() {
        return url(text).map(drop).or_else(|problem| wrong(problem.into(), "write it like https://pay.example.com"));
    }
    match key {
        "storage.url" => {
            storage_url(text).or_else(|problem| wrong(problem.into(), "write it like sqlite:data/lendport.db"))
        }
        "log.level" => EnvFilter::try_new(text)
            .map(drop)
            .or_else(|_| wrong("is not a log filter".into(), "choose error, warn, info, debug or trace")),
        "log.format" if !["text", "json"].contains(&text) => wrong("is not a format".into(), "choose text or json"),
        _ => Ok(()),
    }
}

/// The least and the most that a number may be, where that is narrower than what its type holds.
pub(crate) fn range(key: &str, name: &str) -> Option<(u64, u64)> {
    match key {
        "server.body_max_bytes" => Some((BODY_MIN_BYTES, u64::try_from(REQUEST_BODY_MAX_BYTES).unwrap_or(u64::MAX))),
        "engine.looks_per_minute" => Some((0, 100_000)),
        "engine.breaker_window_s" | "engine.breaker_open_s" => Some((1, 86_400)),
        "engine.breaker_failures" => Some((0, 1_000)),
        "engine.breaker_percent" => Some((1, 100)),
        "storage.readers" => Some((1, READERS_MAX)),
        "storage.connections" => Some((2, 200)),
        "auth.token_lifetime_s" => Some((10, 3_600)),
        "auth.jwks_cache_s" => Some((1, 86_400)),
        "page.live_updates_max" => Some((1, 9_000)),
        "limits.trusted_proxies" => Some((0, 16)),
        "quotas.webhook_endpoints" => Some((0, 16)),
        _ if key.starts_with("limits.") => Some((0, 1_000_000)),
        _ if key.starts_with("quotas.") => Some((0, 1_000_000_000)),
        "delivery.concurrency" => Some((1, 4_096)),
        "delivery.concurrency_per_endpoint" => Some((1, 256)),
        _ if name.ends_with("_ms") => Some((1, MS_MAX)),
        _ if name.ends_with("_minutes") => Some((1, MINUTES_MAX)),
        _ if name.ends_with("_hours") => Some((1, HOURS_MAX)),
        _ if name.ends_with("_days") => Some((1, DAYS_MAX)),
        _ => None,
    }
}

fn url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is not a URL")?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err("is not an http or https URL");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user or a password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("holds a query or a fragment");
    }
    Ok(url)
}

fn storage_url(text: &str) -> Result<(), &'static str> {
    match text.split_once(':') {
        Some(("postgres" | "postgresql", _)) => match Url::parse(text) {
            Err(_) => Err("is not a URL"),
            Ok(url) if url.path().trim_matches('/').is_empty() => Err("names no database"),
            Ok(_) => Ok(()),
        },
        Some(("sqlite", file)) if file.trim_start_matches('/').is_empty() => Err("names no file"),
        Some(("sqlite", ":memory:")) => Err("names a database in memory, which would not survive the process"),
        Some(("sqlite", file)) if file.contains('?') => Err("holds options"),
        Some(("sqlite", _)) => Ok(()),
        _ => Err("is neither sqlite: and a file nor postgres://"),
    }
}

/// What is allowed and likely to hurt.
pub(crate) fn warnings(effective: &Effective) -> Vec<String> {
    let mut found = Vec::new();
    let number =
        |key: &str| effective.get(key).and_then(|setting| setting.text.expose().parse::<u64>().ok()).unwrap_or(0);
    let text = |key: &str| effective.get(key).map(|setting| setting.text.expose().as_str()).unwrap_or_default();

    let (lease, request) = (number("engine.operation_lease_ms"), number("server.request_timeout_ms"));
    if lease <= request {
        found.push(format!(
            "engine.operation_lease_ms ({lease}) is not above server.request_timeout_ms ({request}): \
             an operation still under way would be taken for lost"
        ));
    }
    if storage_password(text("storage.url")) {
        found.push("storage.url holds a password: storage.password_file keeps it out of listings".to_owned());
    }
    for setting in effective.settings() {
        let value = setting.text.expose().as_str();
        if setting.key.starts_with("providers.") {
            if setting.name() == "request_timeout_ms" && number(&setting.key) >= request {
                found.push(format!(
                    "{} ({value}) is not below server.request_timeout_ms ({request}): \
                     a merchant would be told 504 before the provider's time is up",
                    setting.key
                ));
            }
            if setting.name().ends_with("_url") && open_to_eavesdroppers(value) {
                found.push(format!("{} is http: credentials would cross the network in the clear", setting.key));
            }
        }
        let live_account = setting.key.starts_with("merchant.accounts.") && setting.key.contains(".live.");
        if live_account && setting.name() == "signature_mode" && value == "off" {
            found.push(format!("{} is off: only the callback's secret address protects live decisions", setting.key));
        }
    }
    let public_url = text("server.public_url");
    let everywhere = text("server.bind").parse::<SocketAddr>().is_ok_and(|bind| !bind.ip().is_loopback());
    if public_url.is_empty() && everywhere {
        found.push("server.public_url is empty: providers would get callback addresses they cannot reach".to_owned());
    }
    if open_to_eavesdroppers(public_url) {
        found.push("server.public_url is http: keys and callbacks would cross the network in the clear".to_owned());
    }
    let page = |setting: &&Setting| setting.key.starts_with("merchant.page.") && !setting.text.expose().is_empty();
    if text("merchant.name").trim().is_empty() && effective.settings().iter().any(|setting| page(&setting)) {
        found.push("merchant.page is set and merchant.name is empty: only `lendport dev` shows it".to_owned());
    }
    let enabled = |setting: &&Setting| setting.key.starts_with("providers.") && setting.name() == "enabled";
    if !effective.settings().iter().filter(enabled).any(|setting| setting.text.expose() == "true") {
        found.push("no provider is enabled: no checkout can be financed".to_owned());
    }
    found
}

/// A password in the address of the database.
pub(crate) fn storage_password(text: &str) -> bool {
    text.starts_with("postgres") && Url::parse(text).is_ok_and(|url| url.password().is_some())
}

/// Plain http to anything but this machine.
fn open_to_eavesdroppers(text: &str) -> bool {
    url(text).is_ok_and(|url| {
        let local = match url.host() {
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        url.scheme() == "http" && !local
    })
}
