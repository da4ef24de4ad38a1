//! A merchant's server: keeps what it is sent and answers as told.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lendport_delivery::Headers;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// One request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Received {
    pub fn signed(&self) -> Headers {
        let header = |name: &str| self.headers[name].clone();
        Headers {
            id: header("webhook-id"),
            timestamp: header("webhook-timestamp"),
            signature: header("webhook-signature"),
        }
    }

    pub fn document(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn sequence(&self) -> u64 {
        self.document()["sequence"].as_u64().unwrap()
    }
}

/// What it does with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Answers with this status and further header lines.
    Status(u16, &'static str),
    /// Says nothing until let go, then answers with this status.
    HangThen(u16),
    /// Answers with this status after this time.
    After(Duration, u16),
    /// Breaks the connection.
    Reset,
}

type Manner = Box<dyn Fn(&Received) -> Reply + Send + Sync>;

struct Shared {
    manner: Mutex<Arc<Manner>>,
    received: Mutex<Vec<Received>>,
    now: AtomicUsize,
    most: AtomicUsize,
    let_go: Notify,
}

pub struct Receiver {
    pub url: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Receiver {
    pub async fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let manner: Manner = Box::new(move |_| reply.clone());
        let shared = Arc::new(Shared {
            manner: Mutex::new(Arc::new(manner)),
            received: Mutex::default(),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            let_go: Notify::new(),
        });
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self { url, shared, task }
    }

    /// Behaves like this from the next request on.
    pub fn behave(&self, manner: impl Fn(&Received) -> Reply + Send + Sync + 'static) {
        *self.shared.manner.lock().unwrap() = Arc::new(Box::new(manner));
    }

    pub fn reply(&self, reply: Reply) {
        self.behave(move |_| reply.clone());
    }

    /// Answers the requests that hang now.
    pub fn let_go(&self) {
        self.shared.let_go.notify_waiters();
    }

    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.shared.received.lock().unwrap().len()
    }

    /// The most requests that were under way at the same time.
    pub fn most_at_once(&self) -> usize {
        self.shared.most.load(Ordering::SeqCst)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    while let Some(request) = read(&mut stream).await? {
        let manner = Arc::clone(&shared.manner.lock().unwrap());
        let reply = manner(&request);
        let at_once = shared.now.fetch_add(1, Ordering::SeqCst) + 1;
        shared.most.fetch_max(at_once, Ordering::SeqCst);
        let let_go = shared.let_go.notified();
        shared.received.lock().unwrap().push(request);
        let (status, lines) = match reply {
            Reply::Status(status, lines) => (status, lines),
            Reply::HangThen(status) => {
                tokio::select! {
                    () = let_go => (status, ""),
                    gone = stream.read_u8() => {
                        shared.now.fetch_sub(1, Ordering::SeqCst);
                        gone?;
                        return Ok(());
                    }
                }
            }
            Reply::After(time, status) => {
                tokio::time::sleep(time).await;
                (status, "")
            }
            Reply::Reset => {
                shared.now.fetch_sub(1, Ordering::SeqCst);
                return stream.set_zero_linger();
            }
        };
        shared.now.fetch_sub(1, Ordering::SeqCst);
        let head = format!("HTTP/1.1 {status} X\r\n{lines}Content-Length: 4\r\n\r\nnote");
        stream.write_all(head.as_bytes()).await?;
    }
    Ok(())
}

async fn read(stream: &mut TcpStream) -> io::Result<Option<Received>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let pairs = head.lines().skip(1).filter_map(|line| line.split_once(": "));
            let headers: BTreeMap<_, _> =
                pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
            let length: usize = headers.get("content-length").map_or(0, |text| text.parse().unwrap());
            while bytes.len() < end + 4 + length {
                if stream.read_buf(&mut bytes).await? == 0 {
                    return Ok(None);
                }
            }
            return Ok(Some(Received { path, headers, body: bytes[end + 4..].to_vec() }));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
}
