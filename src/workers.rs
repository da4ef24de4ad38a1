//! What runs beside requests: deadlines, interrupted calls, old idempotency keys.

use std::sync::Arc;
use std::time::Duration;

use lendport_engine::Engine;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Starts the sweep; it ends at the next pause after `stop`.
pub(crate) fn start(engine: &Arc<Engine>, every: Duration, stop: &CancellationToken) -> TaskTracker {
    let tracker = TaskTracker::new();
    let engine = Arc::clone(engine);
    let stop = stop.clone();
    tracker.spawn(async move {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(every) => sweep(&engine).await,
            }
        }
    });
    tracker
}

async fn sweep(engine: &Arc<Engine>) {
    let results = [
        ("expire", engine.expire_due().await),
        ("recover", engine.recover_interrupted(false).await),
        ("trim", engine.trim_idempotency().await),
    ];
    for (work, result) in results {
        match result {
            Ok(0) => {}
            Ok(count) => tracing::info!(work, count, "sweep"),
            Err(error) => tracing::error!(work, %error, "sweep failed; tried again at the next one"),
        }
    }
}
