//! Whose something is, where the question comes without a tenant: tokens in URLs, and deadlines.

use jiff::Timestamp;
use lendport_core::{AttemptId, CheckoutId, MerchantId, Mode, ProviderId};
use rusqlite::{Connection, Row, params};

use super::attempt_rows;
use super::cell::{Cells, digest, time};
use super::fault::Done;
use crate::store::{Addressee, Located};
use crate::tenant::Tenant;

/// A row with a column `attempt`, empty where the question was about the checkout.
fn rebuild(row: &Row<'_>) -> Done<Located> {
    let cells = Cells::of::<CheckoutId>("checkouts", row);
    Ok(Located { tenant: tenant(&cells)?, checkout: cells.id("id")?, attempt: cells.id_opt::<AttemptId>("attempt")? })
}

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

fn tenant(cells: &Cells<'_>) -> Done<Tenant> {
    Ok(Tenant { merchant: cells.id::<MerchantId>("merchant")?, mode: cells.word("mode", Mode::parse)? })
}

/// Checkouts past their deadline in a status that a timer may end, longest overdue first.
pub(crate) fn due(db: &Connection, now: Timestamp, limit: u32) -> Done<Vec<Located>> {
    // The condition is that of the partial index, which therefore answers without looking at anything else.
    let mut statement = db.prepare_cached(
        "SELECT id, merchant, mode, NULL AS attempt FROM checkouts INDEXED BY checkouts_due
         WHERE (status = 'requires_customer_action' OR status = 'under_review' OR status = 'preapproved' OR status = 'open')
           AND expires_at <= ?1
         ORDER BY expires_at LIMIT ?2",
    )?;
    let mut rows = statement.query(params![time(now), limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(rebuild(row)?);
    }
    Ok(found)
}

/// Attempts whose provider is to be asked, longest overdue first.
pub(crate) fn to_poll(db: &Connection, now: Timestamp, limit: u32) -> Done<Vec<Located>> {
    // The condition is that of the partial index.
    let mut statement = db.prepare_cached(
        "SELECT c.id, c.merchant, c.mode, a.id AS attempt
         FROM attempts a INDEXED BY attempts_to_poll JOIN checkouts c ON c.pk = a.checkout
         WHERE a.poll_at IS NOT NULL AND a.poll_at <= ?1
         ORDER BY a.poll_at LIMIT ?2",
    )?;
    let mut rows = statement.query(params![time(now), limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(rebuild(row)?);
    }
    Ok(found)
}
