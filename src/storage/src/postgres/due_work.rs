//! Work that is due, taken for a time so that replicas share it; rows that another one is just taking are passed over.
//!
//! Where everything that is due fits into one answer, and into each one's share of it, it is taken by age. Where it does not,
//! merchants take turns: each that has something due, and room for it, gets one row before any gets a second, beginning after
//! the one that was served last. However many rows one of them has due, the next row of another is among the first to be
//! taken, as long as no more merchants have something due than one answer holds; beyond that it takes as many answers as it
//! takes to go round.

use std::sync::atomic::{AtomicI64, Ordering};

use lendport_core::{AttemptId, CheckoutId};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::cell::Cells;
use super::connection::{Db, Statements as _};
use super::fault::Done;
use super::tenant_rows::tenant_of;
use crate::store::{FairAsk, Located};

/// The tenants that were served last, by this process.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// For deadlines.
    pub(crate) expiry: AtomicI64,
    /// For looks.
    pub(crate) polls: AtomicI64,
}

/// One kind of work: how much of it is due, and the two ways of taking it. What is one tenant's is asked for by comparing
/// pairs: only the index of both columns answers that, whatever the planner believes. Whoever has nothing due but what others
/// took takes no turn, so that what they took hides nobody.
pub(crate) struct Kind {
    /// Counts what is due, up to a number: `$1` the moment, `$2` the number.
    pub(crate) waiting: &'static str,
    /// Takes by age: `$1` the moment, `$2` until when it is taken, `$3` how many.
    pub(crate) by_age: &'static str,
    /// Takes in turns: the same, `$4` the tenant that was served last, `$5` to `$7` those with a room of their own, and `$8`
    /// that of each other one.
    pub(crate) in_turns: &'static str,
}

/// Checkouts past their deadline in a status that a timer may end. The words are those of the partial indexes.
pub(crate) const OVERDUE: Kind = Kind {
    waiting: "SELECT count(*) FROM (SELECT FROM checkouts
        WHERE status IN ('requires_customer_action', 'under_review', 'preapproved', 'open')
          AND expires_at <= $1 AND (expiry_taken_until IS NULL OR expiry_taken_until <= $1)
        ORDER BY expires_at LIMIT $2) found",
    by_age: "WITH due AS MATERIALIZED (
        SELECT pk, expires_at FROM checkouts
        WHERE status IN ('requires_customer_action', 'under_review', 'preapproved', 'open')
          AND expires_at <= $1
          AND (expiry_taken_until IS NULL OR expiry_taken_until <= $1)
        ORDER BY expires_at LIMIT $3 FOR UPDATE SKIP LOCKED),
    taken AS (
        UPDATE checkouts SET expiry_taken_until = $2 FROM due WHERE checkouts.pk = due.pk
        RETURNING checkouts.id, checkouts.tenant, due.expires_at)
    SELECT taken.id, t.merchant, t.mode, NULL::uuid AS attempt FROM taken
    JOIN tenants t ON t.pk = taken.tenant ORDER BY taken.expires_at",
    in_turns: "WITH RECURSIVE with_work (tenant, first) AS (
        (SELECT tenant, expires_at FROM checkouts
            WHERE status IN ('requires_customer_action', 'under_review', 'preapproved', 'open') AND tenant >= 0
            ORDER BY tenant, expires_at LIMIT 1)
        UNION ALL
        SELECT next.tenant, next.expires_at FROM with_work CROSS JOIN LATERAL (
            SELECT tenant, expires_at FROM checkouts
            WHERE status IN ('requires_customer_action', 'under_review', 'preapproved', 'open')
                AND tenant > with_work.tenant
            ORDER BY tenant, expires_at LIMIT 1) next),
    busy AS MATERIALIZED (
        SELECT known.pk, told.room FROM unnest($5::uuid[], $6::text[], $7::bigint[]) told (merchant, mode, room)
        CROSS JOIN LATERAL (SELECT pk FROM tenants WHERE merchant = told.merchant AND mode = told.mode OFFSET 0) known),
    open AS MATERIALIZED (
        SELECT tenant, COALESCE(room, $8::bigint) AS room,
            row_number() OVER (ORDER BY tenant <= $4::bigint, tenant) AS place
        FROM with_work LEFT JOIN busy ON pk = tenant
        CROSS JOIN LATERAL (SELECT FROM checkouts
            WHERE status IN ('requires_customer_action', 'under_review', 'preapproved', 'open')
                AND (tenant, expires_at) >= (with_work.tenant, '-infinity')
                AND (tenant, expires_at) <= (with_work.tenant, $1)
                AND (expiry_taken_until IS NULL OR expiry_taken_until <= $1)
            ORDER BY tenant, expires_at LIMIT 1) free
        WHERE first <= $1 AND COALESCE(room, $8::bigint) > 0 ORDER BY place LIMIT $3),
    turns AS MATERIALIZED (
        SELECT found.pk, found.round, open.place FROM open CROSS JOIN LATERAL (
            SELECT pk, row_number() OVER (ORDER BY tenant, expires_at) AS round FROM checkouts
            WHERE status IN ('requires_customer_action', 'under_review', 'preapproved', 'open')
                AND (tenant, expires_at) >= (open.tenant, '-infinity') AND (tenant, expires_at) <= (open.tenant, $1)
                AND (expiry_taken_until IS NULL OR expiry_taken_until <= $1)
            ORDER BY tenant, expires_at LIMIT LEAST($3, open.room)) found
        ORDER BY found.round, open.place LIMIT $3),
    due AS MATERIALIZED (
        SELECT held.pk, turns.round, turns.place FROM turns CROSS JOIN LATERAL (
            SELECT pk FROM checkouts
            WHERE checkouts.pk = turns.pk AND (expiry_taken_until IS NULL OR expiry_taken_until <= $1)
            LIMIT 1 FOR UPDATE SKIP LOCKED) held),
    taken AS (
        UPDATE checkouts SET expiry_taken_until = $2 FROM due WHERE checkouts.pk = due.pk
        RETURNING checkouts.id, checkouts.tenant, due.round, due.place)
    SELECT taken.id, t.merchant, t.mode, NULL::uuid AS attempt, taken.tenant AS turn, taken.round FROM taken
    JOIN tenants t ON t.pk = taken.tenant ORDER BY taken.round, taken.place",
};

