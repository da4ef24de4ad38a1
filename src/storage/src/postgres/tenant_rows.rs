//! Rows of merchants and their keys, and the small numbers of tenants.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use jiff::Timestamp;
use lendport_core::{KeyId, MerchantId, Mode, Scopes};
use tokio_postgres::Row;

use super::cell::{Cells, digest, digest_to_store};
use super::columns::storable;
use super::connection::{Db, Statements as _, Values};
use super::fault::{Done, Failure};
use super::pages::{cut, limit};
use crate::administration::Versioned;
use crate::codec::json;
use crate::page::{Page, PageAsk};
use crate::tenant::{ApiKey, Merchant, Tenant};

/// Tenants whose number is remembered; more are asked for again.
const REMEMBERED: usize = 10_000;

/// The numbers of tenants. A number never changes, so what is remembered holds.
#[derive(Default)]
pub(crate) struct Tenants(RwLock<HashMap<Tenant, i64>>);

impl Tenants {
    /// The tenant's number, or none when nothing was ever stored for it.
    pub(crate) async fn find(&self, db: &Db, tenant: Tenant) -> Done<Option<i64>> {
        if let Some(pk) = self.known(tenant) {
            return Ok(Some(pk));
        }
        let sql = "SELECT pk FROM tenants WHERE merchant = $1 AND mode = $2";
        let row = db.row(sql, &[&tenant.merchant.uuid(), &tenant.mode.as_str()]).await?;
        row.map(|row| self.remember(tenant, &row)).transpose()
    }

    /// The tenant's number, a new one where it has none.
    pub(crate) async fn find_or_make(&self, db: &Db, tenant: Tenant) -> Done<i64> {
        let make = "INSERT INTO tenants (merchant, mode) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        loop {
            if let Some(pk) = self.find(db, tenant).await? {
                return Ok(pk);
            }
            db.write(make, &[&tenant.merchant.uuid(), &tenant.mode.as_str()]).await?;
        }
    }

    /// The tenant's number, where it was asked for before.
    pub(crate) fn known(&self, tenant: Tenant) -> Option<i64> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&tenant).copied()
    }

    fn remember(&self, tenant: Tenant, row: &Row) -> Done<i64> {
        let pk = row.try_get(0)?;
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(tenant, pk);
        Ok(pk)
    }
}

/// The tenant of a row with its columns `merchant` and `mode`.
pub(crate) fn tenant_of(cells: &Cells<'_>) -> Done<Tenant> {
    Ok(Tenant { merchant: cells.id::<MerchantId>("merchant")?, mode: cells.word("mode", Mode::parse)? })
}

/// Has changes of a merchant come one after the other.
pub(crate) const HOLD: &str = "SELECT 1 FROM merchants WHERE id = $1 FOR NO KEY UPDATE";

/// Writes a merchant, new or changed.
pub(crate) async fn put_merchant(db: &Db, merchant: &Merchant) -> Done<()> {
    let sql = "INSERT INTO merchants (id, name, created_at, page) VALUES ($1, $2, $3, $4)
               ON CONFLICT (id) DO UPDATE SET name = excluded.name, page = excluded.page,
                   version = merchants.version + 1";
    let page = json(&merchant.page)?;
    db.write(sql, &[&merchant.id.uuid(), &storable(&merchant.name), &merchant.created_at, &page]).await?;
    Ok(())
}

/// Whether another merchant has this name.
pub(crate) async fn name_is_taken(db: &Db, name: &str, id: MerchantId) -> Done<bool> {
    let sql = "SELECT 1 FROM merchants WHERE name = $1 AND id <> $2";
    Ok(db.row(sql, &[&storable(name), &id.uuid()]).await?.is_some())
}

/// The merchant of this name.
pub(crate) async fn merchant_by_name(db: &Db, name: &str) -> Done<Option<Merchant>> {
    let sql = "SELECT id, name, page, created_at, version FROM merchants WHERE name = $1";
    let row = db.row(sql, &[&storable(name)]).await?;
    Ok(row.as_ref().map(merchant_of).transpose()?.map(|known| known.row))
}

/// The merchant of this id.
pub(crate) async fn merchant(db: &Db, id: MerchantId) -> Done<Option<Versioned<Merchant>>> {
    let sql = "SELECT id, name, page, created_at, version FROM merchants WHERE id = $1";
    db.row(sql, &[&id.uuid()]).await?.as_ref().map(merchant_of).transpose()
}

/// A page of all merchants, newest first.
pub(crate) async fn merchants(db: &Db, page: PageAsk<MerchantId>) -> Done<Page<Versioned<Merchant>>> {
    let limit = limit(page.limit);
    let sql = "SELECT id, name, page, created_at, version FROM merchants WHERE $1::uuid IS NULL OR id < $1
               ORDER BY id DESC LIMIT $2";
    let rows = db.rows(sql, &[&page.after.map(|id| id.uuid()), &i64::from(limit + 1)]).await?;
    Ok(cut(rows.iter().map(merchant_of).collect::<Done<_>>()?, limit))
}

fn merchant_of(row: &Row) -> Done<Versioned<Merchant>> {
    let cells = Cells::of::<MerchantId>("merchants", row);
    let page = cells.json_opt("page")?.unwrap_or_default();
    let row = Merchant { id: cells.id("id")?, name: cells.get("name")?, page, created_at: cells.time("created_at")? };
    Ok(Versioned { row, version: cells.number("version")? })
}

