//! Rows of observations: facts are written once; only the count of repeats grows.

use lendport_core::observation::{Claim, Grade, Observation, Source};
use lendport_core::{AttemptId, AttemptState, ObservationId, ProviderRef, Reason};
use rusqlite::{Connection, named_params, params};

use super::cell::LISTED_MAX;
use super::cell::{Cells, StoredId, money, time};
use super::fault::{Done, Fault};
use crate::change::ObservationRow;
use crate::details_json;
use crate::packed::short_key;

/// The latest facts of a checkout, oldest first, each with its repeats.
pub(crate) fn of(db: &Connection, checkout: i64) -> Done<Vec<(ObservationRow, u64)>> {
    let sql = "SELECT * FROM (SELECT * FROM observations WHERE checkout = ?1 ORDER BY pk DESC LIMIT ?2) ORDER BY pk";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![checkout, LISTED_MAX])?;
    let mut observations = Vec::new();
    while let Some(row) = rows.next()? {
        let cells = Cells::of::<ObservationId>("observations", row);
        let observation = Observation {
            id: cells.id("id")?,
            attempt: cells.id("attempt")?,
            grade: cells.word("grade", Grade::parse)?,
            source: cells.word("source", Source::parse)?,
            claim: claim(&cells)?,
            details: cells.word_opt("details", details_json::read)?.unwrap_or_default(),
            raw_status: cells.get("raw_status")?,
            reference: cells.get::<Option<String>>("reference")?.map(ProviderRef),
            dedupe_key: cells.key("dedupe_key")?,
            received_at: cells.time("received_at")?,
        };
        let (outcome, outcome_detail) = (cells.get("outcome")?, cells.get("outcome_detail")?);
        observations.push((ObservationRow { observation, outcome, outcome_detail }, cells.number("repeats")?));
    }
    Ok(observations)
}

fn claim(cells: &Cells<'_>) -> Done<Claim> {
    let kind: String = cells.get("claim")?;
    match kind.as_str() {
        "state" => Ok(Claim::State {
            state: cells.word("claim_state", AttemptState::parse)?,
            reason: cells.get::<Option<String>>("claim_reason")?.map(Reason),
        }),
        "refund" => Ok(Claim::Refund {
            amount: cells.money_opt("claim_amount")?,
            distinguishable: cells.get("claim_distinguishable")?,
        }),
        "unknown_status" => Ok(Claim::UnknownStatus),
        "nothing" => Ok(Claim::Nothing),
        _ => Err(cells.bad("claim", "not a known word")),
    }
}

/// An earlier fact with this key on this attempt, and its repeats.
pub(crate) fn seen(
    db: &Connection,
    checkout: i64,
    attempt: AttemptId,
    key: &str,
) -> Done<Option<(ObservationId, u64)>> {
    let sql = "SELECT id, repeats FROM observations WHERE checkout = ?1 AND attempt = ?2 AND dedupe_key = ?3";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![checkout, attempt.bytes(), short_key(key)])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let cells = Cells::of::<ObservationId>("observations", row);
    Ok(Some((cells.id("id")?, cells.number("repeats")?)))
}

/// How many facts changed nothing about this attempt or its amounts, and the latest of them.
pub(crate) fn idle(db: &Connection, checkout: i64, attempt: AttemptId) -> Done<Option<(u64, ObservationId)>> {
    // A bare column beside max() is that of the row with the maximum.
    let sql = "SELECT id, count(*) AS idle, max(pk) FROM observations
        WHERE checkout = ?1 AND attempt = ?2 AND outcome NOT IN ('moved', 'changed_amounts', 'changed') GROUP BY attempt";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![checkout, attempt.bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let cells = Cells::of::<ObservationId>("observations", row);
    Ok(Some((cells.number("idle")?, cells.id("id")?)))
}

/// True of a fact that changed nothing.
pub(crate) fn is_idle(outcome: &str) -> bool {
    !matches!(outcome, "moved" | "changed_amounts" | "changed")
}

/// Adds a fact.
pub(crate) fn insert(db: &Connection, checkout: i64, row: &ObservationRow) -> Done<()> {
    let observation = &row.observation;
    let (claim, state, reason, amount, distinguishable) = match &observation.claim {
        Claim::State { state, reason } => {
            ("state", Some(state.as_str()), reason.as_ref().map(|reason| &reason.0), None, None)
        }
        Claim::Refund { amount, distinguishable } => ("refund", None, None, amount.map(money), Some(*distinguishable)),
        Claim::UnknownStatus => ("unknown_status", None, None, None, None),
        Claim::Nothing => ("nothing", None, None, None, None),
    };
    db.prepare_cached(
        "INSERT INTO observations (id, checkout, attempt, grade, source, claim, claim_state, claim_reason,
            claim_amount, claim_distinguishable, raw_status, reference, dedupe_key, received_at, outcome,
            outcome_detail, repeats, details)
         VALUES (:id, :checkout, :attempt, :grade, :source, :claim, :claim_state, :claim_reason,
            :claim_amount, :claim_distinguishable, :raw_status, :reference, :dedupe_key, :received_at, :outcome,
            :outcome_detail, 0, :details)",
    )?
    .execute(named_params! {
        ":id": observation.id.bytes(),
        ":checkout": checkout,
        ":attempt": observation.attempt.bytes(),
        ":grade": observation.grade.as_str(),
        ":source": observation.source.as_str(),
        ":claim": claim,
        ":claim_state": state,
        ":claim_reason": reason,
        ":claim_amount": amount,
        ":claim_distinguishable": distinguishable,
        ":raw_status": observation.raw_status,
        ":reference": observation.reference.as_ref().map(|reference| &reference.0),
        ":dedupe_key": short_key(&observation.dedupe_key),
        ":received_at": time(observation.received_at),
        ":outcome": row.outcome,
        ":outcome_detail": row.outcome_detail,
        ":details": details_json::write(&observation.details)?,
    })?;
    Ok(())
}

/// Counts a fact that was told again.
pub(crate) fn repeat(db: &Connection, checkout: i64, id: ObservationId) -> Done<()> {
    let sql = "UPDATE observations SET repeats = repeats + 1 WHERE checkout = ?1 AND id = ?2";
    match db.prepare_cached(sql)?.execute(params![checkout, id.bytes()])? {
        1 => Ok(()),
        _ => Err(Fault::broken(format!("{id} is not an observation of this checkout"))),
    }
}
