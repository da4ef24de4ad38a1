//! How work is tried: on a connection of the pool, again where that is harmless, and with an answer in the end.

use std::time::Duration;

use deadpool_postgres::{Object, Pool};

use super::apply::{self, Applied, Outcomes, Trouble};
use super::connection::Transaction;
use super::fault::{Done, Failure};
use super::job::Job;
use super::key_rows;
use super::marks::{self, Mark, Marks};
use super::pipeline::{self, Step};
use super::presence::Presence;
use super::questions;
use super::recent::Recent;
use super::room::Room;
use super::wakeups::Wakeups;
use crate::error::StoreError;
use crate::vault::Vault;

/// How often the same thing is tried when its connection is lost.
const TRIES: u32 = 4;
/// How often a transaction is tried that gives in to others.
const CONFLICTS: u32 = 10;
/// Between two tries after the connection was lost: a server that restarts is back within a second.
const PAUSE: Duration = Duration::from_millis(100);
/// How often is asked for the fate of a transaction, a pause apart.
const QUESTIONS: u32 = 50;

/// Connections with what every transaction needs.
pub(crate) struct Session {
    pub(crate) pool: Pool,
    pub(crate) vault: Vault,
    pub(crate) wakeups: Wakeups,
    pub(crate) presence: Presence,
    pub(crate) marks: Marks,
    pub(crate) recent: Recent,
    pub(crate) room: Room,
}

/// What became of a transaction whose commit was not answered.
enum Fate {
    Committed,
    Aborted,
    Unknown,
}