/// Writes a key's row; an id never moves to another merchant or mode. When it was last used is written apart.
pub(crate) async fn put_key(db: &Db, key: &ApiKey) -> Done<()> {
    let sql = "INSERT INTO api_keys (id, merchant, mode, digest, label, created_at, revoked_at, scopes, expires_at,
                   replaced_by)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
               ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, label = excluded.label,
                   created_at = excluded.created_at, revoked_at = excluded.revoked_at, scopes = excluded.scopes,
                   expires_at = excluded.expires_at, replaced_by = excluded.replaced_by
               WHERE api_keys.merchant = excluded.merchant AND api_keys.mode = excluded.mode";
    let digest = digest_to_store("key's digest", &key.digest)?;
    let written = db
        .write(
            sql,
            &[
                &key.id.uuid(),
                &key.merchant.uuid(),
                &key.mode.as_str(),
                &digest,
                &storable(&key.label),
                &key.created_at,
                &key.revoked_at,
                &key.scopes.to_text(),
                &key.expires_at,
                &key.replaced_by.map(|id| id.uuid()),
            ],
        )
        .await?;
    if written == 1 { Ok(()) } else { Err(Failure::broken(format!("{} belongs to another tenant", key.id))) }
}

/// The key with this digest, unless it was revoked.
pub(crate) async fn key_by_digest(db: &Db, wanted: &str) -> Done<Option<ApiKey>> {
    let Some(wanted) = digest(wanted) else { return Ok(None) };
    let sql = "SELECT id, merchant, mode, digest, label, created_at, revoked_at, scopes, expires_at, last_used_at,
                   replaced_by
               FROM api_keys WHERE digest = $1 AND revoked_at IS NULL";
    db.row(sql, &[&wanted]).await?.as_ref().map(key_of).transpose()
}

/// One key of a tenant, whether it still works or not.
pub(crate) async fn key(db: &Db, tenant: Tenant, id: KeyId) -> Done<Option<ApiKey>> {
    let sql = "SELECT id, merchant, mode, digest, label, created_at, revoked_at, scopes, expires_at, last_used_at,
                   replaced_by
               FROM api_keys WHERE id = $1 AND merchant = $2 AND mode = $3";
    let row = db.row(sql, &[&id.uuid(), &tenant.merchant.uuid(), &tenant.mode.as_str()]).await?;
    row.as_ref().map(key_of).transpose()
}

/// How many keys of a tenant work at this moment.
pub(crate) async fn how_many_keys(db: &Db, tenant: Tenant, now: Timestamp) -> Done<u32> {
    let sql = "SELECT count(*) FROM api_keys WHERE merchant = $1 AND mode = $2 AND revoked_at IS NULL
               AND (expires_at IS NULL OR expires_at > $3)";
    let row = db.row(sql, &[&tenant.merchant.uuid(), &tenant.mode.as_str(), &now]).await?;
    let count: i64 = row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// A page of a tenant's keys, newest first.
pub(crate) async fn keys(db: &Db, tenant: Tenant, page: PageAsk<KeyId>) -> Done<Page<ApiKey>> {
    let limit = limit(page.limit);
    let after = page.after.map(|id| id.uuid());
    let values: Values<'_> = &[&tenant.merchant.uuid(), &tenant.mode.as_str(), &after, &i64::from(limit + 1)];
    let rows = db.rows(KEYS, values).await?;
    Ok(cut(rows.iter().map(key_of).collect::<Done<_>>()?, limit))
}

/// A page of a tenant's keys, and one more.
pub(crate) const KEYS: &str = "SELECT id, merchant, mode, digest, label, created_at, revoked_at, scopes, expires_at, \
     last_used_at, replaced_by FROM api_keys \
     WHERE merchant = $1 AND mode = $2 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4";

/// Remembers when keys were last used. The rows are locked in one order, as replicas write at once of the same keys.
pub(crate) const NOTE_USES: &str = "WITH held AS MATERIALIZED ( \
         SELECT id FROM api_keys WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE) \
     UPDATE api_keys SET last_used_at = n.at \
     FROM held JOIN unnest($1::uuid[], $2::timestamptz[]) AS n (id, at) ON n.id = held.id \
     WHERE api_keys.id = held.id AND (api_keys.last_used_at IS NULL OR api_keys.last_used_at < n.at)";

/// Remembers when keys were last used.
pub(crate) async fn note_uses(db: &Db, uses: &[(KeyId, Timestamp)]) -> Done<()> {
    let (ids, moments): (Vec<_>, Vec<_>) = uses.iter().map(|(id, at)| (id.uuid(), *at)).unzip();
    db.write(NOTE_USES, &[&ids, &moments]).await?;
    Ok(())
}

fn key_of(row: &Row) -> Done<ApiKey> {
    let cells = Cells::of::<KeyId>("api_keys", row);
    let scopes = match cells.get::<Option<&str>>("scopes")? {
        None => Scopes::of_merchant(),
        Some(words) => Scopes::parse(words).map_err(|_| cells.bad("scopes", "not a known word"))?,
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
