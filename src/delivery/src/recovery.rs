//! Goes on with recoveries: events that are to be sent again are put in the queue a batch at a time.

use std::sync::Arc;
use std::time::Duration;

use lendport_core::Clock;
use lendport_storage::Outbox;
use tokio_util::sync::CancellationToken;

/// Events in one transaction.
const BATCH: u32 = 200;

/// Looks for recoveries at this interval until it is stopped.
pub(crate) async fn recover(
    outbox: Arc<dyn Outbox>,
    clock: Arc<dyn Clock>,
    interval: Duration,
    stop: CancellationToken,
) {
    while stop.run_until_cancelled(tokio::time::sleep(interval)).await.is_some() {
        loop {
            match outbox.recover_some(clock.now(), BATCH).await {
                // A full batch: there may be more.
                Ok(done) if done >= u64::from(BATCH) && !stop.is_cancelled() => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "recoveries cannot go on yet");
                    break;
                }
            }
        }
    }
}
