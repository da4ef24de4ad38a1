//! The Payment Plugin as a browser meets it: the script, the frame it opens, and the pages inside.

use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Form, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::endpoint::Endpoint;
use super::errors::Refusal;
use super::html;
use super::pages;
use super::rules::Verdict;
use super::session::{self, Person, Stage};
use super::state::Sim;
use lendport_simulation::{Json, Reply, Wire};

/// Bytes of an order.
const ORDER_MAX_BYTES: usize = 1024 * 1024;

pub(super) fn routes() -> Router<Arc<Sim>> {
    Router::new()
        .route("/sdk/js", get(script))
        .route("/sdk/frame", get(frame))
        .route("/sdk/frame.js", get(frame_script))
        .route("/sdk/done.js", get(done_script))
        .route("/sdk/orders", post(order))
        .route("/sdk/session/{id}", get(show))
        .route("/sdk/session/{id}/{step}", post(step))
}

/// The account of an `authKey` in the query.
fn account(sim: &Sim, request: &Request) -> Option<usize> {
    let query = request.uri().query().unwrap_or_default();
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).ok()?;
    let (_, key) = pairs.into_iter().find(|(name, _)| name == "authKey")?;
    sim.store().accounts.iter().position(|account| account.auth_key == key && !account.suspended)
}

/// GET `/sdk/js?authKey=`
async fn script(State(sim): State<Arc<Sim>>, request: Request) -> Response {
    let wire = request.extensions().get::<ConnectInfo<Wire>>().map(|info| info.0.clone());
    let honest = match account(&sim, &request) {
        Some(_) => javascript(include_str!("sdk.js")),
        None => Reply::text(StatusCode::UNAUTHORIZED, "Unknown authKey\n"),
    };
    counted(&sim, Endpoint::Script, wire.as_ref(), || honest).await
}

/// Counts a call and bends its answer when a fault waits for it.
async fn counted(sim: &Sim, on: Endpoint, wire: Option<&Wire>, honest: impl FnOnce() -> Reply) -> Response {
    let fault = {
        let mut store = sim.store();
        store.count(on);
        store.faults.take(&on)
    };
    match fault {
        Some(fault) => {
            let reply = if fault.accepts() { honest() } else { Reply::empty(StatusCode::OK) };
            fault.bend(sim, wire, reply).await
        }
        None => honest().into_response(),
    }
}

fn javascript(text: &str) -> Reply {
    Reply { content_type: "text/javascript; charset=utf-8", ..Reply::text(StatusCode::OK, text) }
}

async fn frame_script() -> Reply {
    javascript(include_str!("frame.js"))
}

async fn done_script() -> Reply {
    javascript(include_str!("done.js"))
}

/// GET `/sdk/frame?authKey=`: waits for the order from the page around it.
async fn frame(State(sim): State<Arc<Sim>>, request: Request) -> Response {
    match account(&sim, &request) {
        Some(_) => page(StatusCode::OK, pages::waiting()),
        None => page(StatusCode::UNAUTHORIZED, pages::lost("This shop's authKey is not known.")),
    }
}

/// POST `/sdk/orders?authKey=`
async fn order(State(sim): State<Arc<Sim>>, request: Request) -> Response {
    let wire = request.extensions().get::<ConnectInfo<Wire>>().map(|info| info.0.clone());
    let account = account(&sim, &request);
    let body = to_bytes(request.into_body(), ORDER_MAX_BYTES).await.unwrap_or_default();
    let take = || {
        let opened = match (account, Json::parse(&body)) {
            (None, _) => Err(Refusal::WRONG_KEY),
            (_, None) => Err(Refusal::Invalid("Invalid request payload JSON format".to_owned())),
            (Some(account), Some(order)) => session::open(&sim, account, &order),
        };
        match opened {
            Ok(id) => {
                let next = Json::object([("next", format!("/sdk/session/{id}").into())]);
                Reply::exact(StatusCode::CREATED, &next)
            }
            Err(refusal) => refusal.reply(&sim.store().rules),
        }
    };
    counted(&sim, Endpoint::Order, wire.as_ref(), take).await
}

