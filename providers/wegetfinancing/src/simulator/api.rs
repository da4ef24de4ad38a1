//! The frame around every provider call: read the body, count, take a fault, carry out, answer.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq as _;

use super::errors::Refusal;
use super::faults::{Endpoint, Fault};
use super::json::Json;
use super::state::Sim;
use lendport_simulation::{Reply, Wire};

/// Bytes of a request body.
const BODY_MAX_BYTES: usize = 1024 * 1024;

/// A call as it arrived.
pub(super) struct Call {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// A fault from the control API is already at work, so magic values stay quiet.
    pub(super) disturbed: bool,
}

/// What a call came to.
pub(super) struct Outcome {
    pub(super) reply: Reply,
    /// A fault that the request asked for itself.
    pub(super) fault: Option<Fault>,
}

impl From<Reply> for Outcome {
    fn from(reply: Reply) -> Self {
        Self { reply, fault: None }
    }
}

/// Runs one call of the provider's API.
pub(super) async fn run(
    sim: &Arc<Sim>,
    endpoint: Endpoint,
    request: Request,
    act: impl FnOnce(&Call) -> Outcome,
) -> Response {
    let (parts, body) = request.into_parts();
    let wire = parts.extensions.get::<ConnectInfo<Wire>>().map(|info| info.0.clone());
    let body = to_bytes(body, BODY_MAX_BYTES).await;
    let queued = {
        let mut store = sim.store();
        store.count(endpoint);
        store.faults.take(&endpoint)
    };
    let Ok(body) = body else {
        return Refusal::Http(StatusCode::PAYLOAD_TOO_LARGE).reply(&parts.headers, sim.stamp()).into_response();
    };
    let call = Call { headers: parts.headers, body: body.to_vec(), disturbed: queued.is_some() };
    let outcome = match &queued {
        Some(fault) if !fault.accepts() => Outcome::from(Reply::empty(StatusCode::OK)),
        _ => act(&call),
    };
    match queued.or(outcome.fault) {
        Some(fault) => fault.bend(sim, &call.headers, wire.as_ref(), outcome.reply).await,
        None => outcome.reply.into_response(),
    }
}

/// The checks before any parameter is looked at: credentials, merchant, well-formed JSON.
pub(super) fn parameters(sim: &Sim, merchant: &str, call: &Call) -> Result<Json, Refusal> {
    if !authorized(sim, &call.headers) {
        return Err(Refusal::Http(StatusCode::UNAUTHORIZED));
    }
    if merchant != sim.settings.merchant_id {
        return Err(Refusal::Http(StatusCode::NOT_FOUND));
    }
    if !is_json(&call.headers) {
        return Ok(Json::Object(Default::default()));
    }
    match Json::parse(&call.body) {
        Some(body @ Json::Object(_)) => Ok(body),
        _ => Err(Refusal::Http(StatusCode::BAD_REQUEST)),
    }
}

/// HTTP Basic over the UTF-8 bytes of both parts (wegetfinancing.md 2).
fn authorized(sim: &Sim, headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let encoded = given.and_then(|value| {
        let (scheme, rest) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("basic").then(|| rest.trim())
    });
    let Some(pair) = encoded.and_then(|text| STANDARD.decode(text).ok()) else { return false };
    let expected = format!("{}:{}", sim.settings.username, sim.settings.password.expose());
    bool::from(pair.ct_eq(expected.as_bytes()))
}

/// Another content type is read as an empty body (wegetfinancing.md 5.4).
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}
