//! The rest of the control API: accounts, time, settings, faults, counts, notes, reset, and the plugin without a browser.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use lendport_core::Secret;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::account::{self, Account};
use super::control::conflict;
use super::faults::Fault;
use super::session::{self, Until};
use super::state::{Sim, Store};
use lendport_simulation::{Json, Reply};

/// Merchants that may be added.
const ACCOUNTS_MAX: usize = 100;

type Handle = State<Arc<Sim>>;

pub(super) fn routes() -> Router<Arc<Sim>> {
    Router::new()
        .route("/_sim/faults", get(faults).post(add_fault).delete(drop_faults))
        .route("/_sim/settings", get(settings).post(change_settings))
        .route("/_sim/accounts", get(accounts).post(add_account))
        .route("/_sim/plugin", post(plugin))
        .route("/_sim/clock", get(clock).post(advance))
        .route("/_sim/calls", get(calls))
        .route("/_sim/notes", get(notes))
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
    if let Some(problem) = fault.problem() {
        return Reply::refused(problem);
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

/// The merchants, by the number that transactions name.
async fn accounts(State(sim): Handle) -> Reply {
    let store = sim.store();
    let each = store.accounts.iter().enumerate();
    let shown: Vec<Value> = each
        .map(|(place, account)| {
            json!({
                "account": place,
                "auth_key": account.auth_key,
                "suspended": account.suspended,
                "calls": account.calls,
                "mixed_tokens": account.mixed,
            })
        })
        .collect();
    Reply::json(StatusCode::OK, &json!({ "accounts": shown }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewAccount {
    api_key: String,
    auth_key: String,
}

async fn add_account(State(sim): Handle, body: Bytes) -> Reply {
    let asked: NewAccount = match Reply::read(&body) {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let mut store = sim.store();
    let known = account::of_key(&store.accounts, &asked.api_key).is_some()
        || store.accounts.iter().any(|account| account.auth_key == asked.auth_key);
    if known || store.accounts.len() >= ACCOUNTS_MAX {
        return conflict("these keys are taken, or there are too many accounts");
    }
    let place = store.accounts.len();
    store.accounts.push(Account::new(Secret::new(asked.api_key), asked.auth_key));
    Reply::json(StatusCode::CREATED, &json!({ "account": place }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PluginBody {
    order: Box<RawValue>,
    auth_key: Option<String>,
    email: Option<String>,
    #[serde(default)]
    until: Until,
}

/// What a customer does in the plugin's window, without a browser.
async fn plugin(State(sim): Handle, headers: HeaderMap, body: Bytes) -> Reply {
    let asked: PluginBody = match Reply::read(&body) {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let account = match &asked.auth_key {
        None => Some(0),
        Some(key) => sim.store().accounts.iter().position(|account| account.auth_key == *key),
    };
    let Some(account) = account else { return Reply::refused("no account has this auth_key") };
    let Some(order) = Json::parse(asked.order.get().as_bytes()) else {
        return Reply::refused("the order is no object");
    };
    match session::play(&sim, account, &order, asked.email.as_deref(), asked.until) {
        Ok(played) => Reply::json(StatusCode::OK, &played.shown(&sim.base(&headers))),
        Err(refusal) => conflict(refusal.why()),
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

/// Moves the time on and lets everything happen that is due.
async fn advance(State(sim): Handle, body: Bytes) -> Reply {
    let asked: Advance = match Reply::read(&body) {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    sim.clock.advance(asked.advance_s.saturating_mul(1_000).saturating_add(asked.advance_ms));
    sim.store().settle_all(sim.clock.now());
    Reply::json(StatusCode::OK, &shown_clock(&sim))
}

async fn calls(State(sim): Handle) -> Reply {
    let counts = json!(sim.store().calls());
    Reply::json(StatusCode::OK, &counts)
}

/// Refusals with their reasons, newest last, and members that no document knows.
async fn notes(State(sim): Handle) -> Reply {
    let store = sim.store();
    let refusals: Vec<Value> = store
        .refusals
        .iter()
        .map(|noted| {
            json!({ "at": noted.at.to_string(), "on": noted.endpoint, "status": noted.status, "why": noted.why })
        })
        .collect();
    Reply::json(StatusCode::OK, &json!({ "refusals": refusals, "unknown_fields": store.strange }))
}

/// Forgets everything but the time, and goes back to the first settings.
async fn reset(State(sim): Handle) -> Reply {
    *sim.store() = Store::new(&sim.settings);
    Reply::empty(StatusCode::NO_CONTENT)
}
