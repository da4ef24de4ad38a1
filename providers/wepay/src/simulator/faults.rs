//! Misbehaviour on request: what goes wrong on the way back, and whether the call was carried out before.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::bend::edited;
use super::dialect::Version;
use super::endpoint::Endpoint;
use super::errors::{Refusal, UNKNOWN_ERROR};
use super::money;
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

impl Waits for Fault {
    type Endpoint = Endpoint;

    fn on(&self) -> Endpoint {
        self.on
    }

    fn times(&mut self) -> &mut u32 {
        &mut self.times
    }
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
            Kind::HugeBody => huge_body("{\"short_description\":\"", "\"}"),
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
