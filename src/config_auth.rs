//! `[auth]`: tokens in the place of secret keys, and whose are taken beside our own.

use std::collections::BTreeMap;

use lendport_core::{MerchantId, Mode, Scopes};
use lendport_http::{Algorithms, MerchantOf};
use schemars::JsonSchema;
use serde::Deserialize;
use url::{Host, Url};

use crate::config_effective::Effective;
use crate::config_error::ConfigError;
use crate::config_known::Kind;
use crate::config_sections::Server;

/// Where issuers are: below it the keys are a name and [`ISSUER_KEYS`].
pub(crate) const ISSUERS: &str = "auth.issuers";
/// The keys of an issuer.
pub(crate) const ISSUER_KEYS: [(&str, Kind); 11] = [
    ("issuer", Kind::Text),
    ("audience", Kind::Text),
    ("jwks_url", Kind::Text),
    ("jwks_file", Kind::Text),
    ("algorithms", Kind::Text),
    ("mode", Kind::Text),
    ("merchant", Kind::Text),
    ("merchant_claim", Kind::Text),
    ("scopes", Kind::Text),
    ("scopes_claim", Kind::Text),
    ("require_jti", Kind::Boolean),
];

/// Declares how long tokens and the keys that sign them live.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// Seconds for which a token works.
    pub token_lifetime_s: u32,
    /// Seconds for which others may keep our public keys.
    pub jwks_cache_s: u32,
    /// Days for which a key pair signs tokens.
    pub signing_key_days: u32,
    /// Whose tokens are taken beside our own, by any name.
    #[serde(default)]
    pub(crate) issuers: BTreeMap<String, IssuerKeys>,
}

/// `[auth.issuers.NAME]` as written. An empty text means "not set".
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct IssuerKeys {
    /// What its tokens have as `iss`, to the letter.
    pub(crate) issuer: String,
    /// What its tokens have in `aud` when they are for this gateway.
    pub(crate) audience: String,
    /// Address of its public keys, `https`; `http` only on this machine.
    pub(crate) jwks_url: String,
    /// File with its public keys, read again every few minutes. Set one of the two.
    pub(crate) jwks_file: String,
    /// How it may sign, with blanks between the words.
    pub(crate) algorithms: String,
    /// Which world its tokens open: `test` or `live`.
    pub(crate) mode: String,
    /// The merchant that all its tokens are about.
    pub(crate) merchant: String,
    /// The claim with the id of the merchant that a token is about. Set one of the two.
    pub(crate) merchant_claim: String,
    /// The most that its tokens may do, with blanks between the words.
    pub(crate) scopes: String,
    /// The claim with what a token may do.
    pub(crate) scopes_claim: String,
    /// Each of its tokens works once.
    pub(crate) require_jti: bool,
}

impl Default for IssuerKeys {
    fn default() -> Self {
        let none = String::new;
        Self {
            issuer: none(),
            audience: none(),
            jwks_url: none(),
            jwks_file: none(),
            algorithms: "EdDSA ES256 RS256".to_owned(),
            mode: none(),
            merchant: none(),
            merchant_claim: none(),
            scopes: none(),
            scopes_claim: "scope".to_owned(),
            require_jti: false,
        }
    }
}

/// Where an issuer's public keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeysAt {
    Url(Url),
    File(String),
}

/// An issuer, checked.
#[derive(Clone, Debug)]
pub(crate) struct Issuer {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) keys: KeysAt,
    pub(crate) algorithms: Algorithms,
    pub(crate) mode: Mode,
    pub(crate) merchant: MerchantOf,
    pub(crate) scopes: Scopes,
    pub(crate) scopes_claim: String,
    pub(crate) require_jti: bool,
}

/// What is wrong with a key of an issuer, and what to do.
type Wrong = (&'static str, String, &'static str);

