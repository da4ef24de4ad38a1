//! Rows of routing profiles.

use lendport_core::{AuditEntry, RoutingProfileId};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::audit_rows;
use super::cell::{Cells, StoredId as _, count, json, time};
use super::fault::Done;
use super::pages::limit;
use crate::page::{Page, PageAsk};
use crate::routing::{PAGE_BYTES, RoutingVersion};
use crate::tenant::Tenant;

/// Writes the next version with who made it, and makes it the active one. False when the latest one is another than `after`.
pub(crate) fn put(db: &Connection, tenant: Tenant, after: u64, next: &RoutingVersion, told: &AuditEntry) -> Done<bool> {
    let (merchant, mode) = (tenant.merchant.bytes(), tenant.mode.as_str());
    let latest: i64 = db
        .prepare_cached("SELECT coalesce(max(version), 0) FROM routing_profiles WHERE merchant = ?1 AND mode = ?2")?
        .query_row(params![merchant, mode], |row| row.get(0))?;
    if latest != count(after)? {
        return Ok(false);
    }
    db.prepare_cached("UPDATE routing_profiles SET active = 0 WHERE merchant = ?1 AND mode = ?2 AND active = 1")?
        .execute(params![merchant, mode])?;
    db.prepare_cached(
        "INSERT INTO routing_profiles (merchant, mode, version, id, active, document, created_by, created_at)
         VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7)",
    )?
    .execute(params![
        merchant,
        mode,
        count(next.version)?,
        next.id.bytes(),
        json(&next.profile)?,
        next.created_by,
        time(next.created_at),
    ])?;
    audit_rows::insert(db, tenant, told)?;
    Ok(true)
}

/// The active version.
pub(crate) fn active(db: &Connection, tenant: Tenant) -> Done<Option<RoutingVersion>> {
    let mut statement =
        db.prepare_cached("SELECT * FROM routing_profiles WHERE merchant = ?1 AND mode = ?2 AND active = 1")?;
    let mut rows = statement.query(params![tenant.merchant.bytes(), tenant.mode.as_str()])?;
    rows.next()?.map(rebuild).transpose()
}

/// A page of versions, newest first, with no more documents than [`PAGE_BYTES`].
pub(crate) fn page(db: &Connection, tenant: Tenant, ask: PageAsk<RoutingProfileId>) -> Done<Page<RoutingVersion>> {
    let (merchant, mode, limit) = (tenant.merchant.bytes(), tenant.mode.as_str(), limit(ask.limit));
    let below: i64 = match ask.after {
        None => i64::MAX,
        Some(id) => db
            .prepare_cached("SELECT version FROM routing_profiles WHERE id = ?1 AND merchant = ?2 AND mode = ?3")?
            .query_row(params![id.bytes(), merchant, mode], |row| row.get(0))
            .optional()?
            // Nothing is older than what there never was.
            .unwrap_or(0),
    };
    let mut statement = db.prepare_cached(
        "SELECT * FROM routing_profiles WHERE merchant = ?1 AND mode = ?2 AND version < ?3
         ORDER BY version DESC LIMIT ?4",
    )?;
    let mut rows = statement.query(params![merchant, mode, below, i64::from(limit) + 1])?;
    let [wanted, room] = [limit, PAGE_BYTES].map(|most| usize::try_from(most).unwrap_or(usize::MAX));
    let (mut page, mut bytes) = (Page { rows: Vec::new(), has_more: false }, 0_usize);
    while let Some(row) = rows.next()? {
        bytes = bytes.saturating_add(row.get_ref("document")?.as_bytes().map_or(0, <[u8]>::len));
        if page.rows.len() == wanted || (bytes > room && !page.rows.is_empty()) {
            page.has_more = true;
            break;
        }
        page.rows.push(rebuild(row)?);
    }
    Ok(page)
}

fn rebuild(row: &Row<'_>) -> Done<RoutingVersion> {
    let cells = Cells::of::<RoutingProfileId>("routing_profiles", row);
    Ok(RoutingVersion {
        version: cells.number("version")?,
        id: cells.id("id")?,
        active: cells.get("active")?,
        profile: cells.json("document")?,
        created_by: cells.get("created_by")?,
        created_at: cells.time("created_at")?,
    })
}
