//! Rows of events: what merchants are told.

use lendport_core::{About, CheckoutId, Event, EventId, EventType};
use rusqlite::{Connection, params};

use super::cell::{Cells, LISTED_MAX, StoredId as _, count, time};
use super::fault::Done;

/// The latest events of a checkout, by sequence.
pub(crate) fn of(db: &Connection, checkout: i64, id: CheckoutId) -> Done<Vec<Event>> {
    let sql =
        "SELECT * FROM (SELECT * FROM events WHERE checkout = ?1 ORDER BY sequence DESC LIMIT ?2) ORDER BY sequence";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![checkout, LISTED_MAX])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let cells = Cells::of::<EventId>("events", row);
        events.push(Event {
            id: cells.id("id")?,
            about: About::Checkout(id),
            test: false,
            kind: cells.word("kind", EventType::parse)?,
            sequence: cells.number("sequence")?,
            snapshot: cells.get("snapshot")?,
            created_at: cells.time("created_at")?,
        });
    }
    Ok(events)
}

/// Adds an event.
pub(crate) fn insert(db: &Connection, checkout: i64, event: &Event) -> Done<()> {
    db.prepare_cached(
        "INSERT INTO events (id, checkout, kind, sequence, created_at, snapshot) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        event.id.bytes(),
        checkout,
        event.kind.as_str(),
        count(event.sequence)?,
        time(event.created_at),
        event.snapshot,
    ])?;
    Ok(())
}
