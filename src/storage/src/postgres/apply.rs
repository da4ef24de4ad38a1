//! Carries out a batch of changes in one transaction: asks, decides, writes, commits.

use super::columns::Rows;
use super::connection::{Db, Statements as _};
use super::decide::{Decided, Verdict, decide};
use super::fault::{Done, Failure};
use super::idempotency_rows;
use super::job::{Job, Outcome};
use super::load::Children;
use super::marks::Mark;
use super::pipeline::{self, Step};
use super::questions::{self, find_claim};
use super::recent::Recent;
use super::writes::{Statement, Writes};
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
pub(crate) async fn batch(
    db: &Db,
    vault: &Vault,
    recent: &Recent,
    jobs: &mut [Job],
    mark: &Mark,
) -> Result<Applied, Trouble> {
    let answers = questions::ask(db, recent, jobs, mark).await?;
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
    look_up(db, vault, &lost, &mut outcomes).await?;
    // Its key may have come since: the session reads the keys, and has all of it tried again.
    if let Some(error) =
        outcomes.iter().filter_map(|it| it.as_ref().err()).find(|it| matches!(it, StoreError::DataKey(_)))
    {
        return Err(Failure::Refused(error.clone()).into());
    }
    if decided.is_empty() {
        // Nothing to be written is nothing to wait for: a rollback does not go to the disk.
        return match db.batch_execute("ROLLBACK").await.map_err(Failure::from) {
            Ok(()) | Err(Failure::Lost(_)) => Ok(Applied { outcomes, told: false }),
            Err(failure) => Err(failure.into()),
        };
    }
    match write(db, vault, &decided).await {
        Ok(told) => {
            for change in decided {
                let (key, known) = change.known(answers.written_by);
                recent.put(key, known);
            }
            Ok(Applied { outcomes, told })
        }
        // Perhaps it was committed.
        Err(Failure::Lost(error)) => Err(Trouble::Unknown(Applied { outcomes, told: true }, error)),
        Err(failure) => Err(Trouble::Failed(failure)),
    }
}

/// A key that somebody else has.
struct Lost<'a> {
    place: usize,
    tenant: Tenant,
    number: i64,
    claim: &'a Claim,
}

/// Reads the rows of keys that somebody else has.
async fn look_up(db: &Db, vault: &Vault, lost: &[Lost<'_>], outcomes: &mut Outcomes) -> Done<()> {
    if lost.is_empty() {
        return Ok(());
    }
    let mut keys = Rows::default();
    for key in lost {
        keys.push([key.number.into(), key.claim.route.as_str().into(), key.claim.key.as_str().into()]);
    }
    let rows = db.rows(idempotency_rows::FIND, &keys.values()).await?;
    for key in lost {
        let row = find_claim(&rows, key.number, &key.claim.route, &key.claim.key)?;
        // Whoever had it may have been trimmed since. The next try claims it.
        let gone = || Failure::Conflict(StoreError::Unavailable("the key was claimed and is gone".to_owned()));
        let row = idempotency_rows::rebuild(vault, key.tenant, row.ok_or_else(gone)?);
        if let Some(outcome) = outcomes.get_mut(key.place) {
            *outcome = row.map(Outcome::Claimed).map_err(StoreError::from);
        }
    }
    Ok(())
}

/// Writes everything and commits, in one go: where a statement fails, the server takes the transaction back instead.
/// Says whether deliveries were made.
async fn write(db: &Db, vault: &Vault, decided: &[Box<Decided<'_>>]) -> Done<bool> {
    let mut writes = Writes::default();
    for change in decided {
        writes.add(vault, change)?;
    }
    let statements = writes.statements();
    let mut steps: Vec<Step<'_>> = statements.iter().map(Statement::step).collect();
    steps.push(Step::Bare("COMMIT"));
    let answers = pipeline::run(db, &steps).await?;
    let last = answers.iter().rev().nth(1).filter(|_| writes.tells()).and_then(|rows| rows.first());
    let made = last.map(|row| row.try_get::<_, i64>(0)).transpose()?;
    Ok(made.is_some_and(|count| count > 0))
}
