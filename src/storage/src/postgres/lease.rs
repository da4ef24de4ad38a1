//! Which deliveries a worker gets.
//!
//! A lease is the owner's name in the row and a moment before which the row is not due. The rows of a lease are locked
//! while they are taken, and others pass them over, so no delivery is handed out twice.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lendport_core::DeliveryId;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::cell::Cells;
use super::connection::{Db, Statements as _, Transaction};
use super::endpoint_rows::{self, KnownEndpoint};
use super::fault::Done;
use super::pipeline::{self, Step};
use super::tenant_rows::tenant_of;
use super::{delivery_rows, event_rows, key_rows};
use crate::outbox::{LeaseAsk, LeasedDelivery};
use crate::vault::Vault;

/// How long a delivery that cannot be read is left alone.
const UNREADABLE_REST: SignedDuration = SignedDuration::from_hours(1);

/// A lease that is lost with the server is a delivery that is tried again, so none waits for the disk.
const BEGIN: Step<'static> = Step::Bare("BEGIN; SET LOCAL synchronous_commit = off");

/// Endpoints that have deliveries which are due, one look into the index each; of those that are told anything and have room,
/// the first due deliveries, endpoint by endpoint, beginning after the one that was served last. Those that count for their
/// merchant have, in that order, what the ones before leave of its room; the first of those that have nothing left is told.
const TAKE: &str = "WITH RECURSIVE with_work (endpoint, first) AS ( \
         (SELECT endpoint, due_at FROM deliveries WHERE state = 'pending' AND NOT waits \
             ORDER BY endpoint, due_at LIMIT 1) \
         UNION ALL \
         SELECT next.endpoint, next.due_at FROM with_work CROSS JOIN LATERAL ( \
             SELECT endpoint, due_at FROM deliveries \
             WHERE state = 'pending' AND NOT waits AND endpoint > with_work.endpoint \
             ORDER BY endpoint, due_at LIMIT 1) next), \
     told AS ( \
         SELECT w.pk, COALESCE(known.room, $4::bigint) AS room, COALESCE(known.apart, false) AS apart, w.merchant, \
             COALESCE(busy.room, $11::bigint) AS of_merchant FROM with_work \
         CROSS JOIN LATERAL (SELECT e.pk, e.id, t.merchant FROM webhook_endpoints e JOIN tenants t ON t.pk = e.tenant \
             WHERE e.pk = with_work.endpoint AND e.state = 'enabled' AND NOT e.removed OFFSET 0) w \
         LEFT JOIN unnest($5::uuid[], $6::bigint[], $10::boolean[]) AS known (id, room, apart) ON known.id = w.id \
         LEFT JOIN unnest($12::uuid[], $13::bigint[]) AS busy (merchant, room) ON busy.merchant = w.merchant \
         WHERE with_work.first <= $1), \
     shares AS ( \
         SELECT pk, apart, room, of_merchant, (sum(CASE WHEN apart THEN 0 ELSE room END) OVER (PARTITION BY merchant \
             ORDER BY pk <= $7::bigint, pk))::bigint - room AS before FROM told), \
     open AS MATERIALIZED ( \
         SELECT pk, CASE WHEN apart THEN room ELSE LEAST(room, of_merchant - before) END AS room, \
             NOT apart AND room > 0 AND of_merchant > 0 AND of_merchant <= before AS passed_over \
         FROM shares ORDER BY pk <= $7::bigint, pk), \
     due AS MATERIALIZED ( \
         SELECT found.endpoint, found.id, found.due_at AS was_due FROM open CROSS JOIN LATERAL ( \
             SELECT endpoint, id, due_at FROM deliveries \
             WHERE deliveries.endpoint = open.pk AND state = 'pending' AND NOT waits AND due_at <= $1 \
                 AND (lease_owner IS NULL OR lease_owner = $8 OR due_at <= $9) \
             ORDER BY due_at LIMIT GREATEST(open.room, 0) FOR UPDATE SKIP LOCKED) found \
         LIMIT $3), \
     d AS (UPDATE deliveries SET lease_owner = $8, lease_saw = updated_at, due_at = $2 FROM due \
         WHERE deliveries.endpoint = due.endpoint AND deliveries.id = due.id \
         RETURNING deliveries.*, due.was_due)";

/// The rest of that statement: everything a delivery is sent with.
pub(crate) fn take_sql() -> String {
    format!(
        "{TAKE} SELECT {}, {}, d.was_due, (SELECT pk FROM open WHERE passed_over LIMIT 1) AS passed_over, t.merchant, t.mode, e.sequence AS event_sequence, e.test, e.snapshot, \
             e.endpoint AS about_endpoint, e.created_at AS event_created_at, \
             (SELECT a.started_at FROM delivery_attempts a WHERE a.endpoint = d.endpoint AND a.delivery = d.id \
                 ORDER BY a.id DESC LIMIT 1) AS tried_at \
         FROM d JOIN webhook_endpoints w ON w.pk = d.endpoint JOIN webhook_urls u ON u.pk = w.url \
         JOIN tenants t ON t.pk = w.tenant \
         JOIN events e ON e.pk = d.event LEFT JOIN checkouts c ON c.pk = d.checkout \
         ORDER BY d.endpoint <= $7, d.endpoint, d.was_due, d.id",
        delivery_rows::COLUMNS,
        endpoint_rows::COLUMNS
    )
}

