//! A line to the server that breaks at the worst moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// The message that commits, as it travels.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";
/// The answer to it.
const COMMITTED: &[u8] = b"C\0\0\0\x0bCOMMIT\0";

/// When the line breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// Before the server hears of the commit.
    Before,
    /// After it heard, before its answer comes through.
    After,
}

/// Listens, and passes on what it hears; `commits` counts down, and at zero the line breaks.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    pub(crate) breaks: Arc<AtomicU32>,
}

impl Proxy {
    /// A line to this port of this machine that breaks as often as `breaks` says, each time at a commit.
    pub(crate) async fn to(port: u16, at: Break) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let proxy = Self { port: listener.local_addr().unwrap().port(), breaks: Arc::new(AtomicU32::new(0)) };
        let breaks = Arc::clone(&proxy.breaks);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tokio::spawn(pass(client, server, at, Arc::clone(&breaks)));
            }
        });
        proxy
    }
}

async fn pass(client: TcpStream, server: TcpStream, at: Break, breaks: Arc<AtomicU32>) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let broken = Arc::new(AtomicBool::new(false));
    let answers = tokio::spawn(copy(from_server, to_client, Arc::clone(&broken)));
    requests(from_client, to_server, at, &breaks, &broken, answers).await;
}

async fn requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    at: Break,
    breaks: &AtomicU32,
    broken: &AtomicBool,
    answers: tokio::task::JoinHandle<()>,
) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        let heard = &bytes[..read];
        let commits = heard.windows(COMMIT.len()).any(|part| part == COMMIT);
        let breaks_now =
            commits && breaks.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        if breaks_now && at == Break::Before {
            break;
        }
        if breaks_now {
            // A server that notices that nobody listens any more stops where it is: it answers into the void.
            broken.store(true, Ordering::SeqCst);
            if to.write_all(heard).await.is_ok() {
                let _ = answers.await;
            }
            return;
        }
        if to.write_all(heard).await.is_err() {
            break;
        }
    }
    answers.abort();
}

/// Passes on what it hears. Once the line is broken nothing comes through, and it ends with the answer to the commit.
async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, broken: Arc<AtomicBool>) {
    let (mut bytes, mut unheard) = (vec![0; 1 << 16], Vec::new());
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if broken.load(Ordering::SeqCst) {
            unheard.extend_from_slice(&bytes[..read]);
            if unheard.windows(COMMITTED.len()).any(|part| part == COMMITTED) {
                return;
            }
        } else if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
