//! Rows of events: what merchants are told. Their deliveries are made with them, by the same statement.

use lendport_core::{About, CheckoutId, Event, EventId, EventType, WebhookEndpointId};
use tokio_postgres::Row;

use super::cell::{Cells, count};
use super::columns::Value;
use super::fault::Done;
use crate::packed;

/// What an event is rebuilt from, its checkout's id included.
pub(crate) const SELECT: &str = "SELECT e.pk, e.id, c.id AS checkout_id, e.endpoint, e.kind, e.sequence, e.test, \
     e.created_at, e.snapshot FROM events e LEFT JOIN checkouts c ON c.pk = e.checkout";

/// The latest events of a checkout, by sequence.
pub(crate) const OF: &str = "SELECT * FROM (SELECT e.pk, e.id, c.id AS checkout_id, e.endpoint, e.kind, e.sequence, \
     e.test, e.created_at, e.snapshot FROM events e JOIN checkouts c ON c.pk = e.checkout \
     WHERE e.checkout = $1 ORDER BY e.sequence DESC LIMIT $2) latest ORDER BY sequence";

/// Adds events, each with one delivery for every enabled endpoint of its tenant that wants it, or for the one that is
/// named last, whatever that one wants. A delivery waits behind an earlier one of the same checkout that is pending and
/// may not be overtaken. Answers how many deliveries were made. The checkouts are locked by this transaction, so no other
/// one adds to them, and none that ends a delivery of theirs is half done.
pub(crate) const INSERT: &str = "WITH new AS ( \
         INSERT INTO events (tenant, id, checkout, endpoint, kind, sequence, test, created_at, snapshot) \
         SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::uuid[], $5::text[], $6::bigint[], \
             $7::bool[], $8::timestamptz[], $9::bytea[]) \
         RETURNING pk, tenant, id, checkout, kind, sequence, created_at), \
     made AS (INSERT INTO deliveries (endpoint, id, event, checkout, sequence, state, waits, overtakable, tries, \
             next_at, due_at, created_at, updated_at) \
         SELECT w.pk, delivery_id(new.id, w.id), new.pk, new.checkout, new.sequence, 'pending', \
             new.checkout IS NOT NULL AND (row_number() OVER (PARTITION BY w.pk, new.checkout ORDER BY new.sequence) > 1 \
                 OR EXISTS (SELECT FROM deliveries d WHERE d.endpoint = w.pk AND d.checkout = new.checkout \
                     AND d.state = 'pending' AND NOT d.overtakable AND d.sequence < new.sequence)), \
             false, 0, new.created_at, new.created_at, new.created_at, new.created_at \
         FROM new JOIN webhook_endpoints w ON w.tenant = new.tenant AND w.state = 'enabled' AND NOT w.removed \
             AND (w.id = $10 OR $10::uuid IS NULL AND (cardinality(w.events) = 0 OR new.kind = ANY (w.events))) \
         RETURNING 1) \
     SELECT count(*) FROM made";

/// The names of an event's columns, where others have the same.
struct Names {
    id: &'static str,
    endpoint: &'static str,
    sequence: &'static str,
    created_at: &'static str,
}

/// Rebuilds a row that was selected with [`SELECT`] or [`OF`].
pub(crate) fn rebuild(row: &Row) -> Done<Event> {
    read(row, &Names { id: "id", endpoint: "endpoint", sequence: "sequence", created_at: "created_at" })
}

/// Rebuilds the event of a row that is a delivery with its endpoint.
pub(crate) fn rebuild_leased(row: &Row) -> Done<Event> {
    let (id, endpoint) = ("event_id", "about_endpoint");
    read(row, &Names { id, endpoint, sequence: "event_sequence", created_at: "event_created_at" })
}

fn read(row: &Row, names: &Names) -> Done<Event> {
    let cells = Cells::of::<EventId>("events", row);
    let checkout = cells.id_opt::<CheckoutId>("checkout_id")?;
    let endpoint = cells.id_opt::<WebhookEndpointId>(names.endpoint)?;
    let about = match (checkout, endpoint) {
        (Some(id), None) => About::Checkout(id),
        (None, Some(id)) => About::Endpoint(id),
        _ => return Err(cells.bad("endpoint", "an event is about a checkout or an endpoint").into()),
    };
    Ok(Event {
        id: cells.id(names.id)?,
        about,
        kind: cells.word("kind", EventType::parse)?,
        sequence: cells.number(names.sequence)?,
        test: cells.get("test")?,
        snapshot: packed::unpack_text(cells.get("snapshot")?)
            .map_err(|damaged| cells.bad("snapshot", damaged.to_string()))?,
        created_at: cells.time(names.created_at)?,
    })
}

/// An event, for [`INSERT`].
pub(crate) fn row(tenant: i64, checkout: Option<i64>, event: &Event) -> Done<[Value<'_>; 9]> {
    let endpoint = match event.about {
        About::Checkout(_) => None,
        About::Endpoint(id) => Some(id.uuid()),
    };
    Ok([
        tenant.into(),
        event.id.uuid().into(),
        checkout.into(),
        endpoint.into(),
        event.kind.as_str().into(),
        count(event.sequence)?.into(),
        event.test.into(),
        event.created_at.into(),
        packed::pack(event.snapshot.as_bytes()).into(),
    ])
}
