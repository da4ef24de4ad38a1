//! Rows of the audit log. They are written with what they tell of, and never changed or deleted.

use std::borrow::Cow;

use lendport_core::{Actor, AuditAction, AuditEntry, AuditId, KeyId, Mode};
use tokio_postgres::Row;

use super::cell::Cells;
use super::columns::{Rows, Value};
use super::connection::{Db, Statements as _};
use super::fault::{Done, Failure};
use super::pages::{Query, cut, limit};
use crate::administration::{AuditFilter, Audited};
use crate::codec::json;
use crate::page::{Page, PageAsk};
use crate::tenant::Tenant;

/// Writes entries.
pub(crate) const INSERT: &str = "INSERT INTO audit (id, merchant, mode, actor_kind, actor_key, action, subject, facts, \
     request, at) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[], \
     $7::text[], $8::text[], $9::uuid[], $10::timestamptz[])";

/// An entry about the tenant, for [`INSERT`].
pub(crate) fn row(tenant: Tenant, entry: &AuditEntry) -> Done<[Value<'_>; 10]> {
    if entry.merchant != Some(tenant.merchant) || entry.mode.is_some_and(|mode| mode != tenant.mode) {
        return Err(Failure::broken(format!("{} is about another tenant", entry.id)));
    }
    values(entry)
}

/// An entry about the gateway as a whole, for [`INSERT`].
pub(crate) fn row_of_gateway(entry: &AuditEntry) -> Done<[Value<'_>; 10]> {
    if entry.merchant.is_some() || entry.mode.is_some() {
        return Err(Failure::broken(format!("{} is about a merchant", entry.id)));
    }
    values(entry)
}

/// Writes an entry about the gateway as a whole.
pub(crate) async fn insert_of_gateway(db: &Db, entry: &AuditEntry) -> Done<()> {
    let mut entries = Rows::default();
    entries.push(row_of_gateway(entry)?);
    db.write(INSERT, &entries.values()).await?;
    Ok(())
}

fn values(entry: &AuditEntry) -> Done<[Value<'_>; 10]> {
    Ok([
        entry.id.uuid().into(),
        entry.merchant.map(|merchant| merchant.uuid()).into(),
        entry.mode.map(Mode::as_str).into(),
        entry.actor.kind().into(),
        entry.actor.key().map(|key| key.uuid()).into(),
        entry.action.as_str().into(),
        entry.subject.as_str().into(),
        json(&entry.facts)?.into(),
        entry.request.map(|request| request.uuid()).into(),
        entry.at.into(),
    ])
}

/// A page of entries, newest first.
pub(crate) async fn page(
    db: &Db,
    whose: Audited,
    filter: AuditFilter,
    page: PageAsk<AuditId>,
) -> Done<Page<AuditEntry>> {
    let limit = limit(page.limit);
    let query = query(whose, filter, page.after, limit);
    let rows = db.rows(&query.sql, &query.values()).await?;
    Ok(cut(rows.iter().map(rebuild).collect::<Done<_>>()?, limit))
}

/// The statement. Both orders that it takes are those of an index.
pub(crate) fn query(whose: Audited, filter: AuditFilter, after: Option<AuditId>, limit: u32) -> Query<'static> {
    let (Audited::Of(Tenant { mode, .. }) | Audited::All(mode)) = whose;
    let sql = "SELECT id, merchant, mode, actor_kind, actor_key, action, subject, facts, request, at FROM audit \
               WHERE (mode IS NULL OR mode = $1)";
    let mut query = Query::new(sql.to_owned(), Cow::Borrowed(mode.as_str()));
    if let Audited::Of(tenant) = whose {
        query.condition("merchant =", tenant.merchant.uuid());
    }
    if let Some(action) = filter.action {
        query.condition("action =", Cow::Borrowed(action.as_str()));
    }
    if let Some(after) = after {
        query.condition("id <", after.uuid());
    }
    query.newest("id", limit);
    query
}

fn rebuild(row: &Row) -> Done<AuditEntry> {
    let cells = Cells::of::<AuditId>("audit", row);
    let (kind, key) = (cells.get::<&str>("actor_kind")?, cells.id_opt::<KeyId>("actor_key")?);
    Ok(AuditEntry {
        id: cells.id("id")?,
        merchant: cells.id_opt("merchant")?,
        mode: cells.word_opt("mode", Mode::parse)?,
        actor: Actor::of(kind, key).ok_or_else(|| cells.bad("actor_kind", "not a known word"))?,
        action: cells.word("action", AuditAction::parse)?,
        subject: cells.get("subject")?,
        facts: cells.json("facts")?,
        request: cells.id_opt("request")?,
        at: cells.time("at")?,
    })
}
