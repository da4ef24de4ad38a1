//! The control API under `/_sim/`: look, decide, disturb, reset. The README next to this file is its documentation.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::decide::{self, Decision, Undecided};
use super::dialect::{Dialect, Variant};
use super::faults::{Endpoint, Fault};
use super::json::Json;
use super::postback::{self, Message, Signing, Try};
use super::state::{PER_REQUEST_MAX, Sim, Store};
use super::view;
use lendport_simulation::Reply;

/// Copies of one postback that one call may ask for.
const TIMES_MAX: usize = 100;
/// Statuses that one call may ask for.
const SEQUENCE_MAX: usize = 20;

type Handle = State<Arc<Sim>>;

pub(super) fn routes() -> Router<Arc<Sim>> {
    Router::new()
        .route("/_sim", get(manual))
        .route("/_sim/", get(manual))
        .route("/_sim/requests", get(list).delete(forget_all))
        .route("/_sim/requests/{inv_id}", get(one).delete(forget))
        .route("/_sim/requests/{inv_id}/decide", post(decide_one))
        .route("/_sim/requests/{inv_id}/postbacks", post(raw_postback))
        .route("/_sim/faults", get(faults).post(add_fault).delete(drop_faults))
        .route("/_sim/calls", get(calls))
        .route("/_sim/reset", post(reset))
}

async fn manual() -> Reply {
    Reply::html(StatusCode::OK, lendport_simulation::manual("WeGetFinancing simulator", include_str!("README.md")))
}

async fn list(State(sim): Handle) -> Reply {
    let shown: Vec<Value> = sim.store().newest_first().map(view::summary).collect();
    Reply::json(StatusCode::OK, &json!({ "requests": shown }))
}

async fn one(State(sim): Handle, Path(inv_id): Path<String>) -> Reply {
    let shown = sim.store().get(&inv_id).map(view::detail);
    shown.map_or_else(not_found, |shown| Reply::json(StatusCode::OK, &shown))
}

async fn forget(State(sim): Handle, Path(inv_id): Path<String>) -> Reply {
    let known = sim.store().remove(&inv_id);
    if known { Reply::empty(StatusCode::NO_CONTENT) } else { not_found() }
}