impl IssuerKeys {
    fn check(&self) -> Result<Issuer, Wrong> {
        let set = |key: &'static str, text: &str| match text.trim() {
            "" => Err((key, "is not set".to_owned(), "config/lendport.toml shows an issuer with all its keys")),
            text => Ok(text.to_owned()),
        };
        let merchant = match (self.merchant.trim(), self.merchant_claim.trim()) {
            (id, "") if !id.is_empty() => {
                let id: MerchantId = id.parse().map_err(|error: lendport_core::id::IdError| {
                    ("merchant", format!("is not a merchant's id ({error})"), "`lendport merchants list` shows them")
                })?;
                MerchantOf::Fixed(id)
            }
            ("", claim) if !claim.is_empty() => MerchantOf::Claim(claim.to_owned()),
            _ => return Err(("merchant", "and merchant_claim are not one of the two".to_owned(), "set one of them")),
        };
        let algorithms = Algorithms::parse(&self.algorithms).map_err(|word| {
            (
                "algorithms",
                format!("has {word}, which is not taken"),
                "choose from EdDSA, ES256, ES384, RS256 and PS256",
            )
        })?;
        if algorithms.is_empty() {
            return Err(("algorithms", "is empty".to_owned(), "choose from EdDSA, ES256, ES384, RS256 and PS256"));
        }
        let scopes = Scopes::parse(&set("scopes", &self.scopes)?)
            .map_err(|word| ("scopes", format!("has {word}, which is no scope"), "README.md lists the scopes"))?;
        let mode = Mode::parse(&set("mode", &self.mode)?);
        Ok(Issuer {
            issuer: set("issuer", &self.issuer)?,
            audience: set("audience", &self.audience)?,
            keys: self.keys()?,
            algorithms,
            mode: mode.ok_or(("mode", "is not a mode".to_owned(), "choose test or live"))?,
            merchant,
            scopes,
            scopes_claim: set("scopes_claim", &self.scopes_claim)?,
            require_jti: self.require_jti,
        })
    }

    fn keys(&self) -> Result<KeysAt, Wrong> {
        let wrong = |problem: &str| ("jwks_url", problem.to_owned(), "write it like https://idp.example.com/jwks.json");
        match (self.jwks_url.trim(), self.jwks_file.trim()) {
            ("", "") => Err(wrong("and jwks_file are not set")),
            ("", file) => Ok(KeysAt::File(file.to_owned())),
            (url, "") => {
                let url = Url::parse(url).map_err(|_| wrong("is not a URL"))?;
                if !url.username().is_empty() || url.password().is_some() {
                    return Err(wrong("holds a user or a password"));
                }
                match url.scheme() {
                    "https" => Ok(KeysAt::Url(url)),
                    "http" if is_this_machine(&url) => Ok(KeysAt::Url(url)),
                    _ => Err(wrong("is not https: whoever answered in its place could sign in everybody's name")),
                }
            }
            _ => Err(wrong("and jwks_file are both set")),
        }
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The issuers; what is wrong with one is added to the errors.
pub(crate) fn issuers(effective: &Effective, errors: &mut Vec<ConfigError>) -> Vec<Issuer> {
    let Some(auth) = effective.section::<Auth>("auth", errors) else { return Vec::new() };
    let own = effective.typed::<Server>("server").ok().map(|server| server.base_url(server.bind));
    let mut found: Vec<Issuer> = Vec::new();
    for (name, keys) in &auth.issuers {
        let mut wrong = |(key, problem, help): Wrong| {
            let key = format!("{ISSUERS}.{name}.{key}");
            errors.push(ConfigError::new(effective.origin(&key), key, problem, help));
        };
        match keys.check() {
            Ok(issuer) if own.as_ref() == Some(&issuer.issuer) => {
                let problem = "is server.public_url, which our own tokens have as theirs".to_owned();
                wrong(("issuer", problem, "name the other one; ours need no section"));
            }
            Ok(issuer) if found.iter().any(|other| other.issuer == issuer.issuer) => {
                wrong(("issuer", "is that of another section too".to_owned(), "keep one of the two"));
            }
            Ok(issuer) => found.push(issuer),
            Err(error) => wrong(error),
        }
    }
    found
}
