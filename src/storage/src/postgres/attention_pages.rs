//! Pages of what a person must settle, newest first.

use lendport_core::AttentionId;

use super::attention_rows::{self, SELECT};
use super::checkout_rows;
use super::connection::{Db, Statements as _};
use super::fault::Done;
use super::pages::{Query, cut, limit, nothing};
use crate::change::AttentionItem;
use crate::page::{AttentionFilter, Page, PageAsk};

/// One item of a tenant.
pub(crate) async fn find(db: &Db, tenant: i64, id: AttentionId) -> Done<Option<AttentionItem>> {
    let sql = format!("{SELECT} WHERE a.tenant = $1 AND a.id = $2");
    db.row(&sql, &[&tenant, &id.uuid()]).await?.map(|row| attention_rows::rebuild(&row)).transpose()
}

/// A page of items.
pub(crate) async fn page(
    db: &Db,
    tenant: i64,
    filter: &AttentionFilter,
    page: PageAsk<AttentionId>,
) -> Done<Page<AttentionItem>> {
    let limit = limit(page.limit);
    let mut query = Query::new(format!("{SELECT} WHERE a.tenant = $1"), tenant);
    match filter.open {
        Some(true) => query.sql.push_str(" AND a.resolved_at IS NULL"),
        Some(false) => query.sql.push_str(" AND a.resolved_at IS NOT NULL"),
        None => {}
    }
    if let Some(id) = filter.checkout {
        let Some(row) = db.row(checkout_rows::KEY_OF, &[&tenant, &id.uuid()]).await? else { return Ok(nothing()) };
        query.condition("a.checkout =", row.try_get::<_, i64>(0)?);
    }
    if let Some(kind) = filter.kind {
        query.condition("a.kind =", kind.as_str());
    }
    if let Some(after) = page.after {
        query.condition("a.id <", after.uuid());
    }
    query.newest("a.id", limit);
    let rows = db.rows(&query.sql, &query.values()).await?;
    Ok(cut(rows.iter().map(attention_rows::rebuild).collect::<Done<_>>()?, limit))
}
