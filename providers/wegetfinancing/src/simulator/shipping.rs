//! E2, the documented v1 shipping update, and E4 with E5, the v3 one that plugins use (wegetfinancing.md 7).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use super::api::{self, Call};
use super::errors::Refusal;
use super::faults::Endpoint;
use super::fields::{Fields, Reasons};
use super::json::Json;
use super::state::{PER_REQUEST_MAX, Sim};
use lendport_simulation::Reply;

const EVENT: &[&str] = &[
    "date",
    "state",
    "items",
    "message",
    "expected_delivery_date",
    "service_type",
    "shipment_company",
    "tracking_number",
];
const EVENT_STATES: &[&str] = &["accepted", "partial", "dispatched", "delivered", "recalled", "other"];
const V3_FIELDS: &[&str] = &["shipping_status", "tracking_id", "tracking_company", "delivery_date"];
const V3_STATES: &[&str] = &["shipped", "stocked", "shortage", "delivered"];

/// E2: POST /merchant/{merchant_id}/shipping.
pub(super) async fn v1(State(sim): State<Arc<Sim>>, Path(merchant): Path<String>, request: Request) -> Response {
    api::run(&sim, Endpoint::Shipping, request, |call| {
        let outcome = api::parameters(&sim, &merchant, call).and_then(|body| update_v1(&sim, &body));
        match outcome {
            Ok(document) => {
                Reply::json(StatusCode::OK, &json!({ "loan": document, "type": "done", "http_code": 200 })).into()
            }
            Err(refusal) => refusal.reply(&call.headers, sim.stamp()).into(),
        }
    })
    .await
}

fn update_v1(sim: &Sim, body: &Json) -> Result<String, Refusal> {
    let root = body.object().ok_or(Refusal::Http(StatusCode::BAD_REQUEST))?;
    let event = root.get("shipping_event").and_then(Json::object);
    let mut missing: Vec<String> = ["loan_id", "shipping_event"]
        .iter()
        .filter(|name| !root.contains_key(**name))
        .map(|n| (*n).to_owned())
        .collect();
    if let Some(event) = event {
        let absent = ["date", "state"].into_iter().filter(|name| !event.contains_key(*name));
        missing.extend(absent.map(|name| format!("shipping_event.{name}")));
    }
    if !missing.is_empty() {
        return Err(Refusal::Missing(named(missing, "Missing required parameter")));
    }
    let mut unknown: Vec<String> =
        root.keys().filter(|name| !matches!(name.as_str(), "loan_id" | "shipping_event")).cloned().collect();
    if let Some(event) = event {
        let strange = event.keys().filter(|name| !EVENT.contains(&name.as_str()));
        unknown.extend(strange.map(|name| format!("shipping_event.{name}")));
    }
    if !unknown.is_empty() {
        return Err(Refusal::Unknown(named(unknown, "Unknown parameter")));
    }
    let mut reasons = Reasons::new();
    let loan = Fields::new("", root, &mut reasons).required("loan_id");
    match event {
        Some(event) => check_event(event, &mut reasons),
        None => drop(reasons.insert("shipping_event".into(), "Not a shipping event".into())),
    }
    let Some(loan) = loan.filter(|_| reasons.is_empty()) else { return Err(Refusal::Invalid(reasons)) };
    let mut store = sim.store();
    let record = store.get_mut(&loan).ok_or_else(|| Refusal::invalid("loan_id", "No such loan"))?;
    if !record.state.may_ship() {
        return Err(Refusal::Generic("LoanNotApproved".to_owned()));
    }
    if record.shipping.len() < PER_REQUEST_MAX {
        let event = root.get("shipping_event").map(shown).unwrap_or_default();
        record.shipping.push(json!({ "api": "v1", "at": sim.clock.now().to_string(), "shipping_event": event }));
    }
    Ok(record.document.clone())
}

fn check_event(event: &BTreeMap<String, Json>, reasons: &mut Reasons) {
    let mut fields = Fields::new("shipping_event", event, reasons);
    for name in ["date", "expected_delivery_date"] {
        let given = if name == "date" { fields.required(name) } else { fields.optional(name).map(str::to_owned) };
        if given.is_some_and(|text| !is_date(&text)) {
            fields.refuse(name, "Not a date like 2024-01-15");
        }
    }
    if fields.required("state").is_some_and(|state| !EVENT_STATES.contains(&state.as_str())) {
        fields.refuse("state", &format!("Must be one of {}", EVENT_STATES.join(", ")));
    }
    let items = event.get("items").map(|items| items.list().map(|list| list.iter().all(|sku| sku.text().is_some())));
    if matches!(items, Some(None | Some(false))) {
        fields.refuse("items", "Not a list of strings");
    }
    for name in ["message", "service_type", "shipment_company", "tracking_number"] {
        let _text = fields.optional(name);
    }
}

