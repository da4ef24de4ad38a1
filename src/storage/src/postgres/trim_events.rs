//! Retention of events: old ones go with their deliveries and tries, once nobody waits for them any more.

use jiff::Timestamp;

use super::connection::{Statements as _, Transaction};
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

/// Deletes those of them that no endpoint still waits for, with their deliveries and tries.
pub(crate) const DELETE: &str = "WITH doomed AS MATERIALIZED ( \
         SELECT e.pk, e.id, e.tenant FROM events e WHERE e.pk = ANY ($1::bigint[]) AND NOT EXISTS ( \
             SELECT FROM webhook_endpoints w \
             JOIN deliveries d ON d.endpoint = w.pk AND d.id = delivery_id(e.id, w.id) AND d.state = 'pending' \
             WHERE w.tenant = e.tenant AND NOT w.removed)), \
     of_endpoints AS MATERIALIZED ( \
         SELECT w.pk AS endpoint, delivery_id(doomed.id, w.id) AS delivery \
         FROM doomed JOIN webhook_endpoints w ON w.tenant = doomed.tenant), \
     tries AS (DELETE FROM delivery_attempts a USING of_endpoints o \
         WHERE a.endpoint = o.endpoint AND a.delivery = o.delivery), \
     told AS (DELETE FROM deliveries d USING of_endpoints o WHERE d.endpoint = o.endpoint AND d.id = o.delivery) \
     DELETE FROM events USING doomed WHERE events.pk = doomed.pk";

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
    let deleted = if keys.is_empty() { 0 } else { held.write(DELETE, &[&keys]).await? };
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