/// Hands out due deliveries; `turn` is the endpoint that was served last.
pub(crate) async fn take(
    held: Transaction,
    vault: &Vault,
    ask: &LeaseAsk,
    turn: i64,
) -> Done<(Vec<LeasedDelivery>, i64)> {
    let (known, rooms): (Vec<Uuid>, Vec<i64>) =
        ask.rooms.iter().map(|(id, room)| (id.uuid(), i64::from(*room))).unzip();
    let apart: Vec<bool> = ask.rooms.keys().map(|id| ask.apart.contains(id)).collect();
    let (busy, left): (Vec<Uuid>, Vec<i64>) =
        ask.merchants.iter().map(|(id, room)| (id.uuid(), i64::from(*room))).unzip();
    let [limit, room, of_merchant] = [ask.limit, ask.per_endpoint, ask.per_merchant].map(i64::from);
    let values: [&(dyn ToSql + Sync); 13] = [
        &ask.now,
        &ask.until,
        &limit,
        &room,
        &known,
        &rooms,
        &turn,
        &ask.owner,
        &ask.abandoned,
        &apart,
        &of_merchant,
        &busy,
        &left,
    ];
    let answers = pipeline::run(&held, &[BEGIN, Step::With(&take_sql(), &values), Step::Bare("COMMIT")]).await?;
    let rows = answers.get(1).map(Vec::as_slice).unwrap_or_default();
    let (mut endpoints, mut taken, mut last) = (HashMap::new(), Vec::with_capacity(rows.len()), turn);
    let (mut unreadable, mut learnt) = (Unreadable::default(), false);
    for row in rows {
        last = row.try_get("endpoint")?;
        let mut result = read(vault, row, &mut endpoints);
        if key_rows::met_unknown(&held, vault, &result, &mut learnt).await? {
            result = read(vault, row, &mut endpoints);
        }
        match result {
            Ok(leased) => taken.push(leased),
            Err(failure) => {
                let id: Uuid = row.try_get("id")?;
                tracing::error!(delivery = %id, error = %crate::StoreError::from(failure), "a delivery cannot be read");
                unreadable.endpoints.push(last);
                unreadable.ids.push(id);
            }
        }
    }
    // Whoever had no place left of its merchant's is the first of them next time. Where the limit left others without, they are.
    // Where neither is so, all had their share and nobody's turn moves: one that was passed over before is still the first.
    let full = i64::try_from(rows.len()).is_ok_and(|found| found >= limit);
    let passed_over = rows.first().map(|row| row.try_get::<_, Option<i64>>("passed_over")).transpose()?.flatten();
    if !full {
        last = passed_over.map_or(turn, |first| first - 1);
    }
    unreadable.put_aside(&held, ask.now).await?;
    held.ended();
    Ok((taken, last))
}

#[derive(Default)]
struct Unreadable {
    endpoints: Vec<i64>,
    ids: Vec<Uuid>,
}

impl Unreadable {
    async fn put_aside(self, db: &Db, now: Timestamp) -> Done<()> {
        if self.ids.is_empty() {
            return Ok(());
        }
        let sql = "UPDATE deliveries SET lease_owner = NULL, due_at = $3
                   FROM unnest($1::bigint[], $2::uuid[]) AS n (endpoint, id)
                   WHERE deliveries.endpoint = n.endpoint AND deliveries.id = n.id";
        let rest = now.saturating_add(UNREADABLE_REST).unwrap_or(Timestamp::MAX);
        db.write(sql, &[&self.endpoints, &self.ids, &rest]).await?;
        Ok(())
    }
}

fn read(vault: &Vault, row: &Row, endpoints: &mut HashMap<i64, KnownEndpoint>) -> Done<LeasedDelivery> {
    let cells = Cells::of::<DeliveryId>("deliveries", row);
    let pk: i64 = cells.get("endpoint")?;
    let known = match endpoints.entry(pk) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(unknown) => unknown.insert(endpoint_rows::rebuild(vault, row)?),
    };
    Ok(LeasedDelivery {
        tenant: tenant_of(&cells)?,
        delivery: delivery_rows::rebuild(row)?,
        endpoint: Arc::clone(&known.endpoint),
        event: event_rows::rebuild_leased(row)?,
        tried_at: cells.time_opt("tried_at")?,
        endpoint_accepted_at: known.accepted_at,
    })
}

/// Ends leases without a try.
pub(crate) const RELEASE: &str = "UPDATE deliveries SET lease_owner = NULL, due_at = next_at WHERE lease_owner = $1";

/// Ends every lease of a process; says how many.
pub(crate) async fn release(db: &Db, owner: &str) -> Done<u64> {
    db.write(RELEASE, &[&owner]).await
}

/// One look into the index per endpoint that has work.
pub(crate) const NEXT_AT: &str = "WITH RECURSIVE with_work (endpoint, due_at) AS (
        (SELECT endpoint, due_at FROM deliveries WHERE state = 'pending' AND NOT waits
         ORDER BY endpoint, due_at LIMIT 1)
        UNION ALL
        SELECT next.endpoint, next.due_at FROM with_work CROSS JOIN LATERAL (
            SELECT endpoint, due_at FROM deliveries
            WHERE state = 'pending' AND NOT waits AND endpoint > with_work.endpoint
            ORDER BY endpoint, due_at LIMIT 1) next)
    SELECT min(due_at) FROM with_work
    CROSS JOIN LATERAL (SELECT FROM webhook_endpoints
        WHERE pk = with_work.endpoint AND state = 'enabled' AND NOT removed OFFSET 0) told";

/// When the next delivery of an enabled endpoint is due, or a lease ends.
pub(crate) async fn next_at(db: &Db) -> Done<Option<Timestamp>> {
    Ok(db.row(NEXT_AT, &[]).await?.map(|row| row.try_get(0)).transpose()?.flatten())
}
