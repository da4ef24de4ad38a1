//! Checkouts with everything that is rebuilt with them.

use std::collections::HashMap;

use lendport_core::{CheckoutId, CheckoutRecord, Ledger};
use tokio_postgres::Row;
use uuid::Uuid;

use super::connection::{Transaction, Values};
use super::fault::Done;
use super::pages::{cut, nothing};
use super::pipeline::{self, Step};
use super::{attempt_rows, checkout_rows, ledger_rows};
use crate::page::Page;
use crate::tenant::Tenant;
use crate::vault::Vault;

/// Begins a transaction in which every statement sees the same moment.
const ONE_MOMENT: Step<'static> = Step::Bare("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
/// Ends it.
const COMMIT: Step<'static> = Step::Bare("COMMIT");

/// Which checkouts: the numbers of their tenants, and their ids.
#[derive(Default)]
pub(crate) struct Keys {
    tenants: Vec<i64>,
    ids: Vec<Uuid>,
}

impl Keys {
    /// One more.
    pub(crate) fn push(&mut self, tenant: i64, id: Uuid) {
        self.tenants.push(tenant);
        self.ids.push(id);
    }

    /// True when there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Parameters one and two of every statement that takes keys.
    pub(crate) fn values(&self) -> [&(dyn tokio_postgres::types::ToSql + Sync); 2] {
        [&self.tenants, &self.ids]
    }
}

/// Rows of attempts and movements, by the key of their checkout.
pub(crate) struct Children<'a> {
    attempts: HashMap<i64, Vec<&'a Row>>,
    ledger: HashMap<i64, Vec<&'a Row>>,
}

impl<'a> Children<'a> {
    /// Sorts what [`attempt_rows::OF`] and [`ledger_rows::OF`] answered.
    pub(crate) fn of(attempts: &'a [Row], ledger: &'a [Row]) -> Done<Self> {
        Ok(Self { attempts: by_checkout(attempts)?, ledger: by_checkout(ledger)? })
    }

    /// Rebuilds a checkout; answers its key with it.
    pub(crate) fn record(&self, vault: &Vault, tenant: Tenant, row: &Row) -> Done<(i64, CheckoutRecord)> {
        let (pk, checkout) = checkout_rows::read(vault, tenant, row)?;
        let rows = |of: &HashMap<i64, Vec<&'a Row>>| of.get(&pk).cloned().unwrap_or_default();
        let attempts =
            rows(&self.attempts).into_iter().map(|row| attempt_rows::rebuild(row, checkout.id)).collect::<Done<_>>()?;
        let ledger = Ledger(rows(&self.ledger).into_iter().map(ledger_rows::rebuild).collect::<Done<_>>()?);
        Ok((pk, CheckoutRecord { checkout, attempts, ledger }))
    }
}

fn by_checkout(rows: &[Row]) -> Done<HashMap<i64, Vec<&Row>>> {
    let mut found: HashMap<i64, Vec<&Row>> = HashMap::new();
    for row in rows {
        found.entry(row.try_get("checkout")?).or_default().push(row);
    }
    Ok(found)
}

/// One checkout of a tenant.
pub(crate) async fn one(
    transaction: Transaction,
    vault: &Vault,
    (tenant, pk): (Tenant, i64),
    id: CheckoutId,
) -> Done<Option<CheckoutRecord>> {
    let mut keys = Keys::default();
    keys.push(pk, id.uuid());
    let of = keys.values();
    let (parents, attempts, ledger) =
        (Step::With(checkout_rows::OF, &of), Step::With(attempt_rows::OF, &of), Step::With(ledger_rows::OF, &of));
    let answers = pipeline::run(&transaction, &[ONE_MOMENT, parents, attempts, ledger, COMMIT]).await?;
    transaction.ended();
    let [_, parents, attempts, ledger, _] = answers.as_slice() else { return Ok(None) };
    let children = Children::of(attempts, ledger)?;
    parents.first().map(|row| Ok(children.record(vault, tenant, row)?.1)).transpose()
}

/// A page of the checkouts that a question finds, in its order.
pub(crate) async fn several(
    transaction: Transaction,
    vault: &Vault,
    tenant: Tenant,
    (sql, values): (&str, Values<'_>),
    limit: u32,
) -> Done<Page<CheckoutRecord>> {
    let mut parents = pipeline::run(&transaction, &[ONE_MOMENT, Step::With(sql, values)]).await?;
    let Page { rows: parents, has_more } = cut(parents.pop().unwrap_or_default(), limit);
    let mut keys = Keys::default();
    for row in &parents {
        keys.push(row.try_get("tenant")?, row.try_get("id")?);
    }
    let of = keys.values();
    let (attempts, ledger) = (Step::With(attempt_rows::OF, &of), Step::With(ledger_rows::OF, &of));
    let answers = pipeline::run(&transaction, &[attempts, ledger, COMMIT]).await?;
    transaction.ended();
    let [attempts, ledger, _] = answers.as_slice() else { return Ok(nothing()) };
    let children = Children::of(attempts, ledger)?;
    let rows = parents.iter().map(|row| Ok(children.record(vault, tenant, row)?.1)).collect::<Done<_>>()?;
    Ok(Page { rows, has_more })
}
