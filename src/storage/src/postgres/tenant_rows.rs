//! Rows of merchants and their keys, and the small numbers of tenants.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use lendport_core::{KeyId, MerchantId, Mode};
use tokio_postgres::Row;

use super::cell::{Cells, digest, digest_to_store};
use super::columns::storable;
use super::connection::{Db, Statements as _};
use super::fault::{Done, Failure};
use crate::codec::json;
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

/// Writes a merchant, new or renamed.
pub(crate) async fn put_merchant(db: &Db, merchant: &Merchant) -> Done<()> {
    let sql = "INSERT INTO merchants (id, name, created_at, page) VALUES ($1, $2, $3, $4)
               ON CONFLICT (id) DO UPDATE SET name = excluded.name, page = excluded.page";
    let page = json(&merchant.page)?;
    db.write(sql, &[&merchant.id.uuid(), &storable(&merchant.name), &merchant.created_at, &page]).await?;
    Ok(())
}

/// The merchant of this name.
pub(crate) async fn merchant_by_name(db: &Db, name: &str) -> Done<Option<Merchant>> {
    let sql = "SELECT id, name, page, created_at FROM merchants WHERE name = $1";
    db.row(sql, &[&storable(name)]).await?.as_ref().map(merchant_of).transpose()
}

/// The merchant of this id.
pub(crate) async fn merchant(db: &Db, id: MerchantId) -> Done<Option<Merchant>> {
    let sql = "SELECT id, name, page, created_at FROM merchants WHERE id = $1";
    db.row(sql, &[&id.uuid()]).await?.as_ref().map(merchant_of).transpose()
}

fn merchant_of(row: &Row) -> Done<Merchant> {
    let cells = Cells::of::<MerchantId>("merchants", row);
    let page = cells.json_opt("page")?.unwrap_or_default();
    Ok(Merchant { id: cells.id("id")?, name: cells.get("name")?, page, created_at: cells.time("created_at")? })
}

/// Writes a key's row; an id never moves to another merchant or mode.
pub(crate) async fn put_key(db: &Db, key: &ApiKey) -> Done<()> {
    let sql = "INSERT INTO api_keys (id, merchant, mode, digest, label, created_at, revoked_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7)
               ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, label = excluded.label,
                   created_at = excluded.created_at, revoked_at = excluded.revoked_at
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
            ],
        )
        .await?;
    if written == 1 { Ok(()) } else { Err(Failure::broken(format!("{} belongs to another tenant", key.id))) }
}

/// The key with this digest, unless it was revoked.
pub(crate) async fn key_by_digest(db: &Db, wanted: &str) -> Done<Option<ApiKey>> {
    let Some(wanted) = digest(wanted) else { return Ok(None) };
    let sql = "SELECT id, merchant, mode, digest, label, created_at, revoked_at FROM api_keys
               WHERE digest = $1 AND revoked_at IS NULL";
    let Some(row) = db.row(sql, &[&wanted]).await? else { return Ok(None) };
    let cells = Cells::of::<KeyId>("api_keys", &row);
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
