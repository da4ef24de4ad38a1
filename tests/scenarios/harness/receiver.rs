//! A merchant's server for events: keeps what it is sent and answers as told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use lendport_core::Secret;
use lendport_delivery::{Headers, SigningSecret, verify};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::{Answer, Merchant, fresh, until};

/// How far the clocks of sender and receiver may be apart.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Received {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn document(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The event's id, from the header.
    pub(crate) fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub(crate) fn kind(&self) -> String {
        self.document()["type"].as_str().unwrap().to_owned()
    }

    /// Whether one of the signatures was made with this secret, now.
    pub(crate) fn is_signed_with(&self, secret: &str, now: Timestamp) -> bool {
        let header = |name: &str| self.headers[name].clone();
        let headers = Headers {
            id: header("webhook-id"),
            timestamp: header("webhook-timestamp"),
            signature: header("webhook-signature"),
        };
        let secret = SigningSecret::parse(&Secret::from(secret)).unwrap();
        verify(&headers, &self.body, &secret, now, TOLERANCE).is_ok()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

type Manner = dyn Fn(&Received) -> u16 + Send + Sync;

struct Shared {
    manner: Mutex<Arc<Manner>>,
    /// More lines of the answer's head, each with its end.
    head: Mutex<String>,
    received: Mutex<Vec<Received>>,
    under_way: AtomicUsize,
    /// Answers are given while this is true.
    answering: watch::Sender<bool>,
}

/// Listens until it is dropped.
pub(crate) struct Receiver {
    pub(crate) url: String,
    shared: Arc<Shared>,
    _task: AbortOnDropHandle<()>,
}

impl Receiver {
    /// Accepts everything.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        let manner: Arc<Manner> = Arc::new(|_| 204);
        let shared = Arc::new(Shared {
            manner: Mutex::new(manner),
            head: Mutex::default(),
            received: Mutex::default(),
            under_way: AtomicUsize::new(0),
            answering: watch::Sender::new(true),
        });
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self { url, shared, _task: AbortOnDropHandle::new(task) }
    }

    /// Answers with these statuses from now on.
    pub(crate) fn answer(&self, manner: impl Fn(&Received) -> u16 + Send + Sync + 'static) {
        *self.shared.manner.lock().unwrap() = Arc::new(manner);
    }

    /// Answers 503 from now on, and asks to be left alone for so long.
    pub(crate) fn ask_to_wait(&self, retry_after: &str) {
        *self.shared.head.lock().unwrap() = format!("Retry-After: {retry_after}\r\n");
        self.answer(|_| 503);
    }

    /// Answers nothing until [`Receiver::let_go`].
    pub(crate) fn hold(&self) {
        self.shared.answering.send_replace(false);
    }

    /// Answers what waits, and what comes.
    pub(crate) fn let_go(&self) {
        self.shared.answering.send_replace(true);
    }

    /// Requests that have come and are not answered.
    pub(crate) fn under_way(&self) -> usize {
        self.shared.under_way.load(Ordering::SeqCst)
    }

    pub(crate) async fn until_under_way(&self, count: usize) {
        until(&format!("{count} at once"), async || (self.under_way() >= count).then_some(())).await;
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.shared.received.lock().unwrap().len()
    }

    /// Waits until so many have come, and answers all of them.
    pub(crate) async fn until_count(&self, count: usize) -> Vec<Received> {
        until(&format!("{count} deliveries"), async || (self.count() >= count).then_some(())).await;
        self.received()
    }

    /// Waits until something of this type has come.
    pub(crate) async fn until_kind(&self, kind: &str) -> Received {
        let found = async || self.received().into_iter().find(|received| received.kind() == kind);
        until(&format!("a delivery of {kind}"), found).await
    }

    /// The types of what has come, in the order in which it came.
    pub(crate) fn kinds(&self) -> Vec<String> {
        self.received().iter().map(Received::kind).collect()
    }

    /// The ids of what has come, each once.
    pub(crate) fn ids(&self) -> BTreeSet<String> {
        self.received().iter().map(|received| received.id().to_owned()).collect()
    }

    /// Has a merchant told here, of these types or of all.
    pub(crate) async fn subscribe(&self, merchant: &Merchant, events: Option<&[&str]>) -> Answer {
        let body = json!({ "url": self.url, "events": events });
        merchant.post("/v1/webhook_endpoints", &fresh(), &body).await.ok(201).clone()
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    while let Some(received) = read(&mut stream).await {
        let manner = Arc::clone(&shared.manner.lock().unwrap());
        let mut answering = shared.answering.subscribe();
        shared.received.lock().unwrap().push(received.clone());
        shared.under_way.fetch_add(1, Ordering::SeqCst);
        let hung_up = tokio::select! {
            let_go = answering.wait_for(|answers| *answers) => let_go.is_err(),
            gone = stream.read_u8() => gone.is_err(),
        };
        shared.under_way.fetch_sub(1, Ordering::SeqCst);
        let status = manner(&received);
        let head = shared.head.lock().unwrap().clone();
        let answer = format!("HTTP/1.1 {status} Answer\r\n{head}content-length: 0\r\n\r\n");
        if hung_up || stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// None when the other side is gone.
async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let pairs = head.lines().skip(1).filter_map(|line| line.split_once(": "));
            let headers: BTreeMap<_, _> =
                pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
            let length: usize = headers.get("content-length").map_or(0, |text| text.parse().unwrap());
            while bytes.len() < end + 4 + length {
                if stream.read_buf(&mut bytes).await.ok()? == 0 {
                    return None;
                }
            }
            return Some(Received { headers, body: bytes.split_off(end + 4) });
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
