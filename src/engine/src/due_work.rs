//! Work that is due and takes its time: looks, and deadlines with their last looks. It is done side by side, each place is
//! taken anew as soon as it is free, and no tenant takes all of them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lendport_storage::{FairAsk, Located, StoreError, WorkAsk};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::sleep;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::in_hand::{Done, InHand, Share};
use crate::last_look::LastLooks;
use crate::look_turn::LookTurn;

/// How soon what comes due meanwhile is noticed while nothing ends.
const AGAIN: Duration = Duration::from_secs(1);
/// Look-ups under way at the same time in this process, and of one tenant.
const LOOKS: Share = Share { all: 24, each: 8 };
/// Deadlines under way at the same time: some have a last look.
const DEADLINES: Share = Share { all: 12, each: 4 };

/// What is to be done.
#[derive(Clone)]
pub(crate) enum Kind {
    /// Providers are to be asked.
    Looks,
    /// Deadlines have passed; with the accounts that last looks were made at.
    Deadlines(Arc<LastLooks>),
}

type Ended = Result<(Id, Result<Done, EngineError>), JoinError>;

impl Engine {
    /// No worker takes more from now on: each ends with what it has in hand.
    pub fn take_no_more(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// True from then on.
    pub(crate) fn takes_no_more(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Does what is due. Says how many there were. One that fails does not keep the others; its error is answered at the end.
    pub(crate) async fn work_off(self: &Arc<Self>, kind: Kind) -> Result<u64, EngineError> {
        let share = if matches!(kind, Kind::Looks) { LOOKS } else { DEADLINES };
        let mut hand = InHand::new(share, self.store.exclusive());
        let (mut tasks, mut look) = (JoinSet::new(), true);
        let (mut counted, mut failed) = (0, None);
        loop {
            let ask = look.then(|| hand.ask(self.now_due(&kind), self.clock.steady())).flatten();
            look = false;
            let closing = self.takes_no_more();
            let found = match ask.filter(|_| !closing) {
                None => Vec::new(),
                Some(ask) => self.due(&kind, ask).await.unwrap_or_else(|error| {
                    failed = Some(error.into());
                    Vec::new()
                }),
            };
            // What is kept when the process ends is somebody's after its lease.
            let fresh = if closing { Vec::new() } else { hand.fresh(found) };
            for one in fresh {
                let (engine, kind, what) = (Arc::clone(self), kind.clone(), one.clone());
                let task = tasks.spawn(async move { engine.do_one(&kind, what).await });
                hand.begin(task.id(), one);
                look = true;
            }
            if tasks.is_empty() && (closing || !hand.keeps_some()) {
                return failed.map_or(Ok(counted), Err);
            }
            if look && hand.has_room() {
                continue;
            }
            tokio::select! {
                ended = tasks.join_next_with_id(), if !tasks.is_empty() => {
                    let also = std::iter::from_fn(|| tasks.try_join_next_with_id());
                    for ended in ended.into_iter().chain(also).collect::<Vec<Ended>>() {
                        match self.ended(&mut hand, ended) {
                            Ok(Done::Counted) => counted += 1,
                            Ok(_) => {}
                            Err(error) => failed = Some(error),
                        }
                    }
                    look = hand.has_room() || tasks.is_empty();
                }
                () = sleep(AGAIN) => {
                    hand.rested();
                    look = true;
                }
            }
        }
    }

    fn now_due(&self, kind: &Kind) -> WorkAsk {
        match kind {
            Kind::Looks => self.work(self.clock.steady()),
            Kind::Deadlines(_) => self.work(self.clock.now()),
        }
    }

    async fn due(&self, kind: &Kind, ask: FairAsk) -> Result<Vec<Located>, StoreError> {
        match kind {
            Kind::Looks => self.store.due_for_poll(ask).await,
            Kind::Deadlines(_) => self.store.due_for_expiry(ask).await,
        }
    }

    async fn do_one(self: &Arc<Self>, kind: &Kind, one: Located) -> Result<Done, EngineError> {
        let Located { tenant, checkout, attempt } = one;
        match (kind, attempt) {
            (Kind::Looks, Some(attempt)) => Ok(match self.settle_or_put_off(tenant, checkout, attempt).await? {
                LookTurn::Looked => Done::Counted,
                LookTurn::Later => Done::Changed,
                LookTurn::Passed => Done::Unchanged,
            }),
            (Kind::Looks, None) => Ok(Done::Unchanged),
            (Kind::Deadlines(looks), _) => {
                let ended = self.end_overdue(tenant, checkout, looks).await?;
                Ok(if ended { Done::Counted } else { Done::Waits })
            }
        }
    }

    fn ended(&self, hand: &mut InHand<Id>, ended: Ended) -> Result<Done, EngineError> {
        let now = self.clock.steady();
        match ended {
            Ok((task, Ok(done))) => {
                hand.end(&task, done, now);
                Ok(done)
            }
            Ok((task, Err(error))) => {
                hand.end(&task, Done::Unchanged, now);
                Err(error)
            }
            Err(error) => {
                tracing::error!(%error, "work that was due ended in a panic; it is taken up again");
                hand.end(&error.id(), Done::Unchanged, now);
                Ok(Done::Unchanged)
            }
        }
    }
}