/// Attempts whose provider is to be asked.
pub(crate) const TO_POLL: Kind = Kind {
    waiting: "SELECT count(*) FROM (SELECT FROM attempts
        WHERE poll_at IS NOT NULL AND poll_at <= $1 AND (poll_taken_until IS NULL OR poll_taken_until <= $1)
        ORDER BY poll_at LIMIT $2) found",
    by_age: "WITH due AS MATERIALIZED (
        SELECT checkout, number, poll_at FROM attempts
        WHERE poll_at IS NOT NULL AND poll_at <= $1
          AND (poll_taken_until IS NULL OR poll_taken_until <= $1)
        ORDER BY poll_at LIMIT $3 FOR UPDATE SKIP LOCKED),
    taken AS (
        UPDATE attempts SET poll_taken_until = $2 FROM due
        WHERE attempts.checkout = due.checkout AND attempts.number = due.number
        RETURNING attempts.id, attempts.checkout, due.poll_at)
    SELECT c.id, t.merchant, t.mode, taken.id AS attempt FROM taken
    JOIN checkouts c ON c.pk = taken.checkout JOIN tenants t ON t.pk = c.tenant ORDER BY taken.poll_at",
    in_turns: "WITH RECURSIVE with_work (tenant, first) AS (
        (SELECT tenant, poll_at FROM attempts WHERE poll_at IS NOT NULL AND tenant >= 0
            ORDER BY tenant, poll_at LIMIT 1)
        UNION ALL
        SELECT next.tenant, next.poll_at FROM with_work CROSS JOIN LATERAL (
            SELECT tenant, poll_at FROM attempts WHERE poll_at IS NOT NULL AND tenant > with_work.tenant
            ORDER BY tenant, poll_at LIMIT 1) next),
    busy AS MATERIALIZED (
        SELECT known.pk, told.room FROM unnest($5::uuid[], $6::text[], $7::bigint[]) told (merchant, mode, room)
        CROSS JOIN LATERAL (SELECT pk FROM tenants WHERE merchant = told.merchant AND mode = told.mode OFFSET 0) known),
    open AS MATERIALIZED (
        SELECT tenant, COALESCE(room, $8::bigint) AS room,
            row_number() OVER (ORDER BY tenant <= $4::bigint, tenant) AS place
        FROM with_work LEFT JOIN busy ON pk = tenant
        CROSS JOIN LATERAL (SELECT FROM attempts
            WHERE poll_at IS NOT NULL
                AND (tenant, poll_at) >= (with_work.tenant, '-infinity') AND (tenant, poll_at) <= (with_work.tenant, $1)
                AND (poll_taken_until IS NULL OR poll_taken_until <= $1)
            ORDER BY tenant, poll_at LIMIT 1) free
        WHERE first <= $1 AND COALESCE(room, $8::bigint) > 0 ORDER BY place LIMIT $3),
    turns AS MATERIALIZED (
        SELECT found.checkout, found.number, found.round, open.place FROM open CROSS JOIN LATERAL (
            SELECT checkout, number, row_number() OVER (ORDER BY tenant, poll_at) AS round FROM attempts
            WHERE poll_at IS NOT NULL
                AND (tenant, poll_at) >= (open.tenant, '-infinity') AND (tenant, poll_at) <= (open.tenant, $1)
                AND (poll_taken_until IS NULL OR poll_taken_until <= $1)
            ORDER BY tenant, poll_at LIMIT LEAST($3, open.room)) found
        ORDER BY found.round, open.place LIMIT $3),
    due AS MATERIALIZED (
        SELECT held.checkout, held.number, turns.round, turns.place FROM turns CROSS JOIN LATERAL (
            SELECT checkout, number FROM attempts
            WHERE attempts.checkout = turns.checkout AND attempts.number = turns.number
                AND poll_at <= $1 AND (poll_taken_until IS NULL OR poll_taken_until <= $1)
            LIMIT 1 FOR UPDATE SKIP LOCKED) held),
    taken AS (
        UPDATE attempts SET poll_taken_until = $2 FROM due
        WHERE attempts.checkout = due.checkout AND attempts.number = due.number
        RETURNING attempts.id, attempts.checkout, attempts.tenant, due.round, due.place)
    SELECT c.id, t.merchant, t.mode, taken.id AS attempt, taken.tenant AS turn, taken.round FROM taken
    JOIN checkouts c ON c.pk = taken.checkout JOIN tenants t ON t.pk = c.tenant ORDER BY taken.round, taken.place",
};

