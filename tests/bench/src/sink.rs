//! The merchants' side: takes in webhooks, notes when each came, and can be made to wait.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::Fault;
use crate::wire::{Connection, Message, quoted};

/// Paths below this are read and never answered.
const HANGING: &str = "/hang/";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
/// Between two looks at the count while waiting for the last webhooks.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// A webhook that came for the first time.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// The checkout it tells of.
    pub(crate) checkout: String,
    /// The path it was posted to.
    pub(crate) path: String,
    pub(crate) at: Instant,
}

#[derive(Default)]
struct Taken {
    /// Event and path of everything that came.
    seen: HashSet<String>,
    arrivals: Vec<Arrival>,
}

/// Lives in the process of the load client, so that no server is charged for it.
pub(crate) struct Sink {
    address: String,
    taken: Arc<Mutex<Taken>>,
    count: Arc<AtomicU64>,
    open: watch::Sender<bool>,
}

impl Sink {
    /// Starts answering.
    pub(crate) async fn start() -> Result<Self, Fault> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let (open, gate) = watch::channel(true);
        let (taken, count) = (Arc::new(Mutex::new(Taken::default())), Arc::new(AtomicU64::new(0)));
        let (kept, counted) = (Arc::clone(&taken), Arc::clone(&count));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, counted, gate) = (Arc::clone(&kept), Arc::clone(&counted), gate.clone());
                tokio::spawn(async move {
                    // A server that stops resets its connections; nothing is lost by that.
                    _ = take_in(stream, &kept, &counted, gate).await;
                });
            }
        });
        Ok(Self { address, taken, count, open })
    }

    /// An address of it; endpoints of different numbers are told apart by their path.
    pub(crate) fn url(&self, number: usize) -> String {
        format!("http://{}/hook/{number}", self.address)
    }

    /// An address that never answers.
    pub(crate) fn hanging_url(&self, number: usize) -> String {
        format!("http://{}{HANGING}{number}", self.address)
    }

    /// While shut, nothing is answered.
    pub(crate) fn set_open(&self, open: bool) {
        self.open.send_replace(open);
    }

    /// Different webhooks taken in, those to hanging paths not counted.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// What came since the last call.
    pub(crate) fn take(&self) -> Vec<Arrival> {
        std::mem::take(&mut self.taken.lock().unwrap_or_else(PoisonError::into_inner).arrivals)
    }

    /// Forgets everything that came: a repeat counts from now on.
    pub(crate) fn forget(&self) {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = Taken::default();
    }

    /// Waits until so many have come; false when `limit` passed first.
    pub(crate) async fn wait_for(&self, count: u64, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        while self.count() < count {
            if Instant::now() > until {
                return false;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        true
    }
}

async fn take_in(
    stream: TcpStream,
    taken: &Mutex<Taken>,
    count: &AtomicU64,
    mut gate: watch::Receiver<bool>,
) -> Result<(), Fault> {
    let mut connection = Connection::over(stream);
    while let Some(request) = connection.read().await? {
        let at = Instant::now();
        let (path, event) = told(&request)?;
        if path.starts_with(HANGING) {
            // Until the sender gives up and closes.
            connection.read().await?;
            return Ok(());
        }
        let checkout = quoted(&request.body, r#""chk_"#).unwrap_or_default();
        {
            let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
            if taken.seen.insert(format!("{event} {path}")) {
                taken.arrivals.push(Arrival { checkout: format!("chk_{checkout}"), path: path.to_owned(), at });
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
        gate.wait_for(|open| *open).await?;
        connection.write(OK).await?;
    }
    Ok(())
}

/// Path and event of a webhook. One without signature is a fault: nothing would be shown by its speed.
fn told(request: &Message) -> Result<(&str, &str), Fault> {
    let head = std::str::from_utf8(&request.head)?;
    let path = head.split(' ').nth(1).ok_or("a webhook without a path")?;
    let header = |name: &str| {
        let mut lines = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    let signature = header("webhook-signature").ok_or("a webhook without a signature")?;
    if !signature.starts_with("v1") {
        return Err("a webhook with an unknown signature".into());
    }
    Ok((path, header("webhook-id").ok_or("a webhook without an id")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn repeats_count_once_and_a_shut_sink_waits() {
        let sink = Sink::start().await.unwrap();
        let post = |id: &str| {
            let body = r#"{"id":"evt_1","data":{"checkout":{"id":"chk_7"}}}"#;
            format!(
                "POST /hook/3 HTTP/1.1\r\nWebhook-Id: {id}\r\nwebhook-signature: v1,x\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        };
        let mut connection = Connection::open(&sink.address).await.unwrap();
        for id in ["evt_1", "evt_1", "evt_2"] {
            assert_eq!(connection.exchange(post(id).as_bytes()).await.unwrap().status, 200);
        }
        let arrivals = sink.take();
        assert_eq!(sink.count(), 2);
        assert_eq!((arrivals[0].checkout.as_str(), arrivals[0].path.as_str()), ("chk_7", "/hook/3"));
        sink.set_open(false);
        connection.write(post("evt_3").as_bytes()).await.unwrap();
        assert!(sink.wait_for(3, Duration::from_secs(120)).await);
        let answer = tokio::time::timeout(Duration::from_millis(20), connection.read()).await;
        assert!(answer.is_err(), "a shut sink answered");
    }
}
