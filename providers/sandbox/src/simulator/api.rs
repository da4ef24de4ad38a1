//! The calls of the API.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::lines::{Line, Units};
use super::oddities::Oddities;
use super::push::tell;
use super::state::{Application, Sim};

#[derive(Deserialize)]
struct Asked {
    reference: String,
    amount_cents: u64,
    capture: String,
    callback_url: String,
    customer: Customer,
    #[serde(default)]
    items: Vec<Line>,
}

#[derive(Deserialize)]
struct Customer {
    email: String,
}

/// Of a refund, or of a confirmation.
#[derive(Deserialize)]
struct Refund {
    amount_cents: u64,
}

#[derive(Default, Deserialize)]
struct Cancel {
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Callback {
    callback_url: String,
}

/// Of a shipment; which lines matters where it pays for them.
#[derive(Deserialize)]
struct Shipped {
    #[serde(default)]
    lines: Vec<Units>,
}

pub(super) type Reply = (StatusCode, [(HeaderName, &'static str); 1], String);
pub(super) type Answer = Result<Reply, Reply>;

/// What the cents of the amount make happen.
struct Magic {
    decision: Option<&'static str>,
    copies: usize,
}

pub(super) async fn create(State(sim): State<Arc<Sim>>, headers: HeaderMap, body: Bytes) -> Answer {
    sign_in(&sim, &headers)?;
    let asked: Asked = read(&body)?;
    if !asked.customer.email.contains('@') {
        return Err(invalid("customer.email", "is not an e-mail address"));
    }
    let cents = asked.amount_cents % 100;
    if cents == 12 {
        return Err(invalid("amount_cents", "is not financed"));
    }
    if cents == 21 {
        return Err(error(StatusCode::PAYMENT_REQUIRED, "declined", &[]));
    }
    let known = sim.applications().values().find(|known| known.reference == asked.reference).cloned();
    if let Some(known) = known {
        return Ok(json_reply(StatusCode::OK, &sim.shown(&known)));
    }
    let mut application = Application {
        id: sim.next("app"),
        reference: asked.reference,
        status: "applying",
        amount_cents: asked.amount_cents,
        refunded_cents: 0,
        captures_itself: asked.capture == "automatic",
        in_review: cents == 20,
        charged_back_cents: 0,
        dispute: None,
        duplicates: u32::from(cents == 23),
        callback_url: asked.callback_url,
        lines: asked.items,
        odd: Oddities::made_at(sim.clock.now()),
    };
    let mut shown = sim.shown(&application);
    if cents == 22
        && let Some(page) = shown.get_mut("apply_url")
    {
        *page = Value::Null;
    }
    let magic = match cents {
        10 | 20 => Magic { decision: Some("approve"), copies: 1 },
        11 => Magic { decision: Some("reject"), copies: 1 },
        13 => Magic { decision: Some("approve"), copies: 3 },
        14 => Magic { decision: Some("preapprove"), copies: 1 },
        _ => Magic { decision: None, copies: 0 },
    };
    if magic.decision.and_then(|decision| application.decide(decision)).is_some() {
        tell(&sim, &application, None, magic.copies);
    }
    if cents == 15 {
        application.status = "frozen";
        tell(&sim, &application, None, 1);
    }
    sim.applications().insert(application.id.clone(), application);
    if matches!(cents, 16 | 23) {
        return Err(error(StatusCode::INTERNAL_SERVER_ERROR, "failed", &[]));
    }
    Ok(json_reply(StatusCode::CREATED, &shown))
}

pub(super) async fn show(State(sim): State<Arc<Sim>>, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    change(&sim, &headers, &id, |application| {
        application.looked_at();
        Some(())
    })
}

pub(super) async fn find(State(sim): State<Arc<Sim>>, headers: HeaderMap, Path(reference): Path<String>) -> Answer {
    sign_in(&sim, &headers)?;
    let known = sim.applications().values().find(|known| known.reference == reference).cloned();
    let known = known.ok_or_else(|| error(StatusCode::NOT_FOUND, "not_found", &[]))?;
    Ok(json_reply(StatusCode::OK, &sim.shown(&known)))
}

pub(super) async fn capture(State(sim): State<Arc<Sim>>, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    change(&sim, &headers, &id, Application::capture)
}

pub(super) async fn finalize(
    State(sim): State<Arc<Sim>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    sign_in(&sim, &headers)?;
    let asked: Refund = read(&body)?;
    let signed = sim.applications().get(&id).and_then(Application::signed_for);
    if signed.is_some_and(|cents| cents != asked.amount_cents) {
        return Err(error(StatusCode::CONFLICT, "signed_for_another_amount", &[]));
    }
    change(&sim, &headers, &id, Application::finalize)
}

pub(super) async fn cancel(
    State(sim): State<Arc<Sim>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    sign_in(&sim, &headers)?;
    let asked: Cancel = if body.is_empty() { Cancel::default() } else { read(&body)? };
    if sim.applications().get(&id).is_some_and(Application::only_customers_end_it) {
        return Err(error(StatusCode::CONFLICT, "customer_still_applying", &[]));
    }
    change(&sim, &headers, &id, |application| {
        application.cancel()?;
        application.odd.cancel_reason = asked.reason;
        Some(())
    })
}

pub(super) async fn amend(
    State(sim): State<Arc<Sim>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let asked: Callback = read(&body)?;
    change(&sim, &headers, &id, |application| {
        application.callback_url = asked.callback_url;
        Some(())
    })
}

pub(super) async fn refund(
    State(sim): State<Arc<Sim>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let asked: Refund = read(&body)?;
    change(&sim, &headers, &id, |application| application.refund(asked.amount_cents))
}

pub(super) async fn ship(
    State(sim): State<Arc<Sim>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let told: Shipped = read(&body)?;
    let mut paid = Vec::new();
    change(&sim, &headers, &id, |application| {
        matches!(application.status, "approved" | "captured" | "refunded").then_some(())?;
        paid = application.ship(&told.lines)?;
        Some(())
    })?;
    let mut shown = json!({ "id": sim.next("shp") });
    if let Some(fields) = shown.as_object_mut().filter(|_| !paid.is_empty()) {
        fields.insert("paid".to_owned(), Value::from(paid));
    }
    Ok(json_reply(StatusCode::CREATED, &shown))
}

/// Signs in, finds, changes, shows; a change that is not possible now is a conflict.
pub(super) fn change(
    sim: &Sim,
    headers: &HeaderMap,
    id: &str,
    act: impl FnOnce(&mut Application) -> Option<()>,
) -> Answer {
    sign_in(sim, headers)?;
    let mut applications = sim.applications();
    let application = applications.get_mut(id).ok_or_else(|| error(StatusCode::NOT_FOUND, "not_found", &[]))?;
    act(application).ok_or_else(|| error(StatusCode::CONFLICT, "not_possible_now", &[]))?;
    Ok(json_reply(StatusCode::OK, &sim.shown(application)))
}

pub(super) fn sign_in(sim: &Sim, headers: &HeaderMap) -> Result<(), Reply> {
    let given = headers.get("sandbox-key").and_then(|value| value.to_str().ok());
    let fits = given == Some(sim.settings.api_key.expose().as_str());
    if fits { Ok(()) } else { Err(error(StatusCode::UNAUTHORIZED, "unauthorized", &[])) }
}

pub(super) fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Reply> {
    serde_json::from_slice(body).map_err(|_| error(StatusCode::BAD_REQUEST, "malformed", &[]))
}

fn invalid(name: &str, problem: &str) -> Reply {
    error(StatusCode::UNPROCESSABLE_ENTITY, "invalid", &[json!({ "name": name, "problem": problem })])
}

pub(super) fn error(status: StatusCode, code: &str, fields: &[Value]) -> Reply {
    json_reply(status, &json!({ "error": { "code": code, "fields": fields } }))
}

pub(super) fn json_reply(status: StatusCode, body: &Value) -> Reply {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string())
}
