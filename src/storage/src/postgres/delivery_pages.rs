//! Pages of deliveries, newest first.

use std::collections::HashMap;

use lendport_core::{Delivery, DeliveryAttempt, DeliveryId, DeliveryState};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::connection::{Db, Statements as _};
use super::delivery_rows::{self, COLUMNS, FROM};
use super::fault::Done;
use super::pages::{Query, cut, limit};
use crate::page::{DeliveryFilter, Page, PageAsk};
use crate::vault::Vault;

/// A delivery with its tries.
pub(crate) type Tried = (Delivery, Vec<DeliveryAttempt>);

/// One delivery with its tries. It names its endpoint nowhere, and a tenant has few: each is asked.
pub(crate) async fn find(db: &Db, vault: &Vault, tenant: i64, id: DeliveryId) -> Done<Option<Tried>> {
    let sql = format!("SELECT {COLUMNS} {FROM} WHERE w.tenant = $1 AND d.id = $2");
    let rows = db.rows(&sql, &[&tenant, &id.uuid()]).await?;
    Ok(with_tries(db, vault, &rows).await?.pop())
}

/// One page: the newest rows of every endpoint, then the newest of those.
pub(crate) async fn page(
    db: &Db,
    vault: &Vault,
    tenant: i64,
    filter: &DeliveryFilter,
    page: PageAsk<DeliveryId>,
) -> Done<Page<Tried>> {
    let limit = limit(page.limit);
    let (endpoint, event) = (filter.endpoint.map(|id| id.uuid()), filter.event.map(|id| id.uuid()));
    let after = page.after.map_or(Uuid::max(), DeliveryId::uuid);
    let last = i64::from(page.after.is_none());
    let sql = sql(filter, limit);
    let values: [&(dyn ToSql + Sync); 5] = [&tenant, &endpoint, &after, &last, &event];
    let rows = db.rows(&sql, &values).await?;
    let rows = cut(rows, limit);
    Ok(Page { rows: with_tries(db, vault, &rows.rows).await?, has_more: rows.has_more })
}

/// Tenant, endpoint, the last row before and whether there was none, event.
pub(crate) fn sql(filter: &DeliveryFilter, limit: u32) -> String {
    let of_event = if filter.event.is_some() { "AND n.id = delivery_id($5, w.id)" } else { "AND $5::uuid IS NULL" };
    let wanted = Query::fetched(limit);
    let rows = |of_state: &str| {
        format!(
            "(SELECT n.* FROM deliveries n WHERE n.endpoint = w.pk {of_event} {of_state}
              AND (n.id < $3 OR n.id = $3 AND $4::bigint = 1) ORDER BY n.id DESC LIMIT {wanted})"
        )
    };
    // The words are those of the partial indexes, which hold few rows; nearly all are delivered. What is pending for an
    // endpoint that was removed has failed.
    let rows = match filter.state {
        None => rows(""),
        Some(DeliveryState::Delivered) => rows("AND n.state = 'delivered'"),
        Some(DeliveryState::Pending) => rows("AND n.state = 'pending' AND NOT w.removed"),
        Some(DeliveryState::Failed) => {
            let (failed, pending) = (rows("AND n.state = 'failed'"), rows("AND n.state = 'pending' AND w.removed"));
            format!("({failed} UNION ALL {pending})")
        }
    };
    format!(
        "SELECT {COLUMNS} FROM webhook_endpoints w
         CROSS JOIN LATERAL {rows} d
         JOIN events e ON e.pk = d.event LEFT JOIN checkouts c ON c.pk = d.checkout
         WHERE w.tenant = $1 AND ($2::uuid IS NULL OR w.id = $2) ORDER BY d.id DESC LIMIT {wanted}"
    )
}

async fn with_tries(db: &Db, vault: &Vault, rows: &[Row]) -> Done<Vec<Tried>> {
    let (mut endpoints, mut ids) = (Vec::<i64>::new(), Vec::<Uuid>::new());
    for row in rows {
        endpoints.push(row.try_get("endpoint")?);
        ids.push(row.try_get("id")?);
    }
    let mut tries: HashMap<DeliveryId, Vec<DeliveryAttempt>> = HashMap::new();
    for row in &db.rows(delivery_rows::ATTEMPTS, &[&endpoints, &ids]).await? {
        let (delivery, attempt) = delivery_rows::attempt(vault, row)?;
        tries.entry(delivery).or_default().push(attempt);
    }
    rows.iter()
        .map(|row| {
            let delivery = delivery_rows::rebuild(row)?;
            let tries = tries.remove(&delivery.id).unwrap_or_default();
            Ok((delivery, tries))
        })
        .collect()
}
