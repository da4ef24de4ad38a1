//! Rows of operations.

use jiff::Timestamp;
use lendport_core::operation::{Phase, Shipment};
use lendport_core::{CallRecord, CheckoutId, MerchantId, Mode, Operation, OperationId, OperationKind};
use rusqlite::{Connection, named_params, params};

use super::cell::{Cells, StoredId as _, json, json_fault, time};
use super::fault::{Done, Fault};
use crate::lines_json;
use crate::store::InterruptedCall;
use crate::tenant::Tenant;
use crate::vault::{Place, Vault};

/// The operations of a checkout, oldest first; of one kind, or all.
pub(crate) fn of(
    db: &Connection,
    vault: &Vault,
    checkout: i64,
    id: CheckoutId,
    kind: Option<OperationKind>,
) -> Done<Vec<Operation>> {
    let sql = "SELECT * FROM operations WHERE checkout = ?1 AND (?2 IS NULL OR kind = ?2) ORDER BY id";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![checkout, kind.map(OperationKind::as_str)])?;
    let mut operations = Vec::new();
    while let Some(row) = rows.next()? {
        operations.push(rebuild(vault, &Cells::of::<OperationId>("operations", row), id)?);
    }
    Ok(operations)
}

/// One operation of a checkout.
pub(crate) fn find(
    db: &Connection,
    vault: &Vault,
    checkout: i64,
    id: CheckoutId,
    operation: OperationId,
) -> Done<Option<Operation>> {
    let mut statement = db.prepare_cached("SELECT * FROM operations WHERE checkout = ?1 AND id = ?2")?;
    let mut rows = statement.query(params![checkout, operation.bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    rebuild(vault, &Cells::of::<OperationId>("operations", row), id).map(Some)
}

/// Operations whose sender should have come back by now, oldest lease first.
pub(crate) fn interrupted(db: &Connection, vault: &Vault, now: Timestamp, limit: u32) -> Done<Vec<InterruptedCall>> {
    let mut statement = db.prepare_cached(
        "SELECT o.*, c.id AS checkout_id, c.merchant, c.mode
         FROM operations o JOIN checkouts c ON c.pk = o.checkout
         WHERE o.phase = 'sent' AND o.lease_until < ?1 ORDER BY o.lease_until",
    )?;
    let mut rows = statement.query([time(now)])?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut calls = Vec::new();
    while calls.len() < wanted
        && let Some(row) = rows.next()?
    {
        match interrupted_call(vault, &Cells::of::<OperationId>("operations", row)) {
            Ok(call) => calls.push(call),
            // One row that nobody can read keeps no other back.
            Err(Fault(error)) => tracing::error!(%error, "an interrupted call cannot be read"),
        }
    }
    Ok(calls)
}

fn interrupted_call(vault: &Vault, cells: &Cells<'_>) -> Done<InterruptedCall> {
    let tenant = Tenant { merchant: cells.id::<MerchantId>("merchant")?, mode: cells.word("mode", Mode::parse)? };
    Ok(InterruptedCall { tenant, operation: rebuild(vault, cells, cells.id("checkout_id")?)? })
}

fn rebuild(vault: &Vault, cells: &Cells<'_>, checkout: CheckoutId) -> Done<Operation> {
    let id: OperationId = cells.id("id")?;
    let shipment = match cells.get::<Option<Vec<u8>>>("shipment")? {
        None => None,
        Some(sealed) => {
            let plain = vault.open(place(&id.to_string()), &sealed)?;
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

/// Writes an operation, new or changed. What it asks never changes.
pub(crate) fn put(db: &Connection, vault: &Vault, checkout: i64, operation: &Operation) -> Done<()> {
    let shipment = match &operation.shipment {
        None => None,
        Some(shipment) => {
            let plain = json(shipment)?;
            Some(vault.seal(place(&operation.id.to_string()), plain.as_bytes())?)
        }
    };
    let calls = (!operation.calls.is_empty()).then(|| json(&operation.calls)).transpose()?;
    let written = db
        .prepare_cached(
            "INSERT INTO operations (id, checkout, attempt, kind, phase, lease_until, error, calls, shipment, lines,
                created_at, updated_at)
             VALUES (:id, :checkout, :attempt, :kind, :phase, :lease_until, :error, :calls, :shipment, :lines,
                :created_at, :updated_at)
             ON CONFLICT (checkout, id) DO UPDATE SET phase = excluded.phase, lease_until = excluded.lease_until,
                error = excluded.error, calls = excluded.calls, shipment = excluded.shipment, lines = excluded.lines,
                updated_at = excluded.updated_at
             WHERE attempt = excluded.attempt AND kind = excluded.kind AND created_at = excluded.created_at",
        )?
        .execute(named_params! {
            ":id": operation.id.bytes(),
            ":checkout": checkout,
            ":attempt": operation.attempt.bytes(),
            ":kind": operation.kind.as_str(),
            ":phase": operation.phase.as_str(),
            ":lease_until": time(operation.lease_until),
            ":error": operation.error,
            ":calls": calls,
            ":shipment": shipment,
            ":lines": lines_json::write(operation.lines.as_ref())?,
            ":created_at": time(operation.created_at),
            ":updated_at": time(operation.updated_at),
        })?;
    if written == 1 {
        return Ok(());
    }
    Err(Fault::broken(format!("{}: attempt, kind and created_at never change", operation.id)))
}

fn place(row: &str) -> Place<'_> {
    Place { table: "operations", column: "shipment", row }
}
