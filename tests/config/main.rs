//! Reading the configuration as an operator would write it: layers, mistakes, secrets, and what is shown of them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod schema;
mod secrets;

use std::fs;
use std::path::{Path, PathBuf};

use lendport::config::{Config, ConfigErrors, Flag, LogFormat, StoragePlace, known_keys};
use lendport_core::{AccountField, FieldKind, Mode};
use serde::Deserialize;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn from_env(pairs: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    Config::load(None, env(pairs))
}

fn from_text(text: &str) -> Result<Config, ConfigErrors> {
    let (_dir, path) = file(text);
    Config::load(Some(&path), [])
}

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lendport.toml");
    fs::write(&path, text).unwrap();
    (dir, path)
}

fn mistakes(result: Result<Config, ConfigErrors>) -> String {
    match result {
        Ok(_) => panic!("was taken"),
        Err(errors) => errors.to_string(),
    }
}
#[test]
fn the_defaults_are_complete_and_quiet() {
    let config = from_env(&[]).unwrap();
    assert_eq!(config.server.bind.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.base_url(([0, 0, 0, 0], 81).into()), "http://127.0.0.1:81");
    assert_eq!(config.storage.path().as_deref(), Some(Path::new("data/lendport.db")));
    assert_eq!(config.log.format, LogFormat::Text);
    assert!(config.security.encryption_key.is_none() && config.merchant.is_none());
    assert!(config.warnings().is_empty(), "{:?}", config.warnings());
    assert!(config.provider_enabled("wegetfinancing"));
    assert!(!config.provider_enabled("nobody"));
    assert_eq!(config.simulator.bind_of("wegetfinancing").port(), 0);
}

#[test]
fn later_layers_win_and_are_named() {
    let (_dir, path) =
        file("[server]\nbind = \"127.0.0.1:1\"\nrequest_timeout_ms = 25000\n[engine]\nidempotency_keep_days = 8\n");
    let variables = env(&[("LENDPORT_SERVER__BIND", "127.0.0.1:2"), ("LENDPORT_STORAGE__READERS", "9")]);
    let config = Config::load(Some(&path), variables.clone()).unwrap();
    assert_eq!(config.server.bind.port(), 2);
    assert_eq!((config.engine.idempotency_keep_days, config.storage.readers), (8, 9));
    let shown = config.render_masked();
    for line in [
        "bind = \"127.0.0.1:2\"  # LENDPORT_SERVER__BIND".to_owned(),
        format!("request_timeout_ms = 25000  # {}", path.display()),
        "level = \"info\"  # default".to_owned(),
    ] {
        assert!(shown.contains(&line), "{line} is not in\n{shown}");
    }
    let flag = Flag { name: "--bind", key: "server.bind", value: "127.0.0.1:3".to_owned() };
    let config = Config::load_with(Some(&path), variables, &[flag]).unwrap();
    assert_eq!(config.server.bind.port(), 3);
    assert!(config.render_masked().contains("  # --bind"));
}

#[test]
fn a_provider_reads_its_own_section() {
    #[derive(Debug, Deserialize)]
    struct Section {
        enabled: bool,
        request_timeout_ms: u64,
    }
    let config = from_env(&[("LENDPORT_PROVIDERS__WEGETFINANCING__ENABLED", "false")]).unwrap();
    let section: Section = config.provider_section("wegetfinancing").unwrap();
    assert_eq!((section.enabled, section.request_timeout_ms), (false, 20_000));
    assert_eq!(config.warnings(), ["no provider is enabled: no checkout can be financed"]);
    #[derive(Debug, Deserialize)]
    struct Other {
        #[serde(rename = "no_such_key")]
        _missing: bool,
    }
    assert!(config.provider_section::<Other>("sandbox").unwrap_err().to_string().contains("`no_such_key` is missing"));
    assert!(config.provider_section::<Section>("nobody").is_err());
}