/// GET of a window.
async fn show(State(sim): State<Arc<Sim>>, Path(id): Path<String>) -> Response {
    shown(&sim, &id, StatusCode::OK, None)
}

/// The fields of all forms.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Filled {
    first_name: String,
    last_name: String,
    email: String,
    date_of_birth: String,
    card: String,
    agreed: String,
    other_card: String,
    decision: String,
}

impl Filled {
    /// Who it is; what was left empty is the usual customer's. Number, income and address are not even read.
    fn person(&self) -> Person {
        let typed = |text: &str, usual: &str| {
            let text = text.trim();
            if text.is_empty() { usual.to_owned() } else { text.to_owned() }
        };
        let usual = Person::usual(None);
        Person {
            first_name: typed(&self.first_name, &usual.first_name),
            last_name: typed(&self.last_name, &usual.last_name),
            email: typed(&self.email, &usual.email),
            date_of_birth: typed(&self.date_of_birth, &usual.date_of_birth),
            declining_card: self.card == "declined",
        }
    }
}

/// POST of a form.
async fn step(
    State(sim): State<Arc<Sim>>,
    Path((id, step)): Path<(String, String)>,
    Form(filled): Form<Filled>,
) -> Response {
    if sim.store().session(&id).is_none() {
        return shown(&sim, &id, StatusCode::NOT_FOUND, None);
    }
    let problem = match step.as_str() {
        "apply" => {
            session::apply(&sim, &id, filled.person());
            None
        }
        "renew" => {
            session::renew(&sim, &id);
            None
        }
        "sign" if filled.agreed != "yes" => Some((StatusCode::BAD_REQUEST, "Please read and accept the lease.")),
        "sign" => signing(&sim, &id, filled.other_card == "yes"),
        "decide" => story(&sim, &id, &filled),
        _ => return shown(&sim, &id, StatusCode::NOT_FOUND, None),
    };
    match problem {
        Some((status, text)) => shown(&sim, &id, status, Some(text)),
        None => (StatusCode::SEE_OTHER, [(header::LOCATION, format!("/sdk/session/{id}"))]).into_response(),
    }
}

fn signing(sim: &Sim, id: &str, other_card: bool) -> Option<(StatusCode, &'static str)> {
    match session::sign(sim, id, other_card) {
        Ok(()) => None,
        Err(Refusal::PAYMENT_DUE) => Some((StatusCode::PAYMENT_REQUIRED, pages::PAYMENT_DUE)),
        Err(Refusal::LEASE_EXPIRED) => Some((StatusCode::GONE, "This lease ended before it was signed.")),
        Err(_) => Some((StatusCode::CONFLICT, "This lease cannot be signed now.")),
    }
}

/// One button for a whole story: `approve` signs, `preapprove` stops before the signature, `reject` is declined.
fn story(sim: &Sim, id: &str, filled: &Filled) -> Option<(StatusCode, &'static str)> {
    let verdict = match filled.decision.as_str() {
        "approve" | "preapprove" => Verdict::Approve,
        "reject" => Verdict::Deny,
        _ => return Some((StatusCode::BAD_REQUEST, "Choose one of the buttons.")),
    };
    if sim.store().session(id).is_some_and(|session| session.user.is_none()) {
        session::apply(sim, id, filled.person());
    }
    session::decide(sim, id, verdict);
    let (_, reached) = session::stage(sim, id)?;
    match (filled.decision.as_str(), reached) {
        ("approve", Stage::Contract(_)) => signing(sim, id, false),
        ("approve" | "preapprove", Stage::Contract(_) | Stage::Signed(_)) | ("reject", Stage::Declined) => None,
        _ => Some((StatusCode::CONFLICT, "That cannot happen with this order now.")),
    }
}

fn shown(sim: &Sim, id: &str, status: StatusCode, problem: Option<&str>) -> Response {
    let Some((session, stage)) = session::stage(sim, id) else {
        return page(StatusCode::NOT_FOUND, pages::lost("This window is not known."));
    };
    page(status, pages::of_stage(sim, &session, &stage, problem))
}

fn page(status: StatusCode, text: String) -> Response {
    let mut response = Reply::html(status, text).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(html::POLICY));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
