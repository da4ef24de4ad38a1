//! Retention of events: old ones go with their deliveries and tries, once no enabled endpoint waits for them any more.

use jiff::Timestamp;

use super::connection::{Db, Statements as _, Transaction};
use super::delivery_rows;
use super::fault::Done;

/// Where the last batch ended, so that events that must stay are not looked at again for each batch of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TrimCursor {
    tenant: i64,
    last: Option<(Timestamp, i64)>,
}

/// Old events of a tenant after the last that was looked at. Those that are just being sent again are passed over.
pub(crate) const OLD: &str = "SELECT pk, created_at FROM events WHERE tenant = $1 AND created_at < $2 \
     AND ($3::timestamptz IS NULL OR (created_at, pk) > ($3, $4)) ORDER BY created_at, pk LIMIT $5 \
     FOR UPDATE SKIP LOCKED";

/// The checkouts of which something is pending for an endpoint that is switched off: what waits behind that moves up.
pub(crate) const PENDING: &str = "SELECT e.checkout FROM events e \
     WHERE e.pk = ANY ($1::bigint[]) AND e.checkout IS NOT NULL AND ( \
         SELECT bool_or(true) FROM webhook_endpoints w CROSS JOIN LATERAL ( \
             SELECT FROM deliveries WHERE endpoint = w.pk AND id = delivery_id(e.id, w.id) AND state = 'pending' OFFSET 0) d \
         WHERE w.tenant = e.tenant AND (w.removed OR w.state <> 'enabled'))";

/// Deletes those of them that no enabled endpoint waits for, with their deliveries and tries. What is pending for an
/// endpoint that is switched off protects nothing: it might be for ever. Answers how many went, and of which endpoints
/// and checkouts something pending went with them.
pub(crate) const DELETE: &str = "WITH doomed AS MATERIALIZED ( \
         SELECT e.pk, e.id, e.tenant FROM events e WHERE e.pk = ANY ($1::bigint[]) AND NOT EXISTS ( \
             SELECT FROM webhook_endpoints w \
             JOIN deliveries d ON d.endpoint = w.pk AND d.id = delivery_id(e.id, w.id) AND d.state = 'pending' \
             WHERE w.tenant = e.tenant AND NOT w.removed AND w.state = 'enabled')), \
     of_endpoints AS MATERIALIZED ( \
         SELECT w.pk AS endpoint, delivery_id(doomed.id, w.id) AS delivery \
         FROM doomed JOIN webhook_endpoints w ON w.tenant = doomed.tenant), \
     tries AS (DELETE FROM delivery_attempts a USING of_endpoints o \
         WHERE a.endpoint = o.endpoint AND a.delivery = o.delivery), \
     told AS (DELETE FROM deliveries d USING of_endpoints o WHERE d.endpoint = o.endpoint AND d.id = o.delivery \
         RETURNING d.endpoint, d.checkout, d.state = 'pending' AND d.checkout IS NOT NULL AS was_pending), \
     gone AS (DELETE FROM events USING doomed WHERE events.pk = doomed.pk RETURNING 1) \
     SELECT (SELECT count(*) FROM gone), COALESCE(array_agg(endpoint) FILTER (WHERE was_pending), '{}'), \
         COALESCE(array_agg(checkout) FILTER (WHERE was_pending), '{}') FROM told";

/// Looks at no more than this many old events of one tenant; says how many it deleted. The cursor moves on, and back to
/// the beginning at the end.
pub(crate) async fn some(
    held: Transaction,
    cursor: TrimCursor,
    before: Timestamp,
    batch: i64,
) -> Done<(u64, TrimCursor)> {
    held.batch_execute("BEGIN").await?;
    let (last, event) = cursor.last.unzip();
    let old = held.rows(OLD, &[&cursor.tenant, &before, &last, &event.unwrap_or(0), &batch]).await?;
    let keys = old.iter().map(|row| Ok(row.try_get(0)?)).collect::<Done<Vec<i64>>>()?;
    let deleted = if keys.is_empty() { 0 } else { delete(&held, &keys).await? };
    let next = match old.last() {
        Some(row) if i64::try_from(keys.len()).is_ok_and(|found| found == batch) => {
            TrimCursor { last: Some((row.try_get(1)?, row.try_get(0)?)), ..cursor }
        }
        _ => {
            let sql = "SELECT pk FROM tenants WHERE pk > $1 ORDER BY pk LIMIT 1";
            match held.row(sql, &[&cursor.tenant]).await? {
                Some(row) => TrimCursor { tenant: row.try_get(0)?, last: None },
                None => TrimCursor::default(),
            }
        }
    };
    held.batch_execute("COMMIT").await?;
    held.ended();
    Ok((deleted, next))
}

async fn delete(db: &Db, keys: &[i64]) -> Done<u64> {
    let pending = db.rows(PENDING, &[&keys]).await?;
    let pending = pending.iter().map(|row| Ok(row.try_get(0)?)).collect::<Done<Vec<i64>>>()?;
    if !pending.is_empty() {
        db.rows(delivery_rows::HOLD, &[&pending]).await?;
    }
    let Some(gone) = db.row(DELETE, &[&keys]).await? else { return Ok(0) };
    let (endpoints, checkouts): (Vec<i64>, Vec<i64>) = (gone.try_get(1)?, gone.try_get(2)?);
    if !checkouts.is_empty() {
        db.write(delivery_rows::PUT_IN_ORDER, &[&endpoints, &checkouts]).await?;
    }
    Ok(u64::try_from(gone.try_get::<_, i64>(0)?).unwrap_or(0))
}