/// Takes work of a kind.
pub(crate) async fn take(db: &Db, kind: &Kind, ask: &FairAsk, turn: &AtomicI64) -> Done<Vec<Located>> {
    let (limit, harmless) = (i64::from(ask.work.limit), i64::from(ask.harmless()));
    let waiting = db.row(kind.waiting, &[&ask.work.now, &(harmless + 1)]).await?;
    let waiting: i64 = waiting.map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
    if waiting <= harmless {
        let rows = db.rows(kind.by_age, &[&ask.work.now, &ask.work.until, &limit]).await?;
        return rows.iter().map(rebuild).collect();
    }
    let last = turn.load(Ordering::Relaxed);
    let merchants: Vec<Uuid> = ask.rooms.iter().map(|(tenant, _)| tenant.merchant.uuid()).collect();
    let modes: Vec<&str> = ask.rooms.iter().map(|(tenant, _)| tenant.mode.as_str()).collect();
    let rooms: Vec<i64> = ask.rooms.iter().map(|(_, room)| i64::from(*room)).collect();
    let each = i64::from(ask.each);
    let values: [&(dyn ToSql + Sync); 8] =
        [&ask.work.now, &ask.work.until, &limit, &last, &merchants, &modes, &rooms, &each];
    let rows = db.rows(kind.in_turns, &values).await?;
    for row in &rows {
        if row.try_get::<_, i64>("round")? == 1 {
            turn.store(row.try_get("turn")?, Ordering::Relaxed);
        }
    }
    rows.iter().map(rebuild).collect()
}

/// A row with a column `attempt`, empty where the question was about the checkout.
fn rebuild(row: &Row) -> Done<Located> {
    let cells = Cells::of::<CheckoutId>("checkouts", row);
    Ok(Located {
        tenant: tenant_of(&cells)?,
        checkout: cells.id("id")?,
        attempt: cells.id_opt::<AttemptId>("attempt")?,
    })
}
