//! Everything a batch of changes has to know before it decides, asked in one go.

use std::collections::HashMap;
use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::columns::{Rows, storable};
use super::connection::Db;
use super::fault::Done;
use super::job::{Job, Work};
use super::load::{Children, Keys};
use super::marks::{self, Mark};
use super::pipeline::{self, Step};
use super::recent::{Key, Known, Recent, Stamp, WrittenBy};
use super::{
    attempt_rows, attention_rows, checkout_rows, idempotency_rows, ledger_rows, observation_rows, operation_rows,
};
use crate::tenant::Tenant;
use crate::vault::Vault;

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
    Held,
    Checkouts,
    Attempts,
    Ledger,
    Seen,
    Idle,
    Operations,
    Items,
}

/// What the database answered. The checkouts are held from now on.
pub(crate) struct Answers {
    rows: HashMap<About, Vec<Row>>,
    /// Checkouts whose rows are as this process last saw them.
    known: HashMap<Key, Known>,
    /// The transaction.
    pub(crate) written_by: WrittenBy,
}

/// Asks for everything these changes need, and begins their transaction. New checkouts claim their keys with it.
pub(crate) async fn ask(db: &Db, recent: &Recent, jobs: &[Job], mark: &Mark) -> Done<Answers> {
    let (mut known, mut unknown) = (HashMap::new(), Keys::default());
    let (mut held, mut seen, mut idle, mut operations, mut items) =
        (Keys::default(), Rows::default(), Rows::default(), Rows::default(), Rows::default());
    let (mut claims, mut claimed, mut inserts) = (Rows::default(), Rows::default(), 0_i64);
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
                match recent.get((tenant, id)) {
                    Some(checkout) => _ = known.insert((tenant, id), checkout),
                    None => unknown.push(tenant, id),
                }
                if let Some(claim) = &ask.claim {
                    claimed.push([tenant.into(), claim.route.as_str().into(), claim.key.as_str().into()]);
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
    let inserts_value: [&(dyn ToSql + Sync); 1] = [&inserts];
    let tables = [
        (About::Won, idempotency_rows::CLAIM, claims.values()),
        (About::Held, checkout_rows::LOCK, unless_empty(&held)),
        // From here on nobody else writes these checkouts, and every statement sees what was written before.
        (About::Claims, idempotency_rows::FIND, claimed.values()),
        (About::Checkouts, checkout_rows::OF, unless_empty(&unknown)),
        (About::Attempts, attempt_rows::OF, unless_empty(&unknown)),
        (About::Ledger, ledger_rows::OF, unless_empty(&unknown)),
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
    let mut rows: HashMap<About, Vec<Row>> = about.into_iter().zip(answers).collect();
    let written_by = marks::written(rows.get(&About::Mark).map(Vec::as_slice).unwrap_or_default())?;
    let changed = changed(rows.get(&About::Held).map(Vec::as_slice).unwrap_or_default(), &mut known)?;
    if !changed.is_empty() {
        let of = changed.values();
        let steps = LOADS.map(|(_, sql)| Step::With(sql, &of));
        let answers = pipeline::run(db, &steps).await?;
        for ((about, _), more) in LOADS.into_iter().zip(answers) {
            rows.entry(about).or_default().extend(more);
        }
    }
    Ok(Answers { rows, known, written_by })
}

/// Everything a checkout is rebuilt from.
const LOADS: [(About, &str); 3] =
    [(About::Checkouts, checkout_rows::OF), (About::Attempts, attempt_rows::OF), (About::Ledger, ledger_rows::OF)];

/// Which of the checkouts that are known have to be read all the same. Those that somebody else has written are not known
/// any more; a debug build reads the others too.
fn changed(held: &[Row], known: &mut HashMap<Key, Known>) -> Done<Keys> {
    let mut changed = Keys::default();
    for row in held {
        let key = (row.try_get("tenant")?, row.try_get("id")?);
        let Some(checkout) = known.get(&key) else { continue };
        let holds = checkout.stamp == Stamp::of(row)?;
        if !holds {
            known.remove(&key);
        }
        if !holds || cfg!(debug_assertions) {
            changed.push(key.0, key.1);
        }
    }
    Ok(changed)
}

impl Answers {
    fn rows(&self, about: About) -> &[Row] {
        self.rows.get(&about).map(Vec::as_slice).unwrap_or_default()
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
    pub(crate) fn checkout(
        &self,
        vault: &Vault,
        tenant: Tenant,
        key: Key,
        of_rows: &Children<'_>,
    ) -> Done<Option<Known>> {
        let Some(held) = of(self.rows(About::Held), key.0, key.1, "id")? else { return Ok(None) };
        let known = self.known.get(&key);
        let Some(row) = of(self.rows(About::Checkouts), key.0, key.1, "id")? else { return Ok(known.cloned()) };
        let (pk, record) = of_rows.record(vault, tenant, row)?;
        debug_assert!(known.is_none_or(|known| *known.record == record), "{} is kept otherwise", record.checkout.id);
        Ok(Some(Known { stamp: Stamp::of(held)?, pk, record: Arc::new(record) }))
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

fn unless_empty(keys: &Keys) -> Vec<&(dyn ToSql + Sync)> {
    if keys.is_empty() { Vec::new() } else { keys.values().to_vec() }
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
