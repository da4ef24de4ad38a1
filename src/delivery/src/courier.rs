//! The courier: takes due deliveries, sends them side by side, and hands the results over to be written.

use std::future::{poll_fn, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lendport_core::{Clock, IdSource};
use lendport_outbound::GuardedClient;
use lendport_storage::{LeaseAsk, LeasedDelivery, Outbox};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::load::{Load, Whom};
use crate::post::Poster;
use crate::recovery::recover;
use crate::settings::CourierSettings;
use crate::settle::{Finished, Settler};

/// What is left for writing the last results when the grace is over.
const WRITING_GRACE: Duration = Duration::from_secs(2);

/// What a courier is put together from.
pub struct CourierParts {
    /// The queue.
    pub outbox: Arc<dyn Outbox>,
    /// Sends. Its time limit is the one of the settings.
    pub client: Arc<GuardedClient>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids, and the randomness of the waits.
    pub ids: Arc<dyn IdSource>,
    /// Settings.
    pub settings: CourierSettings,
}

/// Sends what is due, on any number of processes at once.
pub struct Courier {
    outbox: Arc<dyn Outbox>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    poster: Arc<Poster>,
    load: Arc<Load>,
    settings: CourierSettings,
}

/// What one look at the queue came to.
enum Look {
    /// As many as were asked for: there may be more, and there is room for others.
    More,
    /// As many as there is room for: there may be more.
    Full,
    /// All that is due.
    All,
    /// The database did not answer.
    Failed,
}

impl Courier {
    /// Puts the parts together.
    pub fn new(parts: CourierParts) -> Self {
        let CourierParts { outbox, client, clock, ids, settings } = parts;
        let poster = Poster {
            client,
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            outbox: Arc::clone(&outbox),
            slow_after: settings.slow_after,
            loopback_in_test_mode: settings.allow_loopback_in_test_mode,
        };
        Self { outbox, clock, ids, poster: Arc::new(poster), load: Arc::default(), settings }
    }

    /// Works until stopped. Then it takes nothing new, waits for what is under way within the grace, writes the results
    /// and gives back the rest.
    pub async fn run(self, stop: CancellationToken) {
        let (done, finished) = unbounded_channel();
        let settler = Settler {
            outbox: Arc::clone(&self.outbox),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            owner: self.settings.owner.clone(),
        };
        let mut settling = tokio::spawn(settler.run(finished));
        let (outbox, clock) = (Arc::clone(&self.outbox), Arc::clone(&self.clock));
        let recovering = tokio::spawn(recover(outbox, clock, self.settings.poll_interval, stop.clone()));
        let recovering = AbortOnDropHandle::new(recovering);
        let mut sending = JoinSet::new();

        self.work(&mut sending, &done, &stop).await;

        drop(done);
        let grace_ends = Instant::now() + self.settings.grace;
        let all_sent = async { while sending.join_next().await.is_some() {} };
        if timeout_at(grace_ends, all_sent).await.is_err() {
            tracing::warn!(cut_off = sending.len(), "deliveries under way are cut off; they will be sent again");
            sending.shutdown().await;
        }
        if timeout_at(grace_ends + WRITING_GRACE, &mut settling).await.is_err() {
            tracing::error!("the last results of deliveries are not written; they will be sent again");
            settling.abort();
        }
        // It stops with the same token.
        let _ = recovering.await;
        if let Err(error) = self.outbox.release_deliveries(&self.settings.owner).await {
            tracing::warn!(%error, "leases of deliveries are not given back; they end by themselves");
        }
    }

    async fn work(&self, sending: &mut JoinSet<()>, done: &UnboundedSender<Finished>, stop: &CancellationToken) {
        let mut woken = self.outbox.delivery_work();
        let mut tick = Instant::now();
        while !stop.is_cancelled() {
            while sending.try_join_next().is_some() {}
            // Asking to be woken comes before looking, so that nothing that becomes due in between is missed.
            while is_ready(&mut woken).await {
                woken = self.outbox.delivery_work();
                tokio::task::yield_now().await;
            }
            let look = self.look(sending, done).await;
            if Instant::now() >= tick {
                tick = Instant::now() + self.pause(&look).await;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = ready(()), if matches!(look, Look::More) => {}
                () = self.load.freed(), if !matches!(look, Look::Failed) => {}
                () = &mut woken, if matches!(look, Look::All) => woken = self.outbox.delivery_work(),
                () = sleep_until(tick), if !matches!(look, Look::Full) => {}
            }
        }
    }

    /// Takes what fits in and starts to send it.
    async fn look(&self, sending: &mut JoinSet<()>, done: &UnboundedSender<Finished>) -> Look {
        let mut look = Look::Full;
        for whom in self.load.whom(self.settings.concurrency) {
            look = self.look_for(*whom, sending, done).await;
            if matches!(look, Look::Failed) {
                return look;
            }
        }
        let room_is_left = !self.load.whom(self.settings.concurrency).is_empty();
        if matches!(look, Look::Full) && room_is_left { Look::More } else { look }
    }

    async fn look_for(&self, whom: Whom, sending: &mut JoinSet<()>, done: &UnboundedSender<Finished>) -> Look {
        let room = self.load.room(whom, self.settings.concurrency, self.settings.per_endpoint);
        if room.all == 0 {
            return Look::Full;
        }
        let (now, lease) = (self.clock.steady(), self.settings.lease());
        let lease_ends = Instant::now() + lease;
        let until = SignedDuration::try_from(lease).ok().and_then(|lease| now.saturating_add(lease).ok());
        let ask = LeaseAsk {
            owner: self.settings.owner.clone(),
            now,
            until: until.unwrap_or(Timestamp::MAX),
            abandoned: self.clock.now(),
            limit: room.all,
            per_endpoint: room.unknown,
            rooms: room.named,
            apart: room.quick,
            per_merchant: room.per_merchant,
            merchants: room.merchants,
        };
        let taken = match self.outbox.lease_deliveries(&ask).await {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!(%error, "the queue of deliveries cannot be read");
                return Look::Failed;
            }
        };
        let full = u32::try_from(taken.len()).is_ok_and(|taken| taken >= room.all);
        for leased in taken {
            self.start(leased, lease_ends, sending, done.clone());
        }
        if full { Look::Full } else { Look::All }
    }

    fn start(
        &self,
        leased: LeasedDelivery,
        lease_ends: Instant,
        sending: &mut JoinSet<()>,
        done: UnboundedSender<Finished>,
    ) {
        let mut slot = self.load.take(leased.tenant.merchant, leased.endpoint.id);
        let (poster, load) = (Arc::clone(&self.poster), Arc::clone(&self.load));
        sending.spawn(async move {
            let posted = poster.post(&leased).await;
            if let Some(pace) = posted.pace {
                load.note(leased.endpoint.id, pace);
            }
            slot.answered();
            // The other end is there until every sender is gone, unless its grace is over.
            let _ = done.send(Finished { posted, lease_ends, slot });
        });
    }

    /// Until the next look that nothing else asks for: the next delivery that becomes due, or the poll interval.
    async fn pause(&self, look: &Look) -> Duration {
        let interval = self.settings.poll_interval;
        if !matches!(look, Look::All) {
            return interval;
        }
        let Ok(Some(next)) = self.outbox.next_delivery_at().await else { return interval };
        // What is due already waits for something else: an earlier event, or a busy endpoint.
        match Duration::try_from(next.duration_since(self.clock.steady())) {
            Ok(wait) if !wait.is_zero() => wait.min(interval),
            _ => interval,
        }
    }
}

/// Polls once, which also asks for the wake-up.
async fn is_ready(future: &mut Pin<Box<dyn Future<Output = ()> + Send + '_>>) -> bool {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await
}
