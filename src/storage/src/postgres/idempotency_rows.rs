//! Rows of idempotency keys. Stored answers are sealed: they repeat what the caller sent about the shopper.

use jiff::Timestamp;
use lendport_core::{CheckoutId, OperationId};
use secrecy::zeroize::Zeroizing;
use tokio_postgres::Row;

use super::cell::Cells;
use super::columns::{Value, storable};
use super::connection::{Db, Statements as _};
use super::fault::Done;
use crate::idempotency::{Claim, ClaimState, ClaimWrite, IdempotencyRow};
use crate::packed;
use crate::tenant::Tenant;
use crate::vault::{Place, Vault};

const IN_FLIGHT: &str = "in_flight";
const COMPLETED: &str = "completed";
const RESUMABLE: &str = "resumable";

/// The rows of these keys, in any order.
pub(crate) const FIND: &str = "SELECT i.tenant, i.route, i.key, i.fingerprint, i.state, i.owner, i.locked_until, \
     i.status, i.body, i.checkout, i.operation, i.operation AS id \
     FROM unnest($1::bigint[], $2::text[], $3::text[]) AS asked (tenant, route, key) \
     JOIN idempotency i ON i.tenant = asked.tenant AND i.route = asked.route AND i.key = asked.key";

/// Claims keys that nobody has; answers those that were claimed. Waits for whoever is claiming the same one.
pub(crate) const CLAIM: &str = "INSERT INTO idempotency (tenant, route, key, fingerprint, state, owner, locked_until, \
     checkout, operation, created_at) \
     SELECT n.tenant, n.route, n.key, n.fingerprint, 'in_flight', n.owner, n.locked_until, n.checkout, n.operation, \
     n.created_at FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], \
     $7::uuid[], $8::uuid[], $9::timestamptz[]) AS n (tenant, route, key, fingerprint, owner, locked_until, checkout, \
     operation, created_at) ON CONFLICT (tenant, route, key) DO NOTHING RETURNING tenant, route, key";

/// Claims keys that nobody had a moment ago. Where somebody was quicker, the whole transaction is taken back.
pub(crate) const CLAIM_OR_FAIL: &str = "INSERT INTO idempotency (tenant, route, key, fingerprint, state, owner, \
     locked_until, checkout, operation, created_at) \
     SELECT n.tenant, n.route, n.key, n.fingerprint, 'in_flight', n.owner, n.locked_until, n.checkout, n.operation, \
     n.created_at FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], \
     $7::uuid[], $8::uuid[], $9::timestamptz[]) AS n (tenant, route, key, fingerprint, owner, locked_until, checkout, \
     operation, created_at)";

/// Writes what became of claims; an operation named with one is kept. A key that was trimmed meanwhile stays gone, and
/// one that somebody else took over stays as that one left it.
pub(crate) const SETTLE: &str = "UPDATE idempotency SET state = n.state, owner = n.owner, \
     locked_until = n.locked_until, status = n.status, body = n.body, \
     operation = COALESCE(n.operation, idempotency.operation) \
     FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::bigint[], \
     $8::bytea[], $9::uuid[], $10::text[]) \
     AS n (tenant, route, key, state, owner, locked_until, status, body, operation, writer) \
     WHERE idempotency.tenant = n.tenant AND idempotency.route = n.route AND idempotency.key = n.key \
     AND idempotency.state = 'in_flight' AND idempotency.owner = n.writer";

/// The row of a key.
pub(crate) async fn find(
    db: &Db,
    vault: &Vault,
    (tenant, pk): (Tenant, i64),
    route: &str,
    key: &str,
) -> Done<Option<IdempotencyRow>> {
    let row = db.row(FIND, &[&[pk].as_slice(), &[storable(route)].as_slice(), &[storable(key)].as_slice()]).await?;
    row.map(|row| rebuild(vault, tenant, &row)).transpose()
}

