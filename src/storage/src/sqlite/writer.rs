//! The one writer: a thread that takes whatever is queued, runs it in one transaction, and commits once.
//!
//! A commit waits for the disk; sharing it is what makes small changes fast. A change that fails, or panics, takes only
//! itself back. A change may be run twice; what it did the first time is rolled back. Nobody is answered before the
//! commit.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::fault::{Done, Fault};
use crate::error::StoreError;

/// Changes that may wait; more wait outside.
pub(crate) const QUEUE: usize = 1024;

/// What callers hand over.
pub(crate) type Queue = mpsc::Sender<Box<dyn Job>>;

/// A change in the queue.
pub(crate) trait Job: Send {
    /// Does the work inside the transaction; says why it must be taken back. May be called again after a rollback.
    fn run(&mut self, db: &Connection) -> Result<(), StoreError>;
    /// Answers the caller, once it is known whether the transaction was committed.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Task<T, W> {
    work: W,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, W> Job for Task<T, W>
where
    T: Send,
    W: FnMut(&Connection) -> Done<T> + Send,
{
    fn run(&mut self, db: &Connection) -> Result<(), StoreError> {
        // The work owns what it touches, and what it left half done in the database is rolled back.
        let result = match catch_unwind(AssertUnwindSafe(|| (self.work)(db))) {
            Ok(result) => result.map_err(StoreError::from),
            Err(_) => Err(StoreError::Database("a change panicked; nothing of it was written".to_owned())),
        };
        let verdict = result.as_ref().map(|_| ()).map_err(Clone::clone);
        self.result = Some(result);
        verdict
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let result = match (self.result, committed) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(shared)) => Err(shared),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(StoreError::Unavailable("the change was not run".to_owned())),
        };
        // A caller that gave up is not told; its change stands all the same.
        let _ = self.reply.send(result);
    }
}

/// Hands a change to the writer and waits for its commit.
pub(crate) async fn submit<T, W>(queue: Queue, work: W) -> Result<T, StoreError>
where
    T: Send + 'static,
    W: FnMut(&Connection) -> Done<T> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let closed = || StoreError::Unavailable("the database is being closed".to_owned());
    queue.send(Box::new(Task { work, result: None, reply })).await.map_err(|_| closed())?;
    drop(queue);
    answer.await.map_err(|_| closed())?
}

/// The writer's life: until every sender is gone and the queue is empty. `ended` is called after each transaction with
/// whether it was committed, before anybody is answered.
pub(crate) fn serve(db: Connection, mut queue: mpsc::Receiver<Box<dyn Job>>, batch_max: usize, ended: &dyn Fn(bool)) {
    let mut batch = VecDeque::with_capacity(batch_max);
    while let Some(first) = queue.blocking_recv() {
        batch.push_back(first);
        while batch.len() < batch_max
            && let Ok(job) = queue.try_recv()
        {
            batch.push_back(job);
        }
        while !batch.is_empty() {
            transaction(&db, &mut batch, ended);
        }
    }
    // Leaves one plain file behind. If it cannot, the log is read at the next start.
    if let Err(error) = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
        tracing::warn!(%error, "the last checkpoint failed");
    }
}

/// Runs jobs off the front of the batch in one transaction and answers them: all, unless the database gives up early.
///
/// Savepoints cost as much as a small change, and hardly ever is one needed: when one of several jobs fails, all are
/// taken back and run again, each in a savepoint of its own.
fn transaction(db: &Connection, batch: &mut VecDeque<Box<dyn Job>>, ended: &dyn Fn(bool)) {
    let mut ran = Vec::with_capacity(batch.len());
    let mut outcome = execute(db, "BEGIN IMMEDIATE");
    if outcome.is_err() {
        ran.extend(batch.drain(..));
    } else if batch.iter_mut().all(|job| job.run(db).is_ok() && !db.is_autocommit()) {
        ran.extend(batch.drain(..));
        outcome = execute(db, "COMMIT");
    } else {
        roll_back(db);
        ended(false);
        outcome = execute(db, "BEGIN IMMEDIATE");
        match outcome {
            Ok(()) => outcome = run_apart(db, batch, &mut ran).and_then(|()| execute(db, "COMMIT")),
            Err(_) => ran.extend(batch.drain(..)),
        }
    }
    roll_back(db);
    ended(outcome.is_ok());
    for job in ran {
        job.answer(outcome.clone());
    }
}

/// Ends a transaction that is still open.
fn roll_back(db: &Connection) {
    if !db.is_autocommit()
        && let Err(error) = execute(db, "ROLLBACK")
    {
        tracing::error!(%error, "a transaction could not be rolled back");
    }
}

