//! What each change of a batch writes: its decision is run on what was loaded. Nothing is written here.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};

use lendport_core::{CheckoutRecord, ObservationId};
use tokio_postgres::Row;

use super::cell::Cells;
use super::fault::{Done, Failure};
use super::job::{Job, Outcome, Work};
use super::load::Children;
use super::questions::Answers;
use super::recent::{Key, Known, Stamp, WrittenBy};
use super::{attention_rows, idempotency_rows, operation_rows};
use crate::change::{Change, Decide, Loaded};
use crate::idempotency::Claim;
use crate::rules;
use crate::store::ChangeAsk;
use crate::tenant::Tenant;
use crate::vault::Vault;

/// A change with all that is known about it, ready to be written.
pub(crate) struct Decided<'a> {
    pub(crate) tenant: Tenant,
    /// The tenant's number.
    pub(crate) number: i64,
    /// The key of the checkout.
    pub(crate) pk: i64,
    /// The checkout as it was; none for a new one.
    pub(crate) old: Option<Known>,
    /// The checkout as it becomes, its movements left out.
    pub(crate) record: CheckoutRecord,
    pub(crate) change: Cow<'a, Change>,
    /// The key that a change claims with what it writes. That of a new checkout was claimed before.
    pub(crate) claim: Option<&'a Claim>,
}

impl Decided<'_> {
    /// True when the checkout's row is written: whenever something changes that is rebuilt with it.
    pub(crate) fn writes_row(&self) -> bool {
        let Change { checkout, attempts, ledger, .. } = &*self.change;
        self.old.is_none() || checkout.is_some() || !attempts.is_empty() || !ledger.is_empty()
    }

    /// What is known of the checkout once this is committed.
    pub(crate) fn known(self, by: WrittenBy) -> (Key, Known) {
        let key = (self.number, self.record.checkout.id.uuid());
        let writes = self.writes_row();
        let Self { pk, old, mut record, change, .. } = self;
        match old {
            Some(known) if !writes => (key, known),
            old => {
                let movements = old.iter().flat_map(|known| &known.record.ledger.0).chain(&change.ledger);
                record.ledger.0 = movements.cloned().collect();
                // In the order in which rows are read.
                record.ledger.0.sort_by_key(|entry| entry.id);
                record.attempts.sort_by_key(|attempt| attempt.number);
                (key, Known { stamp: Stamp::new(by, &record.checkout), pk, record: Arc::new(record) })
            }
        }
    }
}

/// What is to be done about a change.
pub(crate) enum Verdict<'a> {
    /// It ends here.
    Over(Outcome),
    /// Somebody else has its key; whose row it is has to be looked up.
    Lost(&'a Claim),
    /// It is written.
    Write(Box<Decided<'a>>),
}

/// Runs the decision of a change, or checks a new checkout, which gets this key.
pub(crate) fn decide<'a>(
    job: &'a mut Job,
    answers: &Answers,
    children: &Children<'_>,
    vault: &Vault,
    new_key: Option<i64>,
) -> Done<Verdict<'a>> {
    if let Some(row) = answers.claimed(job)? {
        // A key replays its answer even when its checkout cannot be read.
        return Ok(Verdict::Over(Outcome::Claimed(idempotency_rows::rebuild(vault, job.tenant, row)?)));
    }
    let won = matches!(job.work, Work::Change(..)) || answers.won(job)?;
    let (tenant, number) = (job.tenant, job.number);
    match &mut job.work {
        Work::Insert(Some(claim), _) if !won => Ok(Verdict::Lost(claim)),
        Work::Insert(_, change) => {
            let pk = new_key.ok_or_else(|| Failure::broken("a new checkout got no key"))?;
            let record = rules::opened(tenant, change)?;
            let change = Cow::Borrowed(&**change);
            Ok(Verdict::Write(Box::new(Decided { tenant, number, pk, old: None, record, change, claim: None })))
        }
        Work::Change(id, ask, decide) => {
            let key = (number, id.uuid());
            let Some(old) = answers.checkout(vault, tenant, key, children)? else {
                return Ok(Verdict::Over(Outcome::NotFound));
            };
            let decide = decide.get_mut().unwrap_or_else(PoisonError::into_inner);
            let change = run(loaded(answers, vault, (number, &old.record), ask)?, &mut **decide)?;
            if change.abort {
                return Ok(Verdict::Over(Outcome::Done));
            }
            let (pk, record) = (old.pk, rules::merged(&old.record, &change)?);
            let (claim, change) = (ask.claim.as_ref(), Cow::Owned(change));
            Ok(Verdict::Write(Box::new(Decided { tenant, number, pk, old: Some(old), record, change, claim })))
        }
    }
}

fn run(loaded: Loaded<'_>, decide: &mut Decide<'static>) -> Done<Change> {
    // The decision owns what it touches, and nothing of it is written.
    catch_unwind(AssertUnwindSafe(|| decide(loaded)))
        .map_err(|_| Failure::broken("a change panicked; nothing of it was written"))
}

fn loaded<'a>(
    answers: &Answers,
    vault: &Vault,
    (tenant, record): (i64, &'a CheckoutRecord),
    ask: &ChangeAsk,
) -> Done<Loaded<'a>> {
    let id = record.checkout.id;
    let seen = answers.seen(tenant, id.uuid())?.map(|row| fact(row, "repeats")).transpose()?;
    let idle = answers.idle(tenant, id.uuid())?.map(|row| fact(row, "idle")).transpose()?;
    let operation = answers.operation(tenant, id.uuid())?;
    let operation = operation.map(|row| operation_rows::rebuild(vault, row, id)).transpose()?;
    let (mut attention, mut open_items) = (None, Vec::new());
    for row in answers.items(tenant, id.uuid())? {
        let item = attention_rows::rebuild(row)?;
        if ask.attention == Some(item.id) {
            attention = Some(item.clone());
        }
        if item.resolution.is_none() {
            open_items.push(item);
        }
    }
    let idle = idle.map(|(latest, count)| (count, latest));
    Ok(Loaded { record, seen, idle, operation, attention, open_items })
}

fn fact(row: &Row, count: &'static str) -> Done<(ObservationId, u64)> {
    let cells = Cells::of::<ObservationId>("observations", row);
    Ok((cells.id("id")?, cells.number(count)?))
}
