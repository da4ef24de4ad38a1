//! The frame around every call: read the body, count, take a fault, check the headers, carry out, answer.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq as _;

use super::calls;
use super::create;
use super::dialect::{Dialect, Unserved, Version};
use super::endpoint::Endpoint;
use super::errors::Refusal;
use super::faults::Fault;
use super::find;
use super::form;
use super::state::{Sim, Store};
use lendport_simulation::{Json, Reply, Wire, later};

/// Bytes of a request body.
const BODY_MAX_BYTES: usize = 1024 * 1024;

/// A call whose headers were good.
pub(super) struct Call<'a> {
    pub(super) headers: &'a HeaderMap,
    pub(super) version: Version,
    pub(super) parameters: Json,
    /// The body as received.
    pub(super) body: &'a [u8],
    /// A fault from the control API is already at work, so magic values stay quiet.
    pub(super) disturbed: bool,
}

/// What a call came to, and the fault it asked for itself.
pub(super) struct Outcome {
    pub(super) reply: Reply,
    pub(super) fault: Option<Fault>,
}

impl From<Reply> for Outcome {
    fn from(reply: Reply) -> Self {
        Self { reply, fault: None }
    }
}

/// Any call below `/v2/`.
pub(super) async fn handle(State(sim): State<Arc<Sim>>, Path(path): Path<String>, request: Request) -> Response {
    let endpoint = Endpoint::of_path(path.trim_matches('/'));
    let (parts, body) = request.into_parts();
    let wire = parts.extensions.get::<ConnectInfo<Wire>>().map(|info| info.0.clone());
    let body = to_bytes(body, BODY_MAX_BYTES).await;
    let queued = {
        let mut store = sim.store();
        store.count(endpoint);
        store.faults.take(&endpoint)
    };
    let Ok(body) = body else {
        return Reply::text(StatusCode::PAYLOAD_TOO_LARGE, "Payload too large\n").into_response();
    };
    if endpoint == Endpoint::Create {
        create::hear(&sim, &parts.headers, &body);
    }
    sim.settle_all();
    let outcome = match &queued {
        Some(fault) if !fault.accepts() => {
            if fault.spends_unique_id() {
                create::spend(&sim, &parts.headers, &body);
            }
            Outcome::from(Reply::empty(StatusCode::OK))
        }
        _ => carry_out(&sim, endpoint, &parts.method, &parts.headers, &body, queued.is_some()),
    };
    match queued.or(outcome.fault) {
        Some(fault) => {
            let version = version(&sim.store(), &parts.headers).unwrap_or(Version::SEED);
            fault.bend(&sim, version, wire.as_ref(), outcome.reply).await
        }
        None => outcome.reply.into_response(),
    }
}

fn carry_out(
    sim: &Arc<Sim>,
    endpoint: Endpoint,
    method: &Method,
    headers: &HeaderMap,
    body: &[u8],
    disturbed: bool,
) -> Outcome {
    let shape = version(&sim.store(), headers).unwrap_or(Version::SEED);
    let done = admit(sim, endpoint, method, headers, body).and_then(|(version, parameters)| {
        let call = Call { headers, version, parameters, body, disturbed };
        match endpoint {
            Endpoint::Lookup => calls::look_up(sim, &call).map(Outcome::from),
            Endpoint::Find => find::find(sim, &call).map(Outcome::from),
            Endpoint::Create => create::create(sim, &call),
            Endpoint::Cancel => calls::cancel(sim, &call).map(Outcome::from),
            Endpoint::Refund => calls::refund(sim, &call).map(Outcome::from),
            Endpoint::Capture => calls::capture(sim, &call).map(Outcome::from),
            Endpoint::Modify => calls::modify(sim, &call).map(Outcome::from),
            Endpoint::Release if version.dialect() == Dialect::B => calls::release(sim, &call).map(Outcome::from),
            Endpoint::Release | Endpoint::Other | Endpoint::Page | Endpoint::Ipn => Err(Refusal::of(1001)),
        }
    });
    done.unwrap_or_else(|refusal| refusal.reply(shape).into())
}

/// Headers, credentials, version, throttle and body, in this order.
fn admit(
    sim: &Sim,
    endpoint: Endpoint,
    method: &Method,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(Version, Json), Refusal> {
    if !matches!(*method, Method::POST | Method::GET) {
        return Err(Refusal::of(1001));
    }
    if text(headers, header::USER_AGENT.as_str()).is_none() {
        return Err(Refusal::new(1002, "User-Agent header is required"));
    }
    if !body.is_empty() && text(headers, header::CONTENT_TYPE.as_str()).is_none() {
        return Err(Refusal::new(1002, "Content-Type header is required"));
    }
    if endpoint == Endpoint::Other {
        return Err(Refusal::of(1001));
    }
    let given = text(headers, header::AUTHORIZATION.as_str());
    let given = given.ok_or_else(|| Refusal::new(1002, "Authorization header is required"))?;
    let token = given.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let token = token.map_or("", |(_, token)| token.trim());
    if token.starts_with("REVOKED") {
        return Err(Refusal::of(1011));
    }
    if !bool::from(token.as_bytes().ct_eq(sim.settings.access_token.expose().as_bytes())) {
        return Err(Refusal::of(1006));
    }
    let version = version(&sim.store(), headers)?;
    throttle(sim, endpoint, headers, body)?;
    Ok((version, parameters(headers, body).ok_or_else(|| Refusal::of(1005))?))
}

/// The version of a call: header, or the app's own.
fn version(store: &Store, headers: &HeaderMap) -> Result<Version, Refusal> {
    let header = text(headers, "api-version");
    Version::of_call(store.rules.version(), header, store.rules.strict_versions).map_err(|unserved| match unserved {
        Unserved::Unknown => Refusal::of(1015),
        Unserved::NotAllowed => Refusal::of(1016),
    })
}

/// So many calls per window and app; a throttled call does not count.
fn throttle(sim: &Sim, endpoint: Endpoint, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    let now = sim.clock.now();
    let over = {
        let mut store = sim.store();
        let (limit, window) = (store.rules.throttle_calls, store.rules.throttle_window_ms);
        while store.recent.front().is_some_and(|first| later(*first, window) <= now) {
            store.recent.pop_front();
        }
        let over = limit > 0 && store.recent.len() >= limit;
        if !over && limit > 0 {
            store.recent.push_back(now);
        }
        over
    };
    if !over {
        return Ok(());
    }
    if endpoint == Endpoint::Create && sim.store().rules.throttle_spends_unique_id {
        create::spend(sim, headers, body);
    }
    Err(Refusal::of(1007))
}

/// A header that says something.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|text| !text.is_empty())
}

/// The parameters of a body: JSON, or a form by its type or by its looks. Nothing at all is no parameters.
pub(super) fn parameters(headers: &HeaderMap, body: &[u8]) -> Option<Json> {
    let Some(first) = body.iter().find(|byte| !byte.is_ascii_whitespace()) else {
        return Some(Json::Object(Vec::new()));
    };
    let kind = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let declared = kind.split(';').next().unwrap_or_default().trim();
    let form = declared.eq_ignore_ascii_case("application/x-www-form-urlencoded");
    // A known client labels its forms as JSON; and curl labels JSON as a form.
    if *first != b'{' && (form || (first.is_ascii_alphabetic() && body.contains(&b'='))) {
        return form::parse(body);
    }
    Json::parse(body).filter(|body| matches!(body, Json::Object(_)))
}
