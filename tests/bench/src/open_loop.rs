//! An open loop: requests go out at their time whatever became of those before, so a server that stalls is asked no less.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::Fault;
use crate::wire::Connection;

/// Connections that are open before the first request; one that is needed beyond them waits for its turn, and that
/// waiting counts.
const CONNECTIONS: usize = 128;

/// What a fixed rate came to.
pub(crate) struct Sent {
    /// When each request was to go out, in their order.
    pub(crate) due: Vec<Instant>,
    /// Answers with another status than 200.
    pub(crate) wrong: u64,
}

/// Sends these requests, so many a second.
pub(crate) async fn run(address: &str, per_second: u32, requests: Vec<Bytes>) -> Result<Sent, Fault> {
    let mut open = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        open.push(Connection::open(address).await?);
    }
    let gap = Duration::from_secs(1) / per_second.max(1);
    let (sender, receiver) = mpsc::unbounded_channel();
    let receiver = Arc::new(Mutex::new(receiver));
    let mut senders = JoinSet::new();
    for connection in open {
        senders.spawn(send(connection, Arc::clone(&receiver)));
    }
    // The runtime's timer counts whole milliseconds; a thread of its own is exact to a tenth of one.
    let pace = std::thread::spawn(move || {
        let mut due = Vec::with_capacity(requests.len());
        let mut next = Instant::now();
        for request in requests {
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
            due.push(next);
            if sender.send(request).is_err() {
                break;
            }
            next += gap;
        }
        due
    });
    let mut wrong = 0;
    while let Some(sent) = senders.join_next().await {
        wrong += sent??;
    }
    let due = pace.join().map_err(|_| "the pacing thread broke off")?;
    Ok(Sent { due, wrong })
}

async fn send(mut connection: Connection, queue: Arc<Mutex<mpsc::UnboundedReceiver<Bytes>>>) -> Result<u64, Fault> {
    let mut wrong = 0;
    loop {
        let request = queue.lock().await.recv().await;
        let Some(request) = request else { return Ok(wrong) };
        wrong += u64::from(connection.exchange(&request).await?.status != 200);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::sink::Sink;

    #[tokio::test(flavor = "multi_thread")]
    async fn requests_keep_their_distance() {
        let sink = Sink::start().await.unwrap();
        let url = sink.url(0);
        let address = url.split('/').nth(2).unwrap().to_owned();
        let request = |n: usize| {
            Bytes::from(format!(
                "POST /hook/0 HTTP/1.1\r\nwebhook-id: {n}\r\nwebhook-signature: v1,x\r\ncontent-length: 0\r\n\r\n"
            ))
        };
        let sent = run(&address, 1_000, (0..20).map(request).collect()).await.unwrap();
        assert_eq!((sent.wrong, sink.count()), (0, 20));
        let gaps = sent.due.windows(2).map(|pair| pair[1] - pair[0]);
        assert_eq!(gaps.collect::<HashSet<_>>(), HashSet::from([Duration::from_millis(1)]));
    }
}
