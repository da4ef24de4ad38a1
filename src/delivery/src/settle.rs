//! Writes results: whatever comes within a moment, or while a batch is written, is the next batch.

use std::sync::Arc;
use std::time::Duration;

use lendport_core::{Clock, EndpointState, IdSource};
use lendport_storage::{Outbox, StoreError};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, timeout_at};

use crate::load::Slot;
use crate::post::Posted;
use crate::switch_off::{Verdict, switch_off};

/// Results in one transaction at most.
const BATCH_MAX: usize = 256;
/// How long a result waits for others. Nobody waits for it but the next event of its checkout, and each batch is a
/// transaction whatever its size.
const GATHER: Duration = Duration::from_millis(3);
const BACKOFF_FIRST: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// A try that ended, on its way to the database.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) posted: Posted,
    /// When the lease ends; a result that is not written by then is tried again by whoever takes the delivery next.
    pub(crate) lease_ends: Instant,
    /// Held until the result is written, so that what waits for the database is bounded.
    pub(crate) slot: Slot,
}

/// Writes what comes in.
pub(crate) struct Settler {
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) owner: String,
}

impl Settler {
    /// Ends when every sender is gone and everything is written or given up.
    pub(crate) async fn run(self, mut finished: UnboundedReceiver<Finished>) {
        let mut batch = Vec::new();
        while finished.recv_many(&mut batch, BATCH_MAX).await > 0 {
            gather(&mut finished, &mut batch).await;
            let mut parts = vec![std::mem::take(&mut batch)];
            while let Some(part) = parts.pop() {
                match self.write(&part).await {
                    Ok(()) => self.switch_off(part).await,
                    // One row that cannot be written must not keep the others back.
                    Err(error) if part.len() > 1 && !may_pass(&error) => {
                        parts.extend(part.into_iter().map(|one| vec![one]));
                    }
                    Err(error) => give_up(&part, &error),
                }
            }
        }
    }

    /// Writes a batch, again and again while the database may come back before a lease of it ends.
    async fn write(&self, part: &[Finished]) -> Result<(), StoreError> {
        let end = part.iter().map(|one| one.lease_ends).min();
        let mut pause = BACKOFF_FIRST;
        loop {
            let tried = part.iter().map(|one| one.posted.tried.clone()).collect();
            let Err(error) = self.outbox.settle_deliveries(&self.owner, tried).await else { return Ok(()) };
            let over = end.is_none_or(|end| Instant::now() + pause >= end);
            if over || !may_pass(&error) {
                return Err(error);
            }
            tracing::warn!(%error, results = part.len(), "results of deliveries cannot be written yet");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(BACKOFF_MAX);
        }
    }

    async fn switch_off(&self, part: Vec<Finished>) {
        for one in part {
            if let Some(state) = one.posted.switch_off {
                self.switch_off_one(&one, state).await;
            }
            drop(one.slot);
        }
    }

    /// When this fails, the next try that fails in the same way does it.
    async fn switch_off_one(&self, one: &Finished, state: EndpointState) {
        let tried = &one.posted.tried;
        let verdict = Verdict { tenant: tried.tenant, endpoint: tried.endpoint, url: tried.attempt.url.clone(), state };
        match switch_off(self.outbox.as_ref(), self.ids.as_ref(), self.clock.now(), verdict).await {
            Ok(true) => tracing::warn!(endpoint = %tried.endpoint, state = state.as_str(), "endpoint switched off"),
            Ok(false) => {}
            Err(error) => tracing::warn!(endpoint = %tried.endpoint, %error, "endpoint cannot be switched off yet"),
        }
    }
}

/// Adds what comes within a moment; nothing is waited for when nobody can send any more.
async fn gather(finished: &mut UnboundedReceiver<Finished>, batch: &mut Vec<Finished>) {
    let end = Instant::now() + GATHER;
    while batch.len() < BATCH_MAX {
        let room = BATCH_MAX - batch.len();
        match timeout_at(end, finished.recv_many(batch, room)).await {
            Ok(count) if count > 0 => {}
            _ => return,
        }
    }
}

/// True when the same write may work later.
fn may_pass(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(_) | StoreError::Full | StoreError::ReadOnly(_) | StoreError::InUse(_))
}

fn give_up(part: &[Finished], error: &StoreError) {
    for one in part {
        let tried = &one.posted.tried;
        tracing::error!(
            delivery = %tried.delivery,
            status = tried.attempt.status,
            %error,
            "the result of a delivery is not written; it will be sent again"
        );
    }
}
