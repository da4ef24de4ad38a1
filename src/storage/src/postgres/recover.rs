//! What takes long, a few rows at a time: gives an endpoint again what it did not accept, oldest first, and ends what was
//! pending for one that was removed.

use jiff::Timestamp;

use super::connection::{Db, Statements as _, Transaction};
use super::delivery_rows;
use super::fault::Done;

/// Asks for one. Where one is under way, the earlier beginning holds.
///
/// Who is writing events now may have seen the endpoint as it was before, and made no delivery for it; its events come to
/// light when it commits, and a page must not be read before that. Whoever begins to write later sees the endpoint as it
/// is now.
pub(crate) async fn ask(db: &Db, endpoint: i64, since: Timestamp) -> Done<()> {
    let sql = "INSERT INTO recoveries (endpoint, created_at, event, writing) VALUES ($1, $2, 0, ARRAY(
                   SELECT DISTINCT virtualtransaction FROM pg_locks WHERE relation = 'events'::regclass
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                   AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid()))
               ON CONFLICT (endpoint) DO UPDATE SET writing = excluded.writing,
                   created_at = LEAST(excluded.created_at, recoveries.created_at),
                   event = CASE WHEN excluded.created_at <= recoveries.created_at THEN 0 ELSE recoveries.event END";
    db.write(sql, &[&endpoint, &since]).await?;
    Ok(())
}

/// The next events of a recovery, held against being trimmed.
pub(crate) const EVENTS: &str = "SELECT e.pk, e.created_at, e.checkout, \
         NOT e.test AND (cardinality(w.events) = 0 OR e.kind = ANY (w.events)) AS wanted \
     FROM webhook_endpoints w JOIN events e ON e.tenant = w.tenant \
     WHERE w.pk = $1 AND (e.created_at, e.pk) > ($2, $3) ORDER BY e.created_at, e.pk LIMIT $4 FOR KEY SHARE OF e";

/// Makes deliveries of these events, or puts those in the queue again that failed.
pub(crate) const TELL: &str = "INSERT INTO deliveries (endpoint, id, event, checkout, sequence, state, waits, overtakable, tries, \
         next_at, due_at, created_at, updated_at) \
     SELECT w.pk, delivery_id(e.id, w.id), e.pk, e.checkout, e.sequence, 'pending', false, false, 0, $3, $3, $3, $3 \
     FROM webhook_endpoints w JOIN events e ON e.pk = ANY ($2::bigint[]) WHERE w.pk = $1 \
     ON CONFLICT (endpoint, id) DO UPDATE SET state = 'pending', tries = 0, overtakable = false, \
         next_at = excluded.next_at, due_at = excluded.due_at, lease_owner = NULL, \
         updated_at = GREATEST(excluded.updated_at, deliveries.updated_at + interval '1 microsecond') \
     WHERE deliveries.state = 'failed'";

/// Ends some of what is pending for an endpoint that was removed.
pub(crate) const END: &str = "UPDATE deliveries SET state = 'failed', next_at = NULL, due_at = NULL, waits = false \
     WHERE endpoint = $1 AND id = ANY (ARRAY( \
         SELECT id FROM deliveries WHERE endpoint = $1 AND state = 'pending' ORDER BY checkout LIMIT $2 FOR UPDATE))";

/// Looks at no more than this many events, or pending deliveries of a removed endpoint, for one row that nobody else works
/// on and whose time has come; says at how many, and none when there is no such row.
pub(crate) async fn some(held: Transaction, now: Timestamp, batch: i64) -> Done<Option<u64>> {
    held.batch_execute("BEGIN").await?;
    let next = "SELECT r.endpoint, r.created_at, r.event, w.removed FROM recoveries r
                JOIN webhook_endpoints w ON w.pk = r.endpoint
                WHERE r.writing = '{}' OR NOT EXISTS (SELECT FROM pg_locks l
                    WHERE l.virtualtransaction = ANY (r.writing) AND l.relation = 'events'::regclass
                    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
                ORDER BY r.turn, r.endpoint LIMIT 1 FOR UPDATE OF r SKIP LOCKED";
    let Some(cursor) = held.row(next, &[]).await? else {
        held.batch_execute("ROLLBACK").await?;
        held.ended();
        return Ok(None);
    };
    let endpoint: i64 = cursor.try_get(0)?;
    let (from, event): (Timestamp, i64) = (cursor.try_get(1)?, cursor.try_get(2)?);
    let (looked_at, last) = match cursor.try_get("removed")? {
        true => (held.write(END, &[&endpoint, &batch]).await?, None),
        false => tell_again(&held, endpoint, (from, event), now, batch).await?,
    };
    let is_over = i64::try_from(looked_at).is_ok_and(|looked_at| looked_at < batch);
    if is_over {
        held.write("DELETE FROM recoveries WHERE endpoint = $1", &[&endpoint]).await?;
    } else if let Some((created_at, pk)) = last {
        let sql = "UPDATE recoveries SET created_at = $2, event = $3, writing = '{}' WHERE endpoint = $1";
        held.write(sql, &[&endpoint, &created_at, &pk]).await?;
    }
    if !is_over {
        // All others come first: nobody's recovery waits for the whole of another one.
        let sql = "UPDATE recoveries SET turn = (SELECT max(turn) + 1 FROM recoveries) WHERE endpoint = $1";
        held.write(sql, &[&endpoint]).await?;
    }
    held.batch_execute("COMMIT").await?;
    held.ended();
    Ok(Some(looked_at))
}

/// Goes on behind that event; says at how many it looked, and which was the last.
async fn tell_again(
    db: &Db,
    endpoint: i64,
    (from, event): (Timestamp, i64),
    now: Timestamp,
    batch: i64,
) -> Done<(u64, Option<(Timestamp, i64)>)> {
    let events = db.rows(EVENTS, &[&endpoint, &from, &event, &batch]).await?;
    let (mut wanted, mut checkouts) = (Vec::<i64>::new(), Vec::<i64>::new());
    for row in &events {
        if row.try_get("wanted")? {
            wanted.push(row.try_get("pk")?);
            checkouts.extend(row.try_get::<_, Option<i64>>("checkout")?);
        }
    }
    db.rows(delivery_rows::HOLD, &[&checkouts]).await?;
    db.write(TELL, &[&endpoint, &wanted, &now]).await?;
    let endpoints = vec![endpoint; checkouts.len()];
    db.write(delivery_rows::PUT_IN_ORDER, &[&endpoints, &checkouts]).await?;
    let last = events.last().map(|row| Done::Ok((row.try_get("created_at")?, row.try_get("pk")?))).transpose()?;
    Ok((u64::try_from(events.len()).unwrap_or(u64::MAX), last))
}
