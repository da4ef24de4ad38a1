//! Rows of events: what merchants are told.

use lendport_core::{About, CheckoutId, Event, EventId, WebhookEndpointId};
use rusqlite::{Connection, Row, params};

use super::cell::{Cells, LISTED_MAX, StoredId as _, count, time};
use super::fault::Done;
use super::{event_kind, snapshot};
use crate::packed::Model;

/// What an event is rebuilt from, its checkout's id included.
pub(crate) const SELECT: &str = "SELECT e.pk, e.id, c.id AS checkout_id, e.endpoint, e.kind, e.sequence, e.test, \
     e.created_at, e.snapshot, c.model FROM events e LEFT JOIN checkouts c ON c.pk = e.checkout";

/// The latest events of a checkout, by sequence.
pub(crate) fn of(db: &Connection, checkout: i64) -> Done<Vec<Event>> {
    let sql = format!("{SELECT} WHERE e.checkout = ?1 ORDER BY e.sequence DESC LIMIT ?2");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![checkout, LISTED_MAX])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(rebuild(row)?);
    }
    events.reverse();
    Ok(events)
}

/// An event of a tenant, and its key.
pub(crate) fn find(db: &Connection, tenant: i64, id: EventId) -> Done<Option<(i64, Event)>> {
    let sql = format!("{SELECT} WHERE e.tenant = ?1 AND e.id = ?2");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![tenant, id.bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some((row.get("pk")?, rebuild(row)?)))
}

/// The event of this key.
pub(crate) fn by_key(db: &Connection, pk: i64) -> Done<Option<Event>> {
    let sql = format!("{SELECT} WHERE e.pk = ?1");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([pk])?;
    rows.next()?.map(rebuild).transpose()
}

/// Rebuilds a row that was selected with [`SELECT`].
pub(crate) fn rebuild(row: &Row<'_>) -> Done<Event> {
    let cells = Cells::of::<EventId>("events", row);
    let checkout = cells.id_opt::<CheckoutId>("checkout_id")?;
    let endpoint = cells.id_opt::<WebhookEndpointId>("endpoint")?;
    let about = match (checkout, endpoint) {
        (Some(id), None) => About::Checkout(id),
        (None, Some(id)) => About::Endpoint(id),
        _ => return Err(cells.bad("endpoint", "an event is about a checkout or an endpoint")),
    };
    Ok(Event {
        id: cells.id("id")?,
        about,
        kind: event_kind::read(&cells)?,
        sequence: cells.number("sequence")?,
        test: cells.get("test")?,
        snapshot: snapshot::read(&cells)?,
        created_at: cells.time("created_at")?,
    })
}

/// Adds an event, packed by the model of its checkout; answers its key.
pub(crate) fn insert(
    db: &Connection,
    tenant: i64,
    checkout: Option<i64>,
    model: Option<&Model>,
    event: &Event,
) -> Done<i64> {
    let endpoint = match event.about {
        About::Checkout(_) => None,
        About::Endpoint(id) => Some(id.bytes()),
    };
    db.prepare_cached(
        "INSERT INTO events (id, tenant, checkout, endpoint, kind, sequence, test, created_at, snapshot)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        event.id.bytes(),
        tenant,
        checkout,
        endpoint,
        event_kind::number(event.kind),
        count(event.sequence)?,
        event.test,
        time(event.created_at),
        snapshot::write(&event.snapshot, model),
    ])?;
    Ok(db.last_insert_rowid())
}
