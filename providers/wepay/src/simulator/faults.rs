//! Misbehaviour on request: what goes wrong on the way back, and whether the call was carried out before.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::dialect::Version;
use super::errors::{Refusal, Reply, UNKNOWN_ERROR};
use super::json::Json;
use super::money;
use super::server::{Cut, Wire};
use super::state::Sim;

const HUGE_BODY_BYTES: usize = 50 * 1024 * 1024;
const CHUNK_BYTES: usize = 64 * 1024;
/// How long `late` waits when the fault does not say.
const LATE_MS: u64 = 5_000;
/// How long `silence` holds the connection when the fault does not say.
const SILENCE_MS: u64 = 120_000;

/// The calls that are counted; the first nine can be disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Endpoint {
    Lookup,
    Find,
    Create,
    Cancel,
    Refund,
    Capture,
    Modify,
    Release,
    /// Our notices to the client.
    Ipn,
    #[serde(skip_deserializing)]
    Page,
    #[serde(skip_deserializing)]
    Other,
}

impl Endpoint {
    pub(super) const ALL: [Self; 11] = [
        Self::Lookup,
        Self::Find,
        Self::Create,
        Self::Cancel,
        Self::Refund,
        Self::Capture,
        Self::Modify,
        Self::Release,
        Self::Ipn,
        Self::Page,
        Self::Other,
    ];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::Find => "find",
            Self::Create => "create",
            Self::Cancel => "cancel",
            Self::Refund => "refund",
            Self::Capture => "capture",
            Self::Modify => "modify",
            Self::Release => "release",
            Self::Ipn => "ipn",
            Self::Page => "page",
            Self::Other => "other",
        }
    }

    pub(super) fn of_path(path: &str) -> Self {
        match path {
            "checkout" => Self::Lookup,
            "checkout/find" => Self::Find,
            "checkout/create" => Self::Create,
            "checkout/cancel" => Self::Cancel,
            "checkout/refund" => Self::Refund,
            "checkout/capture" => Self::Capture,
            "checkout/modify" => Self::Modify,
            "checkout/release" => Self::Release,
            _ => Self::Other,
        }
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    LoseReply,
    Reset,
    Silence,
    Late,
    Status,
    Error,
    Html,
    NoUri,
    NoId,
    WrongAmount,
    WrongAccount,
    State,
    Redirect,
    HugeBody,
    Empty,
    HalfBody,
    MaintenanceText,
    /// Notices only: never sent.
    Drop,
    /// Notices only: sent later.
    Delay,
    /// Notices only: sent several times.
    Repeat,
}

impl Kind {
    /// Whether the call is carried out before the answer goes wrong, unless the fault says otherwise.
    fn accepts(self) -> bool {
        match self {
            Self::LoseReply | Self::Silence | Self::Late | Self::HalfBody => true,
            Self::NoUri | Self::NoId | Self::WrongAmount | Self::WrongAccount | Self::State => true,
            Self::Reset | Self::Status | Self::Error | Self::Html | Self::Redirect => false,
            Self::HugeBody | Self::Empty | Self::MaintenanceText => false,
            Self::Drop | Self::Delay | Self::Repeat => true,
        }
    }

    /// Disturbs notices and nothing else.
    pub(super) fn of_notices(self) -> bool {
        matches!(self, Self::Drop | Self::Delay | Self::Repeat)
    }
}

/// A fault that waits for the next calls of one endpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    pub(super) on: Endpoint,
    pub(super) kind: Kind,
    /// Calls it is still good for.
    #[serde(default = "once")]
    pub(super) times: u32,
    /// HTTP status of `status`, `redirect` and `html`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    /// Of `late`, `silence` and `delay`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) delay_ms: Option<u64>,
    /// Of `repeat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) copies: Option<usize>,
    /// Of `error`; 1008 when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error_code: Option<u32>,
    /// Of `error`; the usual text of the code when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error_description: Option<String>,
    /// Of `error`: seconds in a `Retry-After` header, which no document of WePay's shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) retry_after: Option<u32>,
    /// Of `wrong_amount` (else one dollar more) and of `state` (the word told).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
    /// Whether the call is carried out first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) accept: Option<bool>,
}

fn once() -> u32 {
    1
}

impl Fault {
    pub(super) fn once(on: Endpoint, kind: Kind) -> Self {
        Self {
            on,
            kind,
            times: 1,
            status: None,
            delay_ms: None,
            copies: None,
            error_code: None,
            error_description: None,
            retry_after: None,
            value: None,
            accept: None,
        }
    }

    pub(super) fn accepts(&self) -> bool {
        self.accept.unwrap_or_else(|| self.kind.accepts())
    }

    /// An error uses up the `unique_id`, but for 1008 of the unknown kind.
    pub(super) fn spends_unique_id(&self) -> bool {
        let refusal = self.refusal();
        let unknown = refusal.code == 1008 && refusal.text == UNKNOWN_ERROR;
        self.on == Endpoint::Create && self.kind == Kind::Error && !unknown
    }

    fn refusal(&self) -> Refusal {
        let code = self.error_code.unwrap_or(1008);
        match &self.error_description {
            Some(text) => Refusal::new(code, text.as_str()),
            None => Refusal::of(code),
        }
    }