fn run_apart(
    db: &Connection,
    batch: &mut VecDeque<Box<dyn Job>>,
    ran: &mut Vec<Box<dyn Job>>,
) -> Result<(), StoreError> {
    while let Some(mut job) = batch.pop_front() {
        let begun = execute(db, "SAVEPOINT job");
        let verdict = begun.and_then(|()| job.run(db));
        ran.push(job);
        if db.is_autocommit() {
            // A full disk makes SQLite roll the whole transaction back by itself: all who ran in it share the error.
            let lost = || StoreError::Database("the database rolled the transaction back".to_owned());
            return Err(verdict.err().unwrap_or_else(lost));
        }
        if verdict.is_err() {
            execute(db, "ROLLBACK TO job")?;
        }
        execute(db, "RELEASE job")?;
    }
    Ok(())
}

fn execute(db: &Connection, sql: &str) -> Result<(), StoreError> {
    let step = || -> Done<()> { Ok(db.prepare_cached(sql)?.execute([]).map(drop)?) };
    step().map_err(|Fault(error)| error)
}

#[cfg(test)]
mod tests {
    use rusqlite::params;

    use super::*;
    use crate::sqlite::connection;

    /// Runs these changes as one batch against a table of texts; answers each and what is stored in the end.
    fn batch(max_pages: u32, works: Vec<fn(&Connection) -> Done<()>>) -> (Vec<Result<(), StoreError>>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("batch.db");
        connection::create(&path).unwrap();
        let db = connection::writer(&path).unwrap();
        db.execute_batch("CREATE TABLE texts (name TEXT NOT NULL UNIQUE, body BLOB)").unwrap();
        db.pragma_update(None, "max_page_count", max_pages).unwrap();
        let mut answers = Vec::new();
        let mut jobs: VecDeque<Box<dyn Job>> = VecDeque::new();
        for work in works {
            let (reply, answer) = oneshot::channel();
            jobs.push_back(Box::new(Task { work, result: None, reply }));
            answers.push(answer);
        }
        while !jobs.is_empty() {
            transaction(&db, &mut jobs, &|_| ());
            assert!(db.is_autocommit());
        }
        let mut names = db.prepare("SELECT name FROM texts ORDER BY rowid").unwrap();
        let names = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        (answers.into_iter().map(|mut answer| answer.try_recv().unwrap()).collect(), names)
    }

    fn put(db: &Connection, name: &str, bytes: usize) -> Done<()> {
        let body = vec![7_u8; bytes];
        db.prepare_cached("INSERT INTO texts VALUES (?1, ?2)")?.execute(params![name, body])?;
        Ok(())
    }

    #[test]
    fn a_change_that_fails_takes_only_itself_back() {
        let (answers, names) = batch(
            1_000,
            vec![
                |db| put(db, "a", 1),
                |db| put(db, "b", 1).and_then(|()| put(db, "a", 1)),
                |db| {
                    put(db, "c", 1)?;
                    panic!("on purpose")
                },
                |db| put(db, "d", 1),
            ],
        );
        assert_eq!(names, ["a", "d"]);
        let [Ok(()), Err(twice), Err(panicked), Ok(())] = &answers[..] else { panic!("{answers:?}") };
        assert!(twice.to_string().contains("UNIQUE"), "{twice}");
        assert!(panicked.to_string().contains("panicked"), "{panicked}");
    }

    #[test]
    fn a_full_disk_is_said_to_all_who_shared_the_transaction_and_to_nobody_else() {
        let (answers, names) = batch(
            20,
            vec![|db| put(db, "before", 10), |db| put(db, "too large", 4_096 * 40), |db| put(db, "after", 10)],
        );
        assert_eq!(answers.get(1), Some(&Err(StoreError::Full)));
        let stored: Vec<_> = ["before", "too large", "after"]
            .into_iter()
            .zip(&answers)
            .filter(|(_, answer)| answer.is_ok())
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, stored);
        assert!(names.contains(&"after".to_owned()), "{answers:?}");
    }

    #[test]
    fn a_change_may_not_end_the_transaction_of_the_others() {
        let (answers, names) =
            batch(1_000, vec![|db| put(db, "a", 1), |db| Ok(db.execute_batch("ROLLBACK")?), |db| put(db, "b", 1)]);
        assert_eq!(names, ["b"]);
        assert!(answers[0].is_err() && answers[2].is_ok(), "{answers:?}");
    }
}
