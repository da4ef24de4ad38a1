//! Whose something is, where the question comes without a tenant: tokens in URLs, and work that is due. Work is taken
//! for a time, so that replicas share it; rows that another one is just taking are passed over.

use std::collections::HashMap;

use lendport_core::{AttemptId, CheckoutId, OperationId};
use tokio_postgres::Row;

use super::attempt_rows::{self, columns};
use super::cell::Cells;
use super::connection::{Db, Statements as _};
use super::fault::Done;
use super::operation_rows;
use super::tenant_rows::tenant_of;
use crate::error::StoreError;
use crate::store::{Addressee, InterruptedCall, Located, WorkAsk};
use crate::vault::Vault;

/// A row with a column `attempt`, empty where the question was about the checkout.
fn rebuild(row: &Row) -> Done<Located> {
    let cells = Cells::of::<CheckoutId>("checkouts", row);
    Ok(Located {
        tenant: tenant_of(&cells)?,
        checkout: cells.id("id")?,
        attempt: cells.id_opt::<AttemptId>("attempt")?,
    })
}

/// Whose callback addresses these are.
pub(crate) const CALLBACK: &str = concat!(
    "SELECT ",
    columns!(),
    ", c.id AS checkout_id, t.merchant, t.mode FROM unnest($1::bytea[], $2::text[]) AS asked (digest, provider) \
     JOIN attempts a ON a.callback_digest = asked.digest AND a.provider = asked.provider \
     JOIN checkouts c ON c.pk = a.checkout JOIN tenants t ON t.pk = c.tenant"
);

/// The attempts whose callback addresses these are, by digest and provider. One that cannot be read keeps no other back.
pub(crate) async fn callbacks(db: &Db, asked: &[(&[u8], &str)]) -> Done<Vec<Result<Option<Addressee>, StoreError>>> {
    let (digests, providers): (Vec<&[u8]>, Vec<&str>) = asked.iter().copied().unzip();
    let rows = db.rows(CALLBACK, &[&digests, &providers]).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        found.insert((row.try_get::<_, &[u8]>("callback_digest")?, row.try_get::<_, &str>("provider")?), row);
    }
    let read = |row: &Row| -> Done<Addressee> {
        let cells = Cells::of::<AttemptId>("attempts", row);
        let attempt = attempt_rows::rebuild(row, cells.id("checkout_id")?)?;
        Ok(Addressee { tenant: tenant_of(&cells)?, attempt })
    };
    let answer = |key| found.get(key).map(|row| read(row)).transpose().map_err(StoreError::from);
    Ok(asked.iter().map(answer).collect())
}

/// Takes checkouts that are overdue. The words are those of the partial index.
pub(crate) const DUE: &str = "WITH due AS MATERIALIZED (
        SELECT pk, expires_at FROM checkouts
        WHERE status IN ('requires_customer_action', 'under_review', 'preapproved', 'open')
          AND expires_at <= $1
          AND (expiry_taken_until IS NULL OR expiry_taken_until <= $1)
        ORDER BY expires_at LIMIT $3 FOR UPDATE SKIP LOCKED),
    taken AS (
        UPDATE checkouts SET expiry_taken_until = $2 FROM due WHERE checkouts.pk = due.pk
        RETURNING checkouts.id, checkouts.tenant, due.expires_at)
    SELECT taken.id, t.merchant, t.mode, NULL::uuid AS attempt FROM taken
    JOIN tenants t ON t.pk = taken.tenant ORDER BY taken.expires_at";

/// Takes checkouts past their deadline in a status that a timer may end, longest overdue first.
pub(crate) async fn due(db: &Db, ask: WorkAsk) -> Done<Vec<Located>> {
    let rows = db.rows(DUE, &[&ask.now, &ask.until, &i64::from(ask.limit)]).await?;
    rows.iter().map(rebuild).collect()
}

/// Takes attempts whose provider is to be asked.
pub(crate) const TO_POLL: &str = "WITH due AS MATERIALIZED (
        SELECT checkout, number, poll_at FROM attempts
        WHERE poll_at IS NOT NULL AND poll_at <= $1
          AND (poll_taken_until IS NULL OR poll_taken_until <= $1)
        ORDER BY poll_at LIMIT $3 FOR UPDATE SKIP LOCKED),
    taken AS (
        UPDATE attempts SET poll_taken_until = $2 FROM due
        WHERE attempts.checkout = due.checkout AND attempts.number = due.number
        RETURNING attempts.id, attempts.checkout, due.poll_at)
    SELECT c.id, t.merchant, t.mode, taken.id AS attempt FROM taken
    JOIN checkouts c ON c.pk = taken.checkout JOIN tenants t ON t.pk = c.tenant ORDER BY taken.poll_at";

/// Takes attempts whose provider is to be asked, longest overdue first.
pub(crate) async fn to_poll(db: &Db, ask: WorkAsk) -> Done<Vec<Located>> {
    let rows = db.rows(TO_POLL, &[&ask.now, &ask.until, &i64::from(ask.limit)]).await?;
    rows.iter().map(rebuild).collect()
}

/// Takes operations whose sender should have come back.
pub(crate) const INTERRUPTED: &str = "WITH due AS MATERIALIZED (
        SELECT checkout, id FROM operations
        WHERE phase = 'sent' AND lease_until < $1 AND (taken_until IS NULL OR taken_until <= $1)
        ORDER BY lease_until LIMIT $3 FOR UPDATE SKIP LOCKED),
    o AS (
        UPDATE operations SET taken_until = $2 FROM due
        WHERE operations.checkout = due.checkout AND operations.id = due.id
        RETURNING operations.checkout, operations.id, operations.attempt, operations.kind,
            operations.phase, operations.lease_until, operations.error, operations.calls,
            operations.shipment, operations.lines, operations.created_at, operations.updated_at)
    SELECT o.*, c.id AS checkout_id, t.merchant, t.mode FROM o
    JOIN checkouts c ON c.pk = o.checkout JOIN tenants t ON t.pk = c.tenant ORDER BY o.lease_until";

/// Takes operations whose sender should have come back by now, oldest lease first. One that cannot be read is logged and
/// keeps no other back.
pub(crate) async fn interrupted(db: &Db, vault: &Vault, ask: WorkAsk) -> Done<Vec<InterruptedCall>> {
    let rows = db.rows(INTERRUPTED, &[&ask.now, &ask.until, &i64::from(ask.limit)]).await?;
    let read = |row: &Row| -> Done<InterruptedCall> {
        let cells = Cells::of::<OperationId>("operations", row);
        let operation = operation_rows::rebuild(vault, row, cells.id("checkout_id")?)?;
        Ok(InterruptedCall { tenant: tenant_of(&cells)?, operation })
    };
    let mut calls = Vec::with_capacity(rows.len());
    for row in &rows {
        match read(row) {
            Ok(call) => calls.push(call),
            Err(failure) => {
                tracing::error!(error = %StoreError::from(failure), "an interrupted call cannot be read");
            }
        }
    }
    Ok(calls)
}
