//! What runs beside requests, on every replica alike: webhooks, providers to ask again, deadlines, old rows. Work is
//! leased from the database, so replicas share it and none leads.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use lendport_delivery::{Courier, CourierParts, CourierSettings};
use lendport_engine::{Engine, EngineError};
use lendport_outbound::{GuardSettings, GuardedClient};
use lendport_storage::{Keys, Outbox};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::failure::Failure;
use crate::gateway::Ambient;

/// How long to wait before a worker that panicked starts again.
const AFTER_PANIC: Duration = Duration::from_secs(1);

/// How often the data keys are read: a new one comes into use minutes after it was made.
const KEYS_EVERY: Duration = Duration::from_secs(60);
/// How many times they are read until it is looked again whether they are old.
const KEY_AGE_EVERY: u32 = 24 * 60;

/// What the workers work with.
pub(crate) struct Workers<'a> {
    pub(crate) engine: &'a Arc<Engine>,
    pub(crate) outbox: &'a Arc<dyn Outbox>,
    pub(crate) keys: &'a Arc<dyn Keys>,
    pub(crate) ambient: &'a Ambient,
    pub(crate) config: &'a Config,
    /// This process among all that share the database.
    pub(crate) owner: &'a str,
}

impl Workers<'_> {
    /// Starts them. After `stop` each finishes what it has in hand; the tracker is empty when all have.
    pub(crate) fn start(self, stop: &CancellationToken) -> Result<TaskTracker, Failure> {
        let tracker = TaskTracker::new();
        let (ask_every, sweep_every) =
            (self.config.engine.settle_interval(), self.config.engine.expiry_sweep_interval());
        let turn = |pause| Turn { pause, grace: self.config.server.shutdown_grace(), stop: stop.clone() };
        let (settling, sweeping, trimming) =
            (Arc::clone(self.engine), Arc::clone(self.engine), Arc::clone(self.engine));
        let (listing, ending) = (Arc::clone(self.engine), Arc::clone(self.engine));
        let asked = Arc::clone(self.engine);
        let woken = move || {
            let engine = Arc::clone(&asked);
            async move { engine.settling_wanted().await }
        };
        tracker.spawn(turn(ask_every).every_or(woken, move || settle(Arc::clone(&settling))));
        let (expected, following) = (Arc::clone(self.engine), Arc::clone(self.engine));
        let awaited = move || {
            let engine = Arc::clone(&expected);
            async move { engine.following_wanted().await }
        };
        // Apart, because a customer waits for the next financer, and looks may take their time.
        tracker.spawn(turn(ask_every).every_or(awaited, move || follow(Arc::clone(&following))));
        // Apart, because a provider that does not answer holds up a list, and nobody else's look.
        tracker.spawn(turn(ask_every).every(move || read_lists(Arc::clone(&listing))));
        // Apart, because last looks may take their time.
        tracker.spawn(turn(sweep_every).every(move || expire(Arc::clone(&ending))));
        tracker.spawn(turn(sweep_every).every(move || sweep(Arc::clone(&sweeping))));
        // Apart, because the first trim of a large database takes minutes and deadlines must not wait for it.
        tracker.spawn(turn(sweep_every).every(move || trim(Arc::clone(&trimming))));
        let (keys, days) = (Arc::clone(self.keys), self.config.security.key_age_warning_days);
        let mut turns = (0..KEY_AGE_EVERY).cycle();
        tracker.spawn(turn(KEYS_EVERY).every(move || read_keys(Arc::clone(&keys), turns.next() == Some(0), days)));
        tracker.spawn(deliver(self.couriers()?, stop.clone()));
        let (closing, stopped) = (Arc::clone(self.engine), stop.clone());
        tracker.spawn(async move {
            stopped.cancelled().await;
            closing.take_no_more();
        });
        Ok(tracker)
    }

    /// Makes couriers that share one client.
    fn couriers(&self) -> Result<impl Fn() -> Courier + Send + 'static, Failure> {
        let delivery = &self.config.delivery;
        let timeout = Duration::from_millis(delivery.timeout_ms);
        let usual = GuardSettings::default();
        let client = GuardedClient::new(&GuardSettings {
            timeout,
            connect_timeout: usual.connect_timeout.min(timeout),
            loopback: delivery.allow_loopback_in_test_mode,
            ..usual
        })
        .map_err(|error| Failure::other(format!("the client for webhooks: {error}")))?;
        let client = Arc::new(client);
        let (outbox, ambient) = (Arc::clone(self.outbox), self.ambient.clone());
        let settings = CourierSettings {
            concurrency: delivery.concurrency,
            per_endpoint: delivery.concurrency_per_endpoint,
            poll_interval: Duration::from_millis(delivery.poll_interval_ms),
            timeout,
            grace: self.config.server.shutdown_grace(),
            allow_loopback_in_test_mode: delivery.allow_loopback_in_test_mode,
            ..CourierSettings::of(self.owner)
        };
        Ok(move || {
            Courier::new(CourierParts {
                outbox: Arc::clone(&outbox),
                client: Arc::clone(&client),
                clock: Arc::clone(&ambient.clock),
                ids: Arc::clone(&ambient.ids),
                settings: settings.clone(),
            })
        })
    }
}

