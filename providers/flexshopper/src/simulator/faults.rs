//! Misbehaviour on request: what goes wrong on the way back, and whether the call was carried out before.

use std::time::Duration;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::bend::edited;
use super::endpoint::Endpoint;
use super::errors::{error_object, message};
use super::state::Sim;
use lendport_simulation::{Cut, Json, Reply, Waits, Wire, half_body, hang_up, huge_body};

/// How long `late` waits when the fault does not say.
const LATE_MS: u64 = 5_000;
/// How long `silence` holds the connection when the fault does not say.
const SILENCE_MS: u64 = 120_000;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    LoseReply,
    Reset,
    Silence,
    Late,
    HalfBody,
    /// A bare HTTP status.
    Status,
    /// An error object.
    Error,
    /// An error as the gateway in front writes it.
    Gateway,
    Html,
    Redirect,
    Empty,
    MaintenanceText,
    HugeBody,
    /// Numbers as texts, and texts of digits as numbers.
    Types,
    /// A member has another value.
    Set,
    /// A member is missing.
    Remove,
    /// What is under `data`, without it.
    Unwrap,
    /// The body is `null`.
    Null,
}

impl Kind {
    /// Whether the call is carried out before the answer goes wrong, unless the fault says otherwise.
    fn accepts(self) -> bool {
        match self {
            Self::LoseReply | Self::Silence | Self::Late | Self::HalfBody => true,
            Self::Types | Self::Set | Self::Remove | Self::Unwrap | Self::Null => true,
            Self::Reset | Self::Status | Self::Error | Self::Gateway | Self::Html | Self::Redirect => false,
            Self::Empty | Self::MaintenanceText | Self::HugeBody => false,
        }
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
    /// HTTP status of `status`, `error`, `gateway`, `html` and `redirect`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    /// Of `error`: what the body says the status is, when that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body_status: Option<u16>,
    /// Of `error`: a text or a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<Box<RawValue>>,
    /// Of `error` and `gateway`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
    /// Of `status`, `error` and `gateway`: seconds in a `Retry-After` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) retry_after: Option<u64>,
    /// Of `set` and `remove`: a JSON pointer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pointer: Option<String>,
    /// Of `set`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<Box<RawValue>>,
    /// Of `late` and `silence`, in real time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) delay_ms: Option<u64>,
    /// Whether the call is carried out first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) accept: Option<bool>,
}

fn once() -> u32 {
    1
}

impl Waits for Fault {
    type Endpoint = Endpoint;

    fn on(&self) -> Endpoint {
        self.on
    }

    fn times(&mut self) -> &mut u32 {
        &mut self.times
    }
}

/// A JSON value without floats.
fn exact(value: Option<&RawValue>) -> Option<Json> {
    value.and_then(|value| Json::parse(value.get().as_bytes()))
}

impl Fault {
    /// Why it cannot be used.
    pub(super) fn problem(&self) -> Option<&'static str> {
        let statuses = [self.status, self.body_status];
        if self.times == 0 || statuses.into_iter().flatten().any(|status| !(200..=599).contains(&status)) {
            return Some("\"times\" must be at least 1 and \"status\" within 200 to 599");
        }
        let pointed = matches!(self.kind, Kind::Set | Kind::Remove);
        if pointed && !self.pointer.as_deref().is_some_and(|pointer| pointer.starts_with('/')) {
            return Some("\"pointer\" must be a JSON pointer such as /data/lease/status");
        }
        (self.kind == Kind::Set && self.value.is_none()).then_some("\"value\" is needed")
    }

    pub(super) fn accepts(&self) -> bool {
        self.accept.unwrap_or_else(|| self.kind.accepts())
    }

    /// Turns the honest answer into what the client gets to see. `honest` is empty when nothing was carried out.
    pub(super) async fn bend(&self, sim: &Sim, wire: Option<&Wire>, honest: Reply) -> Response {
        let status = |usual| self.status.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(usual);
        let pointer = self.pointer.as_deref().unwrap_or_default();
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
            Kind::HalfBody => half_body(honest),
            Kind::Status => {
                let status = status(StatusCode::SERVICE_UNAVAILABLE);
                let text = format!("{}\n", status.canonical_reason().unwrap_or("Error"));
                self.later(Reply::text(status, &text))
            }
            Kind::Error => {
                let status = status(StatusCode::INTERNAL_SERVER_ERROR);
                let code = exact(self.code.as_deref()).unwrap_or_else(|| "InternalServerError".into());
                let text = self.message.as_deref().unwrap_or("An internal server error occurred");
                let told = self.body_status.unwrap_or(status.as_u16());
                self.later(Reply { status, ..error_object(told, code, text) })
            }
            Kind::Gateway => {
                let text = self.message.as_deref().unwrap_or("Invalid authentication credentials");
                self.later(message(self.status.unwrap_or(401), text))
            }
            Kind::Html => {
                let page = "<!doctype html><title>Welcome</title><h1>Welcome</h1><p>Not available where you are.</p>";
                Reply::html(status(StatusCode::OK), page.to_owned()).into_response()
            }
            Kind::Redirect => (status(StatusCode::FOUND), [(header::LOCATION, "/elsewhere")]).into_response(),
            Kind::Empty => Reply { content_type: "application/json", ..Reply::empty(StatusCode::OK) }.into_response(),
            Kind::MaintenanceText => {
                let text = "Down for maintenance, back soon.\n";
                Reply::text(StatusCode::SERVICE_UNAVAILABLE, text).into_response()
            }
            Kind::HugeBody => huge_body("{\"data\":{\"contract\":\"", "\"}}"),
            Kind::Types => edited(honest, |body| Some(body.with_types_swapped())),
            Kind::Set => edited(honest, |mut body| {
                let value = exact(self.value.as_deref()).unwrap_or(Json::Null);
                body.set_at(pointer, value).then_some(body)
            }),
            Kind::Remove => edited(honest, |mut body| body.remove_at(pointer).then_some(body)),
            Kind::Unwrap => edited(honest, |body| body.get("data").cloned()),
            Kind::Null => edited(honest, |_| Some(Json::Null)),
        }
    }

    /// The answer, with a `Retry-After` when there shall be one.
    fn later(&self, reply: Reply) -> Response {
        match self.retry_after {
            Some(seconds) => reply.with(header::RETRY_AFTER, seconds.into()).into_response(),
            None => reply.into_response(),
        }
    }

    async fn wait(&self, sim: &Sim, usual_ms: u64) {
        tokio::select! {
            () = sim.stop.cancelled() => {}
            () = tokio::time::sleep(Duration::from_millis(self.delay_ms.unwrap_or(usual_ms))) => {}
        }
    }
}
