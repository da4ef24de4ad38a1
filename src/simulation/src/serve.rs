//! Serving until the end of the program, or of a test.

use std::future::Future;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::cut::{Wire, Wired};

/// How long open connections and work under way may take to end after the stop.
pub const STOP_LIMIT: Duration = Duration::from_secs(5);

/// Serves on connections that handlers can cut, until `shutdown` is complete. Then cancels `stop`, and ends what is still open
/// after [`STOP_LIMIT`].
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let service = router.into_make_service_with_connect_info::<Wire>();
    let stopped = stop.clone();
    let server = axum::serve(Wired(listener), service).with_graceful_shutdown(async move {
        shutdown.await;
        stop.cancel();
    });
    let late = async {
        stopped.cancelled().await;
        tokio::time::sleep(STOP_LIMIT).await;
    };
    tokio::select! {
        outcome = server.into_future() => outcome,
        () = late => Ok(()),
    }
}