/// Has webhooks sent until `stop`. A courier that panics is replaced: what it had in hand is sent again.
async fn deliver(courier: impl Fn() -> Courier, stop: CancellationToken) {
    while let Err(error) = tokio::spawn(courier().run(stop.clone())).await {
        tracing::error!(%error, "the courier failed and is started again");
        if stop.run_until_cancelled(tokio::time::sleep(AFTER_PANIC)).await.is_none() {
            return;
        }
    }
}

/// When a piece of work is done, and when it ends.
struct Turn {
    /// Between two turns.
    pause: Duration,
    /// How long a turn may go on after `stop`. Nothing new is begun then. What is cut off is as if the process had died: every
    /// change is one transaction, leases end by themselves, and of a call that takes longer than this nobody knows what
    /// became of it, until somebody asks.
    grace: Duration,
    stop: CancellationToken,
}

impl Turn {
    /// Works in turns until `stop`. A turn that panics is over, and the next one comes.
    async fn every<F: Future<Output = ()> + Send + 'static>(self, work: impl FnMut() -> F) {
        self.every_or(std::future::pending, work).await;
    }

    /// The same, with a turn whenever `woken` says so.
    async fn every_or<W: Future<Output = ()>, F: Future<Output = ()> + Send + 'static>(
        self,
        mut woken: impl FnMut() -> W,
        mut work: impl FnMut() -> F,
    ) {
        let mut next = async || {
            tokio::select! {
                () = tokio::time::sleep(self.pause) => {}
                () = woken() => {}
            }
        };
        while self.stop.run_until_cancelled(next()).await.is_some() {
            let over = async {
                self.stop.cancelled().await;
                tokio::time::sleep(self.grace).await;
            };
            let mut turn = JoinSet::new();
            turn.spawn(work());
            tokio::select! {
                ended = turn.join_next() => {
                    if let Some(Err(error)) = ended {
                        tracing::error!(%error, "a turn of the workers failed");
                    }
                }
                () = over => tracing::warn!("work in hand is cut off; it is taken up again after the next start"),
            }
        }
    }
}

async fn read_keys(keys: Arc<dyn Keys>, and_their_age: bool, days: u32) {
    if let Err(error) = keys.reload().await {
        tracing::error!(%error, "the data keys could not be read; tried again at the next turn");
    }
    if and_their_age {
        match keys.report().await {
            Ok(report) => report.too_old(days).iter().for_each(|told| tracing::warn!("{told}")),
            Err(error) => tracing::error!(%error, "the age of the keys could not be read"),
        }
    }
}

async fn settle(engine: Arc<Engine>) {
    tell("settle", engine.settle_due().await);
}

async fn follow(engine: Arc<Engine>) {
    tell("follow", engine.follow_due().await);
}

async fn read_lists(engine: Arc<Engine>) {
    tell("read lists", engine.sweep_due().await);
}

async fn expire(engine: Arc<Engine>) {
    tell("expire", engine.expire_due().await);
}

async fn sweep(engine: Arc<Engine>) {
    // No news: every key in use is written once a minute.
    if let Err(error) = engine.write_key_uses().await {
        tracing::warn!(%error, "when keys were last used could not be written");
    }
    tell("recover", engine.recover_interrupted(false).await);
}

async fn trim(engine: Arc<Engine>) {
    tell("trim keys", engine.trim_idempotency().await);
    tell("trim events", engine.trim_events().await);
    tell("trim observations", engine.trim_observations().await);
    tell("trim tokens", engine.trim_tokens().await);
    tell("trim marks", engine.trim_sweep_marks().await);
}

fn tell(work: &str, result: Result<u64, EngineError>) {
    match result {
        Ok(0) => {}
        Ok(count) => tracing::info!(work, count, "worked"),
        Err(error) => tracing::error!(work, %error, "failed; tried again at the next turn"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_panics_is_followed_by_the_next_and_a_stop_ends_one_that_hangs() {
        let (stop, turns) = (CancellationToken::new(), Arc::new(AtomicU32::new(0)));
        let turn = Turn { pause: Duration::from_secs(1), grace: Duration::from_secs(10), stop: stop.clone() };
        let counted = Arc::clone(&turns);
        let working = tokio::spawn(turn.every(move || {
            let turn = counted.fetch_add(1, Ordering::SeqCst);
            async move {
                assert_ne!(turn, 1, "on purpose");
                if turn == 3 {
                    std::future::pending::<()>().await;
                }
            }
        }));
        while turns.load(Ordering::SeqCst) < 4 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let before = tokio::time::Instant::now();
        stop.cancel();
        working.await.unwrap();
        assert_eq!(before.elapsed().as_secs(), 10, "the grace, and no more");
    }
}
