//! Pages of checkouts, newest first.

use std::borrow::Cow;

use lendport_core::{CheckoutId, CheckoutRecord, CheckoutStatus, ProviderId, limits};
use tokio_postgres::types::ToSql;

use super::checkout_rows::COLUMNS;
use super::columns::storable;
use super::connection::Transaction;
use super::fault::Done;
use super::load;
use crate::page::{CheckoutFilter, Page, PageAsk};
use crate::tenant::Tenant;
use crate::vault::Vault;

/// A statement under construction: every text is ours, every value a parameter.
pub(crate) struct Query<'a> {
    pub(crate) sql: String,
    values: Vec<Box<dyn ToSql + Sync + Send + 'a>>,
}

impl<'a> Query<'a> {
    /// A statement with its first parameter.
    pub(crate) fn new(sql: String, value: impl ToSql + Sync + Send + 'a) -> Self {
        Self { sql, values: vec![Box::new(value)] }
    }

    /// One more condition.
    pub(crate) fn condition(&mut self, column_and_sign: &str, value: impl ToSql + Sync + Send + 'a) {
        self.values.push(Box::new(value));
        self.sql.push_str(&format!(" AND {column_and_sign} ${}", self.values.len()));
    }

    /// The order, and where the rows end.
    pub(crate) fn newest(&mut self, column: &str, limit: u32) {
        self.sql.push_str(&format!(" ORDER BY {column} DESC LIMIT {}", Self::fetched(limit)));
    }

    /// At least one row more than asked, which says whether others follow. The number stands in the text, because the
    /// planner must know it, and there are few of them, because every text stays prepared.
    pub(crate) fn fetched(limit: u32) -> u32 {
        [11, 26, 51].into_iter().find(|step| *step > limit).unwrap_or(limits::PAGE_MAX + 1)
    }

    /// The parameters.
    pub(crate) fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.values.iter().map(|value| -> &(dyn ToSql + Sync) { &**value }).collect()
    }
}

/// Rows of a page, brought inside what is allowed.
pub(crate) fn limit(asked: u32) -> u32 {
    asked.clamp(1, limits::PAGE_MAX)
}

/// A page out of its rows and, where more follow, one of those.
pub(crate) fn cut<T>(mut rows: Vec<T>, limit: u32) -> Page<T> {
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > wanted;
    rows.truncate(wanted);
    Page { rows, has_more }
}

/// A page without rows.
pub(crate) fn nothing<T>() -> Page<T> {
    Page { rows: Vec::new(), has_more: false }
}

/// One page.
pub(crate) async fn checkouts(
    transaction: Transaction,
    vault: &Vault,
    (tenant, pk): (Tenant, i64),
    filter: &CheckoutFilter,
    page: PageAsk<CheckoutId>,
) -> Done<Page<CheckoutRecord>> {
    let limit = limit(page.limit);
    let query = query(pk, filter, page.after, limit);
    load::several(transaction, vault, tenant, (&query.sql, &query.values()), limit).await
}

/// The statement. Every order but one is that of an index, newest first. From a moment on, the index by time ends where
/// the wanted rows end; any other would go on to the oldest. It is asked apart, so that no other index is chosen.
pub(crate) fn query(tenant: i64, filter: &CheckoutFilter, after: Option<CheckoutId>, limit: u32) -> Query<'_> {
    let by_time = filter.reference.is_none() && filter.created_after.is_some();
    let from =
        if by_time { "(SELECT * FROM checkouts c WHERE c.tenant = $1" } else { "checkouts c WHERE c.tenant = $1" };
    let mut query = Query::new(format!("SELECT {COLUMNS} FROM {from}"), tenant);
    if let Some(after) = filter.created_after {
        query.condition("c.created_at >=", after);
    }
    if let Some(before) = filter.created_before {
        query.condition("c.created_at <", before);
    }
    if by_time {
        query.sql.push_str(" OFFSET 0) c WHERE true");
    }
    if let Some(reference) = &filter.reference {
        query.condition("c.reference =", storable(reference));
    }
    if let Some(status) = filter.status {
        query.condition("c.status =", Cow::Borrowed(CheckoutStatus::as_str(status)));
    }
    if let Some(provider) = &filter.provider {
        query.condition("c.lead_provider =", Cow::Borrowed(ProviderId::as_str(provider)));
    }
    if let Some(after) = after {
        query.condition("c.id <", after.uuid());
    }
    query.newest("c.id", limit);
    query
}
