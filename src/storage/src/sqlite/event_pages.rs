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

#[cfg(test)]
mod tests {
    use lendport_testkit::SeededIds;
    use lendport_testkit::clock::START;

    use super::*;
    use crate::sqlite::pages::plan;

    /// No list reads rows it does not show, whatever it is asked, nor sorts what an index has in order; only the age of
    /// events has no index that is in the order of the list.
    #[test]
    fn every_question_has_its_index() {
        let ids = SeededIds::default();
        for bits in 0_u32..64 {
            let on = |bit: u32| bits & (1 << bit) != 0;
            let kinds = [EventType::CheckoutCreated, EventType::CheckoutUpdated];
            let kinds = kinds.get(..usize::from(on(0)) + usize::from(on(1))).unwrap().to_vec();
            let filter = EventFilter {
                kinds: kinds.clone(),
                checkout: None,
                created_after: on(3).then_some(START),
                created_before: on(4).then_some(START),
            };
            let queries = queries(1, on(2).then_some(7), &filter, on(5).then(|| EventId::mint(&ids)), 20);
            assert_eq!(queries.len(), if on(2) { 1 } else { kinds.len().max(1) });
            let index = match (on(2), kinds.as_slice(), on(3)) {
                (true, ..) => "events_by_sequence (checkout=?",
                (false, [_, ..], _) => "events_by_kind (tenant=? AND kind=?",
                (false, [], true) => "events_by_age (tenant=? AND created_at>?",
                (false, [], false) => "events_by_id (tenant=?",
            };
            for query in queries {
                let plan = plan(query);
                assert!(plan.contains(index) && !plan.contains("SCAN"), "{filter:?}: {plan}");
                // A checkout has few events.
                let may_sort = on(2) || index.starts_with("events_by_age");
                assert!(may_sort || !plan.contains("TEMP B-TREE"), "{filter:?}: {plan}");
            }
        }
    }
}
