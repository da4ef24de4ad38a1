//! Rows of sweeps and of the marks that lists show attempts by.

use jiff::Timestamp;
use lendport_core::{AttemptId, CheckoutId, MerchantId};
use tokio_postgres::Row;

use super::cell::Cells;
use super::connection::{Db, Statements as _};
use super::fault::{Done, Failure};
use super::tenant_rows::tenant_of;
use crate::store::{Located, WorkAsk};
use crate::sweep::{Marked, SweepEntry, SweepMark, SweepNext, SweepTurn};
use crate::tenant::Tenant;

/// Writes marks of an attempt that is there. Says 0 when it is not.
pub(crate) const PUT: &str = "WITH known AS (
        SELECT c.pk FROM checkouts c WHERE c.tenant = $1::bigint AND c.id = $2::uuid),
    put AS (
        INSERT INTO sweep_marks (mark, checkout, attempt, put_at)
        SELECT mark, known.pk, $3::uuid, $4::timestamptz FROM known CROSS JOIN unnest($5::bytea[]) AS asked (mark)
        ON CONFLICT DO NOTHING)
    INSERT INTO sweeps (merchant, mode, provider, wanted_until, next_at)
    SELECT $6::uuid, $7::text, $8::text, $9::timestamptz, $4::timestamptz FROM known
    ON CONFLICT (merchant, mode, provider)
    DO UPDATE SET wanted_until = GREATEST(sweeps.wanted_until, excluded.wanted_until)";

/// The same where the account's list is read for long enough anyway, so that its row is not written by every attempt.
pub(crate) const PUT_MARKS: &str = "WITH wanted AS (
        SELECT FROM sweeps WHERE merchant = $6::uuid AND mode = $7::text AND provider = $8::text AND wanted_until >= $9::timestamptz),
    known AS (
        SELECT c.pk FROM checkouts c WHERE c.tenant = $1::bigint AND c.id = $2::uuid AND EXISTS (SELECT FROM wanted))
    INSERT INTO sweep_marks (mark, checkout, attempt, put_at)
    SELECT mark, known.pk, $3::uuid, $4::timestamptz FROM known CROSS JOIN unnest($5::bytea[]) AS asked (mark)
    ON CONFLICT (mark, checkout, attempt) DO UPDATE SET put_at = sweep_marks.put_at";

/// Writes marks, and has the account's list read for long enough. What is there already stays.
pub(crate) async fn put(db: &Db, number: i64, entry: &SweepEntry) -> Done<()> {
    let marks: Vec<&[u8]> = entry.marks.iter().map(|mark| mark.0.as_slice()).collect();
    let (mode, provider) = (entry.tenant.mode.as_str(), entry.provider.as_str());
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 9] = [
        &number,
        &entry.checkout.uuid(),
        &entry.attempt.uuid(),
        &entry.now,
        &marks,
        &entry.tenant.merchant.uuid(),
        &mode,
        &provider,
        &entry.until,
    ];
    if db.write(PUT_MARKS, &values).await? > 0 || db.write(PUT, &values).await? > 0 {
        return Ok(());
    }
    Err(Failure::broken(format!("{} is not a checkout of this tenant", entry.checkout)))
}

/// The tenant's attempts that have one of these marks and wait for a customer, what was canceled here and is watched among
/// them.
pub(crate) const MARKED: &str = "SELECT c.id, t.merchant, t.mode, a.id AS attempt, a.created_at, m.mark
    FROM unnest($2::bytea[]) AS asked (mark)
    JOIN sweep_marks m ON m.mark = asked.mark
    JOIN attempts a ON a.checkout = m.checkout AND a.id = m.attempt
    JOIN checkouts c ON c.pk = m.checkout JOIN tenants t ON t.pk = c.tenant
    WHERE c.tenant = $1 AND a.poll_at IS NOT NULL
      AND a.state IN ('initiating', 'indeterminate', 'awaiting_customer', 'under_review', 'preapproved', 'canceled', 'expired')";

/// Asks [`MARKED`].
pub(crate) async fn marked(db: &Db, tenant: Tenant, number: i64, marks: &[SweepMark]) -> Done<Vec<Marked>> {
    let asked: Vec<&[u8]> = marks.iter().map(|mark| mark.0.as_slice()).collect();
    let rows = db.rows(MARKED, &[&number, &asked]).await?;
    let read = |row: &Row| -> Done<Marked> {
        let cells = Cells::of::<CheckoutId>("checkouts", row);
        let bytes: &[u8] = row.try_get("mark")?;
        let mark = bytes.try_into().map_err(|_| cells.bad("mark", "not a digest"))?;
        let attempt = Some(cells.id::<AttemptId>("attempt")?);
        let found = Located { tenant, checkout: cells.id("id")?, attempt };
        Ok(Marked { mark: SweepMark(mark), found, created_at: cells.time("created_at")? })
    };
    rows.iter().map(read).collect()
}

/// Takes the list that has waited longest; one that another worker is just taking is passed over.
pub(crate) const TAKE: &str = "WITH due AS MATERIALIZED (
        SELECT merchant, mode, provider FROM sweeps
        WHERE next_at <= $1 AND wanted_until > $1 AND (taken_until IS NULL OR taken_until <= $1)
        ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    UPDATE sweeps s SET taken_until = $2 FROM due
    WHERE s.merchant = due.merchant AND s.mode = due.mode AND s.provider = due.provider
    RETURNING s.merchant, s.mode, s.provider, s.since, s.cursor, s.taken_until";

/// Asks [`TAKE`].
pub(crate) async fn take(db: &Db, ask: WorkAsk) -> Done<Option<SweepTurn>> {
    let Some(row) = db.row(TAKE, &[&ask.now, &ask.until]).await? else { return Ok(None) };
    let cells = Cells::of::<MerchantId>("sweeps", &row);
    Ok(Some(SweepTurn {
        tenant: tenant_of(&cells)?,
        provider: cells.provider("provider")?,
        since: cells.time_opt("since")?,
        cursor: cells.get("cursor")?,
        taken_until: cells.time("taken_until")?,
    }))
}

/// Ends a turn that was not taken over meanwhile.
pub(crate) const END: &str = "UPDATE sweeps SET next_at = $5, since = $6, cursor = $7, taken_until = NULL
    WHERE merchant = $1 AND mode = $2 AND provider = $3 AND taken_until = $4";

/// Asks [`END`]. False when it was taken over: nothing is written then. A repetition after a lost line says false too, and the
/// reading goes on from where this turn left it.
pub(crate) async fn end(db: &Db, turn: &SweepTurn, next: &SweepNext) -> Done<bool> {
    let (since, cursor) = next.going_on.clone().map_or((None, None), |(since, cursor)| (Some(since), cursor));
    let (mode, provider) = (turn.tenant.mode.as_str(), turn.provider.as_str());
    let merchant = turn.tenant.merchant.uuid();
    Ok(db.write(END, &[&merchant, &mode, &provider, &turn.taken_until, &next.at, &since, &cursor]).await? == 1)
}

/// Deletes marks past their time.
pub(crate) const TRIM: &str = "DELETE FROM sweep_marks m USING (
        SELECT mark, checkout, attempt FROM sweep_marks WHERE put_at < $1 ORDER BY put_at LIMIT $2) old
    WHERE m.mark = old.mark AND m.checkout = old.checkout AND m.attempt = old.attempt";

/// Deletes marks that were put before this, a batch at a time; says how many.
pub(crate) async fn trim(db: &Db, before: Timestamp, batch: u32) -> Done<u64> {
    db.write(TRIM, &[&before, &i64::from(batch)]).await
}
