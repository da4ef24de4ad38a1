//! Rows of deliveries and of their tries.

use jiff::Timestamp;
use lendport_core::webhook::RESPONSE_KEPT_BYTES;
use lendport_core::{CheckoutId, Delivery, DeliveryAttempt, DeliveryAttemptId, DeliveryId, DeliveryState, EventId};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::cell::{Cells, StoredId as _, count, time};
use super::delivery_id::delivery_id;
use super::endpoint_rows::{self, KnownEndpoint};
use super::event_kind;
use super::fault::Done;
use crate::vault::{Place, Vault};

/// What a delivery is rebuilt from, with the columns of its event that belong to it.
pub(crate) const SELECT: &str = "SELECT d.*, e.id AS event_id, e.kind, c.id AS checkout_id \
     FROM deliveries d JOIN events e ON e.pk = d.event LEFT JOIN checkouts c ON c.pk = d.checkout";

/// An event as its deliveries need it.
#[derive(Clone, Copy)]
pub(crate) struct Told {
    pub(crate) pk: i64,
    pub(crate) id: EventId,
    pub(crate) checkout: Option<i64>,
    pub(crate) sequence: u64,
}

/// A delivery's own columns, without its event.
pub(crate) struct DeliveryRow {
    pub(crate) event: i64,
    pub(crate) checkout: Option<i64>,
    pub(crate) state: DeliveryState,
    pub(crate) updated_at: Timestamp,
}

/// Rebuilds a row that was selected with [`SELECT`], and says which event it tells. What is pending for an endpoint that
/// was removed has failed, even where its row does not say so yet.
pub(crate) fn rebuild(row: &Row<'_>, endpoint: &KnownEndpoint) -> Done<(i64, Delivery)> {
    let cells = Cells::of::<DeliveryId>("deliveries", row);
    let (state, next_at) = match cells.word("state", DeliveryState::parse)? {
        DeliveryState::Pending if endpoint.removed => (DeliveryState::Failed, None),
        state => (state, cells.time_opt("next_at")?),
    };
    let delivery = Delivery {
        id: cells.id("id")?,
        endpoint: endpoint.endpoint.id,
        event: cells.id("event_id")?,
        kind: event_kind::read(&cells)?,
        checkout: cells.id_opt::<CheckoutId>("checkout_id")?,
        state,
        tries: cells.number("tries")?,
        next_at,
        created_at: cells.time("created_at")?,
        updated_at: cells.time("updated_at")?,
    };
    Ok((cells.get("event")?, delivery))
}

/// A delivery of this endpoint, and the key of its event.
pub(crate) fn find(db: &Connection, endpoint: &KnownEndpoint, id: DeliveryId) -> Done<Option<(i64, Delivery)>> {
    let sql = format!("{SELECT} WHERE d.endpoint = ?1 AND d.id = ?2");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![endpoint.pk, id.bytes()])?;
    rows.next()?.map(|row| rebuild(row, endpoint)).transpose()
}

/// The same without its event.
pub(crate) fn row(db: &Connection, endpoint: i64, id: DeliveryId) -> Done<Option<DeliveryRow>> {
    let sql = "SELECT id, event, checkout, state, updated_at FROM deliveries WHERE endpoint = ?1 AND id = ?2";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![endpoint, id.bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let cells = Cells::of::<DeliveryId>("deliveries", row);
    Ok(Some(DeliveryRow {
        event: cells.get("event")?,
        checkout: cells.get("checkout")?,
        state: cells.word("state", DeliveryState::parse)?,
        updated_at: cells.time("updated_at")?,
    }))
}

/// Adds a delivery that is due at this moment, behind whatever of its checkout it must wait for.
pub(crate) fn insert(db: &Connection, endpoint: &KnownEndpoint, told: Told, due: Timestamp) -> Done<()> {
    db.prepare_cached(
        "INSERT INTO deliveries (endpoint, id, event, checkout, sequence, state, waits, overtakable, tries, next_at,
            created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, 'pending', EXISTS (SELECT 1 FROM deliveries WHERE endpoint = ?1 AND checkout = ?4
            AND state = 'pending' AND sequence < ?5 AND overtakable = 0), 0, 0, ?6, ?6, ?6)",
    )?
    .execute(params![
        endpoint.pk,
        delivery_id(told.id, endpoint.endpoint.id)?.bytes(),
        told.pk,
        told.checkout,
        count(told.sequence)?,
        time(due),
    ])?;
    Ok(())
}

/// Puts a delivery in the queue, at the start of its schedule; [`put_in_order`] must follow, which finds it waiting.
/// Its `updated_at` always grows: a try that began earlier is told by it, and what that comes to no longer counts.
pub(crate) fn requeue(db: &Connection, endpoint: i64, id: DeliveryId, at: Timestamp) -> Done<()> {
    db.prepare_cached(
        "UPDATE deliveries SET state = 'pending', tries = 0, overtakable = 0, waits = checkout IS NOT NULL, next_at = ?3,
            updated_at = max(?3, updated_at + 1)
         WHERE endpoint = ?1 AND id = ?2",
    )?
    .execute(params![endpoint, id.bytes(), time(at)])?;
    Ok(())
}

