//! Whose something is, where the question comes without a tenant: tokens in URLs, and calls that were interrupted. Work is
//! taken for a time, so that replicas share it; rows that another one is just taking are passed over.
//!
//! Interrupted calls are taken by age alone, whoever's they are: there are no more of them than were under way when a
//! process died, and settling one is a single transaction without a call.

use std::collections::HashMap;

use lendport_core::{AttemptId, OperationId};
use tokio_postgres::Row;

use super::attempt_rows::{self, columns};
use super::cell::Cells;
use super::connection::{Db, Statements as _};
use super::fault::Done;
use super::tenant_rows::tenant_of;
use super::{key_rows, operation_rows};
use crate::error::StoreError;
use crate::store::{Addressee, InterruptedCall, WorkAsk};
use crate::vault::Vault;

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
    let (mut calls, mut learnt) = (Vec::with_capacity(rows.len()), false);
    for row in &rows {
        let mut result = read(row);
        if key_rows::met_unknown(db, vault, &result, &mut learnt).await? {
            result = read(row);
        }
        match result {
            Ok(call) => calls.push(call),
            Err(failure) => {
                tracing::error!(error = %StoreError::from(failure), "an interrupted call cannot be read");
            }
        }
    }
    Ok(calls)
}
