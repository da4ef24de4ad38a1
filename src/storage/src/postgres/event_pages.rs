//! Pages of events, newest first.

use lendport_core::{Event, EventId, EventType};

use super::checkout_rows;
use super::connection::{Db, Statements as _};
use super::event_rows::{self, SELECT};
use super::fault::Done;
use super::pages::{Query, cut, limit, nothing};
use crate::page::{EventFilter, Page, PageAsk};

/// An event of a tenant.
pub(crate) async fn find(db: &Db, tenant: i64, id: EventId) -> Done<Option<Event>> {
    let sql = format!("{SELECT} WHERE e.tenant = $1 AND e.id = $2");
    db.row(&sql, &[&tenant, &id.uuid()]).await?.map(|row| event_rows::rebuild(&row)).transpose()
}

/// One page.
pub(crate) async fn events(db: &Db, tenant: i64, filter: &EventFilter, page: PageAsk<EventId>) -> Done<Page<Event>> {
    let limit = limit(page.limit);
    let checkout = match filter.checkout {
        None => None,
        Some(id) => match db.row(checkout_rows::KEY_OF, &[&tenant, &id.uuid()]).await? {
            None => return Ok(nothing()),
            Some(row) => Some(row.try_get::<_, i64>(0)?),
        },
    };
    let mut found = Vec::new();
    for query in queries(tenant, checkout, filter, page.after, limit) {
        let rows = db.rows(&query.sql, &query.values()).await?;
        for row in &rows {
            found.push(event_rows::rebuild(row)?);
        }
    }
    found.sort_by_key(|event| std::cmp::Reverse(event.id));
    Ok(cut(found, limit))
}

/// The statements whose rows together begin with the page. Every kind is asked for by itself, so that each walks down an
/// index of its own and none reads what it does not show.
pub(crate) fn queries(
    tenant: i64,
    checkout: Option<i64>,
    filter: &EventFilter,
    after: Option<EventId>,
    limit: u32,
) -> Vec<Query<'static>> {
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
) -> Query<'static> {
    // From a moment on, the index by time ends where the wanted rows end; any other would go on to the oldest. It is
    // asked apart, so that no other index is chosen.
    let by_time = checkout.is_none() && kinds.is_empty() && filter.created_after.is_some();
    let sql = match by_time {
        true => SELECT.replace("FROM events e", "FROM (SELECT * FROM events e WHERE e.tenant = $1"),
        false => format!("{SELECT} WHERE e.tenant = $1"),
    };
    let (sql, joins) = match sql.split_once(" LEFT JOIN").filter(|_| by_time) {
        Some((sql, joins)) => (sql.to_owned(), format!(" OFFSET 0) e LEFT JOIN{joins} WHERE true")),
        None => (sql, String::new()),
    };
    let mut query = Query::new(sql, tenant);
    if let Some(from) = filter.created_after {
        query.condition("e.created_at >=", from);
    }
    if let Some(before) = filter.created_before {
        query.condition("e.created_at <", before);
    }
    query.sql.push_str(&joins);
    if let Some(checkout) = checkout {
        query.condition("e.checkout =", checkout);
    }
    if let [kind] = kinds {
        query.condition("e.kind =", kind.as_str());
    } else if !kinds.is_empty() {
        let words: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
        query.sql.push_str(&format!(" AND e.kind IN ('{}')", words.join("', '")));
    }
    if let Some(after) = after {
        query.condition("e.id <", after.uuid());
    }
    query.newest("e.id", limit);
    query
}
