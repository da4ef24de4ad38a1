//! Rows of operations.

use lendport_core::operation::{Phase, Shipment};
use lendport_core::{CallRecord, CheckoutId, Operation, OperationId, OperationKind};
use tokio_postgres::Row;

use super::cell::{Cells, json, json_fault};
use super::columns::Value;
use super::connection::{Db, Statements as _};
use super::fault::Done;
use crate::lines_json;
use crate::vault::{Place, Vault};

/// The operations of a checkout, oldest first; of one kind, or all.
pub(crate) const OF: &str = "SELECT id, attempt, kind, phase, lease_until, error, calls, shipment, lines, \
     created_at, updated_at FROM operations WHERE checkout = $1 AND ($2::text IS NULL OR kind = $2) ORDER BY id";

/// The operations of one kind of a tenant's checkout, oldest first.
pub(crate) const OF_KIND: &str = "SELECT o.id, o.attempt, o.kind, o.phase, o.lease_until, o.error, o.calls, o.shipment, \
     o.lines, o.created_at, o.updated_at FROM checkouts c JOIN operations o ON o.checkout = c.pk \
     WHERE c.tenant = $1 AND c.id = $2 AND o.kind = $3 ORDER BY o.id";

/// These operations of these checkouts.
pub(crate) const FIND: &str = "SELECT c.tenant, c.id AS checkout_id, o.id, o.attempt, o.kind, o.phase, o.lease_until, \
     o.error, o.calls, o.shipment, o.lines, o.created_at, o.updated_at \
     FROM unnest($1::bigint[], $2::uuid[], $3::uuid[]) AS asked (tenant, checkout, operation) \
     JOIN checkouts c ON c.tenant = asked.tenant AND c.id = asked.checkout \
     JOIN operations o ON o.checkout = c.pk AND o.id = asked.operation";

macro_rules! insert {
    () => {
        "INSERT INTO operations (checkout, id, attempt, kind, phase, lease_until, error, calls, \
         shipment, created_at, updated_at, lines) \
         SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], \
         $8::text[], $9::bytea[], $10::timestamptz[], $11::timestamptz[], \
         $12::text[])"
    };
}

/// Writes new operations.
pub(crate) const INSERT: &str = insert!();

/// Writes operations, new or changed. What one asks never changes: its `id` becomes null then, and the whole change is
/// refused. One that is written again is nobody's work.
pub(crate) const PUT: &str = concat!(
    insert!(),
    " ON CONFLICT (checkout, id) DO UPDATE SET \
    id = CASE WHEN operations.attempt = excluded.attempt AND operations.kind = excluded.kind \
        AND operations.created_at = excluded.created_at THEN operations.id END, \
    phase = excluded.phase, lease_until = excluded.lease_until, error = excluded.error, calls = excluded.calls, \
    shipment = excluded.shipment, lines = excluded.lines, updated_at = excluded.updated_at, taken_until = NULL"
);

/// The operations of one kind, where the checkout is the tenant's.
pub(crate) async fn of(
    db: &Db,
    vault: &Vault,
    tenant: i64,
    id: CheckoutId,
    kind: OperationKind,
) -> Done<Vec<Operation>> {
    let rows = db.rows(OF_KIND, &[&tenant, &id.uuid(), &kind.as_str()]).await?;
    rows.iter().map(|row| rebuild(vault, row, id)).collect()
}

/// Rebuilds a row of [`OF`] or [`FIND`].
pub(crate) fn rebuild(vault: &Vault, row: &Row, checkout: CheckoutId) -> Done<Operation> {
    let cells = Cells::of::<OperationId>("operations", row);
    let id: OperationId = cells.id("id")?;
    let shipment = match cells.get::<Option<&[u8]>>("shipment")? {
        None => None,
        Some(sealed) => {
            let plain = vault.open(place(&id.to_string()), sealed)?;
            let shipment = serde_json::from_slice::<Shipment>(&plain);
            Some(shipment.map_err(|error| cells.bad("shipment", json_fault(&error)))?)
        }
    };
    Ok(Operation {
        id,
        checkout,
        attempt: cells.id("attempt")?,
        kind: cells.word("kind", OperationKind::parse)?,
        phase: cells.word("phase", Phase::parse)?,
        shipment,
        lines: cells.word_opt("lines", lines_json::read)?,
        calls: cells.json_opt::<Vec<CallRecord>>("calls")?.unwrap_or_default(),
        error: cells.get("error")?,
        lease_until: cells.time("lease_until")?,
        created_at: cells.time("created_at")?,
        updated_at: cells.time("updated_at")?,
    })
}

/// An operation, for [`PUT`].
pub(crate) fn row<'a>(vault: &Vault, checkout: i64, operation: &'a Operation) -> Done<[Value<'a>; 12]> {
    let shipment = match &operation.shipment {
        None => None,
        Some(shipment) => {
            let plain = json(shipment)?;
            Some(vault.seal(place(&operation.id.to_string()), plain.as_bytes())?)
        }
    };
    let calls = (!operation.calls.is_empty()).then(|| json(&operation.calls)).transpose()?;
    Ok([
        checkout.into(),
        operation.id.uuid().into(),
        operation.attempt.uuid().into(),
        operation.kind.as_str().into(),
        operation.phase.as_str().into(),
        operation.lease_until.into(),
        operation.error.as_deref().into(),
        calls.into(),
        shipment.into(),
        operation.created_at.into(),
        operation.updated_at.into(),
        lines_json::write(operation.lines.as_ref())?.into(),
    ])
}

fn place(row: &str) -> Place<'_> {
    Place { table: "operations", column: "shipment", row }
}
