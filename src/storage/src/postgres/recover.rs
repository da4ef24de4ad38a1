//! Gives an endpoint again what it did not accept, oldest first and a few events at a time.

use jiff::Timestamp;

use super::connection::{Db, Statements as _, Transaction};
use super::delivery_rows;
use super::fault::Done;

/// Asks for one. Where one is under way, the earlier beginning holds.
pub(crate) async fn ask(db: &Db, endpoint: i64, since: Timestamp) -> Done<()> {
    let sql = "INSERT INTO recoveries (endpoint, created_at, event) VALUES ($1, $2, 0)
               ON CONFLICT (endpoint) DO UPDATE SET created_at = excluded.created_at, event = 0
               WHERE excluded.created_at <= recoveries.created_at";
    db.write(sql, &[&endpoint, &since]).await?;
    Ok(())
}

/// The next events of a recovery.
pub(crate) const EVENTS: &str = "SELECT e.pk, e.created_at, e.checkout, \
         NOT e.test AND (cardinality(w.events) = 0 OR e.kind = ANY (w.events)) AS wanted \
     FROM webhook_endpoints w JOIN events e ON e.tenant = w.tenant \
     WHERE w.pk = $1 AND (e.created_at, e.pk) > ($2, $3) ORDER BY e.created_at, e.pk LIMIT $4";

/// Makes deliveries of these events, or puts those in the queue again that failed.
pub(crate) const TELL: &str = "INSERT INTO deliveries (endpoint, id, event, checkout, sequence, state, waits, overtakable, tries, \
         next_at, due_at, created_at, updated_at) \
     SELECT w.pk, delivery_id(e.id, w.id), e.pk, e.checkout, e.sequence, 'pending', false, false, 0, $3, $3, $3, $3 \
     FROM webhook_endpoints w JOIN events e ON e.pk = ANY ($2::bigint[]) WHERE w.pk = $1 \
     ON CONFLICT (endpoint, id) DO UPDATE SET state = 'pending', tries = 0, overtakable = false, \
         next_at = excluded.next_at, due_at = excluded.due_at, lease_owner = NULL, updated_at = excluded.updated_at \
     WHERE deliveries.state = 'failed'";

/// Looks at no more than this many events of one recovery that nobody else works on; says at how many, and none when
/// there is no such recovery.
pub(crate) async fn some(held: Transaction, now: Timestamp, batch: i64) -> Done<Option<u64>> {
    held.batch_execute("BEGIN").await?;
    let next = "SELECT endpoint, created_at, event FROM recoveries ORDER BY endpoint LIMIT 1 FOR UPDATE SKIP LOCKED";
    let Some(cursor) = held.row(next, &[]).await? else {
        held.batch_execute("ROLLBACK").await?;
        held.ended();
        return Ok(None);
    };
    let endpoint: i64 = cursor.try_get(0)?;
    let (from, event): (Timestamp, i64) = (cursor.try_get(1)?, cursor.try_get(2)?);
    let events = held.rows(EVENTS, &[&endpoint, &from, &event, &batch]).await?;
    let (mut wanted, mut checkouts) = (Vec::<i64>::new(), Vec::<i64>::new());
    for row in &events {
        if row.try_get("wanted")? {
            wanted.push(row.try_get("pk")?);
            checkouts.extend(row.try_get::<_, Option<i64>>("checkout")?);
        }
    }
    held.rows(delivery_rows::HOLD, &[&checkouts]).await?;
    held.write(TELL, &[&endpoint, &wanted, &now]).await?;
    let endpoints = vec![endpoint; checkouts.len()];
    held.write(delivery_rows::PUT_IN_ORDER, &[&endpoints, &checkouts]).await?;
    let looked_at = i64::try_from(events.len()).unwrap_or(i64::MAX);
    match events.last() {
        Some(last) if looked_at == batch => {
            let sql = "UPDATE recoveries SET created_at = $2, event = $3 WHERE endpoint = $1";
            let (created_at, pk): (Timestamp, i64) = (last.try_get("created_at")?, last.try_get("pk")?);
            held.write(sql, &[&endpoint, &created_at, &pk]).await?;
        }
        _ => {
            held.write("DELETE FROM recoveries WHERE endpoint = $1", &[&endpoint]).await?;
        }
    }
    held.batch_execute("COMMIT").await?;
    held.ended();
    Ok(Some(u64::try_from(looked_at).unwrap_or(0)))
}