/// Rebuilds a row of [`FIND`].
pub(crate) fn rebuild(vault: &Vault, tenant: Tenant, row: &Row) -> Done<IdempotencyRow> {
    // Rows have no id of their own; the operation's names them best in an error.
    let cells = Cells::of::<OperationId>("idempotency", row);
    let state = match cells.get::<&str>("state")? {
        IN_FLIGHT => ClaimState::InFlight { owner: cells.get("owner")?, locked_until: cells.time("locked_until")? },
        COMPLETED => {
            let name = row_name(tenant, cells.get("route")?, cells.get("key")?);
            let plain = vault.open(place(&name), cells.get("body")?)?;
            let body = packed::unpack_text(&plain).map_err(|damaged| cells.bad("body", damaged.to_string()))?;
            ClaimState::Completed { status: cells.number("status")?, body }
        }
        RESUMABLE => ClaimState::Resumable,
        _ => return Err(cells.bad("state", "not a known word").into()),
    };
    Ok(IdempotencyRow {
        fingerprint: cells.get("fingerprint")?,
        state,
        checkout: cells.id_opt("checkout")?,
        operation: cells.id_opt("operation")?,
    })
}

/// A claim, for [`CLAIM`].
pub(crate) fn claim_row(
    tenant: i64,
    claim: &Claim,
    checkout: Option<CheckoutId>,
    operation: Option<OperationId>,
) -> [Value<'_>; 9] {
    [
        tenant.into(),
        claim.route.as_str().into(),
        claim.key.as_str().into(),
        claim.fingerprint.as_str().into(),
        claim.owner.as_str().into(),
        claim.locked_until.into(),
        checkout.map(|id| id.uuid()).into(),
        operation.map(|id| id.uuid()).into(),
        claim.now.into(),
    ]
}

/// What became of a claim, for [`SETTLE`].
pub(crate) fn settle_row<'a>(
    vault: &Vault,
    (tenant, pk): (Tenant, i64),
    write: &'a ClaimWrite,
    operation: Option<OperationId>,
) -> Done<[Value<'a>; 10]> {
    let (state, owner, locked_until, status, body) = match &write.state {
        ClaimState::InFlight { owner, locked_until } => {
            (IN_FLIGHT, Some(owner.as_str()), Some(*locked_until), None, None)
        }
        ClaimState::Completed { status, body } => {
            let name = row_name(tenant, &storable(&write.route), &storable(&write.key));
            let packed = Zeroizing::new(packed::pack(body.as_bytes()));
            (COMPLETED, None, None, Some(i64::from(*status)), Some(vault.seal(place(&name), &packed)?))
        }
        ClaimState::Resumable => (RESUMABLE, None, None, None, None),
    };
    Ok([
        pk.into(),
        write.route.as_str().into(),
        write.key.as_str().into(),
        state.into(),
        owner.into(),
        locked_until.into(),
        status.into(),
        body.into(),
        operation.map(|id| id.uuid()).into(),
        write.owner.as_str().into(),
    ])
}

/// Hands a claim to another owner, where nobody can still be at work on it.
pub(crate) const TAKE_OVER: &str = "UPDATE idempotency SET state = 'in_flight', owner = $5, locked_until = $6
    WHERE tenant = $1 AND route = $2 AND key = $3 AND fingerprint = $4
      AND (state = 'resumable' OR (state = 'in_flight' AND locked_until < $7))";

/// Takes a claim over, where nobody can still be at work on it. Other processes are alive for all we know.
pub(crate) async fn take_over(db: &Db, tenant: i64, claim: &Claim) -> Done<bool> {
    let taken = db
        .write(
            TAKE_OVER,
            &[
                &tenant,
                &storable(&claim.route),
                &storable(&claim.key),
                &claim.fingerprint,
                &claim.owner,
                &claim.locked_until,
                &claim.now,
            ],
        )
        .await?;
    Ok(taken == 1)
}

/// Deletes old keys; those that another process is just deleting are passed over. What is locked stays in its place.
pub(crate) const TRIM: &str = "DELETE FROM idempotency WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM idempotency WHERE created_at < $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED))";

/// Deletes old keys; says how many.
pub(crate) async fn trim(db: &Db, before: Timestamp, batch: u32) -> Done<u64> {
    db.write(TRIM, &[&before, &i64::from(batch)]).await
}

fn row_name(tenant: Tenant, route: &str, key: &str) -> String {
    format!("{}/{}/{route}/{key}", tenant.merchant, tenant.mode.as_str())
}

fn place(row: &str) -> Place<'_> {
    Place { table: "idempotency", column: "body", row }
}
