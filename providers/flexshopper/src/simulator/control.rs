//! The control API under `/_sim/`: look at transactions and customers, and decide. The README next to this file is its
//! documentation.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::lease;
use super::money;
use super::object;
use super::person::User;
use super::rules::{Identity, Verdict};
use super::state::{Sim, Store};
use super::transaction::Signature;
use super::view;
use lendport_simulation::{Json, Reply};

type Handle = State<Arc<Sim>>;

pub(super) fn routes() -> Router<Arc<Sim>> {
    Router::new()
        .route("/_sim", get(manual))
        .route("/_sim/", get(manual))
        .route("/_sim/requests", get(list).delete(forget_all))
        .route("/_sim/requests/{id}", get(one).delete(forget))
        .route("/_sim/requests/{id}/decide", post(decide))
        .route("/_sim/users", get(people))
        .route("/_sim/users/{id}", get(person))
        .route("/_sim/users/{id}/decide", post(decide_person))
}

async fn manual() -> Reply {
    Reply::html(StatusCode::OK, lendport_simulation::manual("FlexShopper simulator", include_str!("README.md")))
}

async fn list(State(sim): Handle) -> Reply {
    let now = sim.clock.now();
    let mut store = sim.store();
    store.settle_all(now);
    let shown: Vec<Value> = store.newest_first().map(|transaction| view::summary(transaction, now)).collect();
    Reply::json(StatusCode::OK, &json!({ "requests": shown }))
}

/// The newest transaction with this id, whosever it is.
fn serial(store: &Store, id: &str) -> Option<u64> {
    let count = store.accounts.len();
    (0..count).filter_map(|account| store.serial(account, id)).max()
}

async fn one(State(sim): Handle, Path(id): Path<String>) -> Reply {
    let now = sim.clock.now();
    let mut store = sim.store();
    let found = serial(&store, &id).and_then(|serial| store.get_mut(serial, now));
    found.map_or_else(not_found, |transaction| Reply::json(StatusCode::OK, &view::detail(transaction, now)))
}

async fn forget(State(sim): Handle, Path(id): Path<String>) -> Reply {
    let mut store = sim.store();
    let Some(serial) = serial(&store, &id) else { return not_found() };
    store.remove(serial);
    Reply::empty(StatusCode::NO_CONTENT)
}

