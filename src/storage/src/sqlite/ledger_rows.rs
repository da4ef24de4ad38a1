//! Rows of movements: written once, never changed.

use lendport_core::{LedgerEntry, LedgerId, LedgerKind, LineUnits};
use rusqlite::{Connection, params};

use super::cell::{Cells, StoredId as _, money, time};
use super::fault::Done;

/// The movements of a checkout, oldest first.
pub(crate) fn of(db: &Connection, checkout: i64) -> Done<Vec<LedgerEntry>> {
    let mut statement = db.prepare_cached("SELECT * FROM ledger WHERE checkout = ?1 ORDER BY id")?;
    let mut rows = statement.query([checkout])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let cells = Cells::of::<LedgerId>("ledger", row);
        entries.push(LedgerEntry {
            id: cells.id("id")?,
            attempt: cells.id("attempt")?,
            kind: cells.word("kind", LedgerKind::parse)?,
            amount: cells.money("amount")?,
            units: units(&cells)?,
            pending: cells.get("pending")?,
            observation: cells.id("observation")?,
            recorded_at: cells.time("recorded_at")?,
        });
    }
    Ok(entries)
}

/// Adds a movement.
pub(crate) fn insert(db: &Connection, checkout: i64, entry: &LedgerEntry) -> Done<()> {
    db.prepare_cached(
        "INSERT INTO ledger (checkout, id, attempt, kind, amount, pending, observation, recorded_at, line, units)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        checkout,
        entry.id.bytes(),
        entry.attempt.bytes(),
        entry.kind.as_str(),
        money(entry.amount),
        entry.pending,
        entry.observation.bytes(),
        time(entry.recorded_at),
        entry.units.map(|units| units.line.bytes()),
        entry.units.map(|units| units.quantity),
    ])?;
    Ok(())
}

fn units(cells: &Cells<'_>) -> Done<Option<LineUnits>> {
    let (line, quantity) = (cells.id_opt("line")?, cells.get::<Option<u32>>("units")?);
    Ok(line.zip(quantity).map(|(line, quantity)| LineUnits { line, quantity }))
}
