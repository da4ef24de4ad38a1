//! Rows of deliveries and of their tries.

use lendport_core::webhook::RESPONSE_KEPT_BYTES;
use lendport_core::{
    CheckoutId, Delivery, DeliveryAttempt, DeliveryAttemptId, DeliveryId, DeliveryState, EventType, WebhookEndpointId,
};
use tokio_postgres::Row;

use super::cell::{Cells, count};
use super::columns::Value;
use super::connection::{Db, Statements as _};
use super::endpoint_rows;
use super::fault::Done;
use crate::vault::{Place, Vault};

/// Every column a delivery is rebuilt from. What is pending for an endpoint that was removed has failed, even where its
/// row does not say so yet.
pub(crate) const COLUMNS: &str = "d.endpoint, d.id, d.tries, d.created_at, d.updated_at, \
     CASE WHEN w.removed AND d.state = 'pending' THEN 'failed' ELSE d.state END AS state, \
     CASE WHEN NOT w.removed THEN d.next_at END AS next_at, \
     w.id AS endpoint_id, e.id AS event_id, e.kind, c.id AS checkout_id";
/// Its tables.
pub(crate) const FROM: &str = "FROM deliveries d JOIN webhook_endpoints w ON w.pk = d.endpoint \
     JOIN events e ON e.pk = d.event LEFT JOIN checkouts c ON c.pk = d.checkout";

/// Holds these checkouts against whoever adds events to them or settles others of their deliveries, until the transaction
/// ends: what waits behind what is worked out from rows that must all be there, and two who each wait for the other's
/// delivery would both leave the next one waiting for ever. In the order in which changes hold them.
pub(crate) const HOLD: &str =
    "SELECT 1 FROM checkouts WHERE pk = ANY ($1::bigint[]) ORDER BY tenant, id FOR NO KEY UPDATE";

/// Brings the deliveries of these checkouts to these endpoints in order: the earliest pending one may go, and the next
/// one only where all before it are overtakable. Those that wait stand in no index that is searched for work.
pub(crate) const PUT_IN_ORDER: &str = "WITH ranked AS ( \
         SELECT d.endpoint, d.id, d.waits, COALESCE(bool_or(NOT d.overtakable) OVER ( \
             PARTITION BY d.endpoint, d.checkout ORDER BY d.sequence \
             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), false) AS blocked \
         FROM (SELECT DISTINCT * FROM unnest($1::bigint[], $2::bigint[])) AS asked (endpoint, checkout) \
         CROSS JOIN LATERAL (SELECT endpoint, id, checkout, sequence, waits, overtakable FROM deliveries \
             WHERE endpoint = asked.endpoint AND checkout = asked.checkout AND state = 'pending' OFFSET 0) d) \
     UPDATE deliveries SET waits = ranked.blocked FROM ranked \
     WHERE deliveries.endpoint = ranked.endpoint AND deliveries.id = ranked.id AND ranked.waits <> ranked.blocked";

/// Rebuilds a row that was selected with [`COLUMNS`].
pub(crate) fn rebuild(row: &Row) -> Done<Delivery> {
    let cells = Cells::of::<DeliveryId>("deliveries", row);
    Ok(Delivery {
        id: cells.id("id")?,
        endpoint: cells.id::<WebhookEndpointId>("endpoint_id")?,
        event: cells.id("event_id")?,
        kind: cells.word("kind", EventType::parse)?,
        checkout: cells.id_opt::<CheckoutId>("checkout_id")?,
        state: cells.word("state", DeliveryState::parse)?,
        tries: cells.number("tries")?,
        next_at: cells.time_opt("next_at")?,
        created_at: cells.time("created_at")?,
        updated_at: cells.time("updated_at")?,
    })
}

/// Puts a delivery in the queue, at the start of its schedule, behind whatever of its checkout it must wait for. Its
/// `updated_at` always grows: what a try that began earlier comes to no longer counts. A lease goes on until that try has
/// ended, so that the delivery is not tried twice at once.
pub(crate) async fn requeue(db: &Db, endpoint: i64, id: DeliveryId, at: jiff::Timestamp) -> Done<()> {
    let row = db.row(REQUEUE, &[&endpoint, &id.uuid(), &at]).await?;
    if let Some(checkout) = row.map(|row| row.try_get::<_, Option<i64>>(0)).transpose()?.flatten() {
        db.write(PUT_IN_ORDER, &[&[endpoint].as_slice(), &[checkout].as_slice()]).await?;
    }
    Ok(())
}