/// Forgets the transactions and keeps customers, faults, settings and counts.
async fn forget_all(State(sim): Handle) -> Reply {
    let mut store = sim.store();
    let all: Vec<u64> = store.newest_first().map(|transaction| transaction.serial).collect();
    all.into_iter().for_each(|serial| store.remove(serial));
    Reply::empty(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecideBody {
    /// `sign`, `expire`, `deliver`, `cancel`.
    status: Option<String>,
    /// A word that answers show as the lease's status, whatever happens; `null` ends it.
    #[serde(default, deserialize_with = "present")]
    say: Option<Option<String>>,
    /// Members that answers show with other values from now on, by JSON pointer; an empty object ends it.
    shown: Option<BTreeMap<String, Box<RawValue>>>,
    /// SKUs that fail from now on when they shall be canceled or returned.
    stuck: Option<Vec<String>>,
    /// Dollars that the customer is behind with.
    past_due: Option<String>,
}

/// Tells `null` from a member that is not there.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(from).map(Some)
}

async fn decide(State(sim): Handle, Path(id): Path<String>, body: Bytes) -> Reply {
    let asked: DecideBody = match Reply::read(&body) {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let now = sim.clock.now();
    let mut store = sim.store();
    let Some(serial) = serial(&store, &id) else { return not_found() };
    if let Some(word) = asked.status.as_deref()
        && let Err(refusal) = happen(&mut store, serial, word, now)
    {
        return refusal;
    }
    let mut shown = None;
    if let Some(pointers) = asked.shown {
        match overrides(&store, serial, pointers) {
            Ok(overrides) => shown = Some(overrides),
            Err(refusal) => return refusal,
        }
    }
    let Some(transaction) = store.get_mut(serial, now) else { return not_found() };
    transaction.shown = shown.unwrap_or(std::mem::take(&mut transaction.shown));
    if let Some(said) = asked.say {
        transaction.said = said;
    }
    if let Some(stuck) = asked.stuck {
        transaction.goods.stuck = stuck;
    }
    if let Some(due) = asked.past_due {
        match money::parse(&due).filter(|due| !due.is_sign_negative()) {
            Some(due) => transaction.past_due = due,
            None => return Reply::refused("\"past_due\" must be a text of dollars"),
        }
    }
    Reply::json(StatusCode::OK, &view::detail(transaction, now))
}

/// Values by pointer, all of which have to lead somewhere in what is shown now.
fn overrides(
    store: &Store,
    serial: u64,
    pointers: BTreeMap<String, Box<RawValue>>,
) -> Result<Vec<(String, Json)>, Reply> {
    let mut honest =
        store.get(serial).map(|transaction| object::transaction(store, transaction)).ok_or_else(not_found)?;
    let mut read = Vec::new();
    for (pointer, value) in pointers {
        let value =
            Json::parse(value.get().as_bytes()).ok_or_else(|| Reply::refused("a value is nested too deeply"))?;
        if !honest.set_at(&pointer, value.clone()) {
            return Err(Reply::refused(&format!("{pointer} leads nowhere")));
        }
        read.push((pointer, value));
    }
    Ok(read)
}

fn happen(store: &mut Store, serial: u64, word: &str, now: jiff::Timestamp) -> Result<(), Reply> {
    if word == "sign" {
        let signature = Signature { at: now, ip_address: None, timestamp: None };
        return lease::put_signature(store, serial, signature).map_err(|refusal| conflict(refusal.why()));
    }
    let transaction = store.get_mut(serial, now).ok_or_else(not_found)?;
    match word {
        "expire" if transaction.signed.is_some() => return Err(conflict("it is signed")),
        "expire" => transaction.until = transaction.until.min(now),
        "deliver" => {
            transaction.goods.deliver(now);
            transaction.note(now, "delivered");
        }
        "cancel" => {
            let over = super::rules::Over::Split;
            transaction.goods.take_back(super::goods::Back::Cancel, Vec::new(), over);
            transaction.void = true;
            transaction.note(now, "canceled by FlexShopper");
        }
        _ => return Err(Reply::refused("\"status\" is sign, expire, deliver or cancel")),
    }
    Ok(())
}

async fn people(State(sim): Handle) -> Reply {
    let now = sim.clock.now();
    let store = sim.store();
    let shown: Vec<Value> = store.people.newest_first().map(|user| view::person(&store, user, now)).collect();
    Reply::json(StatusCode::OK, &json!({ "users": shown }))
}

/// A customer by id or by e-mail address.
fn user_id(store: &Store, id: &str) -> Option<String> {
    store.people.get(id).map(|user| user.id.clone()).or_else(|| store.people.id_of_email(id))
}

async fn person(State(sim): Handle, Path(id): Path<String>) -> Reply {
    let now = sim.clock.now();
    let store = sim.store();
    let found = user_id(&store, &id).and_then(|id| store.people.get(&id));
    found.map_or_else(not_found, |user| Reply::json(StatusCode::OK, &view::person(&store, user, now)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonBody {
    /// How the open or standing application is decided, now.
    decision: Option<Verdict>,
    /// Dollars.
    limit: Option<String>,
    hold: Option<bool>,
    verification: Option<Identity>,
    /// Ends every token.
    #[serde(default)]
    end_tokens: bool,
}

async fn decide_person(State(sim): Handle, Path(id): Path<String>, body: Bytes) -> Reply {
    let asked: PersonBody = match Reply::read(&body) {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let now = sim.clock.now();
    let (application_id, prequal_id) = (sim.uuid(), sim.hex(24));
    let mut store = sim.store();
    let rules = store.rules.clone();
    let Some(id) = user_id(&store, &id) else { return not_found() };
    let Some(user) = store.people.get_mut(&id) else { return not_found() };
    let limit = asked.limit.as_deref().map(money::parse);
    if limit.is_some_and(|limit| limit.is_none_or(|limit| limit.is_sign_negative())) {
        return Reply::refused("\"limit\" must be a text of dollars");
    }
    if user.decision.is_none() && (asked.decision.is_some() || limit.is_some()) {
        user.decide(&rules, application_id, prequal_id, now);
    }
    change(user, &asked, limit.flatten(), now);
    if asked.end_tokens {
        store.people.end_tokens(&id);
    }
    let shown = store.people.get(&id).map(|user| view::person(&store, user, now));
    shown.map_or_else(not_found, |shown| Reply::json(StatusCode::OK, &shown))
}

fn change(user: &mut User, asked: &PersonBody, limit: Option<rust_decimal::Decimal>, now: jiff::Timestamp) {
    user.hold = asked.hold.unwrap_or(user.hold);
    user.identity = asked.verification.unwrap_or(user.identity);
    if let Some(decision) = &mut user.decision {
        decision.limit = limit.unwrap_or(decision.limit);
        if let Some(verdict) = asked.decision {
            decision.verdict = verdict;
            decision.due = decision.due.min(now);
        }
    }
}

pub(super) fn conflict(why: &str) -> Reply {
    Reply::json(StatusCode::CONFLICT, &json!({ "error": why }))
}

pub(super) fn not_found() -> Reply {
    Reply::not_found("nothing of that id")
}