/// E4: POST /v3/auth.
pub(super) async fn auth(State(sim): State<Arc<Sim>>, request: Request) -> Response {
    api::run(&sim, Endpoint::Auth, request, |call| {
        let body = Json::parse(&call.body);
        let text = |name: &str| body.as_ref().and_then(|body| body.object()?.get(name)?.text());
        let same = |given: Option<&str>, known: &str| {
            given.is_some_and(|given| bool::from(given.as_bytes().ct_eq(known.as_bytes())))
        };
        let user = same(text("client_id"), &sim.settings.username);
        let password = same(text("client_secret"), sim.settings.password.expose());
        if !(user && password) {
            return unauthenticated(&sim).into();
        }
        let token = sim.hex32();
        sim.store().issue_token(token.clone());
        Reply::json(StatusCode::OK, &json!({ "access_token": token })).into()
    })
    .await
}

/// E5: POST /v3/lead/{inv_id}/shipping_status.
pub(super) async fn v3(State(sim): State<Arc<Sim>>, Path(inv_id): Path<String>, request: Request) -> Response {
    api::run(&sim, Endpoint::ShippingV3, request, |call| update_v3(&sim, &inv_id, call).into()).await
}

fn update_v3(sim: &Sim, inv_id: &str, call: &Call) -> Reply {
    let token = call.headers.get("x-wgt-access-token").and_then(|token| token.to_str().ok()).unwrap_or_default();
    if !sim.store().knows_token(token) {
        return unauthenticated(sim);
    }
    let body = Json::parse(&call.body);
    let Some(root) = body.as_ref().and_then(Json::object) else {
        return v3_error(sim, StatusCode::BAD_REQUEST, "ValidationError", json!([{ "body": "Not a JSON object" }]));
    };
    let mut reasons = Reasons::new();
    let mut fields = Fields::new("", root, &mut reasons);
    for name in V3_FIELDS {
        let _text = fields.required(name);
    }
    let text = |name: &str| root.get(name).and_then(Json::text);
    if text("shipping_status").is_some_and(|word| !V3_STATES.contains(&word)) {
        fields.refuse("shipping_status", &format!("Must be one of {}", V3_STATES.join(", ")));
    }
    if text("delivery_date").is_some_and(|date| !is_date(date)) {
        fields.refuse("delivery_date", "Not a date like 2024-01-15");
    }
    if !reasons.is_empty() {
        let messages: Vec<Value> = reasons.into_iter().map(|(name, text)| json!({ name: text })).collect();
        return v3_error(sim, StatusCode::BAD_REQUEST, "ValidationError", messages.into());
    }
    let mut store = sim.store();
    let Some(record) = store.get_mut(inv_id) else {
        drop(store);
        return v3_error(sim, StatusCode::NOT_FOUND, "NotFoundError", json!([{ "inv_id": "No such lead" }]));
    };
    if !record.state.may_ship() {
        drop(store);
        return v3_error(sim, StatusCode::CONFLICT, "StateError", json!([{ "inv_id": "Not approved" }]));
    }
    if record.shipping.len() < PER_REQUEST_MAX {
        let event = body.as_ref().map(shown).unwrap_or_default();
        record.shipping.push(json!({ "api": "v3", "at": sim.clock.now().to_string(), "shipping_status": event }));
    }
    Reply::empty(StatusCode::NO_CONTENT)
}

fn unauthenticated(sim: &Sim) -> Reply {
    let messages = json!([{ "Invalid or missing credentials": "Check client_id, client_secret and the access token" }]);
    v3_error(sim, StatusCode::UNAUTHORIZED, "AuthenticationError", messages)
}

fn v3_error(sim: &Sim, status: StatusCode, kind: &str, messages: Value) -> Reply {
    let created = sim.clock.now().to_string();
    Reply::json(status, &json!({ "created_at": created, "error_type": kind, "messages": messages }))
}

fn named(names: Vec<String>, reason: &str) -> Reasons {
    names.into_iter().map(|name| (name, reason.to_owned())).collect()
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

/// What was received, for the control API.
fn shown(value: &Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(text) | Json::Text(text) => Value::String(text.clone()),
        Json::List(entries) => entries.iter().map(shown).collect(),
        Json::Object(members) => members.iter().map(|(name, value)| (name.clone(), shown(value))).collect(),
    }
}