#[test]
fn every_mistake_is_told_at_once_with_its_place() {
    let (_dir, path) = file(
        "[server]\nbnid = \"127.0.0.1:1\"\nrequest_timeout_ms = \"long\"\npublic_url = \"ftp://x\"\n\
         [sever]\nbind = \"x\"\n[log]\nformat = \"xml\"\nlevel = \"info,=\"\n[engine]\noperation_lease_ms = 0\nencryption_key = \"x\"\n\
         [providers.wegetfinancing]\ntimeout = 3\nlive_base_url = \"api.example.com\"\n[simulator.bind]\nsandbox = \"9000\"\n\
         [merchant.accounts.wegetfinansing.test]\nusername = \"u\"\n[merchant.accounts.sandbox.tset]\nx = \"y\"\n",
    );
    let variables = env(&[
        ("LENDPORT_SERVER__BIDN", "x"),
        ("LENDPORT_STORAGE__READERS", "many"),
        ("LENDPORT_SERVER_BIND", "127.0.0.1:1"),
        ("LENDPORT_STORAGE__URL", "postgres://db:5432/"),
        ("LENDPORT_CONFIG", "ignored.toml"),
        ("PATH", "/bin"),
    ]);
    let told = mistakes(Config::load(Some(&path), variables));
    let place = path.display();
    for expected in [
        format!("{place}: `server.bnid`: there is no such key; did you mean `server.bind`?"),
        format!("{place}: `server.request_timeout_ms`: is not a whole number"),
        format!("{place}: `server.public_url`: is not an http or https URL"),
        format!("{place}: `sever`: there is no such key; did you mean `server`?"),
        format!("{place}: `log.format`: is not a format; choose text or json"),
        format!("{place}: `log.level`: is not a log filter"),
        format!("{place}: `engine.operation_lease_ms`: is not between 1 and 86400000"),
        format!("{place}: `engine.encryption_key`: there is no such key; did you mean `security.encryption_key`?"),
        format!(
            "{place}: `providers.wegetfinancing.timeout`: there is no such key; did you mean `providers.wegetfinancing."
        ),
        format!("{place}: `providers.wegetfinancing.live_base_url`: is not a URL"),
        format!("{place}: `simulator.bind.sandbox`: is not an address and a port"),
        format!(
            "{place}: `merchant.accounts.wegetfinansing`: names a provider that does not exist; did you mean `wegetfinancing`?"
        ),
        format!("{place}: `merchant.accounts.sandbox.tset`: is not a mode; did you mean `test`?"),
        "LENDPORT_SERVER__BIDN: `server.bidn`: there is no such key; did you mean `server.bind`?".to_owned(),
        "LENDPORT_STORAGE__READERS: `storage.readers`: is not a whole number".to_owned(),
        "LENDPORT_SERVER_BIND: `server.bind`: has one underscore between section and key; write LENDPORT_SERVER__BIND"
            .to_owned(),
        "LENDPORT_STORAGE__URL: `storage.url`: names no database".to_owned(),
    ] {
        assert!(told.contains(&expected), "not told: {expected}\n{told}");
    }
    assert!(told.starts_with("the configuration has 17 mistakes:"), "{told}");
}

#[test]
fn a_far_off_key_lists_what_the_section_knows() {
    let told = mistakes(from_env(&[("LENDPORT_STORAGE__COMPRESSION", "on")]));
    assert!(
        told.contains(
            "[storage] knows connection_wait_ms, connections, password_file, readers, statement_timeout_ms, url"
        ),
        "{told}"
    );
}

#[test]
fn an_issuer_of_tokens_is_taken_whole_or_not_at_all() {
    let good = "[auth.issuers.platform]\nissuer = \"https://idp.example\"\naudience = \"us\"\nmode = \"live\"\n\
                jwks_url = \"https://idp.example/keys\"\nmerchant_claim = \"shop\"\nscopes = \"checkouts:read\"\n";
    let taken = from_text(good).unwrap();
    assert_eq!((taken.auth.token_lifetime_s, taken.auth.jwks_cache_s, taken.auth.signing_key_days), (600, 300, 30));
    assert!(taken.render_masked().contains("[auth.issuers.platform]"));
    let here = good.replace("https://idp.example/keys", "http://127.0.0.1:9/keys");
    assert!(from_text(&here).is_ok(), "plain http on this machine alone");
    for (part, other, told) in [
        ("issuer = \"https://idp.example\"", "issuer = \"\"", "`auth.issuers.platform.issuer`: is not set"),
        ("https://idp.example/keys", "http://idp.example/keys", "is not https"),
        ("https://idp.example/keys", "https://us:pass@idp.example/keys", "holds a user or a password"),
        ("merchant_claim = \"shop\"", "merchant = \"mer_1\"", "is not a merchant's id"),
        ("checkouts:read", "checkouts:read everything", "has everything, which is no scope"),
        ("mode", "algorithms = \"EdDSA HS256\"\nmode", "has HS256, which is not taken"),
        ("mode", "require_jti = \"yes\"\nmode", "`auth.issuers.platform.require_jti`: is not true or false"),
        ("mode", "jwks_uri = \"x\"\nmode", "there is no such key; did you mean `jwks_url`?"),
    ] {
        let told_of = mistakes(from_text(&good.replacen(part, other, 1)));
        assert!(told_of.contains(told), "{other}: {told_of}");
    }
    // Such tokens are taken for our own, whatever the section says: with the address that is set, and with the usual one.
    for (server, ours) in
        [("[server]\npublic_url = \"https://pay.example/\"\n", "https://pay.example"), ("", "http://127.0.0.1:8080")]
    {
        let told = mistakes(from_text(&format!("{server}{}", good.replacen("https://idp.example", ours, 1))));
        assert!(told.contains("`auth.issuers.platform.issuer`: is server.public_url"), "{told}");
    }
    let twice = format!("{good}{}", good.replace("platform", "second"));
    assert!(mistakes(from_text(&twice)).contains("is that of another section too"));
    let of_env = from_env(&[("LENDPORT_AUTH__ISSUERS__PLATFORM__ISSUER", "https://idp.example")]);
    assert!(mistakes(of_env).contains("auth.issuers.platform."));
    assert!(mistakes(from_text("[auth]\ntoken_lifetime_s = 5\n")).contains("is not between 10 and 3600"));
}

