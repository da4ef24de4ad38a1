//! Who carries out changes: tasks that take whatever is queued and commit it together.
//!
//! A commit waits for the disk; sharing it is what makes small changes fast. A batch is one statement per table whatever
//! its size, so few large ones cost less than many small ones: while one transaction waits for the disk another one
//! works, and only where more waits than those two can take there are more of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use super::job::{Job, Outcome};
use super::session::Session;
use crate::error::StoreError;

/// Changes that may wait. More are told to come again: whoever asked for them is about to give up anyway.
const QUEUE: usize = 8_192;
/// Transactions at once. Measured: with eight, 16 callers at once got a third of what they get with two, and 64 half.
const WRITERS: usize = 2;

/// How long changes may wait for the tasks at work before one more comes to help: those may be held up by a lock, or by
/// a line that is dead.
const PATIENCE: Duration = Duration::from_millis(50);

/// Takes changes in.
pub(crate) struct Writer {
    session: Arc<Session>,
    batch_max: usize,
    writers_max: usize,
    queue: Mutex<Queue>,
    idle: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Queued>,
    writers: usize,
    /// Somebody looks whether help is needed.
    watched: bool,
    closed: bool,
}

struct Queued {
    job: Job,
    reply: oneshot::Sender<Result<Outcome, StoreError>>,
}

impl Writer {
    /// A writer that leaves some of these connections to others.
    pub(crate) fn new(session: Arc<Session>, batch_max: usize, connections: usize) -> Arc<Self> {
        let writers_max = (connections / 2).max(1);
        let queue = Mutex::default();
        Arc::new(Self { session, batch_max: batch_max.max(1), writers_max, queue, idle: Notify::new() })
    }

    /// Has a change carried out. It is carried out even when nobody waits for its answer any more.
    pub(crate) async fn submit(self: &Arc<Self>, job: Job) -> Result<Outcome, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.take_in(Queued { job, reply })?;
        answer.await.map_err(|_| closed())?
    }

    fn take_in(self: &Arc<Self>, queued: Queued) -> Result<(), StoreError> {
        let mut queue = self.queue();
        if queue.closed {
            return Err(closed());
        }
        if queue.waiting.len() >= QUEUE {
            return Err(StoreError::Unavailable("too many changes wait for the database".to_owned()));
        }
        queue.waiting.push_back(queued);
        if queue.writers < self.wanted(&queue) {
            queue.writers += 1;
            tokio::spawn(Arc::clone(self).work());
        } else if !queue.watched {
            queue.watched = true;
            tokio::spawn(Arc::clone(self).help());
        }
        Ok(())
    }

    async fn work(self: Arc<Self>) {
        while let Some(batch) = self.next_batch() {
            self.carry_out(batch).await;
        }
        self.idle.notify_waiters();
    }

    /// Carries out a batch whenever something has waited too long, until nothing waits.
    async fn help(self: Arc<Self>) {
        loop {
            tokio::time::sleep(PATIENCE).await;
            let batch = {
                let mut queue = self.queue();
                if queue.waiting.is_empty() {
                    queue.watched = false;
                    return;
                }
                if queue.writers >= self.writers_max {
                    continue;
                }
                queue.writers += 1;
                self.take(&mut queue)
            };
            self.carry_out(batch).await;
            self.queue().writers -= 1;
            self.idle.notify_waiters();
        }
    }

    async fn carry_out(&self, batch: Vec<Queued>) {
        let (mut jobs, replies): (Vec<_>, Vec<_>) = batch.into_iter().map(|queued| (queued.job, queued.reply)).unzip();
        let outcomes = self.session.carry_out(&mut jobs).await;
        for (reply, outcome) in replies.into_iter().zip(outcomes) {
            self.session.room.heard(&outcome);
            // A caller that gave up is not told; its change stands all the same.
            let _ = reply.send(outcome);
        }
    }

    /// How many tasks should be at work.
    fn wanted(&self, queue: &Queue) -> usize {
        (WRITERS + queue.waiting.len() / (WRITERS * self.batch_max)).min(self.writers_max)
    }

    /// What the next transaction takes; none ends the task.
    fn next_batch(&self) -> Option<Vec<Queued>> {
        let mut queue = self.queue();
        if queue.waiting.is_empty() || queue.writers > self.wanted(&queue) {
            queue.writers -= 1;
            return None;
        }
        Some(self.take(&mut queue))
    }

    fn take(&self, queue: &mut Queue) -> Vec<Queued> {
        let share = queue.waiting.len().div_ceil(self.wanted(queue)).min(self.batch_max);
        let mut batch: Vec<Queued> = Vec::with_capacity(share);
        let mut later = VecDeque::new();
        while batch.len() < share
            && let Some(next) = queue.waiting.pop_front()
        {
            // One that depends on another waits for the next transaction, and whatever depends on it waits with it.
            let waits = batch.iter().chain(&later).any(|earlier| next.job.depends_on(&earlier.job));
            if waits { later.push_back(next) } else { batch.push(next) }
        }
        while let Some(next) = later.pop_back() {
            queue.waiting.push_front(next);
        }
        batch
    }

    /// Refuses what comes from now on, and waits until everything before it is answered.
    pub(crate) async fn close(&self) {
        loop {
            let idle = self.idle.notified();
            tokio::pin!(idle);
            // Listens before it looks, so that the last task cannot end unheard in between.
            idle.as_mut().enable();
            {
                let mut queue = self.queue();
                queue.closed = true;
                if queue.writers == 0 && queue.waiting.is_empty() {
                    return;
                }
            }
            idle.await;
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the database is closed".to_owned())
}
