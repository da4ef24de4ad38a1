//! What takes long, a few rows at a time: gives an endpoint again what it did not accept, oldest first, and ends what was
//! pending for one that was removed.

use jiff::Timestamp;
use lendport_core::{DeliveryState, EventId, is_subscribed};
use rusqlite::{OptionalExtension as _, params};

use super::apply::Writing;
use super::cell::{Cells, time};
use super::delivery_id::delivery_id;
use super::delivery_rows::{self, Told};
use super::endpoint_rows::KnownEndpoint;
use super::event_kind;
use super::fault::Done;

/// What is left of one recovery.
struct Cursor {
    endpoint: i64,
    created_at: i64,
    event: i64,
}

/// Asks for one. Where one is under way, the earlier beginning holds.
pub(crate) fn ask(db: &rusqlite::Connection, endpoint: &KnownEndpoint, since: Timestamp) -> Done<()> {
    db.prepare_cached(
        "INSERT INTO recoveries (endpoint, created_at, event) VALUES (?1, ?2, 0)
         ON CONFLICT (endpoint) DO UPDATE SET created_at = excluded.created_at, event = 0
         WHERE excluded.created_at <= created_at",
    )?
    .execute(params![endpoint.pk, time(since)])?;
    Ok(())
}

/// Looks at no more than this many events, or pending deliveries of removed endpoints; says at how many.
pub(crate) fn some(
    db: &rusqlite::Connection,
    vault: &crate::vault::Vault,
    memory: &super::memory::Memory,
    now: Timestamp,
    batch: u32,
) -> Done<u64> {
    let mut left = batch;
    while left > 0 {
        let sql = "SELECT endpoint, created_at, event FROM recoveries ORDER BY turn, endpoint LIMIT 1";
        let read =
            |row: &rusqlite::Row<'_>| Ok(Cursor { endpoint: row.get(0)?, created_at: row.get(1)?, event: row.get(2)? });
        let Some(cursor) = db.prepare_cached(sql)?.query_row([], read).optional()? else { break };
        let (tenant, endpoint) = memory.endpoint(db, vault, memory.view(), cursor.endpoint)?;
        let writing = Writing { db, vault, memory, tenant };
        let looked_at = match endpoint.removed {
            true => writing.end_pending(&endpoint, left)?,
            false => writing.go_on(&endpoint, &cursor, now, left)?,
        };
        if looked_at < left {
            db.prepare_cached("DELETE FROM recoveries WHERE endpoint = ?1")?.execute([cursor.endpoint])?;
        } else {
            // All others come first: nobody's recovery waits for the whole of another one.
            let sql = "UPDATE recoveries SET turn = (SELECT max(turn) + 1 FROM recoveries) WHERE endpoint = ?1";
            db.prepare_cached(sql)?.execute([cursor.endpoint])?;
        }
        left -= looked_at;
    }
    if left < batch {
        memory.work_comes();
    }
    Ok(u64::from(batch - left))
}

impl Writing<'_> {
    fn go_on(self, endpoint: &KnownEndpoint, cursor: &Cursor, now: Timestamp, batch: u32) -> Done<u32> {
        let mut statement = self.db.prepare_cached(
            "SELECT pk, id, checkout, sequence, kind, test, created_at FROM events INDEXED BY events_by_age
             WHERE tenant = ?1 AND (created_at, pk) > (?2, ?3) ORDER BY created_at, pk LIMIT ?4",
        )?;
        let mut rows = statement.query(params![endpoint.tenant, cursor.created_at, cursor.event, batch])?;
        let (mut looked_at, mut last) = (0, None);
        while let Some(row) = rows.next()? {
            let cells = Cells::of::<EventId>("events", row);
            let told = Told {
                pk: cells.get("pk")?,
                id: cells.id("id")?,
                checkout: cells.get("checkout")?,
                sequence: cells.number("sequence")?,
            };
            let kind = event_kind::read(&cells)?;
            if is_subscribed(&endpoint.endpoint.events, kind) && !cells.get::<bool>("test")? {
                self.tell_again(endpoint, told, now)?;
            }
            looked_at += 1;
            last = Some((cells.get::<i64>("created_at")?, told.pk));
        }
        if let Some((created_at, event)) = last {
            self.db
                .prepare_cached("UPDATE recoveries SET created_at = ?2, event = ?3 WHERE endpoint = ?1")?
                .execute(params![endpoint.pk, created_at, event])?;
        }
        Ok(looked_at)
    }

    /// Ends some of what is pending for an endpoint that was removed; says how many.
    fn end_pending(self, endpoint: &KnownEndpoint, batch: u32) -> Done<u32> {
        let ended = self
            .db
            .prepare_cached(
                "UPDATE deliveries SET state = 'failed', next_at = NULL, waits = 0 WHERE endpoint = ?1 AND id IN (
                    SELECT id FROM deliveries INDEXED BY deliveries_in_order
                    WHERE endpoint = ?1 AND state = 'pending' LIMIT ?2)",
            )?
            .execute(params![endpoint.pk, batch])?;
        Ok(u32::try_from(ended).unwrap_or(batch))
    }

    fn tell_again(self, endpoint: &KnownEndpoint, told: Told, now: Timestamp) -> Done<()> {
        let id = delivery_id(told.id, endpoint.endpoint.id)?;
        match delivery_rows::state_of(self.db, endpoint.pk, id)? {
            Some(DeliveryState::Pending | DeliveryState::Delivered) => return Ok(()),
            Some(DeliveryState::Failed) => delivery_rows::requeue(self.db, endpoint.pk, id, now)?,
            None => delivery_rows::insert(self.db, endpoint, told, now)?,
        }
        match told.checkout {
            Some(checkout) => delivery_rows::put_in_order(self.db, endpoint.pk, checkout),
            None => Ok(()),
        }
    }
}
