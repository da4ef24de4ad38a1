//! Retention of events: old ones go with their deliveries and tries, once no enabled endpoint waits for them any more.

use jiff::Timestamp;
use lendport_core::{DeliveryState, EndpointState, EventId, WebhookEndpointId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::cell::{Cells, StoredId as _, time};
use super::delivery_id::delivery_id;
use super::delivery_rows;
use super::fault::Done;

/// Where the last batch ended, so that events that must stay are not looked at again for each batch of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TrimCursor {
    tenant: i64,
    created_at: i64,
    event: i64,
}

/// An event that may go.
pub(crate) struct Doomed {
    tenant: i64,
    pk: i64,
    id: EventId,
}

/// An endpoint as far as trimming must know it: nothing sealed is opened.
struct Addressee {
    pk: i64,
    id: WebhookEndpointId,
    is_enabled: bool,
}

/// Every endpoint a tenant ever had.
fn addressees(db: &Connection, tenant: i64) -> Done<Vec<Addressee>> {
    let mut statement = db.prepare_cached("SELECT pk, id, state, removed FROM webhook_endpoints WHERE tenant = ?1")?;
    let mut rows = statement.query([tenant])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, state, removed): (Vec<u8>, String, bool) = (row.get(1)?, row.get(2)?, row.get(3)?);
        // One whose id cannot be read has no deliveries that could be found.
        let Some(id) = WebhookEndpointId::from_bytes(&id) else { continue };
        let is_enabled = !removed && EndpointState::parse(&state).is_none_or(|state| state == EndpointState::Enabled);
        found.push(Addressee { pk: row.get(0)?, id, is_enabled });
    }
    Ok(found)
}

/// Looks for events that may go, beginning where the last batch ended; what it looks at, it only reads.
pub(crate) fn find(db: &Connection, cursor: &mut TrimCursor, before: Timestamp, batch: u32) -> Done<Vec<Doomed>> {
    let wanted = usize::try_from(batch).unwrap_or(usize::MAX);
    let began_at_start = *cursor == TrimCursor::default();
    let mut found = Vec::new();
    walk(db, cursor, before, wanted, &mut found)?;
    if found.len() < wanted {
        // The end. What was passed over earlier may have been settled since.
        *cursor = TrimCursor::default();
        if found.is_empty() && !began_at_start {
            walk(db, cursor, before, wanted, &mut found)?;
        }
    }
    Ok(found)
}

fn walk(
    db: &Connection,
    cursor: &mut TrimCursor,
    before: Timestamp,
    wanted: usize,
    found: &mut Vec<Doomed>,
) -> Done<()> {
    let mut tenants = db.prepare_cached("SELECT pk FROM tenants WHERE pk >= ?1 ORDER BY pk")?;
    let tenants: Vec<i64> = tenants.query_map([cursor.tenant], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for tenant in tenants {
        if tenant != cursor.tenant {
            *cursor = TrimCursor { tenant, created_at: i64::MIN, event: 0 };
        }
        let endpoints = addressees(db, tenant)?;
        let mut statement = db.prepare_cached(
            "SELECT pk, id, created_at FROM events INDEXED BY events_by_age
             WHERE tenant = ?1 AND (created_at, pk) > (?2, ?3) AND created_at < ?4 ORDER BY created_at, pk",
        )?;
        let mut rows = statement.query(params![tenant, cursor.created_at, cursor.event, time(before)])?;
        while found.len() < wanted {
            let Some(row) = rows.next()? else { break };
            let cells = Cells::of::<EventId>("events", row);
            let doomed = Doomed { tenant, pk: cells.get("pk")?, id: cells.id("id")? };
            (cursor.created_at, cursor.event) = (cells.get("created_at")?, doomed.pk);
            if !is_awaited(db, &endpoints, doomed.id)? {
                found.push(doomed);
            }
        }
        if found.len() >= wanted {
            break;
        }
    }
    Ok(())
}

/// Whether it still goes to somebody. What is pending for an endpoint that is switched off protects nothing: it might be
/// for ever.
fn is_awaited(db: &Connection, endpoints: &[Addressee], event: EventId) -> Done<bool> {
    for endpoint in endpoints.iter().filter(|endpoint| endpoint.is_enabled) {
        let id = delivery_id(event, endpoint.id)?;
        if delivery_rows::state_of(db, endpoint.pk, id)? == Some(DeliveryState::Pending) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Deletes events that still may go; says how many.
pub(crate) fn delete(db: &Connection, doomed: &[Doomed]) -> Done<u64> {
    let (mut deleted, mut of_tenant) = (0, (0, Vec::new()));
    for event in doomed {
        if of_tenant.0 != event.tenant {
            of_tenant = (event.tenant, addressees(db, event.tenant)?);
        }
        let endpoints = &of_tenant.1;
        if is_awaited(db, endpoints, event.id)? {
            continue;
        }
        db.prepare_cached("DELETE FROM delivery_attempts WHERE event = ?1")?.execute([event.pk])?;
        for endpoint in endpoints {
            let id = delivery_id(event.id, endpoint.id)?;
            let sql = "DELETE FROM deliveries WHERE endpoint = ?1 AND id = ?2 RETURNING state = 'pending', checkout";
            let gone: Option<(bool, Option<i64>)> = db
                .prepare_cached(sql)?
                .query_row(params![endpoint.pk, id.bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            if let Some((true, Some(checkout))) = gone {
                // What waited behind it moves up, for when the endpoint is enabled again.
                delivery_rows::put_in_order(db, endpoint.pk, checkout)?;
            }
        }
        let gone = db.prepare_cached("DELETE FROM events WHERE pk = ?1 AND id = ?2")?;
        deleted += execute(gone, params![event.pk, event.id.bytes()])?;
    }
    Ok(deleted)
}

fn execute(mut statement: rusqlite::CachedStatement<'_>, values: impl rusqlite::Params) -> Done<u64> {
    Ok(u64::from(statement.execute(values)? > 0))
}
