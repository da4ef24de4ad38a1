//! Rows of merchants and their keys.

use lendport_core::{KeyId, MerchantId, Mode};
use rusqlite::{Connection, Rows, params};

use super::cell::{Cells, StoredId as _, digest, digest_to_store, time};
use super::fault::{Done, Fault};
use crate::codec::json;
use crate::tenant::{ApiKey, Merchant};

/// Writes a merchant, new or renamed.
pub(crate) fn put_merchant(db: &Connection, merchant: &Merchant) -> Done<()> {
    let holder = "SELECT id FROM merchants WHERE name = ?1 AND id <> ?2";
    if db.prepare_cached(holder)?.exists(params![merchant.name, merchant.id.bytes()])? {
        return Err(Fault::broken("another merchant has this name"));
    }
    db.prepare_cached(
        "INSERT INTO merchants (id, name, created_at, page) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, page = excluded.page",
    )?
    .execute(params![merchant.id.bytes(), merchant.name, time(merchant.created_at), json(&merchant.page)?])?;
    Ok(())
}

/// The merchant of this name.
pub(crate) fn merchant_by_name(db: &Connection, name: &str) -> Done<Option<Merchant>> {
    let mut statement = db.prepare_cached("SELECT * FROM merchants WHERE name = ?1")?;
    merchant_of(&mut statement.query([name])?)
}

/// The merchant of this id.
pub(crate) fn merchant(db: &Connection, id: MerchantId) -> Done<Option<Merchant>> {
    let mut statement = db.prepare_cached("SELECT * FROM merchants WHERE id = ?1")?;
    merchant_of(&mut statement.query([id.bytes()])?)
}

fn merchant_of(rows: &mut Rows<'_>) -> Done<Option<Merchant>> {
    let Some(row) = rows.next()? else { return Ok(None) };
    let cells = Cells::of::<MerchantId>("merchants", row);
    let page = cells.json_opt("page")?.unwrap_or_default();
    Ok(Some(Merchant { id: cells.id("id")?, name: cells.get("name")?, page, created_at: cells.time("created_at")? }))
}

/// Writes a key's row; an id never moves to another merchant or mode.
pub(crate) fn put_key(db: &Connection, key: &ApiKey) -> Done<()> {
    let written = db
        .prepare_cached(
            "INSERT INTO api_keys (id, merchant, mode, digest, label, created_at, revoked_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, label = excluded.label,
                created_at = excluded.created_at, revoked_at = excluded.revoked_at
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
        ])?;
    if written == 1 { Ok(()) } else { Err(Fault::broken(format!("{} belongs to another tenant", key.id))) }
}

/// The key with this digest, unless it was revoked.
pub(crate) fn key_by_digest(db: &Connection, wanted: &str) -> Done<Option<ApiKey>> {
    let Some(wanted) = digest(wanted) else { return Ok(None) };
    let mut statement = db.prepare_cached("SELECT * FROM api_keys WHERE digest = ?1 AND revoked_at IS NULL")?;
    let mut rows = statement.query([wanted])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let cells = Cells::of::<KeyId>("api_keys", row);
    Ok(Some(ApiKey {
        id: cells.id("id")?,
        merchant: cells.id("merchant")?,
        mode: cells.word("mode", Mode::parse)?,
        digest: cells.digest("digest")?,
        label: cells.get("label")?,
        created_at: cells.time("created_at")?,
        revoked_at: cells.time_opt("revoked_at")?,
    }))
}