    /// Turns the honest answer into what the client gets to see. `honest` is empty when nothing was carried out.
    pub(super) async fn bend(&self, sim: &Sim, version: Version, wire: Option<&Wire>, honest: Reply) -> Response {
        let status = |default| self.status.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(default);
        match self.kind {
            Kind::LoseReply => hang_up(wire, Cut::Close),
            Kind::Reset => hang_up(wire, Cut::Reset),
            Kind::Silence => {
                self.wait(sim, SILENCE_MS).await;
                hang_up(wire, Cut::Close)
            }
            Kind::Late => {
                self.wait(sim, LATE_MS).await;
                honest.into_response()
            }
            Kind::Error => {
                let mut response = self.refusal().reply(version).into_response();
                if let Some(seconds) = self.retry_after {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                }
                response
            }
            Kind::Status => {
                let status = status(StatusCode::SERVICE_UNAVAILABLE);
                let text = format!("{}\n", status.canonical_reason().unwrap_or("Error"));
                Reply::text(status, &text).into_response()
            }
            Kind::Html => {
                let page = "<!doctype html><title>Welcome</title><h1>Welcome</h1><p>Not what you asked for.</p>";
                Reply::html(status(StatusCode::OK), page.to_owned()).into_response()
            }
            Kind::NoUri => edited(honest, |body| {
                if let Some(mut hosted) = body.get("hosted_checkout").cloned() {
                    hosted.drop_member("checkout_uri");
                    body.set("hosted_checkout", hosted);
                }
            }),
            Kind::NoId => edited(honest, |body| body.drop_member("checkout_id")),
            Kind::WrongAmount => edited(honest, |body| {
                let told = match body.get("amount") {
                    Some(Json::Number(digits)) => money::parse(digits).map(|amount| amount + Decimal::ONE),
                    _ => None,
                };
                let amount = self.value.as_deref().and_then(money::parse).or(told);
                body.set("amount", amount.into());
            }),
            Kind::WrongAccount => edited(honest, |body| body.set("account_id", 1_u64.into())),
            Kind::State => edited(honest, |body| body.set("state", self.value.as_deref().unwrap_or("in_limbo").into())),
            Kind::Redirect => (status(StatusCode::FOUND), [(header::LOCATION, "/elsewhere")]).into_response(),
            Kind::HugeBody => huge_body(),
            Kind::Empty => Reply { content_type: "application/json", ..Reply::empty(StatusCode::OK) }.into_response(),
            Kind::HalfBody => half_body(honest),
            Kind::MaintenanceText => {
                let text = "Down for maintenance, back soon.\n";
                Reply::text(StatusCode::SERVICE_UNAVAILABLE, text).into_response()
            }
            Kind::Drop | Kind::Delay | Kind::Repeat => honest.into_response(),
        }
    }

    async fn wait(&self, sim: &Sim, default_ms: u64) {
        tokio::select! {
            () = sim.stop.cancelled() => {}
            () = tokio::time::sleep(Duration::from_millis(self.delay_ms.unwrap_or(default_ms))) => {}
        }
    }
}

/// Ends the connection without a byte of answer.
fn hang_up(wire: Option<&Wire>, cut: Cut) -> Response {
    if let Some(wire) = wire {
        wire.cut(cut);
    }
    StatusCode::NO_CONTENT.into_response()
}

/// Edits the checkout of an answer, or every checkout of a list. A refusal stays what it is.
fn edited(mut honest: Reply, edit: impl Fn(&mut Json)) -> Response {
    if honest.status.is_success() {
        match Json::parse(&honest.body) {
            Some(Json::List(mut entries)) => {
                entries.iter_mut().for_each(&edit);
                honest.body = Json::List(entries).write().into_bytes();
            }
            Some(mut body) => {
                edit(&mut body);
                honest.body = body.write().into_bytes();
            }
            None => {}
        }
    }
    honest.into_response()
}

/// 50 MiB of well-formed JSON text that never says anything.
fn huge_body() -> Response {
    let chunk = Bytes::from(vec![b'a'; CHUNK_BYTES]);
    let first = Bytes::from_static(b"{\"short_description\":\"");
    let chunks =
        (0..HUGE_BODY_BYTES / CHUNK_BYTES).map(move |place| if place == 0 { first.clone() } else { chunk.clone() });
    let last = Bytes::from_static(b"\"}");
    let body = Body::from_stream(stream::iter(chunks.chain([last]).map(Ok::<_, Infallible>)));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Announces the whole answer, sends half of it and drops the connection.
fn half_body(honest: Reply) -> Response {
    let whole = if honest.body.is_empty() { vec![b' '; 200] } else { honest.body };
    let half = Bytes::copy_from_slice(whole.get(..whole.len() / 2).unwrap_or_default());
    let parts = stream::unfold(Some(half), |left| async move {
        match left {
            Some(half) if !half.is_empty() => Some((Ok(half), Some(Bytes::new()))),
            Some(_) => {
                // Lets the first half leave before the connection breaks.
                tokio::time::sleep(Duration::from_millis(50)).await;
                Some((Err(io::Error::from(io::ErrorKind::BrokenPipe)), None))
            }
            None => None,
        }
    });
    let mut response = (honest.status, Body::from_stream(parts)).into_response();
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
