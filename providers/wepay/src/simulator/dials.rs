//! The rest of the control API: time, settings, faults, counts, reset.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::control::TIMES_MAX;
use super::endpoint::Endpoint;
use super::faults::Fault;
use super::notice;
use super::rules::Rules;
use super::state::{Sim, Store};
use lendport_simulation::Reply;

type Handle = State<Arc<Sim>>;

pub(super) fn routes() -> Router<Arc<Sim>> {
    Router::new()
        .route("/_sim/faults", get(faults).post(add_fault).delete(drop_faults))
        .route("/_sim/settings", get(settings).post(change_settings))
        .route("/_sim/clock", get(clock).post(advance))
        .route("/_sim/calls", get(calls))
        .route("/_sim/reset", post(reset))
}

async fn faults(State(sim): Handle) -> Reply {
    sim.store().faults.shown()
}

async fn add_fault(State(sim): Handle, body: Bytes) -> Reply {
    let fault: Fault = match Reply::read(&body) {
        Ok(fault) => fault,
        Err(refusal) => return refusal,
    };
    if fault.kind.of_notices() != (fault.on == Endpoint::Ipn) {
        return Reply::refused("drop, delay and repeat are for \"ipn\", and \"ipn\" knows no other kinds");
    }
    if fault.times == 0 || fault.status.is_some_and(|status| !(200..=599).contains(&status)) {
        return Reply::refused("\"times\" must be at least 1 and \"status\" within 200 to 599");
    }
    if fault.copies.is_some_and(|copies| copies == 0 || copies > TIMES_MAX) {
        return Reply::refused("\"copies\" must be within 1 to 100");
    }
    sim.store().faults.add(fault)
}

async fn drop_faults(State(sim): Handle) -> Reply {
    sim.store().faults.drop_all()
}

async fn settings(State(sim): Handle) -> Reply {
    let shown = json!(sim.store().rules);
    Reply::json(StatusCode::OK, &shown)
}

/// Changes the settings that are named and keeps the others.
async fn change_settings(State(sim): Handle, body: Bytes) -> Reply {
    let changes: Value = match Reply::read(&body) {
        Ok(changes) => changes,
        Err(refusal) => return refusal,
    };
    let mut store = sim.store();
    match store.rules.with(&changes) {
        Ok(rules) => {
            store.rules = rules;
            Reply::json(StatusCode::OK, &json!(store.rules))
        }
        Err(why) => Reply::refused(&why),
    }
}

fn shown_clock(sim: &Sim) -> Value {
    let now = sim.clock.now();
    json!({ "now": now.to_string(), "unix": now.as_second(), "ahead_ms": sim.clock.ahead_ms() })
}

async fn clock(State(sim): Handle) -> Reply {
    Reply::json(StatusCode::OK, &shown_clock(&sim))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    #[serde(default)]
    advance_s: u64,
    #[serde(default)]
    advance_ms: u64,
}

/// Moves the time on, lets every timer run that is due and sends what is due.
async fn advance(State(sim): Handle, body: Bytes) -> Reply {
    let asked: Advance = match Reply::read(&body) {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    sim.clock.advance(asked.advance_s.saturating_mul(1_000).saturating_add(asked.advance_ms));
    sim.settle_all();
    notice::send_due(&sim);
    Reply::json(StatusCode::OK, &shown_clock(&sim))
}

async fn calls(State(sim): Handle) -> Reply {
    let counts = json!(sim.store().calls());
    Reply::json(StatusCode::OK, &counts)
}

/// Forgets everything but the time, and goes back to the first settings.
async fn reset(State(sim): Handle) -> Reply {
    *sim.store() = Store::new(Rules::new(&sim.settings.api_version));
    Reply::empty(StatusCode::NO_CONTENT)
}
