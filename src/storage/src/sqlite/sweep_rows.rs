//! Rows of sweeps and of the marks that lists show attempts by.

use jiff::Timestamp;
use lendport_core::{AttemptId, CheckoutId, MerchantId, Mode};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::cell::{Cells, StoredId as _, time};
use super::checkout_rows;
use super::fault::{Done, Fault};
use crate::store::{Located, WorkAsk};
use crate::sweep::{Marked, SweepEntry, SweepMark, SweepNext, SweepTurn};
use crate::tenant::Tenant;

/// Writes marks, and has the account's list read for long enough. What is there already stays.
pub(crate) fn put(db: &Connection, entry: &SweepEntry) -> Done<()> {
    let Some(checkout) = checkout_rows::key_of(db, entry.tenant, entry.checkout)? else {
        return Err(Fault::broken(format!("{} is not a checkout of this tenant", entry.checkout)));
    };
    for mark in &entry.marks {
        db.prepare_cached(
            "INSERT INTO sweep_marks (mark, checkout, attempt, put_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        )?
        .execute(params![mark.0, checkout, entry.attempt.bytes(), time(entry.now)])?;
    }
    db.prepare_cached(
        "INSERT INTO sweeps (merchant, mode, provider, wanted_until, next_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET wanted_until = excluded.wanted_until
         WHERE sweeps.wanted_until < excluded.wanted_until",
    )?
    .execute(params![
        entry.tenant.merchant.bytes(),
        entry.tenant.mode.as_str(),
        entry.provider.as_str(),
        time(entry.until),
        time(entry.now)
    ])?;
    Ok(())
}

/// The tenant's attempts that have one of these marks and wait for a customer, what was canceled here and is watched among
/// them.
pub(crate) fn marked(db: &Connection, tenant: Tenant, marks: &[SweepMark]) -> Done<Vec<Marked>> {
    let mut found = Vec::new();
    let mut statement = db.prepare_cached(
        "SELECT c.id AS id, c.merchant, c.mode, a.id AS attempt, a.created_at
         FROM sweep_marks m JOIN attempts a ON a.checkout = m.checkout AND a.id = m.attempt
         JOIN checkouts c ON c.pk = m.checkout
         WHERE m.mark = ?1 AND c.merchant = ?2 AND c.mode = ?3 AND a.poll_at IS NOT NULL
           AND a.state IN ('initiating', 'indeterminate', 'awaiting_customer', 'under_review', 'preapproved', 'canceled', 'expired')",
    )?;
    for mark in marks {
        let mut rows = statement.query(params![mark.0, tenant.merchant.bytes(), tenant.mode.as_str()])?;
        while let Some(row) = rows.next()? {
            let cells = Cells::of::<CheckoutId>("checkouts", row);
            let attempt = Some(cells.id::<AttemptId>("attempt")?);
            let located = Located { tenant, checkout: cells.id("id")?, attempt };
            found.push(Marked { mark: *mark, found: located, created_at: cells.time("created_at")? });
        }
    }
    Ok(found)
}

/// True when a list waits to be read.
pub(crate) fn is_due(db: &Connection, now: Timestamp) -> Done<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sweeps
        WHERE next_at <= ?1 AND wanted_until > ?1 AND (taken_until IS NULL OR taken_until <= ?1))";
    Ok(db.prepare_cached(sql)?.query_row([time(now)], |row| row.get(0))?)
}

/// Takes the list that has waited longest.
pub(crate) fn take(db: &Connection, ask: WorkAsk) -> Done<Option<SweepTurn>> {
    let sql = "UPDATE sweeps SET taken_until = ?2 WHERE (merchant, mode, provider) IN (
            SELECT merchant, mode, provider FROM sweeps
            WHERE next_at <= ?1 AND wanted_until > ?1 AND (taken_until IS NULL OR taken_until <= ?1)
            ORDER BY next_at LIMIT 1)
        RETURNING merchant, mode, provider, since, cursor, taken_until";
    let read = |row: &rusqlite::Row<'_>| -> Done<SweepTurn> {
        let cells = Cells::of::<MerchantId>("sweeps", row);
        Ok(SweepTurn {
            tenant: Tenant { merchant: cells.id("merchant")?, mode: cells.word("mode", Mode::parse)? },
            provider: cells.provider("provider")?,
            since: cells.time_opt("since")?,
            cursor: cells.get("cursor")?,
            taken_until: cells.time("taken_until")?,
        })
    };
    let mut statement = db.prepare_cached(sql)?;
    let found = statement.query_row(params![time(ask.now), time(ask.until)], |row| Ok(read(row))).optional()?;
    found.transpose()
}

/// Ends a turn. False when it was taken over meanwhile: nothing is written then.
pub(crate) fn end(db: &Connection, turn: &SweepTurn, next: &SweepNext) -> Done<bool> {
    let (since, cursor) = next.going_on.clone().map_or((None, None), |(since, cursor)| (Some(time(since)), cursor));
    let written = db
        .prepare_cached(
            "UPDATE sweeps SET next_at = ?5, since = ?6, cursor = ?7, taken_until = NULL
             WHERE merchant = ?1 AND mode = ?2 AND provider = ?3 AND taken_until = ?4",
        )?
        .execute(params![
            turn.tenant.merchant.bytes(),
            turn.tenant.mode.as_str(),
            turn.provider.as_str(),
            time(turn.taken_until),
            time(next.at),
            since,
            cursor
        ])?;
    Ok(written == 1)
}

/// Deletes marks that were put before this, a batch at a time; says how many.
pub(crate) fn trim(db: &Connection, before: Timestamp, batch: u32) -> Done<u64> {
    let deleted = db
        .prepare_cached(
            "DELETE FROM sweep_marks WHERE (mark, checkout, attempt) IN (
                SELECT mark, checkout, attempt FROM sweep_marks INDEXED BY sweep_marks_by_age
                WHERE put_at < ?1 ORDER BY put_at LIMIT ?2)",
        )?
        .execute(params![time(before), batch])?;
    Ok(u64::try_from(deleted).unwrap_or(u64::from(batch)))
}
