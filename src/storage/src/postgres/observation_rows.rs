//! Rows of observations: facts are written once; only the count of repeats grows.

use lendport_core::observation::{Claim, Grade, Observation, Source};
use lendport_core::{AttemptState, ObservationId, ProviderRef, Reason};
use tokio_postgres::Row;

use super::cell::{Cells, money};
use super::columns::Value;
use super::fault::Done;
use crate::change::ObservationRow;
use crate::details_json;

/// The latest facts of a checkout, oldest first, each with its repeats.
pub(crate) const OF: &str = "SELECT * FROM (SELECT pk, id, attempt, grade, source, claim, claim_state, claim_reason, \
     claim_amount, claim_distinguishable, raw_status, reference, dedupe_key, received_at, outcome, outcome_detail, \
     repeats, details FROM observations WHERE checkout = $1 ORDER BY pk DESC LIMIT $2) latest ORDER BY pk";

/// Earlier facts with these keys on these attempts, and their repeats.
pub(crate) const SEEN: &str = "SELECT c.tenant, c.id AS checkout_id, o.id, o.repeats \
     FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::text[]) AS asked (tenant, checkout, attempt, dedupe_key) \
     JOIN checkouts c ON c.tenant = asked.tenant AND c.id = asked.checkout \
     JOIN observations o ON o.checkout = c.pk AND o.attempt = asked.attempt AND o.dedupe_key = asked.dedupe_key";

/// How many facts changed nothing about these attempts or their amounts, and the latest of them.
pub(crate) const IDLE: &str = "SELECT c.tenant, c.id AS checkout_id, count(*) AS idle, \
     (array_agg(o.id ORDER BY o.pk DESC))[1] AS id \
     FROM unnest($1::bigint[], $2::uuid[], $3::uuid[]) AS asked (tenant, checkout, attempt) \
     JOIN checkouts c ON c.tenant = asked.tenant AND c.id = asked.checkout \
     JOIN observations o ON o.checkout = c.pk AND o.attempt = asked.attempt \
     WHERE o.outcome NOT IN ('moved', 'changed_amounts', 'changed') GROUP BY c.tenant, c.id";

/// Adds facts.
pub(crate) const INSERT: &str = "INSERT INTO observations (id, checkout, attempt, grade, source, claim, claim_state, \
     claim_reason, claim_amount, claim_distinguishable, raw_status, reference, dedupe_key, received_at, outcome, \
     outcome_detail, details, repeats) \
     SELECT n.*, 0 FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], \
     $8::text[], $9::text[], $10::bool[], $11::text[], $12::text[], $13::text[], $14::timestamptz[], $15::text[], \
     $16::text[], $17::text[]) AS n";

/// Counts facts that were told again. Where one of them is not there, the division takes the transaction back.
pub(crate) const REPEAT: &str = "WITH counted AS (UPDATE observations SET repeats = repeats + 1 \
     FROM unnest($1::bigint[], $2::uuid[]) AS n (checkout, id) \
     WHERE observations.checkout = n.checkout AND observations.id = n.id RETURNING 1) \
     SELECT 1 / (count(*) = cardinality($2))::int FROM counted";

/// Rebuilds a row of [`OF`].
pub(crate) fn rebuild(row: &Row) -> Done<(ObservationRow, u64)> {
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
        dedupe_key: cells.get("dedupe_key")?,
        received_at: cells.time("received_at")?,
    };
    let (outcome, outcome_detail) = (cells.get("outcome")?, cells.get("outcome_detail")?);
    Ok((ObservationRow { observation, outcome, outcome_detail }, cells.number("repeats")?))
}

fn claim(cells: &Cells<'_>) -> Done<Claim> {
    match cells.get::<&str>("claim")? {
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
        _ => Err(cells.bad("claim", "not a known word").into()),
    }
}

/// A fact, for [`INSERT`].
pub(crate) fn row(checkout: i64, row: &ObservationRow) -> Done<[Value<'_>; 17]> {
    let observation = &row.observation;
    let (claim, state, reason, amount, distinguishable) = match &observation.claim {
        Claim::State { state, reason } => {
            ("state", Some(state.as_str()), reason.as_ref().map(|reason| reason.0.as_str()), None, None)
        }
        Claim::Refund { amount, distinguishable } => ("refund", None, None, amount.map(money), Some(*distinguishable)),
        Claim::UnknownStatus => ("unknown_status", None, None, None, None),
        Claim::Nothing => ("nothing", None, None, None, None),
    };
    Ok([
        observation.id.uuid().into(),
        checkout.into(),
        observation.attempt.uuid().into(),
        observation.grade.as_str().into(),
        observation.source.as_str().into(),
        claim.into(),
        state.into(),
        reason.into(),
        amount.into(),
        distinguishable.into(),
        observation.raw_status.as_deref().into(),
        observation.reference.as_ref().map(|reference| reference.0.as_str()).into(),
        observation.dedupe_key.as_str().into(),
        observation.received_at.into(),
        row.outcome.as_str().into(),
        row.outcome_detail.as_deref().into(),
        details_json::write(&observation.details)?.into(),
    ])
}
