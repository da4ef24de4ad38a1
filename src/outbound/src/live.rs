//! The one place where `reqwest` is used: real calls over TCP and TLS.
#![expect(clippy::disallowed_types, reason = "this module is the only HTTP client that the lint points to")]

use std::error::Error as _;
use std::io;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue};

use crate::answer::Answer;
use crate::call_error::{CallError, CallErrorKind};
use crate::request::Request;
use crate::settings::{ClientSettings, SetupError};

/// Idle connections are given up before common servers close theirs (60 s and more): a request sent into a closing
/// connection would end as `Reset`, whose outcome is unknown.
const IDLE: Duration = Duration::from_secs(30);

pub(crate) struct Live {
    client: reqwest::Client,
    settings: ClientSettings,
}

impl Live {
    pub(crate) fn new(settings: ClientSettings) -> Result<Self, SetupError> {
        settings.check()?;
        let client = builder(&settings).build().or_else(|error| without_certificates(&settings, error))?;
        Ok(Self { client, settings })
    }

    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, CallError> {
        if let Some(problem) = request.problem() {
            return Err(CallError::because(CallErrorKind::Invalid, problem));
        }
        let mut headers = HeaderMap::new();
        if let Some(media_type) = request.body.content_type() {
            let value = HeaderValue::from_str(media_type).map_err(|_| invalid("media type"))?;
            headers.insert(CONTENT_TYPE, value);
        }
        for (name, text) in &request.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid("header name"))?;
            let mut value = HeaderValue::from_bytes(text.expose().as_bytes()).map_err(|_| invalid("header value"))?;
            value.set_sensitive(text.is_secret());
            headers.append(name, value);
        }
        let mut outgoing = self.client.request(request.method.clone(), request.url.clone()).headers(headers);
        if request.body.content_type().is_some() {
            outgoing = outgoing.body(request.body.bytes().to_vec());
        }
        let limit = self.settings.request_timeout();
        match tokio::time::timeout(limit, self.exchange(outgoing)).await {
            Ok(outcome) => outcome,
            // The connect limit is the shorter one, so by now the request is on its way.
            Err(_) => Err(CallError::new(CallErrorKind::Timeout { sent: true })),
        }
    }

    async fn exchange(&self, outgoing: reqwest::RequestBuilder) -> Result<Answer, CallError> {
        let mut response = outgoing.send().await.map_err(|error| without_answer(&error))?;
        let status = response.status().as_u16();
        let max = self.settings.body_max_bytes;
        let too_large = || CallError::new(CallErrorKind::TooLarge { status });
        let announced = response.content_length().unwrap_or(0);
        if usize::try_from(announced).is_ok_and(|length| length > max) {
            return Err(too_large());
        }
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let headers = headers.collect();
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if chunk.len() > max - body.len() => return Err(too_large()),
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(Answer::new(status, headers, body)),
                Err(_) => return Err(CallError::new(CallErrorKind::BrokenBody { status })),
            }
        }
    }
}

fn builder(settings: &ClientSettings) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(settings.user_agent.clone())
        .connect_timeout(settings.connect_timeout())
        .pool_idle_timeout(IDLE)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
}

/// A machine without root certificates can still talk plain HTTP to the simulators; every `https` call then fails as
/// `Connect`, which is the truth.
fn without_certificates(settings: &ClientSettings, error: reqwest::Error) -> Result<reqwest::Client, SetupError> {
    let cause = error.source().map_or_else(|| "unknown cause".to_owned(), ToString::to_string);
    let client = builder(settings).tls_certs_only([]).build().map_err(|_| SetupError::Client(cause.clone()))?;
    tracing::warn!(%cause, "no root certificates: calls over https will be refused");
    Ok(client)
}

fn invalid(what: &'static str) -> CallError {
    CallError::because(CallErrorKind::Invalid, what)
}

/// Sorts a failure before the answer's head by whether anything was sent.
fn without_answer(error: &reqwest::Error) -> CallError {
    if error.is_connect() {
        return CallError::because(CallErrorKind::Connect, connect_cause(error));
    }
    if error.is_builder() {
        return invalid("address or headers");
    }
    if error.is_timeout() {
        return CallError::new(CallErrorKind::Timeout { sent: true });
    }
    CallError::new(CallErrorKind::Reset)
}

fn connect_cause(error: &reqwest::Error) -> &'static str {
    if error.is_dns() {
        return "name look-up";
    }
    if error.is_timeout() {
        return "connect limit";
    }
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return match io.kind() {
                io::ErrorKind::ConnectionRefused => "refused",
                io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => "unreachable",
                io::ErrorKind::InvalidData => "TLS",
                _ => "connection",
            };
        }
        source = inner.source();
    }
    "connection"
}
