//! Whose something is, where the question comes without a tenant: tokens in URLs.

use lendport_core::{AttemptId, MerchantId, Mode, ProviderId};
use rusqlite::{Connection, params};

use super::attempt_rows;
use super::cell::{Cells, digest};
use super::fault::Done;
use crate::store::Addressee;
use crate::tenant::Tenant;

/// The attempt whose callback address this is.
pub(crate) fn callback(db: &Connection, provider: &ProviderId, wanted: &str) -> Done<Option<Addressee>> {
    let Some(wanted) = digest(wanted) else { return Ok(None) };
    let mut statement = db.prepare_cached(
        "SELECT a.*, c.id AS checkout_id, c.merchant, c.mode FROM attempts a JOIN checkouts c ON c.pk = a.checkout
         WHERE a.callback_digest = ?1 AND a.provider = ?2",
    )?;
    let mut rows = statement.query(params![wanted, provider.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let cells = Cells::of::<AttemptId>("attempts", row);
    let attempt = attempt_rows::rebuild(&cells, cells.id("checkout_id")?)?;
    Ok(Some(Addressee { tenant: tenant(&cells)?, attempt }))
}

pub(crate) fn tenant(cells: &Cells<'_>) -> Done<Tenant> {
    Ok(Tenant { merchant: cells.id::<MerchantId>("merchant")?, mode: cells.word("mode", Mode::parse)? })
}
