//! Misbehaviour on request: what goes wrong on the way back, and whether the call was carried out before.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::errors::Refusal;
use super::money;
use super::state::Sim;
use lendport_simulation::{Cut, Reply, Waits, Wire, half_body, hang_up, huge_body};

/// How long `late` waits when the fault does not say.
const LATE_MS: u64 = 5_000;
/// How long `silence` holds the connection when the fault does not say.
const SILENCE_MS: u64 = 120_000;

/// The calls that are counted; the first four can be disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Endpoint {
    Create,
    Shipping,
    ShippingV3,
    Auth,
    #[serde(skip_deserializing)]
    Ppe,
    #[serde(skip_deserializing)]
    Page,
}

impl Endpoint {
    pub(super) const ALL: [Self; 6] =
        [Self::Create, Self::Shipping, Self::ShippingV3, Self::Auth, Self::Ppe, Self::Page];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Shipping => "shipping",
            Self::ShippingV3 => "shipping_v3",
            Self::Auth => "auth",
            Self::Ppe => "ppe",
            Self::Page => "page",
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
    Html,
    NoHref,
    NoInvId,
    WrongAmount,
    Redirect,
    HugeBody,
    Empty,
    HalfBody,
    MaintenanceText,
}

impl Kind {
    /// Whether the call is carried out before the answer goes wrong, unless the fault says otherwise.
    fn accepts(self) -> bool {
        match self {
            Self::LoseReply | Self::Silence | Self::Late | Self::HalfBody => true,
            Self::NoHref | Self::NoInvId | Self::WrongAmount => true,
            Self::Reset | Self::Status | Self::Html | Self::Redirect => false,
            Self::HugeBody | Self::Empty | Self::MaintenanceText => false,
        }
    }

    /// Bends the create answer only.
    pub(super) fn create_only(self) -> bool {
        matches!(self, Self::NoHref | Self::NoInvId | Self::WrongAmount)
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
    /// Of `status` and `redirect`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    /// Of `late` and `silence`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) delay_ms: Option<u64>,
    /// Of `wrong_amount`: the amount echoed instead; without it one dollar more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) amount: Option<String>,
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
        Self { on, kind, times: 1, status: None, delay_ms: None, amount: None, accept: None }
    }

    pub(super) fn accepts(&self) -> bool {
        self.accept.unwrap_or_else(|| self.kind.accepts())
    }

    /// Turns the honest answer into what the client gets to see. `honest` is empty when nothing was carried out.
    pub(super) async fn bend(&self, sim: &Sim, headers: &HeaderMap, wire: Option<&Wire>, honest: Reply) -> Response {
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
            Kind::Status => {
                let status = self.status.and_then(|code| StatusCode::from_u16(code).ok());
                let refusal = Refusal::Http(status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE));
                refusal.reply(headers, sim.stamp()).into_response()
            }
            Kind::Html => {
                let page = "<!doctype html><title>Welcome</title><h1>Welcome</h1><p>Not what you asked for.</p>";
                Reply::html(StatusCode::OK, page.to_owned()).into_response()
            }
            Kind::NoHref => edited(honest, |members| drop(members.remove("href"))),
            Kind::NoInvId => edited(honest, |members| drop(members.remove("inv_id"))),
            Kind::WrongAmount => edited(honest, |members| {
                let more = members.get("amount").and_then(Value::as_str).and_then(|text| money::parse(text).ok());
                let more = more.map(|amount| money::cents(amount + Decimal::ONE).to_string());
                members.insert("amount".into(), self.amount.clone().or(more).unwrap_or_default().into());
            }),
            Kind::Redirect => {
                let status = self.status.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(StatusCode::FOUND);
                (status, [(header::LOCATION, "/elsewhere")]).into_response()
            }
            Kind::HugeBody => huge_body("{\"inv_id\":\"", "\"}"),
            Kind::Empty => Reply { content_type: "application/json", ..Reply::empty(StatusCode::OK) }.into_response(),
            Kind::HalfBody => half_body(honest),
            Kind::MaintenanceText => {
                let text = "Down for maintenance, back soon.\n";
                Reply::text(StatusCode::SERVICE_UNAVAILABLE, text).into_response()
            }
        }
    }

    async fn wait(&self, sim: &Sim, default_ms: u64) {
        tokio::select! {
            () = sim.stop.cancelled() => {}
            () = tokio::time::sleep(Duration::from_millis(self.delay_ms.unwrap_or(default_ms))) => {}
        }
    }
}

fn edited(mut honest: Reply, edit: impl FnOnce(&mut serde_json::Map<String, Value>)) -> Response {
    // A refusal stays what it is.
    if honest.status.is_success()
        && let Ok(Value::Object(mut members)) = serde_json::from_slice(&honest.body)
    {
        edit(&mut members);
        honest.body = Value::Object(members).to_string().into_bytes();
    }
    honest.into_response()
}
