//! Rows of idempotency keys. Stored answers are sealed: they repeat what the caller sent about the shopper.

use jiff::Timestamp;
use lendport_core::{CheckoutId, OperationId};
use rusqlite::{Connection, Row, params};
use secrecy::zeroize::Zeroizing;
use sha2::{Digest as _, Sha256};

use super::cell::{Cells, StoredId, hex, time};
use super::fault::Done;
use crate::error::StoreError;
use crate::idempotency::{Claim, ClaimState, ClaimWrite, IdempotencyRow};
use crate::packed::{self, Model, short_key};
use crate::tenant::Tenant;
use crate::vault::{Place, Vault};

/// As many of a SHA-256 that no two keys can be made to share them.
const NAME_BYTES: usize = 20;
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
    let sql = "SELECT i.*, i.operation AS id, a.body, c.model FROM idempotency i
               LEFT JOIN answers a ON a.pk = i.answer
               LEFT JOIN checkouts c ON c.merchant = ?2 AND c.mode = ?3 AND c.id = i.checkout
               WHERE i.name = ?1";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows =
        statement.query(params![name_of(tenant, route, key), tenant.merchant.bytes(), tenant.mode.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    rebuild(vault, row, (tenant, route, key)).map(Some)
}

fn rebuild(vault: &Vault, row: &Row<'_>, (tenant, route, key): (Tenant, &str, &str)) -> Done<IdempotencyRow> {
    let cells = Cells::of::<OperationId>("idempotency", row);
    let state: String = cells.get("state")?;
    let state = match state.as_str() {
        IN_FLIGHT => ClaimState::InFlight { owner: cells.get("owner")?, locked_until: cells.time("locked_until")? },
        COMPLETED => {
            let sealed: Vec<u8> = cells.get("body")?;
            let name = match Vault::is_format_1(&sealed) {
                true => old_row_name(tenant, route, key),
                false => hex(&name_of(tenant, route, key)),
            };
            let plain = vault.open(place(&name), &sealed)?;
            let model = if packed::needs_model(&plain) { cells.get::<Option<Vec<u8>>>("model")? } else { None };
            let body = packed::unpack_text_of(&plain, model.as_deref());
            let body = body.map_err(|damaged| cells.bad("body", damaged.to_string()))?;
            ClaimState::Completed { status: cells.number("status")?, body }
        }
        RESUMABLE => ClaimState::Resumable,
        _ => return Err(cells.bad("state", "not a known word")),
    };
    Ok(IdempotencyRow {
        fingerprint: cells.key("fingerprint")?,
        state,
        checkout: cells.id_opt("checkout")?,
        operation: cells.id_opt("operation")?,
    })
}

/// Claims a key; false where somebody has it.
pub(crate) fn insert(
    db: &Connection,
    tenant: Tenant,
    claim: &Claim,
    checkout: Option<CheckoutId>,
    operation: Option<OperationId>,
) -> Done<bool> {
    let claimed = db
        .prepare_cached(
            "INSERT INTO idempotency (name, fingerprint, state, owner, locked_until, checkout, operation, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (name) DO NOTHING",
        )?
        .execute(params![
            name_of(tenant, &claim.route, &claim.key),
            short_key(&claim.fingerprint),
            IN_FLIGHT,
            claim.owner,
            time(claim.locked_until),
            checkout.map(StoredId::bytes),
            operation.map(StoredId::bytes),
            time(claim.now),
        ])?;
    Ok(claimed == 1)
}

/// Writes what became of a claim; an operation named with it is kept. A key that was trimmed meanwhile stays gone, and
/// one that somebody else took over stays as that one left it. `model` is what answers about its checkout resemble.
pub(crate) fn settle(
    db: &Connection,
    vault: &Vault,
    tenant: Tenant,
    write: &ClaimWrite,
    operation: Option<OperationId>,
    model: Option<&Model>,
) -> Done<()> {
    let (state, owner, locked_until, status, answer) = match &write.state {
        ClaimState::InFlight { owner, locked_until } => (IN_FLIGHT, Some(owner), Some(time(*locked_until)), None, None),
        ClaimState::Completed { status, body } => {
            let name = hex(&name_of(tenant, &write.route, &write.key));
            let body = body.as_bytes();
            let packed = Zeroizing::new(model.map_or_else(|| packed::pack(body), |model| model.pack(body)));
            let sealed = vault.seal(place(&name), &packed)?;
            db.prepare_cached("INSERT INTO answers (body) VALUES (?1)")?.execute([sealed])?;
            (COMPLETED, None, None, Some(*status), Some(db.last_insert_rowid()))
        }
        ClaimState::Resumable => (RESUMABLE, None, None, None, None),
    };
    let settled = db
        .prepare_cached(
            "UPDATE idempotency SET state = ?2, owner = ?3, locked_until = ?4, status = ?5, answer = ?6,
                operation = COALESCE(?7, operation)
             WHERE name = ?1 AND state = 'in_flight' AND owner = ?8",
        )?
        .execute(params![
            name_of(tenant, &write.route, &write.key),
            state,
            owner,
            locked_until,
            status,
            answer,
            operation.map(StoredId::bytes),
            write.owner,
        ])?;
    if settled == 0 {
        drop_answer(db, answer)?;
    }
    Ok(())
}

fn drop_answer(db: &Connection, answer: Option<i64>) -> Done<()> {
    let Some(answer) = answer else { return Ok(()) };
    db.prepare_cached("DELETE FROM answers WHERE pk = ?1")?.execute([answer])?;
    Ok(())
}

/// Takes a claim over, where nobody can still be at work on it. The database is ours alone, so another owner is dead.
pub(crate) fn take_over(db: &Connection, tenant: Tenant, claim: &Claim) -> Done<bool> {
    let taken = db
        .prepare_cached(
            "UPDATE idempotency SET state = 'in_flight', owner = ?3, locked_until = ?4
             WHERE name = ?1 AND fingerprint = ?2
               AND (state = 'resumable' OR (state = 'in_flight' AND (locked_until < ?5 OR owner <> ?3)))",
        )?
        .execute(params![
            name_of(tenant, &claim.route, &claim.key),
            short_key(&claim.fingerprint),
            claim.owner,
            time(claim.locked_until),
            time(claim.now),
        ])?;
    Ok(taken == 1)
}

/// Deletes old keys with their answers; says how many. Keys are looked at in the order in which they were claimed, up to
/// the first that is young: a clock that was set back keeps those after it a little longer.
pub(crate) fn trim(db: &Connection, before: Timestamp, batch: u32) -> Done<u64> {
    let mut doomed = Vec::new();
    let mut statement = db.prepare_cached("SELECT pk, answer, created_at FROM idempotency ORDER BY pk LIMIT ?1")?;
    let mut rows = statement.query([batch])?;
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>(2)? >= time(before) {
            break;
        }
        doomed.push((row.get::<_, i64>(0)?, row.get(1)?));
    }
    for (pk, answer) in &doomed {
        db.prepare_cached("DELETE FROM idempotency WHERE pk = ?1")?.execute([pk])?;
        drop_answer(db, *answer)?;
    }
    u64::try_from(doomed.len()).map_err(|_| StoreError::Database("a count is out of range".to_owned()).into())
}

/// What a key is found by. A zero byte ends each part: neither a route nor a key can hold one.
fn name_of(tenant: Tenant, route: &str, key: &str) -> [u8; NAME_BYTES] {
    let hash = Sha256::new_with_prefix(tenant.merchant.bytes());
    let parts = [tenant.mode.as_str(), route, key].into_iter();
    let hash = parts.fold(hash, |hash, part| hash.chain_update(part).chain_update([0])).finalize();
    hash.first_chunk().copied().unwrap_or_default()
}

/// What rows of the first format are named by. It is not in the row, so that they cannot be sealed anew.
fn old_row_name(tenant: Tenant, route: &str, key: &str) -> String {
    format!("{}/{}/{route}/{key}", tenant.merchant, tenant.mode.as_str())
}

fn place(row: &str) -> Place<'_> {
    Place { table: "idempotency", column: "body", row }
}
