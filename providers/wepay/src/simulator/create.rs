//! `/checkout/create` (wepay.md 4.3 and 7).

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};

use super::api::{self, Call, Outcome};
use super::checkout::{Checkout, Payer};
use super::errors::Refusal;
use super::fields::Fields;
use super::magic;
use super::notice::Telling;
use super::object;
use super::order::{self, Method, Order};
use super::state::{Sim, Store};
use super::unique::{self, Spent};
use lendport_simulation::{Json, Reply};

/// Bytes of a create body that are kept to be shown.
const BODY_KEPT_BYTES: usize = 64 * 1024;

pub(super) fn create(sim: &Arc<Sim>, call: &Call<'_>) -> Result<Outcome, Refusal> {
    let made = make(sim, call);
    if made.is_err() {
        // Whatever the error: the id is used up.
        spend(sim, call.headers, call.body);
    }
    let (reply, fresh) = made?;
    let Some((id, order)) = fresh else { return Ok(reply.into()) };
    magic::start(sim, id, &order);
    Ok(Outcome { reply, fault: magic::fault(&order).filter(|_| !call.disturbed) })
}

/// The answer, and what was made when something was.
fn make(sim: &Arc<Sim>, call: &Call<'_>) -> Result<(Reply, Option<(u64, Order)>), Refusal> {
    let refuse_local = sim.store().rules.refuse_local_callbacks;
    let order = order::read(&call.parameters, call.version, refuse_local)?;
    account(sim, order.account_id)?;
    let now = sim.clock.now();
    let base = sim.base(call.headers);
    let mut store = sim.store();
    if let Some(name) = order.unknown.first().filter(|_| store.rules.refuse_unknown_parameters) {
        return Err(Refusal::new(1003, format!("{name} is not a parameter of this call")));
    }
    let unique_id = unique_id(&call.parameters).filter(|_| counts(&store, &call.parameters));
    if let Some(unique_id) = unique_id.as_ref().filter(|_| store.rules.identical_repeats)
        && unique::differs(&store, unique_id, call.body)
    {
        return Err(Refusal::new(1003, "this unique_id came with another body before"));
    }
    if let Some(unique_id) = &unique_id
        && let Some(repeated) = unique::look_up(&store, unique_id, order.account_id, order.amount)
    {
        return repeated.map(|reply| (reply, None));
    }
    token_refusal(&order.method).map_or(Ok(()), Err)?;
    let wish = magic::refusal(&order).filter(|_| !call.disturbed);
    wish.map_or(Ok(()), Err)?;
    let id = sim.fresh_id(&store);
    let kept = call.body.get(..BODY_KEPT_BYTES).unwrap_or(call.body);
    let body = String::from_utf8_lossy(kept).into_owned();
    let mut checkout = Checkout::new(id, sim.hex(8), call.version, now, order.clone(), body);
    let token = !matches!(order.method, Method::Hosted(_));
    if token {
        let bank = matches!(order.method, Method::Bank { .. });
        let payer = Payer { name: "Test Payer".into(), email: "payer@example.com".into(), address: None, bank };
        checkout.pay(payer, Some(store.rules.review_ms), now);
        // The answer to create already shows what happened at once; later changes are told.
        let rules = store.rules.clone();
        checkout.settle(now, &rules);
    }
    let answer = object::checkout(&checkout, call.version, &base, &store.rules);
    let reply = Reply::exact(StatusCode::OK, &answer);
    store.insert(checkout);
    if token {
        super::notice::tell(&mut store, id, Telling::Merged, now);
    }
    if let Some(unique_id) = unique_id {
        let made = Spent::Made { account_id: order.account_id, amount: order.amount, answer: reply.clone() };
        store.unique.insert(unique_id, made);
    }
    Ok((reply, Some((id, order))))
}

/// Whether the simulated account may be used. Its neighbours stand for accounts in trouble.
pub(super) fn account(sim: &Sim, account_id: u64) -> Result<(), Refusal> {
    match account_id.checked_sub(sim.settings.account_id) {
        Some(0) => Ok(()),
        Some(1) => Err(Refusal::of(3002)),
        Some(2) => Err(Refusal::of(3003)),
        Some(3) => Err(Refusal::of(3004)),
        _ => Err(Refusal::of(3001)),
    }
}

/// A card whose id ends in an error code is refused with it.
fn token_refusal(method: &Method) -> Option<Refusal> {
    let (Method::Card { id, .. } | Method::Preapproval { id } | Method::Bank { id }) = method else { return None };
    match id % 10_000 {
        code @ (1008 | 2001..=2009 | 2018 | 2019 | 4003) => Some(match code {
            1008 => Refusal::new(1008, "Unable to charge payment method: general decline"),
            code => Refusal::of(u32::try_from(code).unwrap_or(2004)),
        }),
        _ => None,
    }
}

fn unique_id(parameters: &Json) -> Option<String> {
    Fields::root(parameters).text("unique_id", 255).ok()?.filter(|id| !id.is_empty())
}

/// Whether a `unique_id` counts for what is asked.
fn counts(store: &Store, parameters: &Json) -> bool {
    store.rules.unique_id_on_hosted || Fields::root(parameters).has("payment_method")
}

/// Remembers what a call said under its `unique_id`.
pub(super) fn hear(sim: &Sim, headers: &HeaderMap, body: &[u8]) {
    let Some(parameters) = api::parameters(headers, body) else { return };
    if let Some(unique_id) = unique_id(&parameters) {
        unique::hear(&mut sim.store(), &unique_id, body);
    }
}

/// Uses up the `unique_id` of a call that comes to nothing.
pub(super) fn spend(sim: &Sim, headers: &HeaderMap, body: &[u8]) {
    let Some(parameters) = api::parameters(headers, body) else { return };
    let mut store = sim.store();
    if let Some(unique_id) = unique_id(&parameters).filter(|_| counts(&store, &parameters)) {
        unique::failed(&mut store, &unique_id);
    }
}
