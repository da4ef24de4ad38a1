//! Who carries out changes: tasks that take whatever is queued and commit it together.
//!
//! A commit waits for the disk; sharing it is what makes small changes fast. Few changes at once are shared out among
//! several transactions, so that none waits for the others' disk; many are gathered in a few large ones.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::job::{Job, Outcome};
use super::session::Session;
use crate::error::StoreError;

/// Changes that may wait. More are told to come again: whoever asked for them is about to give up anyway.
const QUEUE: usize = 8_192;
/// Up to this many changes under way, there are as many transactions as [`WRITERS_FEW`].
const FEW: usize = 96;
const WRITERS_FEW: usize = 8;
const WRITERS_MANY: usize = 2;

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
    /// Changes taken off the queue and not answered.
    under_way: usize,
    writers: usize,
    closed: bool,
}

struct Queued {
    job: Job,
    reply: oneshot::Sender<Result<Outcome, StoreError>>,
}

impl Queue {
    /// How many tasks should be at work.
    fn wanted(&self, most: usize) -> usize {
        let wanted = if self.waiting.len() + self.under_way <= FEW { WRITERS_FEW } else { WRITERS_MANY };
        wanted.min(most)
    }
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
        if queue.writers < queue.wanted(self.writers_max) {
            queue.writers += 1;
            tokio::spawn(Arc::clone(self).work());
        }
        Ok(())
    }

    async fn work(self: Arc<Self>) {
        while let Some(batch) = self.next_batch() {
            let size = batch.len();
            let (mut jobs, replies): (Vec<_>, Vec<_>) =
                batch.into_iter().map(|queued| (queued.job, queued.reply)).unzip();
            let outcomes = self.session.carry_out(&mut jobs).await;
            self.queue().under_way -= size;
            for (reply, outcome) in replies.into_iter().zip(outcomes) {
                // A caller that gave up is not told; its change stands all the same.
                let _ = reply.send(outcome);
            }
        }
        self.idle.notify_waiters();
    }

    /// What the next transaction takes; none ends the task.
    fn next_batch(&self) -> Option<Vec<Queued>> {
        let mut queue = self.queue();
        let wanted = queue.wanted(self.writers_max);
        if queue.waiting.is_empty() || queue.writers > wanted {
            queue.writers -= 1;
            return None;
        }
        let share = queue.waiting.len().div_ceil(wanted).min(self.batch_max);
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
        queue.under_way += batch.len();
        Some(batch)
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
                if queue.writers == 0 {
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
