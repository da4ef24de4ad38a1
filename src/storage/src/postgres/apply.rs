//! Carries out a batch of changes in one transaction: asks, decides, writes, commits.

use tokio_postgres::Row;

use super::connection::Db;
use super::decide::{Decided, Verdict, decide};
use super::fault::{Done, Failure};
use super::idempotency_rows;
use super::job::{Job, Outcome};
use super::load::Children;
use super::marks::Mark;
use super::pipeline::{self, Step};
use super::questions::{self, find_claim};
use super::writes::{Statement, Writes, Written};
use crate::error::StoreError;
use crate::idempotency::Claim;
use crate::tenant::Tenant;
use crate::vault::Vault;

/// What became of each change of a batch, in its order.
pub(crate) type Outcomes = Vec<Result<Outcome, StoreError>>;

/// A batch whose transaction is over.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) outcomes: Outcomes,
    /// True when deliveries were made.
    pub(crate) told: bool,
}

/// How a batch fails as a whole.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Nothing of it was written.
    Failed(Failure),
    /// The connection was lost while it was committed; what is true if it was.
    Unknown(Applied, StoreError),
}

impl<F: Into<Failure>> From<F> for Trouble {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

/// Carries out these changes. A change that is refused by our own rules takes only itself back; whatever the database
/// refuses takes all of them back. The caller ends the transaction when this fails.
pub(crate) async fn batch(db: &Db, vault: &Vault, jobs: &mut [Job], mark: &Mark) -> Result<Applied, Trouble> {
    let answers = questions::ask(db, jobs, mark).await?;
    let (attempts, ledger) = answers.children();
    let children = Children::of(attempts, ledger)?;
    let mut new_keys = answers.new_keys()?.into_iter();
    let mut outcomes: Outcomes = Vec::with_capacity(jobs.len());
    let (mut decided, mut lost) = (Vec::new(), Vec::new());
    for (place, job) in jobs.iter_mut().enumerate() {
        let is_new = matches!(job.work, super::job::Work::Insert(..));
        let (tenant, number) = (job.tenant, job.number);
        let new_key = if is_new { new_keys.next() } else { None };
        outcomes.push(match decide(job, &answers, &children, vault, new_key) {
            Err(failure) if is_new => return Err(failure.into()),
            Err(failure) => Err(failure.into()),
            Ok(Verdict::Over(outcome)) => Ok(outcome),
            Ok(Verdict::Lost(claim)) => {
                lost.push(Lost { place, tenant, number, claim });
                Ok(Outcome::Done)
            }
            Ok(Verdict::Write(change)) => {
                decided.push(change);
                Ok(Outcome::Done)
            }
        });
    }
    let told = write(db, vault, &decided, &lost, &mut outcomes).await?;
    commit(db, !decided.is_empty(), Applied { outcomes, told }).await
}

/// A key that somebody else has.
struct Lost<'a> {
    place: usize,
    tenant: Tenant,
    number: i64,
    claim: &'a Claim,
}

/// Writes everything; says whether deliveries were made.
async fn write(
    db: &Db,
    vault: &Vault,
    decided: &[Box<Decided<'_>>],
    lost: &[Lost<'_>],
    outcomes: &mut Outcomes,
) -> Done<bool> {
    let mut writes = Writes::default();
    for change in decided {
        writes.add(vault, change)?;
    }
    for key in lost {
        writes.look_up(key.number, key.claim);
    }
    let statements = writes.statements();
    let steps: Vec<Step<'_>> = statements.iter().map(Statement::step).collect();
    let answers = pipeline::run(db, &steps).await?;
    let of = |about: Written| -> &[Row] {
        let answer = statements.iter().zip(&answers).find(|(statement, _)| statement.about == about);
        answer.map(|(_, rows)| rows.as_slice()).unwrap_or_default()
    };
    let [repeats, claims] = writes.expected;
    if of(Written::Repeats).len() != repeats {
        return Err(Failure::broken("what was told again is not an observation of this checkout"));
    }
    if of(Written::Claims).len() != claims {
        // Somebody claimed it since it was looked for. The next try finds it.
        return Err(Failure::Conflict(StoreError::Unavailable("the key is being claimed".to_owned())));
    }
    for key in lost {
        let row = find_claim(of(Written::Lost), key.number, &key.claim.route, &key.claim.key)?;
        // Whoever had it may have been trimmed since. The next try claims it.
        let gone = || Failure::Conflict(StoreError::Unavailable("the key was claimed and is gone".to_owned()));
        let row = idempotency_rows::rebuild(vault, key.tenant, row.ok_or_else(gone)?);
        if let Some(outcome) = outcomes.get_mut(key.place) {
            *outcome = row.map(Outcome::Claimed).map_err(StoreError::from);
        }
    }
    let made = of(Written::Deliveries).first().map(|row| row.try_get::<_, i64>(0)).transpose()?;
    Ok(made.is_some_and(|count| count > 0))
}

async fn commit(db: &Db, wrote: bool, applied: Applied) -> Result<Applied, Trouble> {
    // Nothing to be written is nothing to wait for: a rollback does not go to the disk.
    let end = if wrote { "COMMIT" } else { "ROLLBACK" };
    match db.batch_execute(end).await.map_err(Failure::from) {
        Ok(()) => Ok(applied),
        Err(Failure::Lost(_)) if !wrote => Ok(applied),
        Err(Failure::Lost(error)) => Err(Trouble::Unknown(applied, error)),
        Err(failure) => Err(Trouble::Failed(failure)),
    }
}
