//! The public keys of other issuers of tokens, fetched for `lendport-http`, which has no HTTP client of its own.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use lendport_core::CallLog;
use lendport_http::{IssuerSettings, KeySetSource, TokenSettings};
use lendport_outbound::{ClientSettings, Outbound, Request, Url};

use crate::config::Config;
use crate::config_auth::{Issuer, KeysAt};
use crate::failure::Failure;

/// How long connecting, and a whole answer, may take.
const CONNECT_TIMEOUT_MS: u64 = 2_000;
const REQUEST_TIMEOUT_MS: u64 = 5_000;
/// Longer documents are cut off, and refused.
const BODY_MAX_BYTES: usize = 64 * 1024;

/// Published at an address. Redirects are not followed.
struct AtUrl {
    url: Url,
    client: Outbound,
}

/// For the log: whose address it is, and nothing of what follows in it, which may be meant for us alone.
impl fmt::Debug for AtUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url.origin().ascii_serialization())
    }
}

#[async_trait]
impl KeySetSource for AtUrl {
    async fn fetch(&self) -> Result<Vec<u8>, String> {
        let request = Request::get(self.url.clone()).accept("application/json");
        let answer = self.client.call(request, &CallLog::new()).await.map_err(|error| error.to_string())?;
        if answer.status == 200 { Ok(answer.body) } else { Err(format!("status {}", answer.status)) }
    }
}

/// In a file that somebody keeps up to date.
#[derive(Debug)]
struct InFile(PathBuf);

#[async_trait]
impl KeySetSource for InFile {
    async fn fetch(&self) -> Result<Vec<u8>, String> {
        let length = tokio::fs::metadata(&self.0).await.map_err(|error| error.to_string())?.len();
        if usize::try_from(length).is_ok_and(|length| length <= BODY_MAX_BYTES) {
            tokio::fs::read(&self.0).await.map_err(|error| error.to_string())
        } else {
            Err("the file is longer than 64 KiB".to_owned())
        }
    }
}

/// What `[auth]` says.
pub(crate) fn token_settings(config: &Config) -> Result<TokenSettings, Failure> {
    let issuers = config.issuers().iter().map(settings).collect::<Result<_, _>>()?;
    Ok(TokenSettings { issuers, ..plain_settings(config) })
}

/// The same without other issuers.
pub(crate) fn plain_settings(config: &Config) -> TokenSettings {
    TokenSettings {
        token_lifetime_s: config.auth.token_lifetime_s,
        jwks_cache_s: config.auth.jwks_cache_s,
        signing_key_days: config.auth.signing_key_days,
        issuers: Vec::new(),
    }
}

fn settings(issuer: &Issuer) -> Result<IssuerSettings, Failure> {
    let keys: Arc<dyn KeySetSource> = match &issuer.keys {
        KeysAt::File(path) => Arc::new(InFile(path.into())),
        KeysAt::Url(url) => {
            let settings = ClientSettings {
                connect_timeout_ms: CONNECT_TIMEOUT_MS,
                request_timeout_ms: REQUEST_TIMEOUT_MS,
                body_max_bytes: BODY_MAX_BYTES,
                ..ClientSettings::default()
            };
            let client = Outbound::live(settings).map_err(|error| Failure::other(format!("auth.issuers: {error}")))?;
            Arc::new(AtUrl { url: url.clone(), client })
        }
    };
    Ok(IssuerSettings {
        issuer: issuer.issuer.clone(),
        audience: issuer.audience.clone(),
        algorithms: issuer.algorithms.clone(),
        mode: issuer.mode,
        merchant: issuer.merchant.clone(),
        scopes_claim: issuer.scopes_claim.clone(),
        scopes: issuer.scopes.clone(),
        require_jti: issuer.require_jti,
        keys,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_log_names_the_host_and_not_the_address() {
        let client = Outbound::live(ClientSettings::default()).unwrap();
        // Port 1 refuses connections: the error is about this address as well.
        let url = Url::parse("http://user:secret@127.0.0.1:1/secret/keys?secret=1").unwrap();
        let source = AtUrl { url, client };
        assert_eq!(format!("{source:?}"), "http://127.0.0.1:1");
        let why = source.fetch().await.unwrap_err();
        assert!(!why.is_empty() && !why.contains("secret"), "{why}");
    }
}
