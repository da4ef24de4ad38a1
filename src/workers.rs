//! What runs beside requests, on every replica alike: webhooks, providers to ask again, deadlines, old rows. Work is
//! leased from the database, so replicas share it and none leads.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use lendport_delivery::{Courier, CourierParts, CourierSettings};
use lendport_engine::{Engine, EngineError};
use lendport_outbound::{GuardSettings, GuardedClient};
use lendport_storage::Outbox;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::failure::Failure;
use crate::gateway::Ambient;

/// What the workers work with.
pub(crate) struct Workers<'a> {
    pub(crate) engine: &'a Arc<Engine>,
    pub(crate) outbox: &'a Arc<dyn Outbox>,
    pub(crate) ambient: &'a Ambient,
    pub(crate) config: &'a Config,
    /// This process among all that share the database.
    pub(crate) owner: &'a str,
}

impl Workers<'_> {
    /// Starts them. After `stop` each finishes what it has in hand; the tracker is empty when all have.
    pub(crate) fn start(self, stop: &CancellationToken) -> Result<TaskTracker, Failure> {
        let tracker = TaskTracker::new();
        let engine = &self.config.engine;
        let settling = Arc::clone(self.engine);
        tracker.spawn(every(engine.settle_interval(), stop.clone(), move || settle(Arc::clone(&settling))));
        let sweeping = Arc::clone(self.engine);
        tracker.spawn(every(engine.expiry_sweep_interval(), stop.clone(), move || sweep(Arc::clone(&sweeping))));
        tracker.spawn(self.courier()?.run(stop.clone()));
        Ok(tracker)
    }

    fn courier(&self) -> Result<Courier, Failure> {
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
        Ok(Courier::new(CourierParts {
            outbox: Arc::clone(self.outbox),
            client: Arc::new(client),
            clock: Arc::clone(&self.ambient.clock),
            ids: Arc::clone(&self.ambient.ids),
            settings: CourierSettings {
                concurrency: delivery.concurrency,
                per_endpoint: delivery.concurrency_per_endpoint,
                poll_interval: Duration::from_millis(delivery.poll_interval_ms),
                timeout,
                grace: self.config.server.shutdown_grace(),
                allow_loopback_in_test_mode: delivery.allow_loopback_in_test_mode,
                ..CourierSettings::of(self.owner)
            },
        }))
    }
}

/// Does a piece of work again and again with a pause in between, until `stop`.
async fn every<F: Future<Output = ()>>(pause: Duration, stop: CancellationToken, mut work: impl FnMut() -> F) {
    while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        work().await;
    }
}

async fn settle(engine: Arc<Engine>) {
    tell("settle", engine.settle_due().await);
}

async fn sweep(engine: Arc<Engine>) {
    tell("expire", engine.expire_due().await);
    tell("recover", engine.recover_interrupted(false).await);
    tell("trim keys", engine.trim_idempotency().await);
    tell("trim events", engine.trim_events().await);
    tell("trim observations", engine.trim_observations().await);
}

fn tell(work: &str, result: Result<u64, EngineError>) {
    match result {
        Ok(0) => {}
        Ok(count) => tracing::info!(work, count, "worked"),
        Err(error) => tracing::error!(work, %error, "failed; tried again at the next turn"),
    }
}
