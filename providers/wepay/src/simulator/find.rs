//! `/checkout/find`: a bare array, newest first, without a count (wepay.md 4.2).

use axum::http::StatusCode;
use jiff::Timestamp;
use jiff::civil::DateTime;

use super::api::Call;
use super::checkout::Checkout;
use super::dialect::State;
use super::errors::Refusal;
use super::fields::Fields;
use super::object;
use super::order::Method;
use super::state::Sim;
use lendport_simulation::{Json, Reply};

const LIMIT_DEFAULT: u64 = 50;
/// No document says how many are allowed; more than this are cut.
const LIMIT_MAX: u64 = 1_000;

pub(super) fn find(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let fields = Fields::root(&call.parameters);
    let account_id = fields.required_integer("account_id")?;
    super::create::account(sim, account_id)?;
    let start = usize::try_from(fields.integer("start")?.unwrap_or(0)).unwrap_or(usize::MAX);
    let limit = fields.integer("limit")?.unwrap_or(LIMIT_DEFAULT).min(LIMIT_MAX);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let reference = fields.text("reference_id", 255)?;
    let state = match fields.text("state", 255)? {
        Some(word) => {
            let state = State::parse(&word, call.version.dialect());
            Some(state.ok_or_else(|| fields.bad("state", "a checkout state"))?)
        }
        None => None,
    };
    let preapproval = fields.integer("preapproval_id")?;
    let (after, before) = (time(&fields, "start_time")?, time(&fields, "end_time")?);
    let shipping_fee = fields.amount("shipping_fee")?;
    let ascending = match fields.text("sort_order", 255)? {
        Some(order) if order.eq_ignore_ascii_case("asc") => true,
        Some(order) if !order.eq_ignore_ascii_case("desc") => return Err(fields.bad("sort_order", "ASC or DESC")),
        _ => false,
    };
    let fits = |checkout: &&Checkout| {
        let shipping = match &checkout.order.method {
            Method::Hosted(hosted) => Some(hosted.shipping_fee),
            _ => None,
        };
        let approved = match checkout.order.method {
            Method::Preapproval { id } => Some(id),
            _ => None,
        };
        checkout.order.account_id == account_id
            && reference.as_ref().is_none_or(|wanted| checkout.order.reference_id.as_ref() == Some(wanted))
            && state.is_none_or(|wanted| checkout.state == wanted)
            && preapproval.is_none_or(|wanted| approved == Some(wanted))
            && shipping_fee.is_none_or(|wanted| shipping == Some(wanted))
            && after.is_none_or(|after| checkout.created > after)
            && before.is_none_or(|before| checkout.created < before)
    };
    let base = sim.base(call.headers);
    let store = sim.store();
    let show = |checkout: &Checkout| object::checkout(checkout, call.version, &base, &store.rules);
    let found: Vec<Json> = if ascending {
        store.newest_first().rev().filter(fits).skip(start).take(limit).map(show).collect()
    } else {
        store.newest_first().filter(fits).skip(start).take(limit).map(show).collect()
    };
    Ok(Reply::exact(StatusCode::OK, &Json::List(found)))
}

/// Unix seconds, or a date and time; without a zone UTC.
fn time(fields: &Fields<'_>, name: &str) -> Result<Option<Timestamp>, Refusal> {
    if let Ok(seconds) = fields.integer(name) {
        let at = seconds.map(|seconds| i64::try_from(seconds).ok().and_then(|at| Timestamp::from_second(at).ok()));
        return at.map_or(Ok(None), |at| at.map(Some).ok_or_else(|| fields.bad(name, "a time")));
    }
    let Some(text) = fields.text(name, 255)? else { return Ok(None) };
    let zoned = text.parse::<Timestamp>().ok();
    let plain = || text.parse::<DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    zoned.or_else(plain).map(Some).ok_or_else(|| fields.bad(name, "a time"))
}
