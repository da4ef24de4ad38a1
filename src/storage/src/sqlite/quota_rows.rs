//! Merchants' own quotas, and what is counted against them.

use jiff::Timestamp;
use lendport_core::{MerchantId, Quotas};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::cell::{StoredId as _, json, time};
use super::fault::{Done, Fault};
use crate::administration::CheckoutCounts;
use crate::tenant::Tenant;

/// A merchant's own quotas.
pub(crate) fn of(db: &Connection, merchant: MerchantId) -> Done<Quotas> {
    let mut statement = db.prepare_cached("SELECT quotas FROM merchants WHERE id = ?1")?;
    let text: Option<Option<String>> = statement.query_row([merchant.bytes()], |row| row.get(0)).optional()?;
    let read =
        |text: String| serde_json::from_str(&text).map_err(|_| Fault::broken("a merchant's quotas are no quotas"));
    Ok(text.flatten().map(read).transpose()?.unwrap_or_default())
}

/// Writes them.
pub(crate) fn put(db: &Connection, merchant: MerchantId, quotas: &Quotas) -> Done<()> {
    db.prepare_cached("UPDATE merchants SET quotas = ?2, version = version + 1 WHERE id = ?1")?
        .execute(params![merchant.bytes(), json(quotas)?])?;
    Ok(())
}

/// Counts checkouts up to a number.
pub(crate) fn count(db: &Connection, tenant: Tenant, since: Timestamp, most: u32) -> Done<CheckoutCounts> {
    // The condition is that of the partial index.
    let open = "SELECT count(*) FROM (SELECT 1 FROM checkouts INDEXED BY checkouts_due_of
        WHERE (status = 'requires_customer_action' OR status = 'under_review' OR status = 'preapproved' OR status = 'open')
          AND merchant = ?1 AND mode = ?2 LIMIT ?3)";
    let later = "SELECT count(*) FROM (SELECT 1 FROM checkouts INDEXED BY checkouts_by_created
        WHERE merchant = ?1 AND mode = ?2 AND created_at > ?4 LIMIT ?3)";
    let (merchant, mode) = (tenant.merchant.bytes(), tenant.mode.as_str());
    let open = db.prepare_cached(open)?.query_row(params![merchant, mode, most], |row| row.get(0))?;
    let since = db.prepare_cached(later)?.query_row(params![merchant, mode, most, time(since)], |row| row.get(0))?;
    Ok(CheckoutCounts { open, since })
}
