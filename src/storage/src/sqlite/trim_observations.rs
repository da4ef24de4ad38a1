//! Retention of what providers told: old pushes, and facts that nothing rests on.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::cell::time;
use super::fault::{Done, Fault};

/// Deletes at most this many rows; says how many. Facts stay as long as their checkout may still move, and for ever where
/// a state or a movement rests on them.
pub(crate) fn trim(db: &Connection, before: Timestamp, batch: u32) -> Done<u64> {
    let pushes = db
        .prepare_cached(
            "DELETE FROM pushes WHERE pk IN
                (SELECT pk FROM pushes WHERE received_at < ?1 ORDER BY received_at LIMIT ?2)",
        )?
        .execute(params![time(before), batch])?;
    let left = u64::from(batch).saturating_sub(count(pushes)?);
    let observations = db
        .prepare_cached(
            "DELETE FROM observations WHERE pk IN
                (SELECT o.pk FROM observations o INDEXED BY observations_by_age JOIN checkouts c ON c.pk = o.checkout
                 WHERE o.received_at < ?1
                   AND c.status IN ('refunded', 'charged_back', 'declined', 'canceled', 'expired', 'failed')
                   AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.checkout = o.checkout AND
                        (a.evidence_observation = o.id OR a.state NOT IN
                            ('refunded', 'charged_back', 'declined', 'canceled', 'expired', 'failed')))
                   AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.checkout = o.checkout AND l.observation = o.id)
                 ORDER BY o.received_at LIMIT ?2)",
        )?
        .execute(params![time(before), i64::try_from(left).unwrap_or(i64::MAX)])?;
    Ok(count(pushes)? + count(observations)?)
}

fn count(rows: usize) -> Done<u64> {
    u64::try_from(rows).map_err(|_| Fault::broken("a count is out of range"))
}
