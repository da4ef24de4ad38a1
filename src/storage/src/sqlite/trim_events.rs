//! Retention of events: old ones go with their deliveries and tries, once nobody waits for them any more.

use std::sync::Arc;

use jiff::Timestamp;
use lendport_core::{DeliveryState, EventId};
use rusqlite::{Connection, params};

use super::cell::{Cells, StoredId as _, time};
use super::delivery_id::delivery_id;
use super::delivery_rows;
use super::endpoint_rows::{self, KnownEndpoint};
use super::fault::Done;
use crate::vault::Vault;

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

/// Looks for events that may go, beginning where the last batch ended; what it looks at, it only reads.
pub(crate) fn find(
    db: &Connection,
    vault: &Vault,
    cursor: &mut TrimCursor,
    before: Timestamp,
    batch: u32,
) -> Done<Vec<Doomed>> {
    let wanted = usize::try_from(batch).unwrap_or(usize::MAX);
    let began_at_start = *cursor == TrimCursor::default();
    let mut found = Vec::new();
    walk(db, vault, cursor, before, wanted, &mut found)?;
    if found.len() < wanted {
        // The end. What was passed over earlier may have been settled since.
        *cursor = TrimCursor::default();
        if found.is_empty() && !began_at_start {
            walk(db, vault, cursor, before, wanted, &mut found)?;
        }
    }
    Ok(found)
}

fn walk(
    db: &Connection,
    vault: &Vault,
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
        let endpoints: Vec<_> = endpoint_rows::of(db, vault, tenant)?.into_iter().map(Arc::new).collect();
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

fn is_awaited(db: &Connection, endpoints: &[Arc<KnownEndpoint>], event: EventId) -> Done<bool> {
    for endpoint in endpoints {
        let id = delivery_id(event, endpoint.endpoint.id)?;
        if delivery_rows::state_of(db, endpoint.pk, id)? == Some(DeliveryState::Pending) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Deletes events that still may go; says how many.
pub(crate) fn delete(db: &Connection, vault: &Vault, doomed: &[Doomed]) -> Done<u64> {
    let (mut deleted, mut of_tenant) = (0, (0, Vec::new()));
    for event in doomed {
        if of_tenant.0 != event.tenant {
            let endpoints = endpoint_rows::of(db, vault, event.tenant)?.into_iter().map(Arc::new);
            of_tenant = (event.tenant, endpoints.collect());
        }
        let endpoints = &of_tenant.1;
        if is_awaited(db, endpoints, event.id)? {
            continue;
        }
        db.prepare_cached("DELETE FROM delivery_attempts WHERE event = ?1")?.execute([event.pk])?;
        for endpoint in endpoints {
            let id = delivery_id(event.id, endpoint.endpoint.id)?;
            db.prepare_cached("DELETE FROM deliveries WHERE endpoint = ?1 AND id = ?2")?
                .execute(params![endpoint.pk, id.bytes()])?;
        }
        let gone = db.prepare_cached("DELETE FROM events WHERE pk = ?1 AND id = ?2")?;
        deleted += execute(gone, params![event.pk, event.id.bytes()])?;
    }
    Ok(deleted)
}

fn execute(mut statement: rusqlite::CachedStatement<'_>, values: impl rusqlite::Params) -> Done<u64> {
    Ok(u64::from(statement.execute(values)? > 0))
}
