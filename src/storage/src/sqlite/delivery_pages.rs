//! Pages of deliveries, newest first.

use std::sync::Arc;

use lendport_core::{Delivery, DeliveryAttempt, DeliveryId, DeliveryState, EventId};
use rusqlite::{Connection, params_from_iter};

use super::cell::StoredId as _;
use super::delivery_id::delivery_id;
use super::delivery_rows::{self, SELECT};
use super::endpoint_rows::KnownEndpoint;
use super::fault::Done;
use super::memory::KnownTenant;
use super::pages::{Query, cut, limit};
use crate::page::{DeliveryFilter, Page, PageAsk};
use crate::vault::Vault;

/// A delivery with its tries.
pub(crate) type Tried = (Delivery, Vec<DeliveryAttempt>);

/// One delivery with its tries. It names its endpoint nowhere, and a tenant has few: each is asked.
pub(crate) fn delivery(db: &Connection, vault: &Vault, tenant: &KnownTenant, id: DeliveryId) -> Done<Option<Tried>> {
    for endpoint in &tenant.endpoints {
        if let Some((event, delivery)) = delivery_rows::find(db, endpoint, id)? {
            return Ok(Some((delivery, delivery_rows::attempts(db, vault, event, endpoint)?)));
        }
    }
    Ok(None)
}

/// One page: the newest rows of every endpoint, then the newest of those.
pub(crate) fn deliveries(
    db: &Connection,
    vault: &Vault,
    tenant: &KnownTenant,
    filter: &DeliveryFilter,
    page: PageAsk<DeliveryId>,
) -> Done<Page<Tried>> {
    let limit = limit(page.limit);
    let mut found: Vec<(i64, Delivery, &Arc<KnownEndpoint>)> = Vec::new();
    for endpoint in &tenant.endpoints {
        if filter.endpoint.is_some_and(|wanted| wanted != endpoint.endpoint.id) {
            continue;
        }
        match filter.event {
            Some(event) => found.extend(of_event(db, endpoint, event, filter.state, page.after)?),
            None => {
                let query = query(endpoint, filter.state, page.after, limit);
                let mut statement = db.prepare_cached(&query.sql)?;
                let mut rows = statement.query(params_from_iter(query.values))?;
                while let Some(row) = rows.next()? {
                    let (event, delivery) = delivery_rows::rebuild(row, endpoint)?;
                    found.push((event, delivery, endpoint));
                }
            }
        }
    }
    found.sort_by_key(|(_, delivery, _)| std::cmp::Reverse(delivery.id));
    let page = cut(found, limit);
    let tried = page.rows.into_iter().map(|(event, delivery, endpoint)| {
        delivery_rows::attempts(db, vault, event, endpoint).map(|attempts| (delivery, attempts))
    });
    Ok(Page { rows: tried.collect::<Done<_>>()?, has_more: page.has_more })
}

fn of_event<'a>(
    db: &Connection,
    endpoint: &'a Arc<KnownEndpoint>,
    event: EventId,
    state: Option<DeliveryState>,
    after: Option<DeliveryId>,
) -> Done<Option<(i64, Delivery, &'a Arc<KnownEndpoint>)>> {
    let id = delivery_id(event, endpoint.endpoint.id)?;
    let found = delivery_rows::find(db, endpoint, id)?;
    let wanted = |delivery: &Delivery| {
        state.is_none_or(|state| delivery.state == state) && after.is_none_or(|after| delivery.id < after)
    };
    Ok(found.filter(|(_, delivery)| wanted(delivery)).map(|(event, delivery)| (event, delivery, endpoint)))
}

fn query(endpoint: &KnownEndpoint, state: Option<DeliveryState>, after: Option<DeliveryId>, limit: u32) -> Query {
    // The words are those of the partial indexes, which hold few rows; nearly all are delivered.
    let (index, state) = match state {
        // Rows that still say pending have failed.
        Some(DeliveryState::Failed) if endpoint.removed => ("", " AND d.state IN ('failed', 'pending')"),
        Some(DeliveryState::Pending) if endpoint.removed => ("", " AND 0"),
        None => ("", ""),
        Some(DeliveryState::Delivered) => ("", " AND d.state = 'delivered'"),
        Some(DeliveryState::Failed) => ("INDEXED BY deliveries_failed", " AND d.state = 'failed'"),
        Some(DeliveryState::Pending) => ("INDEXED BY deliveries_in_order", " AND d.state = 'pending'"),
    };
    let select = SELECT.replace("FROM deliveries d", &format!("FROM deliveries d {index}"));
    let mut query = Query { sql: format!("{select} WHERE d.endpoint = ?1{state}"), values: vec![endpoint.pk.into()] };
    if let Some(after) = after {
        query.condition("d.id <", after.bytes().to_vec());
    }
    query.values.push(i64::from(limit + 1).into());
    query.sql.push_str(&format!(" ORDER BY d.id DESC LIMIT ?{}", query.values.len()));
    query
}

#[cfg(test)]
mod tests {
    use lendport_core::{EndpointState, WebhookEndpoint, WebhookEndpointId};
    use lendport_testkit::SeededIds;
    use lendport_testkit::clock::START;

    use super::*;
    use crate::sqlite::pages::plan;

    fn endpoint(ids: &SeededIds, removed: bool) -> KnownEndpoint {
        let endpoint = WebhookEndpoint {
            id: WebhookEndpointId::mint(ids),
            url: "https://shop.example/hooks".to_owned(),
            description: None,
            events: Vec::new(),
            secrets: Vec::new(),
            state: EndpointState::Enabled,
            failing_since: None,
            version: 1,
            created_at: START,
            updated_at: START,
        };
        KnownEndpoint {
            pk: 1,
            tenant: 1,
            url: 1,
            endpoint: Arc::new(endpoint),
            accepted_at: None,
            removed,
            readable: true,
        }
    }

    /// Each state that few rows have is read from its own index, everything else down the key, which is in the order of
    /// the list. What is pending is sorted: that is little.
    #[test]
    fn every_question_has_its_index() {
        let ids = SeededIds::default();
        for removed in [false, true] {
            let endpoint = endpoint(&ids, removed);
            for after in [None, Some(DeliveryId::mint(&ids))] {
                for state in
                    [None, Some(DeliveryState::Pending), Some(DeliveryState::Failed), Some(DeliveryState::Delivered)]
                {
                    let query = query(&endpoint, state, after, 20);
                    if removed && state == Some(DeliveryState::Pending) {
                        assert!(query.sql.contains(" AND 0 "), "nothing is read: {}", query.sql);
                        continue;
                    }
                    let plan = plan(query);
                    let index = match state {
                        Some(DeliveryState::Failed) if !removed => "USING INDEX deliveries_failed (endpoint=?",
                        Some(DeliveryState::Pending) if !removed => "USING INDEX deliveries_in_order (endpoint=?",
                        _ => "USING PRIMARY KEY (endpoint=?",
                    };
                    assert!(plan.contains(index) && !plan.contains("SCAN"), "{state:?}: {plan}");
                    let few = state == Some(DeliveryState::Pending) && !removed;
                    assert!(few || !plan.contains("TEMP B-TREE"), "{state:?}: {plan}");
                }
            }
        }
    }
}