const REQUEUE: &str = "UPDATE deliveries SET state = 'pending', tries = 0, overtakable = false, \
         waits = checkout IS NOT NULL, next_at = $3, \
         due_at = CASE WHEN lease_owner IS NULL THEN $3 ELSE GREATEST(due_at, $3) END, \
         updated_at = GREATEST($3, updated_at + interval '1 microsecond') \
     WHERE endpoint = $1 AND id = $2 RETURNING checkout";

/// The tries of these deliveries, oldest first, each with the key of its endpoint.
pub(crate) const ATTEMPTS: &str = "SELECT a.endpoint, a.delivery, a.id, u.url AS address, u.endpoint AS endpoint_id, \
     a.started_at, a.latency_ms, a.status, a.error, a.response \
     FROM unnest($1::bigint[], $2::uuid[]) AS asked (endpoint, delivery) \
     JOIN delivery_attempts a ON a.endpoint = asked.endpoint AND a.delivery = asked.delivery \
     JOIN webhook_urls u ON u.pk = a.url ORDER BY a.endpoint, a.delivery, a.id";

/// Rebuilds a row of [`ATTEMPTS`]; answers its delivery with it.
pub(crate) fn attempt(vault: &Vault, row: &Row) -> Done<(DeliveryId, DeliveryAttempt)> {
    let cells = Cells::of::<DeliveryAttemptId>("delivery_attempts", row);
    let id: DeliveryAttemptId = cells.id("id")?;
    let response = match cells.get::<Option<&[u8]>>("response")? {
        Some(sealed) => vault.open(place(&id.to_string()), sealed)?.to_vec(),
        None => Vec::new(),
    };
    let status = cells.get::<Option<i64>>("status")?.map(u16::try_from).transpose();
    let endpoint: WebhookEndpointId = cells.id("endpoint_id")?;
    let attempt = DeliveryAttempt {
        id,
        url: endpoint_rows::open_url(vault, &endpoint.to_string(), cells.get("address")?)?,
        started_at: cells.time("started_at")?,
        latency_ms: cells.number("latency_ms")?,
        status: status.map_err(|_| cells.bad("status", "out of range"))?,
        error: cells.get("error")?,
        response,
    };
    Ok((cells.id("delivery")?, attempt))
}

/// Adds tries; those that are there already stay. A delivery that was trimmed meanwhile has no log any more.
pub(crate) const INSERT_ATTEMPTS: &str = "INSERT INTO delivery_attempts (endpoint, delivery, id, url, started_at, \
     latency_ms, status, error, response) \
     SELECT n.* FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::bigint[], $5::timestamptz[], $6::bigint[], \
     $7::bigint[], $8::text[], $9::bytea[]) \
     AS n (endpoint, delivery, id, url, started_at, latency_ms, status, error, response) \
     JOIN deliveries d ON d.endpoint = n.endpoint AND d.id = n.delivery \
     ON CONFLICT (endpoint, delivery, id) DO NOTHING";

/// A try, for [`INSERT_ATTEMPTS`].
pub(crate) fn attempt_row<'a>(
    vault: &Vault,
    endpoint: i64,
    delivery: DeliveryId,
    url: i64,
    attempt: &'a DeliveryAttempt,
) -> Done<[Value<'a>; 9]> {
    let response = match attempt.response.get(..RESPONSE_KEPT_BYTES).unwrap_or(&attempt.response) {
        [] => None,
        bytes => Some(vault.seal(place(&attempt.id.to_string()), bytes)?),
    };
    Ok([
        endpoint.into(),
        delivery.uuid().into(),
        attempt.id.uuid().into(),
        url.into(),
        attempt.started_at.into(),
        count(attempt.latency_ms)?.into(),
        attempt.status.map(i64::from).into(),
        attempt.error.as_deref().into(),
        response.into(),
    ])
}

fn place(row: &str) -> Place<'_> {
    Place { table: "delivery_attempts", column: "response", row }
}