/// Forgets the requests and keeps faults and counts.
async fn forget_all(State(sim): Handle) -> Reply {
    let mut store = sim.store();
    let all: Vec<String> = store.newest_first().map(|record| record.inv_id.clone()).collect();
    for inv_id in all {
        store.remove(&inv_id);
    }
    Reply::empty(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecideBody {
    status: Option<String>,
    sequence: Option<Vec<String>>,
    amount: Option<Box<RawValue>>,
    dialect: Option<String>,
    #[serde(default)]
    variant: Variant,
    times: Option<usize>,
    #[serde(default)]
    parallel: bool,
    sign: Option<Signing>,
    #[serde(default)]
    omit_merchant_transaction_id: bool,
    timestamp: Option<String>,
    #[serde(default)]
    r#await: bool,
}

async fn decide_one(State(sim): Handle, Path(inv_id): Path<String>, body: Bytes) -> Reply {
    let asked: DecideBody = match Reply::read(&body) {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let statuses = match (asked.status, asked.sequence) {
        (Some(status), None) => vec![status],
        (None, Some(sequence)) if !sequence.is_empty() && sequence.len() <= SEQUENCE_MAX => sequence,
        _ => return Reply::refused("say either \"status\" or a \"sequence\" of 1 to 20"),
    };
    let amount = match asked.amount.as_deref().map(|raw| Json::parse(raw.get().as_bytes())) {
        None | Some(Some(Json::Null)) => None,
        Some(Some(Json::Number(text) | Json::Text(text))) => Some(text),
        Some(_) => return Reply::refused("\"amount\" must be a string or a number"),
    };
    let dialect = match asked.dialect.as_deref().map(Dialect::parse) {
        Some(None) => return Reply::refused("\"dialect\" must be 0.2, 1.0 or 1.9"),
        known => known.flatten(),
    };
    let decision = Decision {
        statuses,
        amount,
        dialect,
        variant: asked.variant,
        times: asked.times.unwrap_or(1).clamp(1, TIMES_MAX),
        signing: asked.sign,
        omit_merchant_transaction_id: asked.omit_merchant_transaction_id,
        timestamp: asked.timestamp,
    };
    match decide::decide(&sim, &inv_id, &decision) {
        Ok(places) => deliver(&sim, &inv_id, places, asked.parallel, asked.r#await).await,
        Err(Undecided::NoSuchRequest) => not_found(),
        Err(Undecided::NoForm) => Reply::refused("no source says how this dialect tells a refund; send a raw postback"),
        Err(Undecided::Full) => full(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBody {
    content_type: Option<String>,
    body: String,
    sign: Option<Signing>,
    timestamp: Option<String>,
    times: Option<usize>,
    #[serde(default)]
    parallel: bool,
    #[serde(default)]
    r#await: bool,
}

async fn raw_postback(State(sim): Handle, Path(inv_id): Path<String>, body: Bytes) -> Reply {
    let asked: RawBody = match Reply::read(&body) {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    if sim.store().get(&inv_id).is_none() {
        return not_found();
    }
    let default = if sim.settings.sign_postbacks { Signing::Valid } else { Signing::None };
    let mut places = Vec::new();
    for _copy in 0..asked.times.unwrap_or(1).clamp(1, TIMES_MAX) {
        let message = Message {
            content_type: asked.content_type.clone().unwrap_or_else(|| "application/json".to_owned()),
            body: asked.body.clone().into_bytes(),
            signing: asked.sign.unwrap_or(default),
            timestamp: asked.timestamp.clone(),
        };
        match postback::record(&sim, &inv_id, message) {
            Some(place) => places.push(place),
            None => return full(),
        }
    }
    deliver(&sim, &inv_id, places, asked.parallel, asked.r#await).await
}

async fn deliver(sim: &Arc<Sim>, inv_id: &str, places: Vec<usize>, parallel: bool, wait: bool) -> Reply {
    let mut deliveries = None;
    if wait {
        let tries = postback::deliver(sim, inv_id, places, parallel).await;
        let shown = |tried: Option<Try>| match tried {
            Some(tried) => json!({ "status": tried.status, "failure": tried.failure }),
            None => json!({ "status": null, "failure": "not_sent" }),
        };
        deliveries = Some(tries.into_iter().map(shown).collect::<Vec<_>>());
    } else {
        let (own, id) = (Arc::clone(sim), inv_id.to_owned());
        sim.tasks.spawn(async move { postback::deliver(&own, &id, places, parallel).await });
    }
    let state = sim.store().get(inv_id).map(|record| record.state.word());
    let mut shown = json!({ "inv_id": inv_id, "state": state });
    if let (Some(deliveries), Some(members)) = (deliveries, shown.as_object_mut()) {
        members.insert("deliveries".into(), deliveries.into());
    }
    Reply::json(StatusCode::OK, &shown)
}

async fn faults(State(sim): Handle) -> Reply {
    sim.store().faults.shown()
}

async fn add_fault(State(sim): Handle, body: Bytes) -> Reply {
    let fault: Fault = match Reply::read(&body) {
        Ok(fault) => fault,
        Err(refusal) => return refusal,
    };
    if fault.kind.create_only() && fault.on != Endpoint::Create {
        return Reply::refused("this kind bends the create answer only");
    }
    if fault.times == 0 || fault.status.is_some_and(|status| !(200..=599).contains(&status)) {
        return Reply::refused("\"times\" must be at least 1 and \"status\" within 200 to 599");
    }
    sim.store().faults.add(fault)
}

async fn drop_faults(State(sim): Handle) -> Reply {
    sim.store().faults.drop_all()
}

async fn calls(State(sim): Handle) -> Reply {
    let counts = json!(sim.store().calls());
    Reply::json(StatusCode::OK, &counts)
}

async fn reset(State(sim): Handle) -> Reply {
    *sim.store() = Store::default();
    Reply::empty(StatusCode::NO_CONTENT)
}

fn not_found() -> Reply {
    Reply::not_found("no such request")
}

fn full() -> Reply {
    let why = format!("this request has {PER_REQUEST_MAX} postbacks already");
    Reply::json(StatusCode::CONFLICT, &json!({ "error": why }))
}
