//! Merchants' own quotas, and what is counted against them.

use jiff::Timestamp;
use lendport_core::{MerchantId, Quotas};

use super::cell::json;
use super::connection::{Db, Statements as _};
use super::fault::{Done, Failure};
use crate::administration::CheckoutCounts;

/// A merchant's own quotas.
pub(crate) async fn of(db: &Db, merchant: MerchantId) -> Done<Quotas> {
    let row = db.row("SELECT quotas FROM merchants WHERE id = $1", &[&merchant.uuid()]).await?;
    let text: Option<String> = row.map(|row| row.try_get(0)).transpose()?.flatten();
    let read =
        |text: String| serde_json::from_str(&text).map_err(|_| Failure::broken("a merchant's quotas are no quotas"));
    Ok(text.map(read).transpose()?.unwrap_or_default())
}

/// Writes them.
pub(crate) async fn put(db: &Db, merchant: MerchantId, quotas: &Quotas) -> Done<()> {
    let sql = "UPDATE merchants SET quotas = $2, version = version + 1 WHERE id = $1";
    db.write(sql, &[&merchant.uuid(), &json(quotas)?]).await?;
    Ok(())
}

/// Counts checkouts that nobody has decided on, and those made after a moment, each up to a number. The words are those of the
/// partial index.
pub(crate) const COUNT: &str = "SELECT
    (SELECT count(*) FROM (SELECT FROM checkouts
        WHERE (tenant, expires_at) >= ($1, '-infinity') AND (tenant, expires_at) <= ($1, 'infinity')
          AND status IN ('requires_customer_action', 'under_review', 'preapproved', 'open')
        ORDER BY tenant, expires_at LIMIT $3) found) AS open,
    (SELECT count(*) FROM (SELECT FROM checkouts WHERE tenant = $1 AND created_at > $2
        ORDER BY created_at LIMIT $3) found) AS since";

/// Asks [`COUNT`].
pub(crate) async fn count(db: &Db, tenant: i64, since: Timestamp, most: u32) -> Done<CheckoutCounts> {
    let Some(row) = db.row(COUNT, &[&tenant, &since, &i64::from(most)]).await? else {
        return Ok(CheckoutCounts::default());
    };
    let number = |name: &str| -> Done<u32> { Ok(u32::try_from(row.try_get::<_, i64>(name)?).unwrap_or(most)) };
    Ok(CheckoutCounts { open: number("open")?, since: number("since")? })
}
