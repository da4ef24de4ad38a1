//! Pages of events, newest first.

use lendport_core::{Event, EventId, EventType};
use rusqlite::{Connection, params_from_iter};

use super::cell::{StoredId as _, time};
use super::checkout_rows;
use super::event_kind;
use super::event_rows::{self, SELECT};
use super::fault::Done;
use super::pages::{Query, cut, limit};
use crate::page::{EventFilter, Page, PageAsk};
use crate::tenant::Tenant;

/// One page.
pub(crate) fn events(
    db: &Connection,
    tenant: Tenant,
    pk: i64,
    filter: &EventFilter,
    page: PageAsk<EventId>,
) -> Done<Page<Event>> {
    let limit = limit(page.limit);
    let checkout = match filter.checkout {
        None => None,
        Some(id) => match checkout_rows::key_of(db, tenant, id)? {
            None => return Ok(cut(Vec::new(), limit)),
            found => found,
        },
    };
    let mut found = Vec::new();
    for query in queries(pk, checkout, filter, page.after, limit) {
        let mut statement = db.prepare_cached(&query.sql)?;
        let mut rows = statement.query(params_from_iter(query.values))?;
        while let Some(row) = rows.next()? {
            found.push(event_rows::rebuild(row)?);
        }
    }
    found.sort_by_key(|event| std::cmp::Reverse(event.id));
    Ok(cut(found, limit))
}

/// The statements whose rows together begin with the page. Every kind is asked for by itself, so that each walks down an
/// index of its own and none reads what it does not show.
fn queries(tenant: i64, checkout: Option<i64>, filter: &EventFilter, after: Option<EventId>, limit: u32) -> Vec<Query> {
    match (checkout, filter.kinds.as_slice()) {
        (None, kinds @ [_, ..]) => {
            kinds.iter().map(|kind| query(tenant, None, std::slice::from_ref(kind), filter, after, limit)).collect()
        }
        (checkout, kinds) => vec![query(tenant, checkout, kinds, filter, after, limit)],
    }
}

fn query(
    tenant: i64,
    checkout: Option<i64>,
    kinds: &[EventType],
    filter: &EventFilter,
    after: Option<EventId>,
    limit: u32,
) -> Query {
    // A plus sign keeps SQLite from choosing another index than the one that is named.
    let (index, created_at) = match (checkout, kinds, filter.created_after) {
        (Some(_), ..) => ("events_by_sequence", "+e.created_at"),
        (None, [], Some(_)) => ("events_by_age", "e.created_at"),
        (None, [], None) => ("events_by_id", "+e.created_at"),
        (None, [_, ..], _) => ("events_by_kind", "+e.created_at"),
    };
    let select = SELECT.replace("FROM events e", &format!("FROM events e INDEXED BY {index}"));
    let mut query = Query { sql: format!("{select} WHERE e.tenant = ?1"), values: vec![tenant.into()] };
    if let Some(checkout) = checkout {
        query.condition("e.checkout =", checkout);
    }
    if let [kind] = kinds {
        query.condition("e.kind =", event_kind::number(*kind));
    } else if !kinds.is_empty() {
        let numbers: Vec<String> = kinds.iter().map(|kind| event_kind::number(*kind).to_string()).collect();
        query.sql.push_str(&format!(" AND e.kind IN ({})", numbers.join(", ")));
    }
    if let Some(from) = filter.created_after {
        query.condition(&format!("{created_at} >="), time(from));
    }
    if let Some(before) = filter.created_before {
        query.condition(&format!("{created_at} <"), time(before));
    }
    if let Some(after) = after {
        query.condition("e.id <", after.bytes().to_vec());
    }
    query.values.push(i64::from(limit + 1).into());
    query.sql.push_str(&format!(" ORDER BY e.id DESC LIMIT ?{}", query.values.len()));
    query
}
