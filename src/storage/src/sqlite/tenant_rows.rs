//! Rows of merchants and their keys.

use jiff::Timestamp;
use lendport_core::{KeyId, MerchantId, Mode, Scopes};
use rusqlite::{Connection, Row, params};

use super::cell::{Cells, StoredId as _, digest, digest_to_store, time};
use super::fault::{Done, Fault};
use super::pages::Query;
use crate::administration::Versioned;
use crate::codec::json;
use crate::page::{Page, PageAsk};
use crate::tenant::{ApiKey, Merchant, Tenant};

/// Writes a merchant, new or changed.
pub(crate) fn put_merchant(db: &Connection, merchant: &Merchant) -> Done<()> {
    if name_is_taken(db, &merchant.name, merchant.id)? {
        return Err(Fault::broken("another merchant has this name"));
    }
    db.prepare_cached(
        "INSERT INTO merchants (id, name, created_at, page) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, page = excluded.page, version = version + 1",
    )?
    .execute(params![merchant.id.bytes(), merchant.name, time(merchant.created_at), json(&merchant.page)?])?;
    Ok(())
}

/// Whether another merchant has this name.
pub(crate) fn name_is_taken(db: &Connection, name: &str, id: MerchantId) -> Done<bool> {
    let holder = "SELECT id FROM merchants WHERE name = ?1 AND id <> ?2";
    Ok(db.prepare_cached(holder)?.exists(params![name, id.bytes()])?)
}

/// The merchant of this name.
pub(crate) fn merchant_by_name(db: &Connection, name: &str) -> Done<Option<Merchant>> {
    let mut statement = db.prepare_cached("SELECT * FROM merchants WHERE name = ?1")?;
    let mut rows = statement.query([name])?;
    Ok(rows.next()?.map(merchant_of).transpose()?.map(|known| known.row))
}

/// The merchant of this id.
pub(crate) fn merchant(db: &Connection, id: MerchantId) -> Done<Option<Versioned<Merchant>>> {
    let mut statement = db.prepare_cached("SELECT * FROM merchants WHERE id = ?1")?;
    let mut rows = statement.query([id.bytes()])?;
    rows.next()?.map(merchant_of).transpose()
}

/// A page of all merchants, newest first.
pub(crate) fn merchants(db: &Connection, page: PageAsk<MerchantId>) -> Done<Page<Versioned<Merchant>>> {
    let query = Query { sql: "SELECT * FROM merchants WHERE true".to_owned(), values: Vec::new() };
    query.newest(db, page, merchant_of)
}

fn merchant_of(row: &Row<'_>) -> Done<Versioned<Merchant>> {
    let cells = Cells::of::<MerchantId>("merchants", row);
    let page = cells.json_opt("page")?.unwrap_or_default();
    let row = Merchant { id: cells.id("id")?, name: cells.get("name")?, page, created_at: cells.time("created_at")? };
    Ok(Versioned { row, version: cells.number("version")? })
}

/// Writes a key's row; an id never moves to another merchant or mode. When it was last used is written apart.
pub(crate) fn put_key(db: &Connection, key: &ApiKey) -> Done<()> {
    let written = db
        .prepare_cached(
            "INSERT INTO api_keys (id, merchant, mode, digest, label, created_at, revoked_at, scopes, expires_at,
                replaced_by)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, label = excluded.label,
                created_at = excluded.created_at, revoked_at = excluded.revoked_at, scopes = excluded.scopes,
                expires_at = excluded.expires_at, replaced_by = excluded.replaced_by
             WHERE merchant = excluded.merchant AND mode = excluded.mode",
        )?
        .execute(params![
            key.id.bytes(),
            key.merchant.bytes(),
            key.mode.as_str(),
            digest_to_store("key's digest", &key.digest)?,
            key.label,
            time(key.created_at),
            key.revoked_at.map(time),
            key.scopes.to_text(),
            key.expires_at.map(time),
            key.replaced_by.map(|id| id.bytes()),
        ])?;
    if written == 1 { Ok(()) } else { Err(Fault::broken(format!("{} belongs to another tenant", key.id))) }
}

/// The key with this digest, unless it was revoked.
pub(crate) fn key_by_digest(db: &Connection, wanted: &str) -> Done<Option<ApiKey>> {
    let Some(wanted) = digest(wanted) else { return Ok(None) };
    let mut statement = db.prepare_cached("SELECT * FROM api_keys WHERE digest = ?1 AND revoked_at IS NULL")?;
    let mut rows = statement.query([wanted])?;
    rows.next()?.map(key_of).transpose()
}

/// One key of a tenant, whether it still works or not.
pub(crate) fn key(db: &Connection, tenant: Tenant, id: KeyId) -> Done<Option<ApiKey>> {
    let mut statement = db.prepare_cached("SELECT * FROM api_keys WHERE merchant = ?1 AND mode = ?2 AND id = ?3")?;
    let mut rows = statement.query(params![tenant.merchant.bytes(), tenant.mode.as_str(), id.bytes()])?;
    rows.next()?.map(key_of).transpose()
}

/// How many keys of a tenant work at this moment.
pub(crate) fn how_many_keys(db: &Connection, tenant: Tenant, now: Timestamp) -> Done<u32> {
    let sql = "SELECT count(*) FROM api_keys WHERE merchant = ?1 AND mode = ?2 AND revoked_at IS NULL
               AND (expires_at IS NULL OR expires_at > ?3)";
    let mut statement = db.prepare_cached(sql)?;
    let values = params![tenant.merchant.bytes(), tenant.mode.as_str(), time(now)];
    Ok(statement.query_row(values, |row| row.get(0))?)
}

/// A page of a tenant's keys, newest first.
pub(crate) fn keys(db: &Connection, tenant: Tenant, page: PageAsk<KeyId>) -> Done<Page<ApiKey>> {
    let sql = "SELECT * FROM api_keys WHERE merchant = ?1 AND mode = ?2".to_owned();
    let values = vec![tenant.merchant.bytes().to_vec().into(), tenant.mode.as_str().to_owned().into()];
    Query { sql, values }.newest(db, page, key_of)
}

/// Remembers when keys were last used.
pub(crate) fn note_uses(db: &Connection, uses: &[(KeyId, Timestamp)]) -> Done<()> {
    let sql = "UPDATE api_keys SET last_used_at = ?2 WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)";
    let mut statement = db.prepare_cached(sql)?;
    for (key, at) in uses {
        statement.execute(params![key.bytes(), time(*at)])?;
    }
    Ok(())
}

fn key_of(row: &Row<'_>) -> Done<ApiKey> {
    let cells = Cells::of::<KeyId>("api_keys", row);
    let scopes = match cells.get::<Option<String>>("scopes")? {
        None => Scopes::of_merchant(),
        Some(words) => Scopes::parse(&words).map_err(|_| cells.bad("scopes", "not a known word"))?,
    };
    Ok(ApiKey {
        id: cells.id("id")?,
        merchant: cells.id("merchant")?,
        mode: cells.word("mode", Mode::parse)?,
        digest: cells.digest("digest")?,
        label: cells.get("label")?,
        scopes,
        created_at: cells.time("created_at")?,
        expires_at: cells.time_opt("expires_at")?,
        last_used_at: cells.time_opt("last_used_at")?,
        replaced_by: cells.id_opt("replaced_by")?,
        revoked_at: cells.time_opt("revoked_at")?,
    })
}
