//! Rows of movements: written once, never changed.

use lendport_core::{LedgerEntry, LedgerId, LedgerKind, LineUnits};
use tokio_postgres::Row;

use super::cell::{Cells, money};
use super::columns::Value;
use super::fault::Done;

/// The movements of these checkouts, oldest first.
pub(crate) const OF: &str = "SELECT l.checkout, l.id, l.attempt, l.kind, l.amount, l.pending, l.observation, \
     l.recorded_at, l.line, l.units FROM unnest($1::bigint[], $2::uuid[]) AS asked (tenant, id) \
     JOIN checkouts c ON c.tenant = asked.tenant AND c.id = asked.id \
     JOIN ledger l ON l.checkout = c.pk ORDER BY l.checkout, l.id";

/// Adds movements.
pub(crate) const INSERT: &str = "INSERT INTO ledger (checkout, id, attempt, kind, amount, pending, observation, \
     recorded_at, line, units) SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bool[], \
     $7::uuid[], $8::timestamptz[], $9::uuid[], $10::bigint[])";

/// Rebuilds a row of [`OF`].
pub(crate) fn rebuild(row: &Row) -> Done<LedgerEntry> {
    let cells = Cells::of::<LedgerId>("ledger", row);
    let (line, units) = (cells.id_opt("line")?, cells.get::<Option<i64>>("units")?);
    let quantity = units.and_then(|units| u32::try_from(units).ok());
    Ok(LedgerEntry {
        id: cells.id("id")?,
        attempt: cells.id("attempt")?,
        kind: cells.word("kind", LedgerKind::parse)?,
        amount: cells.money("amount")?,
        units: line.zip(quantity).map(|(line, quantity)| LineUnits { line, quantity }),
        pending: cells.get("pending")?,
        observation: cells.id("observation")?,
        recorded_at: cells.time("recorded_at")?,
    })
}

/// A movement, for [`INSERT`].
pub(crate) fn row<'a>(checkout: i64, entry: &LedgerEntry) -> [Value<'a>; 10] {
    [
        checkout.into(),
        entry.id.uuid().into(),
        entry.attempt.uuid().into(),
        entry.kind.as_str().into(),
        money(entry.amount).into(),
        entry.pending.into(),
        entry.observation.uuid().into(),
        entry.recorded_at.into(),
        entry.units.map(|units| units.line.uuid()).into(),
        entry.units.map(|units| i64::from(units.quantity)).into(),
    ]
}