/// Brings the deliveries of one checkout to one endpoint in order: the earliest pending one may go, and the next one
/// only where all before it are overtakable. Those that wait stand in no index that is searched for work.
pub(crate) fn put_in_order(db: &Connection, endpoint: i64, checkout: i64) -> Done<()> {
    let mut statement = db.prepare_cached(
        "SELECT id, overtakable, waits FROM deliveries
         WHERE endpoint = ?1 AND checkout = ?2 AND state = 'pending' ORDER BY sequence",
    )?;
    let mut rows = statement.query(params![endpoint, checkout])?;
    let (mut blocked, mut wrong) = (false, Vec::new());
    while let Some(row) = rows.next()? {
        let (id, overtakable, waits): (Vec<u8>, bool, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if waits != blocked {
            wrong.push((id, blocked));
        } else if blocked {
            // All behind one that waits wait: no row begins to wait, or is put in the queue, but through here.
            break;
        }
        blocked |= !overtakable;
    }
    drop(rows);
    for (id, waits) in wrong {
        db.prepare_cached("UPDATE deliveries SET waits = ?3 WHERE endpoint = ?1 AND id = ?2")?
            .execute(params![endpoint, id, waits])?;
    }
    Ok(())
}

/// When the last try began.
pub(crate) fn tried_at(db: &Connection, event: i64, endpoint: i64) -> Done<Option<Timestamp>> {
    let sql =
        "SELECT id, started_at FROM delivery_attempts WHERE event = ?1 AND endpoint = ?2 ORDER BY pk DESC LIMIT 1";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![event, endpoint])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Cells::of::<DeliveryAttemptId>("delivery_attempts", row).time("started_at").map(Some)
}

/// The tries of a delivery, oldest first.
pub(crate) fn attempts(
    db: &Connection,
    vault: &Vault,
    event: i64,
    endpoint: &KnownEndpoint,
) -> Done<Vec<DeliveryAttempt>> {
    let mut statement = db.prepare_cached(
        "SELECT a.*, u.url AS address FROM delivery_attempts a JOIN webhook_urls u ON u.pk = a.url
         WHERE a.event = ?1 AND a.endpoint = ?2 ORDER BY a.pk",
    )?;
    let mut rows = statement.query(params![event, endpoint.pk])?;
    let name = endpoint.endpoint.id.to_string();
    let mut attempts = Vec::new();
    while let Some(row) = rows.next()? {
        let cells = Cells::of::<DeliveryAttemptId>("delivery_attempts", row);
        let id: DeliveryAttemptId = cells.id("id")?;
        let response = match cells.get::<Option<Vec<u8>>>("response")? {
            Some(sealed) => vault.open(place(&id.to_string()), &sealed)?.to_vec(),
            None => Vec::new(),
        };
        attempts.push(DeliveryAttempt {
            id,
            url: endpoint_rows::open_url(vault, &name, &cells.get::<Vec<u8>>("address")?)?,
            started_at: cells.time("started_at")?,
            latency_ms: cells.number("latency_ms")?,
            status: cells.get::<Option<u16>>("status")?,
            error: cells.get("error")?,
            response,
        });
    }
    Ok(attempts)
}

/// Adds a try.
pub(crate) fn insert_attempt(
    db: &Connection,
    vault: &Vault,
    event: i64,
    endpoint: &KnownEndpoint,
    attempt: &DeliveryAttempt,
) -> Done<()> {
    let response = match attempt.response.get(..RESPONSE_KEPT_BYTES).unwrap_or(&attempt.response) {
        [] => None,
        bytes => Some(vault.seal(place(&attempt.id.to_string()), bytes)?),
    };
    let url = match &endpoint.endpoint {
        known if known.url == attempt.url => endpoint.url,
        known => endpoint_rows::url_key(db, vault, known.id, &attempt.url)?,
    };
    db.prepare_cached(
        "INSERT INTO delivery_attempts (id, event, endpoint, url, started_at, latency_ms, status, error, response)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        attempt.id.bytes(),
        event,
        endpoint.pk,
        url,
        time(attempt.started_at),
        count(attempt.latency_ms)?,
        attempt.status,
        attempt.error,
        response,
    ])?;
    Ok(())
}

/// The delivery of a pair, by their keys.
pub(crate) fn state_of(db: &Connection, endpoint: i64, id: DeliveryId) -> Done<Option<DeliveryState>> {
    let sql = "SELECT state FROM deliveries WHERE endpoint = ?1 AND id = ?2";
    let word: Option<String> =
        db.prepare_cached(sql)?.query_row(params![endpoint, id.bytes()], |row| row.get(0)).optional()?;
    Ok(word.and_then(|word| DeliveryState::parse(&word)))
}

fn place(row: &str) -> Place<'_> {
    Place { table: "delivery_attempts", column: "response", row }
}
