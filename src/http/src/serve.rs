//! Serving until told to stop, and stopping in order.

mod connection;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use connection::Connections;

/// Connections served at once. Further ones wait in the system's queue, where they cost no memory of ours.
const CONNECTIONS_MAX: usize = 10_000;
/// How long a request's head may take to arrive. It also ends idle connections, so it is above the 60 s after which
/// load balancers usually close theirs: the side that closes last must be ours.
const HEADER_READ_MAX: Duration = Duration::from_secs(75);
/// Time until the next try when the system has no more sockets for us.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Serves until `shutdown`. Then no connection is taken any more and those on which nothing is asked are closed;
/// requests in flight and tracked work may end within `grace_ms`, and what is left after that is dropped: it is stored
/// and will be resumed.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
    tasks: TaskTracker,
    grace_ms: u64,
) -> io::Result<()> {
    let connections = Connections::new(router, shutdown, HEADER_READ_MAX);
    take_in(listener, &connections, CONNECTIONS_MAX).await;
    let orderly = async {
        connections.ended().await;
        tasks.close();
        tasks.wait().await;
    };
    if tokio::time::timeout(Duration::from_millis(grace_ms), orderly).await.is_err() {
        tracing::warn!(grace_ms, unfinished = tasks.len(), "stopped before all work had ended");
    }
    Ok(())
}

/// Takes connections in until told to stop, then no longer listens.
async fn take_in(listener: TcpListener, connections: &Connections, at_once: usize) {
    let places = Arc::new(Semaphore::new(at_once));
    loop {
        let next = tokio::select! {
            () = connections.stop.cancelled() => return,
            next = accept(&listener, &places) => next,
        };
        // Only a closed semaphore has no places, and nobody closes this one.
        let Some((stream, peer, place)) = next else { return };
        // Answers are small: waiting to fill a packet only makes them late.
        let _ = stream.set_nodelay(true);
        connections.open(stream, peer, place);
    }
}

/// The next connection, once there is a place for it.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<(TcpStream, IpAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return Some((stream, peer.ip(), place)),
            Err(error) if is_the_callers(&error) => {}
            Err(error) => {
                // Out of sockets, for one: asking again at once would only burn time that others need to finish.
                tracing::error!(%error, "no connection can be taken in");
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
            }
        }
    }
}

/// A caller who left before being taken in is no trouble of ours.
fn is_the_callers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::{Instant, timeout};

    use super::*;

    /// How long anything may take on a busy machine.
    const PATIENCE: Duration = Duration::from_secs(120);

    /// Serves `hello` on a free port.
    async fn start(header_ms: u64, at_once: usize) -> (SocketAddr, CancellationToken) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let router = Router::new().route("/", get(|| async { "hello" }));
        let connections = Connections::new(router, stop.clone(), Duration::from_millis(header_ms));
        tokio::spawn(async move { take_in(listener, &connections, at_once).await });
        (address, stop)
    }

    async fn to_the_end(stream: &mut TcpStream) -> String {
        let mut text = Vec::new();
        // A reset is an end as well.
        let _ = timeout(PATIENCE, stream.read_to_end(&mut text)).await.unwrap();
        String::from_utf8(text).unwrap()
    }

    #[tokio::test]
    async fn a_header_that_does_not_arrive_is_not_waited_for() {
        let (address, _stop) = start(1_000, 10).await;
        for begun in ["", "GET / HTTP/1.1\r\nhost: x\r\nx-slow: ", "GET / HTTP/1.1\r\nhost: x\r\n\r\nGET /"] {
            let started = Instant::now();
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(begun.as_bytes()).await.unwrap();
            let answer = to_the_end(&mut stream).await;
            assert_eq!(answer.contains("hello"), begun.ends_with("GET /"), "{begun:?}");
            assert!(started.elapsed() >= Duration::from_millis(950), "{begun:?}");
        }
    }

    #[tokio::test]
    async fn dripping_does_not_make_the_time_longer() {
        let (address, _stop) = start(300, 10).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let started = Instant::now();
        stream.write_all(b"GET / HTTP/1.1\r\nx-slow: ").await.unwrap();
        let drip = async {
            while stream.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, drip).await.expect("the connection is closed while it drips");
        assert!(started.elapsed() >= Duration::from_millis(250));
    }

    #[tokio::test]
    async fn a_head_that_is_too_large_is_refused_and_a_large_one_is_not() {
        let (address, _stop) = start(60_000, 10).await;
        for (bytes, status) in [(60 * 1024, "200"), (200 * 1024, "431")] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let head =
                format!("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-large: {}\r\n\r\n", "x".repeat(bytes));
            // It may hang up before it has read everything.
            let _ = stream.write_all(head.as_bytes()).await;
            let answer = to_the_end(&mut stream).await;
            assert!(answer.is_empty() && status == "431" || answer.contains(status), "{bytes}: {answer}");
        }
    }

    #[tokio::test]
    async fn more_connections_than_places_wait_their_turn() {
        let (address, _stop) = start(60_000, 1).await;
        let first = TcpStream::connect(address).await.unwrap();
        // Connections are taken in the order in which they come.
        let mut second = TcpStream::connect(address).await.unwrap();
        second.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let early = timeout(Duration::from_millis(200), second.read(&mut [0; 1])).await;
        assert!(early.is_err(), "there was no place yet");
        drop(first);
        assert!(to_the_end(&mut second).await.ends_with("hello"));
    }
}
