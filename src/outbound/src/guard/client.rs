//! Sends to merchants' addresses, within limits of time, size and reach.
#![expect(clippy::disallowed_types, reason = "outbound owns every HTTP client; this is the guarded one")]

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use lendport_core::webhook::RESPONSE_KEPT_BYTES;
use lendport_core::{GuardPolicy, UrlRefusal, check_url};
use tokio::time::{Instant, timeout, timeout_at};

use super::lookup::{Lookup, SystemLookup};
use super::outcome::{GuardedAnswer, GuardedError, GuardedTry};
use super::resolver::{GuardedResolver, RefusedAddress};
use crate::retry_after;
use crate::settings::SetupError;

/// Idle connections are given up before the servers that close theirs earliest (5 s) do so.
const IDLE: Duration = Duration::from_secs(4);
/// Idle connections kept per receiver.
const IDLE_PER_HOST: usize = 8;
/// Once the status is there, the body is only read for people: nobody waits longer for it.
const BODY_WAIT: Duration = Duration::from_secs(2);

/// Limits of the guarded client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardSettings {
    /// For a whole send: look-up, connecting, sending, and waiting for the status.
    pub timeout: Duration,
    /// For look-up, TCP and TLS together.
    pub connect_timeout: Duration,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// True when a policy may allow loopback. Without it such a policy is held to the public internet all the same.
    pub loopback: bool,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(15),
            connect_timeout: Duration::from_secs(5),
            user_agent: concat!("lendport/", env!("CARGO_PKG_VERSION")).to_owned(),
            loopback: false,
        }
    }
}

/// One send.
#[derive(Clone, Debug)]
pub struct GuardedRequest<'a> {
    /// Where to; anything the merchant typed.
    pub url: &'a str,
    /// Names in lower case, and values.
    pub headers: &'a [(&'static str, &'a str)],
    /// The bytes to post.
    pub body: Vec<u8>,
    /// What is allowed beyond https to the public internet.
    pub policy: GuardPolicy,
    /// The current moment, for a `Retry-After` that is a date.
    pub now: Timestamp,
}

/// Posts to addresses that merchants choose. Keeps connections for use again.
pub struct GuardedClient {
    strict: reqwest::Client,
    loopback: Option<reqwest::Client>,
    timeout: Duration,
}

impl GuardedClient {
    /// A client that looks names up as the system does.
    pub fn new(settings: &GuardSettings) -> Result<Self, SetupError> {
        Self::with_lookup(settings, Arc::new(SystemLookup))
    }

    /// A client that looks names up here.
    pub fn with_lookup(settings: &GuardSettings, lookup: Arc<dyn Lookup>) -> Result<Self, SetupError> {
        if settings.timeout.is_zero() || settings.connect_timeout.is_zero() {
            return Err(SetupError::NoTime);
        }
        if HeaderValue::from_str(&settings.user_agent).is_err() {
            return Err(SetupError::UserAgent);
        }
        let open = GuardPolicy { allow_loopback: true, ..GuardPolicy::STRICT };
        let loopback = settings.loopback.then(|| build(settings, &lookup, open)).transpose()?;
        Ok(Self { strict: build(settings, &lookup, GuardPolicy::STRICT)?, loopback, timeout: settings.timeout })
    }

    /// Posts once. Never follows a redirect and never sends again.
    pub async fn send(&self, mut request: GuardedRequest<'_>) -> GuardedTry {
        let started = Instant::now();
        let deadline = started + self.timeout;
        let answer = match self.outgoing(&mut request) {
            Ok(outgoing) => timeout_at(deadline, outgoing.send())
                .await
                .map_err(|_| GuardedError::Timeout)
                .and_then(|sent| sent.map_err(|error| without_answer(&error))),
            Err(error) => Err(error),
        };
        let latency = started.elapsed();
        let result = match answer {
            Ok(response) => Ok(read(response, request.now).await),
            Err(error) => Err(error),
        };
        GuardedTry { result, latency }
    }

    fn outgoing(&self, request: &mut GuardedRequest<'_>) -> Result<reqwest::RequestBuilder, GuardedError> {
        let (client, policy) = match &self.loopback {
            Some(client) if request.policy.allow_loopback => (client, request.policy),
            _ => (&self.strict, GuardPolicy { allow_loopback: false, ..request.policy }),
        };
        let url = check_url(request.url, policy).map_err(|refusal| match refusal {
            UrlRefusal::Address(_) => GuardedError::RefusedAddress,
            _ => GuardedError::RefusedUrl,
        })?;
        let mut headers = HeaderMap::with_capacity(request.headers.len());
        for (name, value) in request.headers {
            let value = HeaderValue::from_str(value).map_err(|_| GuardedError::RefusedUrl)?;
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(client.post(url).headers(headers).body(std::mem::take(&mut request.body)))
    }
}

fn build(
    settings: &GuardSettings,
    lookup: &Arc<dyn Lookup>,
    policy: GuardPolicy,
) -> Result<reqwest::Client, SetupError> {
    let builder = || {
        reqwest::Client::builder()
            .user_agent(settings.user_agent.clone())
            .dns_resolver(GuardedResolver { lookup: Arc::clone(lookup), policy })
            .connect_timeout(settings.connect_timeout.min(settings.timeout))
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            // One request per connection at a time: a receiver that stalls holds up no second one.
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
    };
    builder().build().or_else(|error| {
        let cause = error.source().map_or_else(|| "unknown cause".to_owned(), ToString::to_string);
        let client = builder().tls_certs_only([]).build().map_err(|_| SetupError::Client(cause.clone()))?;
        tracing::warn!(%cause, "no root certificates: webhooks over https will be refused");
        Ok(client)
    })
}

/// The status counts as soon as it is there; a body that breaks off or takes long is kept as far as it came.
async fn read(mut response: reqwest::Response, now: Timestamp) -> GuardedAnswer {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| retry_after::wait(value.as_bytes(), now));
    let mut first_bytes = Vec::new();
    let reading = async {
        while first_bytes.len() < RESPONSE_KEPT_BYTES {
            let Ok(Some(chunk)) = response.chunk().await else { break };
            let room = RESPONSE_KEPT_BYTES - first_bytes.len();
            first_bytes.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        }
    };
    // Whatever is left unread goes away with the connection.
    let _ = timeout(BODY_WAIT, reading).await;
    GuardedAnswer { status, first_bytes, retry_after }
}

fn without_answer(error: &reqwest::Error) -> GuardedError {
    let causes = || std::iter::successors(error.source(), |&cause| cause.source());
    if causes().any(|cause| cause.is::<RefusedAddress>()) {
        return GuardedError::RefusedAddress;
    }
    if error.is_dns() {
        return GuardedError::Dns;
    }
    if error.is_timeout() {
        return GuardedError::Timeout;
    }
    if !error.is_connect() {
        return GuardedError::Reset;
    }
    let tls = causes().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(is_of_tls);
    if tls { GuardedError::Tls } else { GuardedError::Connect }
}

/// The TLS library speaks through these two kinds, TCP through the others. `source` skips what an error of this type
/// wraps.
fn is_of_tls(error: &io::Error) -> bool {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(inner) => is_of_tls(inner),
        None => matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof),
    }
}
