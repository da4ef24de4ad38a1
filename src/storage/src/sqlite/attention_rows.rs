//! Rows of what a person must settle, or has settled.

use lendport_core::{AttentionId, AttentionKind, CheckoutId, KeyId, Resolution};
use rusqlite::{Connection, Row, named_params, params, params_from_iter};
use serde::Deserialize as _;
use serde::de::value::{Error, StrDeserializer};

use super::cell::{Cells, LISTED_MAX, StoredId as _, time};
use super::checkout_rows;
use super::fault::{Done, Fault};
use super::pages::{Query, cut, limit};
use crate::change::AttentionItem;
use crate::page::{AttentionFilter, Page, PageAsk};
use crate::tenant::Tenant;

const SELECT: &str = "SELECT a.*, c.id AS checkout_id FROM attention a JOIN checkouts c ON c.pk = a.checkout";

/// The latest items of a checkout, oldest first; all, or those nobody settled.
pub(crate) fn of(db: &Connection, checkout: i64, only_open: bool) -> Done<Vec<AttentionItem>> {
    let sql =
        format!("{SELECT} WHERE a.checkout = ?1 AND (NOT ?3 OR a.resolved_at IS NULL) ORDER BY a.id DESC LIMIT ?2");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![checkout, LISTED_MAX, only_open])?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        items.push(rebuild(row)?);
    }
    items.reverse();
    Ok(items)
}

/// One item of a checkout.
pub(crate) fn of_checkout(db: &Connection, checkout: i64, id: AttentionId) -> Done<Option<AttentionItem>> {
    let sql = format!("{SELECT} WHERE a.checkout = ?1 AND a.id = ?2");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![checkout, id.bytes()])?;
    rows.next()?.map(rebuild).transpose()
}

/// One item of a tenant.
pub(crate) fn find(db: &Connection, tenant: i64, id: AttentionId) -> Done<Option<AttentionItem>> {
    let sql = format!("{SELECT} WHERE a.tenant = ?1 AND a.id = ?2");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![tenant, id.bytes()])?;
    rows.next()?.map(rebuild).transpose()
}

/// A page of items, newest first.
pub(crate) fn page(
    db: &Connection,
    tenant: Tenant,
    pk: i64,
    filter: &AttentionFilter,
    page: PageAsk<AttentionId>,
) -> Done<Page<AttentionItem>> {
    let limit = limit(page.limit);
    let mut query = Query { sql: format!("{SELECT} WHERE a.tenant = ?1"), values: vec![pk.into()] };
    match filter.open {
        Some(true) => query.sql.push_str(" AND a.resolved_at IS NULL"),
        Some(false) => query.sql.push_str(" AND a.resolved_at IS NOT NULL"),
        None => {}
    }
    if let Some(id) = filter.checkout {
        let Some(checkout) = checkout_rows::key_of(db, tenant, id)? else { return Ok(cut(Vec::new(), limit)) };
        query.condition("a.checkout =", checkout);
    }
    if let Some(kind) = filter.kind {
        query.condition("a.kind =", kind.as_str().to_owned());
    }
    if let Some(after) = page.after {
        query.condition("a.id <", after.bytes().to_vec());
    }
    query.values.push(i64::from(limit + 1).into());
    query.sql.push_str(&format!(" ORDER BY a.id DESC LIMIT ?{}", query.values.len()));
    let mut statement = db.prepare_cached(&query.sql)?;
    let mut rows = statement.query(params_from_iter(query.values))?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        items.push(rebuild(row)?);
    }
    Ok(cut(items, limit))
}

fn rebuild(row: &Row<'_>) -> Done<AttentionItem> {
    let cells = Cells::of::<AttentionId>("attention", row);
    let resolution = match (cells.get("choice")?, cells.get("reason")?, cells.time_opt("resolved_at")?) {
        (Some(choice), Some(reason), Some(at)) => {
            Some(Resolution { choice, reason, by: cells.id_opt::<KeyId>("resolved_by")?, at })
        }
        (None, None, None) => None,
        _ => return Err(cells.bad("resolved_at", "a resolution is a choice, a reason and a moment")),
    };
    Ok(AttentionItem {
        id: cells.id("id")?,
        checkout: cells.id::<CheckoutId>("checkout_id")?,
        attempt: cells.id("attempt")?,
        kind: cells.word("kind", parse)?,
        detail: cells.get("detail")?,
        opened_at: cells.time("opened_at")?,
        deadline: cells.time_opt("deadline")?,
        resolution,
    })
}

fn parse(word: &str) -> Option<AttentionKind> {
    AttentionKind::deserialize(StrDeserializer::<Error>::new(word)).ok()
}

/// Writes an item, new or changed. What it is about never changes, and a settled one stays settled as it was.
pub(crate) fn put(db: &Connection, tenant: i64, checkout: i64, item: &AttentionItem) -> Done<()> {
    let resolution = item.resolution.as_ref();
    let written = db
        .prepare_cached(
            "INSERT INTO attention (checkout, id, tenant, attempt, kind, detail, opened_at, deadline, choice, reason,
                resolved_by, resolved_at)
             VALUES (:checkout, :id, :tenant, :attempt, :kind, :detail, :opened_at, :deadline, :choice, :reason,
                :resolved_by, :resolved_at)
             ON CONFLICT (checkout, id) DO UPDATE SET detail = excluded.detail, deadline = excluded.deadline,
                choice = excluded.choice, reason = excluded.reason, resolved_by = excluded.resolved_by,
                resolved_at = excluded.resolved_at
             WHERE attempt = excluded.attempt AND kind = excluded.kind AND opened_at = excluded.opened_at
               AND resolved_at IS NULL",
        )?
        .execute(named_params! {
            ":checkout": checkout,
            ":id": item.id.bytes(),
            ":tenant": tenant,
            ":attempt": item.attempt.bytes(),
            ":kind": item.kind.as_str(),
            ":detail": item.detail,
            ":opened_at": time(item.opened_at),
            ":deadline": item.deadline.map(time),
            ":choice": resolution.map(|settled| &settled.choice),
            ":reason": resolution.map(|settled| &settled.reason),
            ":resolved_by": resolution.and_then(|settled| settled.by).map(|key| key.bytes()),
            ":resolved_at": resolution.map(|settled| time(settled.at)),
        })?;
    if written == 1 {
        return Ok(());
    }
    Err(Fault::broken(format!("{}: it was settled before, or is about something else", item.id)))
}