#[test]
fn a_foreign_variable_is_a_warning() {
    let config = from_env(&[("LENDPORT_HOME", "/opt")]).unwrap();
    assert_eq!(config.warnings().len(), 1);
}

#[test]
fn a_broken_file_is_told_by_line_and_without_its_text() {
    let told = mistakes(from_text("[security]\nencryption_key = \"hunter2\n"));
    assert!(told.contains("line 2 is not valid TOML") && !told.contains("hunter2"), "{told}");
    let told = mistakes(Config::load(Some(Path::new("/nowhere/x.toml")), []));
    assert!(told.contains("/nowhere/x.toml: cannot be read"), "{told}");
}

#[test]
fn risky_values_are_warned_of() {
    let config = from_env(&[
        ("LENDPORT_SERVER__BIND", "0.0.0.0:80"),
        ("LENDPORT_SERVER__REQUEST_TIMEOUT_MS", "35_000"),
        ("LENDPORT_ENGINE__OPERATION_LEASE_MS", "35_000"),
        ("LENDPORT_PROVIDERS__WEGETFINANCING__REQUEST_TIMEOUT_MS", "34999"),
        ("LENDPORT_PROVIDERS__WEGETFINANCING__LIVE_BASE_URL", "http://api.example.com"),
        ("LENDPORT_PROVIDERS__WEGETFINANCING__SANDBOX_BASE_URL", "http://127.0.0.1:9000"),
    ])
    .unwrap();
    let said = config.warnings().join("\n");
    for part in ["operation_lease_ms (35000)", "live_base_url is http", "public_url is empty"] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    assert_eq!(config.warnings().len(), 3, "{said}");
    let slow = from_env(&[("LENDPORT_PROVIDERS__WEGETFINANCING__REQUEST_TIMEOUT_MS", "30000")]).unwrap();
    assert!(slow.warnings().iter().any(|warning| warning.contains("request_timeout_ms (30000)")));
}

#[test]
fn a_shops_page_is_checked_as_a_whole_and_said_with_its_keys() {
    let page = from_text(
        "[merchant]\nname = \"Example TV\"\n[merchant.page]\ndisplay_name = \"Example\"\naccent = \"#0B57D0\"\n\
         allowed_origins = \"https://shop.example http://127.0.0.1:8081\"\nlocale = \"fr-ca\"\n",
    );
    let page = page.unwrap().merchant.unwrap().page;
    assert_eq!((page.display_name.as_deref(), page.accent.as_deref()), (Some("Example"), Some("#0b57d0")));
    assert_eq!(page.allowed_origins, ["https://shop.example", "http://127.0.0.1:8081"]);
    let told = mistakes(from_env(&[
        ("LENDPORT_MERCHANT__NAME", "Example TV"),
        ("LENDPORT_MERCHANT__PAGE__ALLOWED_ORIGINS", "https://shop.example/cart *"),
        ("LENDPORT_MERCHANT__PAGE__LOGO_URL", "http://shop.example/logo.svg"),
        ("LENDPORT_PAGE__CLIENT_TOKEN_MINUTES", "0"),
    ]));
    for wanted in [
        "merchant.page.allowed_origins",
        "`https://shop.example/cart` holds more than scheme, host and port",
        "`*` holds a wildcard; name each site",
        "merchant.page.logo_url",
        "page.client_token_minutes",
    ] {
        assert!(told.contains(wanted), "{wanted} is not in:\n{told}");
    }
    let nameless = from_env(&[("LENDPORT_MERCHANT__PAGE__ACCENT", "#0b57d0")]).unwrap();
    assert!(nameless.warnings().iter().any(|warning| warning.contains("merchant.page")), "{:?}", nameless.warnings());
    assert_eq!(nameless.shop_page.accent.as_deref(), Some("#0b57d0"));
}

#[test]
fn a_lease_shorter_than_a_call_is_refused() {
    let error = from_env(&[("LENDPORT_ENGINE__OPERATION_LEASE_MS", "20000")]).unwrap_err();
    let told: Vec<String> = error.iter().map(ToString::to_string).collect();
    assert!(told.len() == 1 && told[0].contains("is not above the longest provider call (20000)"), "{told:?}");
}

#[test]
fn what_is_shown_can_be_read_again() {
    let shown = from_env(&[("LENDPORT_LOG__LEVEL", "debug")]).unwrap().render_masked();
    let again = from_text(&shown).unwrap();
    assert_eq!(again.log.level, "debug");
    let keys =
        |text: &str| text.lines().filter_map(|line| line.split_once(" = ").map(|(key, _)| key.to_owned())).count();
    assert_eq!(keys(&shown), known_keys().unwrap().len());
}
