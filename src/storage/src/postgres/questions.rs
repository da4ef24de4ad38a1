//! Everything a batch of changes has to know before it decides, asked in one go.

use std::collections::HashMap;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::columns::{Rows, storable};
use super::connection::Db;
use super::fault::Done;
use super::job::{Job, Work};
use super::load::Keys;
use super::marks::{self, Mark};
use super::pipeline::{self, Step};
use super::{
    attempt_rows, attention_rows, checkout_rows, idempotency_rows, ledger_rows, observation_rows, operation_rows,
};

/// Begins a transaction.
pub(crate) const BEGIN: Step<'static> = Step::Bare("BEGIN");

/// Which answer is which.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum About {
    Begin,
    Mark,
    NewKeys,
    Won,
    Claims,
    Checkouts,
    Attempts,
    Ledger,
    Seen,
    Idle,
    Operations,
    Items,
}

/// What the database answered. The checkouts are held from now on.
pub(crate) struct Answers(HashMap<About, Vec<Row>>);

/// Asks for everything these changes need, and begins their transaction. New checkouts claim their keys with it.
pub(crate) async fn ask(db: &Db, jobs: &[Job], mark: &Mark) -> Done<Answers> {
    let (mut held, mut seen, mut idle, mut operations, mut items) =
        (Keys::default(), Rows::default(), Rows::default(), Rows::default(), Rows::default());
    let (mut claims, mut known, mut inserts) = (Rows::default(), Rows::default(), 0_i64);
    for job in jobs {
        match &job.work {
            Work::Insert(claim, change) => {
                inserts += 1;
                if let Some(claim) = claim {
                    claims.push(idempotency_rows::claim_row(
                        job.number,
                        claim,
                        job.checkout(),
                        change.claimed_operation,
                    ));
                }
            }
            Work::Change(id, ask, _) => {
                let (tenant, id) = (job.number, id.uuid());
                held.push(tenant, id);
                if let Some(claim) = &ask.claim {
                    known.push([tenant.into(), claim.route.as_str().into(), claim.key.as_str().into()]);
                }
                if let Some((attempt, key)) = &ask.dedupe {
                    seen.push([tenant.into(), id.into(), attempt.uuid().into(), key.as_str().into()]);
                    idle.push([tenant.into(), id.into(), attempt.uuid().into()]);
                }
                if let Some(operation) = ask.operation {
                    operations.push([tenant.into(), id.into(), operation.uuid().into()]);
                }
                if ask.open_items || ask.attention.is_some() {
                    items.push([tenant.into(), id.into(), ask.attention.map(|item| item.uuid()).into()]);
                }
            }
        }
    }
    let held = if held.is_empty() { Vec::new() } else { held.values().to_vec() };
    let inserts_value: [&(dyn ToSql + Sync); 1] = [&inserts];
    let tables = [
        (About::Won, idempotency_rows::CLAIM, claims.values()),
        (About::Checkouts, checkout_rows::LOCK, held.clone()),
        // From here on nobody else writes these checkouts, and every statement sees what was written before.
        (About::Claims, idempotency_rows::FIND, known.values()),
        (About::Attempts, attempt_rows::OF, held.clone()),
        (About::Ledger, ledger_rows::OF, held.clone()),
        (About::Seen, observation_rows::SEEN, seen.values()),
        (About::Idle, observation_rows::IDLE, idle.values()),
        (About::Operations, operation_rows::FIND, operations.values()),
        (About::Items, attention_rows::OF_CHANGES, items.values()),
    ];
    let mark_values: [&(dyn ToSql + Sync); 2] = [&mark.id, &mark.number];
    let mut steps = vec![(About::Begin, BEGIN), (About::Mark, Step::With(marks::WRITE, &mark_values))];
    if inserts > 0 {
        steps.push((About::NewKeys, Step::With(checkout_rows::NEW_KEYS, &inserts_value)));
    }
    for (about, sql, values) in &tables {
        if !values.is_empty() {
            steps.push((*about, Step::With(sql, values)));
        }
    }
    let (about, steps): (Vec<About>, Vec<Step<'_>>) = steps.into_iter().unzip();
    let answers = pipeline::run(db, &steps).await?;
    let answers = Answers(about.into_iter().zip(answers).collect());
    marks::written(answers.rows(About::Mark))?;
    Ok(answers)
}

impl Answers {
    fn rows(&self, about: About) -> &[Row] {
        self.0.get(&about).map(Vec::as_slice).unwrap_or_default()
    }

    /// A key for each new checkout.
    pub(crate) fn new_keys(&self) -> Done<Vec<i64>> {
        self.rows(About::NewKeys).iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// True when this new checkout was the first with its key, or has none.
    pub(crate) fn won(&self, job: &Job) -> Done<bool> {
        let Some(claim) = job.claim() else { return Ok(true) };
        find_claim(self.rows(About::Won), job.number, &claim.route, &claim.key).map(|row| row.is_some())
    }

    /// The row of the key of a change, where it has one already.
    pub(crate) fn claimed(&self, job: &Job) -> Done<Option<&Row>> {
        let Some(claim) = job.claim() else { return Ok(None) };
        find_claim(self.rows(About::Claims), job.number, &claim.route, &claim.key)
    }

    /// The checkout of a change.
    pub(crate) fn checkout(&self, tenant: i64, id: Uuid) -> Done<Option<&Row>> {
        of(self.rows(About::Checkouts), tenant, id, "id")
    }

    /// Attempts and movements of all checkouts of the batch.
    pub(crate) fn children(&self) -> (&[Row], &[Row]) {
        (self.rows(About::Attempts), self.rows(About::Ledger))
    }

    /// The earlier fact with the asked key.
    pub(crate) fn seen(&self, tenant: i64, id: Uuid) -> Done<Option<&Row>> {
        of(self.rows(About::Seen), tenant, id, "checkout_id")
    }

    /// The count of facts that changed nothing.
    pub(crate) fn idle(&self, tenant: i64, id: Uuid) -> Done<Option<&Row>> {
        of(self.rows(About::Idle), tenant, id, "checkout_id")
    }

    /// The asked operation.
    pub(crate) fn operation(&self, tenant: i64, id: Uuid) -> Done<Option<&Row>> {
        of(self.rows(About::Operations), tenant, id, "checkout_id")
    }

    /// Items of a checkout: the asked one and the open ones.
    pub(crate) fn items(&self, tenant: i64, id: Uuid) -> Done<Vec<&Row>> {
        let mut found = Vec::new();
        for row in self.rows(About::Items) {
            if row.try_get::<_, i64>("tenant")? == tenant && row.try_get::<_, Uuid>("checkout_id")? == id {
                found.push(row);
            }
        }
        Ok(found)
    }
}

fn of<'a>(rows: &'a [Row], tenant: i64, id: Uuid, column: &str) -> Done<Option<&'a Row>> {
    for row in rows {
        if row.try_get::<_, Uuid>(column)? == id && row.try_get::<_, i64>("tenant")? == tenant {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// The row with this key.
pub(crate) fn find_claim<'a>(rows: &'a [Row], tenant: i64, route: &str, key: &str) -> Done<Option<&'a Row>> {
    let (route, key) = (storable(route), storable(key));
    for row in rows {
        let is_it = row.try_get::<_, i64>("tenant")? == tenant
            && row.try_get::<_, &str>("route")? == route
            && row.try_get::<_, &str>("key")? == key;
        if is_it {
            return Ok(Some(row));
        }
    }
    Ok(None)
}