impl Session {
    /// Does work that may be done again: a read, or a write that comes to the same when it is repeated.
    pub(crate) async fn repeatable<T, F>(&self, work: impl Fn(Object) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Done<T>>,
    {
        let (mut lost, mut conflicts, mut learnt) = (0, 0, false);
        loop {
            let result = match self.pool.get().await {
                Ok(db) => work(db).await,
                Err(error) => Err(error.into()),
            };
            match result {
                Err(Failure::Lost(error)) => self.after_loss(&mut lost, error).await?,
                Err(Failure::Conflict(error)) => after_conflict(&mut conflicts, error).await?,
                Err(Failure::Refused(error @ StoreError::DataKey(_))) => self.learn(&mut learnt, error).await?,
                result => return Ok(result?),
            }
        }
    }

    /// As [`Session::repeatable`], for work that begins and ends a transaction.
    pub(crate) async fn in_transaction<T, F>(&self, work: impl Fn(Transaction) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Done<T>>,
    {
        self.repeatable(|db| work(Transaction::of(db))).await
    }

    /// Does work that must not be done twice, in a transaction that begins here. The work hands its connection back with
    /// its result and with whether it wrote anything, and the transaction is ended here.
    pub(crate) async fn once<T, F>(&self, work: impl Fn(Transaction) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Done<(Transaction, T, bool)>>,
    {
        let (mut lost, mut conflicts, mut learnt) = (0, 0, false);
        loop {
            let attempt = async {
                let held = Transaction::of(self.pool.get().await?);
                let mark = self.marks.take(&held).await?;
                let write = Step::With(marks::WRITE, &[&mark.id, &mark.number]);
                let answers = pipeline::run(&held, &[questions::BEGIN, write]).await?;
                marks::written(answers.last().map(Vec::as_slice).unwrap_or_default())?;
                let (held, value, wrote) = work(held).await?;
                Done::Ok((held, value, wrote, mark))
            };
            let (held, value, wrote, mark) = match attempt.await {
                Ok(done) => done,
                Err(Failure::Lost(error)) => {
                    self.after_loss(&mut lost, error).await?;
                    continue;
                }
                Err(Failure::Conflict(error)) => {
                    after_conflict(&mut conflicts, error).await?;
                    continue;
                }
                Err(Failure::Refused(error @ StoreError::DataKey(_))) => {
                    self.learn(&mut learnt, error).await?;
                    continue;
                }
                Err(Failure::Refused(error)) => return Err(error),
            };
            let end = held.batch_execute(if wrote { "COMMIT" } else { "ROLLBACK" }).await;
            match end.map_err(Failure::from) {
                Ok(()) => {
                    held.ended();
                    self.marks.give_back(mark);
                }
                Err(Failure::Lost(_)) if !wrote => {}
                Err(Failure::Lost(error)) => match self.fate(&mark).await {
                    Fate::Committed => {}
                    Fate::Aborted => {
                        self.after_loss(&mut lost, error).await?;
                        continue;
                    }
                    Fate::Unknown => return Err(uncertain(&error)),
                },
                Err(failure) => return Err(failure.into()),
            }
            return Ok(value);
        }
    }

    /// Carries out changes; answers each.
    pub(crate) async fn carry_out(&self, jobs: &mut [Job]) -> Outcomes {
        match self.together(jobs).await {
            Ok(outcomes) => outcomes,
            // One of them is refused, and it is not known which: each is on its own.
            Err(_) if jobs.len() > 1 => {
                let mut outcomes = Vec::with_capacity(jobs.len());
                for job in jobs {
                    let alone = self.together(std::slice::from_mut(job)).await;
                    outcomes.extend(alone.unwrap_or_else(|error| vec![Err(error)]));
                }
                outcomes
            }
            Err(error) => jobs.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    /// Carries out changes in one transaction; an error when all of it was refused.
    async fn together(&self, jobs: &mut [Job]) -> Result<Outcomes, StoreError> {
        let (mut lost, mut conflicts, mut learnt) = (0, 0, false);
        loop {
            let applied = match self.attempt(jobs).await {
                Ok(applied) => applied,
                Err((Trouble::Failed(Failure::Refused(error @ StoreError::DataKey(_))), _)) => {
                    self.learn(&mut learnt, error).await?;
                    continue;
                }
                Err((Trouble::Failed(Failure::Refused(error)), _)) => return Err(error),
                Err((Trouble::Failed(Failure::Conflict(error)), _)) => {
                    after_conflict(&mut conflicts, error).await?;
                    continue;
                }
                Err((Trouble::Failed(Failure::Lost(error)), _)) | Err((Trouble::Unknown(_, error), None)) => {
                    self.after_loss(&mut lost, error).await?;
                    continue;
                }
                Err((Trouble::Unknown(applied, error), Some(mark))) => match self.fate(&mark).await {
                    Fate::Committed => applied,
                    Fate::Aborted => {
                        self.after_loss(&mut lost, error).await?;
                        continue;
                    }
                    // To do it again might do it twice.
                    Fate::Unknown => return Ok(jobs.iter().map(|_| Err(uncertain(&error))).collect()),
                },
            };
            if applied.told {
                self.wakeups.tell();
            }
            return Ok(applied.outcomes);
        }
    }

    /// One try. The mark comes with an error whose transaction may hold.
    async fn attempt(&self, jobs: &mut [Job]) -> Result<Applied, (Trouble, Option<Mark>)> {
        let transaction = self.pool.get().await.map(Transaction::of).map_err(|error| (error.into(), None))?;
        let mark = self.marks.take(&transaction).await.map_err(|failure| (failure.into(), None))?;
        match apply::batch(&transaction, &self.vault, &self.recent, jobs, &mark).await {
            Ok(applied) => {
                transaction.ended();
                self.marks.give_back(mark);
                Ok(applied)
            }
            // A refused transaction is taken back here; one whose connection is lost takes itself back.
            Err(Trouble::Failed(failure @ (Failure::Refused(_) | Failure::Conflict(_)))) => {
                if transaction.batch_execute("ROLLBACK").await.is_ok() {
                    transaction.ended();
                    self.marks.give_back(mark);
                }
                Err((Trouble::Failed(failure), None))
            }
            Err(trouble) => Err((trouble, Some(mark))),
        }
    }

    /// Asks what became of a transaction, as soon as the server is back.
    async fn fate(&self, mark: &Mark) -> Fate {
        for _ in 0..QUESTIONS {
            let answer = match self.pool.get().await {
                Ok(db) => marks::holds(&db, mark).await,
                Err(error) => Err(error.into()),
            };
            match answer {
                Ok(Some(true)) => return Fate::Committed,
                Ok(Some(false)) => return Fate::Aborted,
                Ok(None) => return Fate::Unknown,
                // Not back yet, or the transaction is still under way.
                Err(failure) => tracing::info!(error = %StoreError::from(failure), "a commit's fate is not known yet"),
            }
            tokio::time::sleep(PAUSE).await;
        }
        Fate::Unknown
    }

    /// Reads the data keys again, once: what met an unknown one is tried with what there is by now.
    async fn learn(&self, learnt: &mut bool, error: StoreError) -> Result<(), StoreError> {
        if std::mem::replace(learnt, true) {
            return Err(error);
        }
        let db = self.pool.get().await.map_err(Failure::from)?;
        self.vault.learn(&key_rows::load(&db).await?);
        Ok(())
    }

    /// Waits a moment, or gives up with this error.
    async fn after_loss(&self, lost: &mut u32, error: StoreError) -> Result<(), StoreError> {
        *lost += 1;
        if *lost >= TRIES || self.pool.is_closed() {
            return Err(error);
        }
        if *lost > 1 {
            tokio::time::sleep(PAUSE * *lost).await;
        }
        Ok(())
    }
}

async fn after_conflict(conflicts: &mut u32, error: StoreError) -> Result<(), StoreError> {
    *conflicts += 1;
    if *conflicts >= CONFLICTS {
        return Err(error);
    }
    tokio::time::sleep(Duration::from_millis(u64::from(*conflicts))).await;
    Ok(())
}

fn uncertain(error: &StoreError) -> StoreError {
    StoreError::Uncertain(error.to_string())
}
