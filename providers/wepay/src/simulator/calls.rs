//! The calls on one checkout: lookup, cancel, refund, capture, release, modify (wepay.md 4).

use axum::http::StatusCode;

use super::api::Call;
use super::checkout::Checkout;
use super::dialect::Dialect;
use super::errors::Refusal;
use super::fields::Fields;
use super::notice::Telling;
use super::object;
use super::rules::Rules;
use super::state::Sim;
use lendport_simulation::{Json, Reply};

/// Strange parameters that are noted at one checkout.
const NOTED_MAX: usize = 100;

/// `/checkout`
pub(super) fn look_up(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = Fields::root(&call.parameters).required_integer("checkout_id")?;
    whole(sim, call, id)
}

/// `/checkout/cancel`
pub(super) fn cancel(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let fields = known(sim, call, "cancel", &["checkout_id", "cancel_reason"])?;
    let id = fields.required_integer("checkout_id")?;
    fields.required_text("cancel_reason", 255)?;
    let now = sim.clock.now();
    changed(sim, id, |checkout, _| checkout.cancel(call.version.dialect(), now))?;
    short(sim, call, id)
}

/// `/checkout/refund`
pub(super) fn refund(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let names = ["checkout_id", "refund_reason", "amount", "app_fee", "payer_email_message", "payee_email_message"];
    let fields = known(sim, call, "refund", &names)?;
    let id = fields.required_integer("checkout_id")?;
    let reason = fields.required_text("refund_reason", 255)?;
    let (amount, app_fee) = (fields.amount("amount")?, fields.amount("app_fee")?);
    fields.text("payer_email_message", 65_535)?;
    fields.text("payee_email_message", 65_535)?;
    let now = sim.clock.now();
    let dialect = call.version.dialect();
    changed(sim, id, |checkout, rules| checkout.refund(amount, app_fee, &reason, rules, now, dialect))?;
    short(sim, call, id)
}

/// `/checkout/capture`. In dialect A it answers id and state, in B the checkout.
pub(super) fn capture(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let dialect = call.version.dialect();
    let names: &[&str] = if dialect == Dialect::A { &["checkout_id"] } else { &["checkout_id", "amount"] };
    let fields = known(sim, call, "capture", names)?;
    let id = fields.required_integer("checkout_id")?;
    if dialect == Dialect::B && fields.has("amount") {
        return Err(Refusal::of(4007));
    }
    let now = sim.clock.now();
    changed(sim, id, |checkout, rules| checkout.capture(dialect, rules, now))?;
    if dialect == Dialect::A { short(sim, call, id) } else { whole(sim, call, id) }
}

/// `/checkout/release`, dialect B only.
pub(super) fn release(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = known(sim, call, "release", &["checkout_id"])?.required_integer("checkout_id")?;
    let now = sim.clock.now();
    changed(sim, id, |checkout, rules| checkout.release(rules, now))?;
    whole(sim, call, id)
}

/// `/checkout/modify`
pub(super) fn modify(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let fields = known(sim, call, "modify", &["checkout_id", "callback_uri", "payer_rbits", "transaction_rbits"])?;
    let id = fields.required_integer("checkout_id")?;
    let strict = sim.store().rules.refuse_local_callbacks;
    let callback = fields.callback("callback_uri", strict)?;
    changed(sim, id, |checkout, _| {
        if callback.is_some() {
            checkout.callback_uri = callback;
        }
        Ok(())
    })?;
    whole(sim, call, id)
}

/// The parameters of a call; strange ones are refused when the rules say so, else noted at the checkout.
fn known<'a>(sim: &Sim, call: &'a Call<'_>, verb: &str, names: &[&str]) -> Result<Fields<'a>, Refusal> {
    let fields = Fields::root(&call.parameters);
    let mut strange = Vec::new();
    fields.unknown(names, &mut strange);
    let mut store = sim.store();
    if let Some(name) = strange.first().filter(|_| store.rules.refuse_unknown_parameters) {
        return Err(Refusal::new(1003, format!("{name} is not a parameter of this call")));
    }
    let id = fields.integer("checkout_id").ok().flatten();
    if let Some(checkout) = id.and_then(|id| store.get_mut(id)) {
        for name in strange {
            let named = format!("{verb}: {name}");
            if !checkout.order.unknown.contains(&named) && checkout.order.unknown.len() < NOTED_MAX {
                checkout.order.unknown.push(named);
            }
        }
    }
    Ok(fields)
}

fn changed(sim: &Sim, id: u64, act: impl FnOnce(&mut Checkout, &Rules) -> Result<(), Refusal>) -> Result<(), Refusal> {
    let now = sim.clock.now();
    let done = sim.store().change(id, now, Telling::Merged, act);
    done.map_or_else(|| Err(Refusal::of(4001)), |(outcome, _)| outcome)
}

/// Answers the checkout.
fn whole(sim: &Sim, call: &Call<'_>, id: u64) -> Result<Reply, Refusal> {
    let base = sim.base(call.headers);
    let store = sim.store();
    let checkout = store.get(id).ok_or_else(|| Refusal::of(4001))?;
    Ok(Reply::exact(StatusCode::OK, &object::checkout(checkout, call.version, &base, &store.rules)))
}

/// Answers id and state.
fn short(sim: &Sim, call: &Call<'_>, id: u64) -> Result<Reply, Refusal> {
    let store = sim.store();
    let checkout = store.get(id).ok_or_else(|| Refusal::of(4001))?;
    let state = checkout.word(call.version.dialect());
    Ok(Reply::exact(StatusCode::OK, &Json::object([("checkout_id", id.into()), ("state", state.into())])))
}
