//! Checkouts whose next financer is to be started, side by side, so many at once and so many of one tenant: a financer that does
//! not answer keeps its own merchant's customers waiting, and no others.

use std::sync::{Arc, Mutex, PoisonError};

use lendport_core::CheckoutId;
use lendport_storage::{Located, Tenant};
use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::in_hand::{InHand, Share};

/// Starts under way at the same time in this process, and of one tenant.
const STARTS: Share = Share { all: 48, each: 16 };

/// Checkouts whose next financer is to be started, as this process knows of them. What it forgets is found in storage.
#[derive(Debug, Default)]
pub(crate) struct Followers {
    waiting: Mutex<Vec<Located>>,
    come: Notify,
}

impl Followers {
    pub(crate) fn add(&self, tenant: Tenant, checkout: CheckoutId) {
        let one = Located { tenant, checkout, attempt: None };
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(one);
        self.come.notify_one();
    }

    fn take(&self) -> Vec<Located> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Engine {
    /// Waits until a financer is to follow that this process knows of.
    pub async fn following_wanted(&self) {
        self.followers.come.notified().await;
    }

    /// Starts the financers that are to follow, as far as this process knows of them. Says how many checkouts there were. One
    /// that cannot be started does not keep the others: it is found again by [`Engine::settle_due`], as is what is left when
    /// the process is about to end.
    pub async fn follow_due(self: &Arc<Self>) -> Result<u64, EngineError> {
        let mut hand: InHand<Id> = InHand::new(STARTS, false);
        let (mut followed, mut failed, mut starts) = (0, None, JoinSet::new());
        loop {
            let fresh = if self.takes_no_more() { Vec::new() } else { hand.fresh(self.followers.take()) };
            for one in fresh {
                let (engine, tenant, checkout) = (Arc::clone(self), one.tenant, one.checkout);
                let start = starts.spawn(async move { engine.start_follower(tenant, checkout).await });
                hand.begin(start.id(), one);
            }
            tokio::select! {
                ended = starts.join_next_with_id() => match ended {
                    Some(Ok((start, ended))) => {
                        hand.leave(&start);
                        match ended {
                            Ok(()) => followed += 1,
                            Err(error) => failed = Some(error),
                        }
                    }
                    Some(Err(error)) => {
                        hand.leave(&error.id());
                        tracing::error!(%error, "a start ended in a panic; it is tried again");
                    }
                    None => return failed.map_or(Ok(followed), Err),
                },
                // Whoever comes while a financer takes its time does not wait for it.
                () = self.following_wanted(), if !starts.is_empty() => {}
            }
        }
    }
}
