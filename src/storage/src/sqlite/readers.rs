//! A few threads, each with a connection that cannot write, taking questions off one queue.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::fault::Done;
use crate::error::StoreError;

/// Questions that may wait; more wait outside.
pub(crate) const QUEUE: usize = 1024;

type Job = Box<dyn FnOnce(&Connection) + Send>;
/// What callers hand over.
pub(crate) type Queue = mpsc::Sender<Job>;
/// What the threads share.
pub(crate) type Shared = Arc<Mutex<mpsc::Receiver<Job>>>;

/// A queue and its shared end.
pub(crate) fn queue() -> (Queue, Shared) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    (sender, Arc::new(Mutex::new(receiver)))
}

/// Asks a question; everything it reads is of one moment.
pub(crate) async fn ask<T, W>(queue: Queue, work: W) -> Result<T, StoreError>
where
    T: Send + 'static,
    W: FnOnce(&Connection) -> Done<T> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let closed = || StoreError::Unavailable("the database is being closed".to_owned());
    let job: Job = Box::new(move |db| {
        let result = catch_unwind(AssertUnwindSafe(|| snapshot(db, work)));
        let panicked = || StoreError::Database("a question panicked".to_owned());
        let _ = reply.send(result.map_or_else(|_| Err(panicked()), |result| result.map_err(StoreError::from)));
    });
    queue.send(job).await.map_err(|_| closed())?;
    drop(queue);
    answer.await.map_err(|_| closed())?
}

/// Reads in one transaction, which ends whatever happens.
fn snapshot<T>(db: &Connection, work: impl FnOnce(&Connection) -> Done<T>) -> Done<T> {
    db.prepare_cached("BEGIN")?.execute([])?;
    let _moment = Moment(db);
    work(db)
}

/// Ends a transaction that has nothing to keep, after a panic too.
struct Moment<'a>(&'a Connection);

impl Drop for Moment<'_> {
    fn drop(&mut self) {
        let end = || self.0.prepare_cached("ROLLBACK")?.execute([]);
        if !self.0.is_autocommit()
            && let Err(error) = end()
        {
            tracing::error!(%error, "a reader's transaction did not end");
        }
    }
}

/// A reader's life: until every sender is gone and the queue is empty.
pub(crate) fn serve(db: &Connection, queue: &Shared) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(job) = next else { return };
        job(db);
    }
}
