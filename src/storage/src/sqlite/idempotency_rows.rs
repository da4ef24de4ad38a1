//! Rows of idempotency keys. Stored answers are sealed: they repeat what the caller sent about the shopper.

use jiff::Timestamp;
use lendport_core::{CheckoutId, OperationId};
use rusqlite::{Connection, Row, params};
use secrecy::zeroize::Zeroizing;

use super::cell::{Cells, StoredId, time};
use super::fault::Done;
use crate::error::StoreError;
use crate::idempotency::{Claim, ClaimState, ClaimWrite, IdempotencyRow};
use crate::packed;
use crate::tenant::Tenant;
use crate::vault::{Place, Vault};

const IN_FLIGHT: &str = "in_flight";
const COMPLETED: &str = "completed";
const RESUMABLE: &str = "resumable";

/// The row of a key.
pub(crate) fn find(
    db: &Connection,
    vault: &Vault,
    tenant: Tenant,
    route: &str,
    key: &str,
) -> Done<Option<IdempotencyRow>> {
    // Rows have no id of their own; the operation's names them best in an error.
    let sql = "SELECT *, operation AS id FROM idempotency
               WHERE merchant = ?1 AND mode = ?2 AND route = ?3 AND key = ?4";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![tenant.merchant.bytes(), tenant.mode.as_str(), route, key])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    rebuild(vault, row, &row_name(tenant, route, key)).map(Some)
}

fn rebuild(vault: &Vault, row: &Row<'_>, name: &str) -> Done<IdempotencyRow> {
    let cells = Cells::of::<OperationId>("idempotency", row);
    let state: String = cells.get("state")?;
    let state = match state.as_str() {
        IN_FLIGHT => ClaimState::InFlight { owner: cells.get("owner")?, locked_until: cells.time("locked_until")? },
        COMPLETED => {
            let plain = vault.open(place(name), &cells.get::<Vec<u8>>("body")?)?;
            let body = packed::unpack_text(&plain).map_err(|damaged| cells.bad("body", damaged.to_string()))?;
            ClaimState::Completed { status: cells.number("status")?, body }
        }
        RESUMABLE => ClaimState::Resumable,
        _ => return Err(cells.bad("state", "not a known word")),
    };
    Ok(IdempotencyRow {
        fingerprint: cells.get("fingerprint")?,
        state,
        checkout: cells.id_opt("checkout")?,
        operation: cells.id_opt("operation")?,
    })
}

/// Claims a key that nobody has.
pub(crate) fn insert(
    db: &Connection,
    tenant: Tenant,
    claim: &Claim,
    checkout: Option<CheckoutId>,
    operation: Option<OperationId>,
) -> Done<()> {
    db.prepare_cached(
        "INSERT INTO idempotency (merchant, mode, route, key, fingerprint, state, owner, locked_until, checkout,
            operation, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        tenant.merchant.bytes(),
        tenant.mode.as_str(),
        claim.route,
        claim.key,
        claim.fingerprint,
        IN_FLIGHT,
        claim.owner,
        time(claim.locked_until),
        checkout.map(StoredId::bytes),
        operation.map(StoredId::bytes),
        time(claim.now),
    ])?;
    Ok(())
}

/// Writes what became of a claim; an operation named with it is kept. A key that was trimmed meanwhile stays gone, and
/// one that somebody else took over stays as that one left it.
pub(crate) fn settle(
    db: &Connection,
    vault: &Vault,
    tenant: Tenant,
    write: &ClaimWrite,
    operation: Option<OperationId>,
) -> Done<()> {
    let (state, owner, locked_until, status, body) = match &write.state {
        ClaimState::InFlight { owner, locked_until } => (IN_FLIGHT, Some(owner), Some(time(*locked_until)), None, None),
        ClaimState::Completed { status, body } => {
            let name = row_name(tenant, &write.route, &write.key);
            let packed = Zeroizing::new(packed::pack(body.as_bytes()));
            (COMPLETED, None, None, Some(*status), Some(vault.seal(place(&name), &packed)?))
        }
        ClaimState::Resumable => (RESUMABLE, None, None, None, None),
    };
    db.prepare_cached(
        "UPDATE idempotency SET state = ?5, owner = ?6, locked_until = ?7, status = ?8, body = ?9,
            operation = COALESCE(?10, operation)
         WHERE merchant = ?1 AND mode = ?2 AND route = ?3 AND key = ?4 AND state = 'in_flight' AND owner = ?11",
    )?
    .execute(params![
        tenant.merchant.bytes(),
        tenant.mode.as_str(),
        write.route,
        write.key,
        state,
        owner,
        locked_until,
        status,
        body,
        operation.map(StoredId::bytes),
        write.owner,
    ])?;
    Ok(())
}

/// Takes a claim over, where nobody can still be at work on it. The database is ours alone, so another owner is dead.
pub(crate) fn take_over(db: &Connection, tenant: Tenant, claim: &Claim) -> Done<bool> {
    let taken = db
        .prepare_cached(
            "UPDATE idempotency SET state = 'in_flight', owner = ?6, locked_until = ?7
             WHERE merchant = ?1 AND mode = ?2 AND route = ?3 AND key = ?4 AND fingerprint = ?5
               AND (state = 'resumable' OR (state = 'in_flight' AND (locked_until < ?8 OR owner <> ?6)))",
        )?
        .execute(params![
            tenant.merchant.bytes(),
            tenant.mode.as_str(),
            claim.route,
            claim.key,
            claim.fingerprint,
            claim.owner,
            time(claim.locked_until),
            time(claim.now),
        ])?;
    Ok(taken == 1)
}

/// Deletes old keys; says how many.
pub(crate) fn trim(db: &Connection, before: Timestamp, batch: u32) -> Done<u64> {
    let deleted = db
        .prepare_cached(
            "DELETE FROM idempotency WHERE pk IN
                (SELECT pk FROM idempotency WHERE created_at < ?1 ORDER BY created_at LIMIT ?2)",
        )?
        .execute(params![time(before), batch])?;
    u64::try_from(deleted).map_err(|_| StoreError::Database("a count is out of range".to_owned()).into())
}

fn row_name(tenant: Tenant, route: &str, key: &str) -> String {
    format!("{}/{}/{route}/{key}", tenant.merchant, tenant.mode.as_str())
}

fn place(row: &str) -> Place<'_> {
    Place { table: "idempotency", column: "body", row }
}
