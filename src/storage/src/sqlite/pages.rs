//! Pages of checkouts, newest first.

use lendport_core::{CheckoutId, CheckoutRecord, CheckoutStatus, ProviderId, limits};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::cell::{StoredId, time};
use super::checkout_rows::{self, COLUMNS};
use super::fault::Done;
use crate::page::{CheckoutFilter, Page, PageAsk};
use crate::tenant::Tenant;
use crate::vault::Vault;

/// A statement under construction: every text is ours, every value a parameter.
pub(crate) struct Query {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

impl Query {
    pub(crate) fn condition(&mut self, column_and_sign: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        self.sql.push_str(&format!(" AND {column_and_sign} ?{}", self.values.len()));
    }

    /// Asks for the page of it, newest first.
    pub(crate) fn newest<I: StoredId, T>(
        mut self,
        db: &Connection,
        page: PageAsk<I>,
        rebuild: impl Fn(&Row<'_>) -> Done<T>,
    ) -> Done<Page<T>> {
        let limit = limit(page.limit);
        if let Some(after) = page.after {
            self.condition("id <", after.bytes().to_vec());
        }
        self.values.push(i64::from(limit + 1).into());
        self.sql.push_str(&format!(" ORDER BY id DESC LIMIT ?{}", self.values.len()));
        let mut statement = db.prepare_cached(&self.sql)?;
        let mut rows = statement.query(params_from_iter(self.values))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(rebuild(row)?);
        }
        Ok(cut(found, limit))
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

/// One page.
pub(crate) fn checkouts(
    db: &Connection,
    vault: &Vault,
    tenant: Tenant,
    filter: &CheckoutFilter,
    page: PageAsk<CheckoutId>,
) -> Done<Page<CheckoutRecord>> {
    let limit = limit(page.limit);
    let query = query(tenant, filter, page.after, limit);
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut statement = db.prepare_cached(&query.sql)?;
    let mut rows = statement.query(params_from_iter(query.values))?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        if records.len() == wanted {
            return Ok(Page { rows: records, has_more: true });
        }
        records.push(checkout_rows::read(db, vault, row)?.1);
    }
    Ok(Page { rows: records, has_more: false })
}

/// The statement, with the index that suits what it asks: each but one gives the rows in their order, newest first.
/// From a moment on, the index by time ends where the wanted rows end; any other would go on to the oldest.
fn query(tenant: Tenant, filter: &CheckoutFilter, after: Option<CheckoutId>, limit: u32) -> Query {
    // A plus sign keeps SQLite from choosing the index by time where another one is better.
    let (index, created_at) = match filter {
        CheckoutFilter { reference: Some(_), .. } => ("INDEXED BY checkouts_by_reference", "+created_at"),
        CheckoutFilter { created_after: Some(_), .. } => ("INDEXED BY checkouts_by_created", "created_at"),
        CheckoutFilter { status: Some(_), .. } => ("INDEXED BY checkouts_by_status", "+created_at"),
        _ => ("", "+created_at"),
    };
    let mut query = Query {
        sql: format!("SELECT {COLUMNS} FROM checkouts {index} WHERE merchant = ?1 AND mode = ?2"),
        values: vec![tenant.merchant.bytes().to_vec().into(), tenant.mode.as_str().to_owned().into()],
    };
    if let Some(reference) = &filter.reference {
        query.condition("reference =", reference.clone());
    }
    if let Some(status) = filter.status {
        query.condition("status =", CheckoutStatus::as_str(status).to_owned());
    }
    if let Some(provider) = &filter.provider {
        query.condition("lead_provider =", ProviderId::as_str(provider).to_owned());
    }
    if let Some(after) = filter.created_after {
        query.condition(&format!("{created_at} >="), time(after));
    }
    if let Some(before) = filter.created_before {
        query.condition(&format!("{created_at} <"), time(before));
    }
    if let Some(after) = after {
        query.condition("id <", after.bytes().to_vec());
    }
    query.values.push(i64::from(limit + 1).into());
    query.sql.push_str(&format!(" ORDER BY id DESC LIMIT ?{}", query.values.len()));
    query
}

/// What SQLite would do for a question to an empty database.
#[cfg(test)]
pub(super) fn plan(query: Query) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plans.db");
    super::connection::create(&path).unwrap();
    let mut db = super::connection::writer(&path).unwrap();
    super::migrations::run(&mut db).unwrap();
    let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {}", query.sql)).unwrap();
    let steps = statement.query_map(params_from_iter(query.values), |row| row.get(3)).unwrap();
    steps.map(Result::<String, _>::unwrap).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use lendport_core::{MerchantId, Mode};

    use super::*;

    /// No list reads rows it does not show, whatever it is asked, except for the two filters that have no index.
    #[test]
    fn every_question_has_its_index() {
        let ids = lendport_testkit::SeededIds::default();
        let tenant = Tenant { merchant: MerchantId::mint(&ids), mode: Mode::Test };
        for bits in 0_u32..64 {
            let on = |bit: u32| bits & (1 << bit) != 0;
            let now = lendport_testkit::clock::START;
            let filter = CheckoutFilter {
                reference: on(0).then(|| "r".to_owned()),
                status: on(1).then_some(CheckoutStatus::Open),
                provider: ProviderId::parse("sandbox").filter(|_| on(2)),
                created_after: on(3).then_some(now),
                created_before: on(4).then_some(now),
            };
            let plan = plan(query(tenant, &filter, on(5).then(|| CheckoutId::mint(&ids)), 20));
            let index = match (on(0), on(3), on(1)) {
                (true, ..) => "checkouts_by_reference (merchant=? AND mode=? AND reference=?",
                (false, true, _) => "checkouts_by_created (merchant=? AND mode=? AND created_at>?",
                (false, false, true) => "checkouts_by_status (merchant=? AND mode=? AND status=?",
                (false, false, false) => "sqlite_autoindex_checkouts_1 (merchant=? AND mode=?",
            };
            assert!(plan.contains(index) && !plan.contains("SCAN"), "{filter:?}: {plan}");
            let sorts = plan.contains("TEMP B-TREE");
            assert!(!sorts || index.starts_with("checkouts_by_created"), "{filter:?}: {plan}");
        }
    }
}
