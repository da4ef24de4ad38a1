//! Transactions: read one, list, finalize (flexshopper.md 4.16 to 4.18).

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::api::Call;
use super::errors::{Refusal, data};
use super::object;
use super::page;
use super::rules::Again;
use super::state::{Sim, Store};
use super::transaction::Transaction;
use lendport_simulation::{Json, Reply, later};

/// The transaction of a path, when this account made it.
pub(super) fn find(store: &Store, call: &Call<'_>) -> Result<u64, Refusal> {
    let unknown = if store.rules.older_words { Refusal::NO_TRANSACTION } else { Refusal::NO_LEASE };
    store.serial(call.account, &call.id).ok_or(unknown)
}

/// GET `/v3/transactions/{transactionId}`
pub(super) fn one(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let mut store = sim.store();
    let serial = find(&store, call)?;
    store.get_mut(serial, call.now);
    let transaction = store.get(serial).ok_or(Refusal::NO_LEASE)?;
    Ok(data(object::transaction(&store, transaction)))
}

/// GET `/v3/transactions`: this account's, newest first.
pub(super) fn list(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let page = page::asked(call)?;
    let status = match call.parameter("leaseStatus") {
        Some(word @ ("signed" | "pending")) => Some(word),
        Some(_) => return Err(Refusal::Invalid("\"leaseStatus\" must be one of [signed, pending]".to_owned())),
        None => None,
    };
    let mut store = sim.store();
    store.settle_all(call.now);
    let offset = store.rules.list_offset_minutes;
    let from = bound("fromDate", call.parameter("fromDate"), offset, false)?;
    let to = bound("toDate", call.parameter("toDate"), offset, true)?;
    let lag = store.rules.list_lag_ms;
    let fits = |transaction: &&Transaction| {
        transaction.account == call.account
            && status.is_none_or(|word| transaction.status() == word)
            && from.is_none_or(|from| transaction.created >= from)
            && to.is_none_or(|to| transaction.created < to)
            && later(transaction.created, lag) <= call.now
    };
    let found: Vec<&Transaction> = store.newest_first().filter(fits).collect();
    let (shown, meta) = page.cut(&found);
    let transactions: Json = shown.iter().map(|transaction| object::transaction(&store, transaction)).collect();
    Ok(data(Json::object([("transactions", transactions), ("meta", meta)])))
}

/// A bound of a range: a moment, or a whole day of the zone that the rules set.
fn bound(name: &str, given: Option<&str>, offset_minutes: i32, end: bool) -> Result<Option<Timestamp>, Refusal> {
    let Some(given) = given else { return Ok(None) };
    if let Ok(moment) = given.parse::<Timestamp>() {
        return Ok(Some(moment));
    }
    let begins = |day: Date| -> Option<Timestamp> {
        let day = if end { day.tomorrow().ok()? } else { day };
        let utc = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        utc.checked_sub(SignedDuration::from_mins(i64::from(offset_minutes))).ok()
    };
    let found = given.parse::<Date>().ok().and_then(begins);
    found.map(Some).ok_or_else(|| Refusal::Invalid(format!("\"{name}\" must be a valid date")))
}

/// POST `/v3/transactions/{transactionId}/finalize`
pub(super) fn finalize(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let mut store = sim.store();
    let serial = find(&store, call)?;
    let again = store.rules.repeated_finalize;
    let transaction = store.get_mut(serial, call.now).ok_or(Refusal::NO_LEASE)?;
    *transaction.calls.entry(call.endpoint.word()).or_default() += 1;
    if transaction.signed.is_none() {
        return Err(Refusal::rejected("the lease is not signed"));
    }
    if transaction.void || transaction.goods.gone() {
        return Err(Refusal::rejected("everything in it is canceled"));
    }
    match transaction.finalized {
        Some(_) if again == Again::Refuse => return Err(Refusal::rejected("it is finalized already")),
        Some(_) => {}
        None => {
            transaction.finalized = Some(call.now);
            transaction.note(call.now, "finalized");
        }
    }
    Ok(data(Json::object([
        ("transactionId", transaction.id().into()),
        ("loanNumber", transaction.number.as_str().into()),
        ("leaseNumber", transaction.number.as_str().into()),
    ])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_where_the_rules_say() {
        let at = |given: &str, offset, end| bound("d", Some(given), offset, end).unwrap().unwrap().to_string();
        assert_eq!(at("2026-11-21", 0, false), "2026-11-21T00:00:00Z");
        assert_eq!(at("2026-11-21", 0, true), "2026-11-22T00:00:00Z");
        assert_eq!(at("2026-11-21", -300, false), "2026-11-21T05:00:00Z");
        assert_eq!(at("2026-11-21T08:00:00Z", -300, true), "2026-11-21T08:00:00Z");
        assert!(bound("d", Some("yesterday"), 0, false).is_err() && bound("d", None, 0, false) == Ok(None));
    }
}
