//! Retention of what providers told: old pushes, and facts that nothing rests on.

use jiff::Timestamp;

use super::connection::{Db, Statements as _};
use super::fault::Done;

/// Deletes at most this many rows; says how many. Facts stay as long as their checkout may still move, and for ever where
/// a state or a movement rests on them. Rows that another process is just deleting are passed over.
pub(crate) async fn trim(db: &Db, before: Timestamp, batch: u32) -> Done<u64> {
    let pushes = "DELETE FROM pushes WHERE pk IN
        (SELECT pk FROM pushes WHERE received_at < $1 ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED)";
    let pushes = db.write(pushes, &[&before, &i64::from(batch)]).await?;
    let left = i64::try_from(u64::from(batch).saturating_sub(pushes)).unwrap_or(i64::MAX);
    let observations = "DELETE FROM observations WHERE pk IN
        (SELECT o.pk FROM observations o JOIN checkouts c ON c.pk = o.checkout
         WHERE o.received_at < $1
           AND c.status IN ('refunded', 'charged_back', 'declined', 'canceled', 'expired', 'failed')
           AND NOT EXISTS (SELECT FROM attempts a WHERE a.checkout = o.checkout AND
                (a.evidence_observation = o.id OR a.state NOT IN
                    ('refunded', 'charged_back', 'declined', 'canceled', 'expired', 'failed')))
           AND NOT EXISTS (SELECT FROM ledger l WHERE l.checkout = o.checkout AND l.observation = o.id)
         ORDER BY o.received_at LIMIT $2 FOR UPDATE OF o SKIP LOCKED)";
    Ok(pushes + db.write(observations, &[&before, &left]).await?)
}
