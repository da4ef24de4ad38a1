//! Retention of what providers told: old pushes, and facts that nothing rests on.

use jiff::Timestamp;

use super::connection::{Db, Statements as _};
use super::fault::Done;

/// Deletes old pushes. What is locked stays in its place.
pub(crate) const PUSHES: &str = "DELETE FROM pushes WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM pushes WHERE received_at < $1 ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED))";

/// Deletes old facts that nothing rests on, looked at one by one from the oldest on.
pub(crate) const OBSERVATIONS: &str = "DELETE FROM observations WHERE ctid = ANY (ARRAY(
        SELECT o.ctid FROM observations o
        WHERE o.received_at < $1
          AND (SELECT c.status FROM checkouts c WHERE c.pk = o.checkout)
              IN ('refunded', 'charged_back', 'declined', 'canceled', 'expired', 'failed')
          AND (SELECT bool_or(a.evidence_observation IS NOT DISTINCT FROM o.id OR a.state NOT IN
                  ('refunded', 'charged_back', 'declined', 'canceled', 'expired', 'failed'))
               FROM attempts a WHERE a.checkout = o.checkout) IS NOT TRUE
          AND (SELECT bool_or(l.observation = o.id) FROM ledger l WHERE l.checkout = o.checkout) IS NOT TRUE
        ORDER BY o.received_at LIMIT $2 FOR UPDATE OF o SKIP LOCKED))";

/// Deletes at most this many rows; says how many. Facts stay as long as their checkout may still move, and for ever where
/// a state or a movement rests on them. Rows that another process is just deleting are passed over.
pub(crate) async fn trim(db: &Db, before: Timestamp, batch: u32) -> Done<u64> {
    let pushes = db.write(PUSHES, &[&before, &i64::from(batch)]).await?;
    let left = i64::try_from(u64::from(batch).saturating_sub(pushes)).unwrap_or(i64::MAX);
    Ok(pushes + db.write(OBSERVATIONS, &[&before, &left]).await?)
}
