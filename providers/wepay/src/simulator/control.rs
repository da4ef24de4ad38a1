//! The control API under `/_sim/`: look and decide. The README next to this file is its documentation.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::decide::{self, Act, Undone};
use super::money;
use super::notice::{self, PER_CHECKOUT_MAX, Telling, Try};
use super::object;
use super::state::Sim;
use super::view;
use lendport_simulation::{Json, Reply};

/// Copies of one notice that one call may ask for.
pub(super) const TIMES_MAX: usize = 100;
/// Statuses that one call may ask for.
const SEQUENCE_MAX: usize = 20;

type Handle = State<Arc<Sim>>;

pub(super) fn routes() -> Router<Arc<Sim>> {
    Router::new()
        .route("/_sim", get(manual))
        .route("/_sim/", get(manual))
        .route("/_sim/requests", get(list).delete(forget_all))
        .route("/_sim/requests/{id}", get(one).delete(forget))
        .route("/_sim/requests/{id}/decide", post(decide_one))
        .route("/_sim/requests/{id}/postbacks", post(raw_postback))
}

async fn manual() -> Reply {
    Reply::html(StatusCode::OK, lendport_simulation::manual("WePay simulator", include_str!("README.md")))
}

async fn list(State(sim): Handle) -> Reply {
    sim.settle_all();
    let shown: Vec<Value> = sim.store().newest_first().map(view::summary).collect();
    Reply::json(StatusCode::OK, &json!({ "requests": shown }))
}

async fn one(State(sim): Handle, Path(id): Path<u64>, headers: HeaderMap) -> Reply {
    sim.settle_all();
    let base = sim.base(&headers);
    let store = sim.store();
    let shown = store.get(id).map(|checkout| view::detail(checkout, &format!("{base}{}", object::page_path(checkout))));
    shown.map_or_else(not_found, |shown| Reply::json(StatusCode::OK, &shown))
}

async fn forget(State(sim): Handle, Path(id): Path<u64>) -> Reply {
    let known = sim.store().remove(id);
    if known { Reply::empty(StatusCode::NO_CONTENT) } else { not_found() }
}

/// Forgets the checkouts and keeps faults, settings and counts.
async fn forget_all(State(sim): Handle) -> Reply {
    let mut store = sim.store();
    let all: Vec<u64> = store.newest_first().map(|checkout| checkout.id).collect();
    for id in all {
        store.remove(id);
    }
    Reply::empty(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecideBody {
    status: Option<String>,
    sequence: Option<Vec<String>>,
    amount: Option<Box<RawValue>>,
    /// A state that lookups show from now on, whatever happens; `null` ends it.
    #[serde(default, deserialize_with = "present")]
    say: Option<Option<String>>,
    times: Option<usize>,
    #[serde(default)]
    parallel: bool,
    #[serde(default)]
    silent: bool,
    #[serde(default)]
    r#await: bool,
}

/// Tells `null` from a member that is not there.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(from).map(Some)
}

async fn decide_one(State(sim): Handle, Path(id): Path<u64>, body: Bytes) -> Reply {
    let asked: DecideBody = match Reply::read(&body) {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let words = match (asked.status, asked.sequence) {
        (Some(status), None) => vec![status],
        (None, Some(sequence)) if !sequence.is_empty() && sequence.len() <= SEQUENCE_MAX => sequence,
        (None, None) if asked.say.is_some() => Vec::new(),
        _ => return Reply::refused("say either \"status\" or a \"sequence\" of 1 to 20, or \"say\" alone"),
    };
    let Some(acts) = words.iter().map(|word| Act::parse(word)).collect::<Option<Vec<_>>>() else {
        return Reply::refused("not a status that can be decided; see the manual at /_sim/");
    };
    let amount: Option<Decimal> = match asked.amount.as_deref().map(|raw| Json::parse(raw.get().as_bytes())) {
        None | Some(Some(Json::Null)) => None,
        Some(Some(Json::Number(text) | Json::Text(text))) => match money::parse(&text) {
            Some(amount) => Some(amount),
            None => return Reply::refused("\"amount\" is not a number"),
        },
        Some(_) => return Reply::refused("\"amount\" must be a string or a number"),
    };
    let telling = match asked.times {
        _ if asked.silent => Telling::Silent,
        Some(times) => Telling::Copies(times.clamp(1, TIMES_MAX)),
        None => Telling::Merged,
    };
    let mut places = Vec::new();
    for act in acts {
        match decide::act(&sim, id, act, amount, telling) {
            Ok(more) => places.extend(more),
            Err(Undone::NoSuchCheckout) => return not_found(),
            Err(Undone::NotNow(why)) => return Reply::json(StatusCode::CONFLICT, &json!({ "error": why })),
        }
    }
    if let Some(said) = asked.say {
        let now = sim.clock.now();
        let told = sim.store().change(id, now, telling, |checkout, _| checkout.said = said);
        match told {
            Some(((), more)) => places.extend(more),
            None => return not_found(),
        }
    }
    deliver(&sim, id, places, asked.parallel, asked.r#await).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBody {
    content_type: Option<String>,
    /// Left out: the honest one.
    body: Option<String>,
    times: Option<usize>,
    #[serde(default)]
    parallel: bool,
    #[serde(default)]
    r#await: bool,
}

async fn raw_postback(State(sim): Handle, Path(id): Path<u64>, body: Bytes) -> Reply {
    let asked: RawBody = match Reply::read(&body) {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let mut places = Vec::new();
    {
        let mut store = sim.store();
        let Some(checkout) = store.get(id) else { return not_found() };
        let honest = || notice::body(id, checkout.order.reference_id.as_deref());
        let sent = asked.body.map_or_else(honest, String::into_bytes);
        let kind = asked.content_type.unwrap_or_else(|| "application/x-www-form-urlencoded".to_owned());
        for _copy in 0..asked.times.unwrap_or(1).clamp(1, TIMES_MAX) {
            match notice::record(&mut store, id, kind.clone(), sent.clone(), false) {
                Some(place) => places.push(place),
                None => {
                    let why = format!("this checkout has {PER_CHECKOUT_MAX} notices already");
                    return Reply::json(StatusCode::CONFLICT, &json!({ "error": why }));
                }
            }
        }
    }
    deliver(&sim, id, places, asked.parallel, asked.r#await).await
}

/// Waits for the first try of each notice, or leaves them to go out by themselves.
async fn deliver(sim: &Arc<Sim>, id: u64, places: Vec<usize>, parallel: bool, wait: bool) -> Reply {
    let mut deliveries = None;
    if wait {
        let tries = notice::deliver(sim, id, places, parallel).await;
        let shown = |tried: Option<Try>| match tried {
            Some(tried) => json!({ "status": tried.status, "failure": tried.failure }),
            None => json!({ "status": null, "failure": "not_sent" }),
        };
        deliveries = Some(tries.into_iter().map(shown).collect::<Vec<_>>());
    } else if parallel {
        let own = Arc::clone(sim);
        sim.tasks.spawn(async move { notice::deliver(&own, id, places, true).await });
    } else {
        let mut store = sim.store();
        for place in places {
            notice::make_due(&mut store, id, place, sim.clock.now());
        }
    }
    let mut shown = sim.store().get(id).map(view::summary).unwrap_or_default();
    if let (Some(deliveries), Some(members)) = (deliveries, shown.as_object_mut()) {
        members.insert("deliveries".into(), deliveries.into());
    }
    Reply::json(StatusCode::OK, &shown)
}

pub(super) fn not_found() -> Reply {
    Reply::not_found("no such checkout")
}
