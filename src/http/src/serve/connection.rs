//! One connection after another: HTTP/1.1 with a time limit on headers, and an end that waits only for answers.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::rates::SocketPeer;

/// How long a connection must have been without a request before a stop drops it: time to send the last answer.
const QUIET: Duration = Duration::from_millis(500);

/// Bytes of a request's head, its address among them, that are surely taken; one of more than twice as many is answered with
/// 431. What is between depends on how it arrives, for hyper looks after each read. The buffer of every connection may grow
/// as large.
const HEAD_MAX_BYTES: usize = 64 * 1024;

/// All open connections. They end when this is dropped.
pub(super) struct Connections {
    service: TowerToHyperService<Router>,
    protocol: http1::Builder,
    /// Told to stop: nothing new is asked, answers under way are given.
    pub(super) stop: CancellationToken,
    open: TaskTracker,
    dropped: CancellationToken,
    _drop: DropGuard,
}

impl Connections {
    pub(super) fn new(router: Router, stop: CancellationToken, header_read_max: Duration) -> Self {
        let mut protocol = http1::Builder::new();
        protocol.timer(TokioTimer::new()).header_read_timeout(header_read_max).max_buf_size(HEAD_MAX_BYTES);
        let dropped = CancellationToken::new();
        Self {
            service: TowerToHyperService::new(router),
            protocol,
            stop,
            open: TaskTracker::new(),
            _drop: dropped.clone().drop_guard(),
            dropped,
        }
    }

    /// Serves a connection in a task of its own. Its place is free when it ends.
    pub(super) fn open(&self, stream: TcpStream, peer: IpAddr, place: OwnedSemaphorePermit) {
        let serving = self.serving(stream, SocketPeer(peer));
        let dropped = self.dropped.clone();
        self.open.spawn(async move {
            let _place = place;
            tokio::select! {
                () = serving => {}
                () = dropped.cancelled() => {}
            }
        });
    }

    /// Waits until none is left.
    pub(super) async fn ended(&self) {
        self.open.close();
        self.open.wait().await;
    }

    fn serving(&self, stream: TcpStream, peer: SocketPeer) -> impl Future<Output = ()> + Send + 'static {
        let asked = Arc::new(AtomicUsize::new(0));
        let (service, counted) = (self.service.clone(), Arc::clone(&asked));
        let answer = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(peer);
            let under_way = UnderWay::begin(&counted);
            let answering = service.call(request);
            async move {
                let answer = answering.await;
                drop(under_way);
                answer
            }
        });
        let connection = self.protocol.serve_connection(TokioIo::new(stream), answer);
        let stop = self.stop.clone();
        async move {
            tokio::pin!(connection);
            // How a connection breaks off is the caller's affair; each request was logged on its own.
            tokio::select! {
                _ = connection.as_mut() => return,
                () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
            }
            let mut was_quiet = false;
            while tokio::time::timeout(QUIET, connection.as_mut()).await.is_err() {
                let is_quiet = asked.load(Ordering::SeqCst) == 0;
                // Twice in a row, so that an answer just given has its time to be sent.
                if is_quiet && was_quiet {
                    return;
                }
                was_quiet = is_quiet;
            }
        }
    }
}

/// A request being answered; counted as long as this lives, also when the answering is given up.
struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn begin(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
