//! Rows of the audit log. They are written with what they tell of, and never changed or deleted.

use lendport_core::{Actor, AuditAction, AuditEntry, AuditId, KeyId, Mode};
use rusqlite::{Connection, Row, params};

use super::cell::{Cells, StoredId as _, time};
use super::fault::{Done, Fault};
use super::pages::Query;
use crate::administration::{AuditFilter, Audited};
use crate::codec::json;
use crate::page::{Page, PageAsk};
use crate::tenant::Tenant;

/// Writes an entry about the tenant.
pub(crate) fn insert(db: &Connection, tenant: Tenant, entry: &AuditEntry) -> Done<()> {
    if entry.merchant != Some(tenant.merchant) || entry.mode.is_some_and(|mode| mode != tenant.mode) {
        return Err(Fault::broken(format!("{} is about another tenant", entry.id)));
    }
    write(db, entry)
}

/// Writes an entry about the gateway as a whole.
pub(crate) fn insert_of_gateway(db: &Connection, entry: &AuditEntry) -> Done<()> {
    if entry.merchant.is_some() || entry.mode.is_some() {
        return Err(Fault::broken(format!("{} is about a merchant", entry.id)));
    }
    write(db, entry)
}

fn write(db: &Connection, entry: &AuditEntry) -> Done<()> {
    db.prepare_cached(
        "INSERT INTO audit (id, merchant, mode, actor_kind, actor_key, action, subject, facts, request, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        entry.id.bytes(),
        entry.merchant.map(|merchant| merchant.bytes()),
        entry.mode.map(Mode::as_str),
        entry.actor.kind(),
        entry.actor.key().map(|key| key.bytes()),
        entry.action.as_str(),
        entry.subject,
        json(&entry.facts)?,
        entry.request.map(|request| request.bytes()),
        time(entry.at),
    ])?;
    Ok(())
}

/// A page of entries, newest first.
pub(crate) fn page(
    db: &Connection,
    whose: Audited,
    filter: AuditFilter,
    page: PageAsk<AuditId>,
) -> Done<Page<AuditEntry>> {
    let (Audited::Of(Tenant { mode, .. }) | Audited::All(mode)) = whose;
    let sql = "SELECT * FROM audit WHERE (mode IS NULL OR mode = ?1)".to_owned();
    let mut query = Query { sql, values: vec![mode.as_str().to_owned().into()] };
    if let Audited::Of(tenant) = whose {
        query.condition("merchant =", tenant.merchant.bytes().to_vec());
    }
    if let Some(action) = filter.action {
        query.condition("action =", action.as_str().to_owned());
    }
    query.newest(db, page, rebuild)
}

fn rebuild(row: &Row<'_>) -> Done<AuditEntry> {
    let cells = Cells::of::<AuditId>("audit", row);
    let (kind, key) = (cells.get::<String>("actor_kind")?, cells.id_opt::<KeyId>("actor_key")?);
    Ok(AuditEntry {
        id: cells.id("id")?,
        merchant: cells.id_opt("merchant")?,
        mode: cells.word_opt("mode", Mode::parse)?,
        actor: Actor::of(&kind, key).ok_or_else(|| cells.bad("actor_kind", "not a known word"))?,
        action: cells.word("action", AuditAction::parse)?,
        subject: cells.get("subject")?,
        facts: cells.json("facts")?,
        request: cells.id_opt("request")?,
        at: cells.time("at")?,
    })
}
