//! A small TCP server that misbehaves as told, for tests of what a provider or a merchant's endpoint may do to us.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

/// What the server does with each request once it has read it to the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing at all, until the other side gives up.
    Silence,
    /// Resets the connection.
    Reset,
    /// Answers 200 with a body shorter than announced, then closes.
    HalfBody,
    /// Answers 200 and then a byte of the body now and then, for ever.
    Trickle,
    /// Answers with a page for people.
    Html(u16),
    /// Answers 200 with a body of so many bytes.
    Huge {
        /// Bytes of the body.
        bytes: usize,
        /// True to announce the length, false to send in chunks.
        announced: bool,
    },
    /// Answers 302 to this address.
    Redirect(String),
    /// Answers something that is not HTTP.
    Garbage,
    /// Behaves well: status and JSON body, connection kept open.
    Json(u16, String),
}

/// A server on a free port of this machine. It ends when dropped.
pub struct FaultyServer {
    address: SocketAddr,
    fault: Arc<Mutex<Fault>>,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
    task: JoinHandle<()>,
}

impl FaultyServer {
    /// Starts listening.
    pub async fn start(fault: Fault) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let fault = Arc::new(Mutex::new(fault));
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = (Arc::clone(&fault), Arc::clone(&connections), Arc::clone(&requests));
        let task = tokio::spawn(async move {
            let (fault, connections, requests) = seen;
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                // A client that hangs up early ends its connection and nothing else.
                tokio::spawn(serve(stream, Arc::clone(&fault), Arc::clone(&requests)));
            }
        });
        Ok(Self { address, fault, connections, requests, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address for plain HTTP, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its address for TLS, which it does not speak.
    pub fn https_url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Behaves differently from the next request on.
    pub fn switch(&self, fault: Fault) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The requests read so far, head and body as they came.
    pub fn requests(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
    }
}

impl Drop for FaultyServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An address of this machine where nobody listens. Until the process ends the system gives its port to nobody else; who
/// names it may listen there.
pub async fn refused_address() -> io::Result<SocketAddr> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = socket.local_addr()?;
    std::mem::forget(socket);
    Ok(address)
}

async fn serve(mut stream: TcpStream, fault: Arc<Mutex<Fault>>, requests: Arc<Mutex<Vec<Vec<u8>>>>) -> io::Result<()> {
    while let Some(request) = read_request(&mut stream).await? {
        requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        let now = fault.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if !misbehave(&mut stream, now).await? {
            return Ok(());
        }
    }
    Ok(())
}

/// Reads head and body; nothing when the other side is done.
async fn read_request(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let mut wanted = None;
    loop {
        if wanted.is_none() {
            let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
            wanted = end.map(|end| end + 4 + announced_length(&bytes));
        }
        if wanted.is_some_and(|wanted| bytes.len() >= wanted) {
            return Ok(Some(bytes));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
}

fn announced_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let value = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    value.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

/// True when the connection goes on.
async fn misbehave(stream: &mut TcpStream, fault: Fault) -> io::Result<bool> {
    match fault {
        Fault::Silence => {
            stream.read_to_end(&mut Vec::new()).await?;
            Ok(false)
        }
        Fault::Reset => {
            stream.set_zero_linger()?;
            Ok(false)
        }
        Fault::HalfBody => {
            answer(stream, 200, "application/json", r#"{"inv_id":"#, Some(400)).await?;
            Ok(false)
        }
        Fault::Trickle => {
            answer(stream, 200, "application/json", "", Some(1_000_000)).await?;
            loop {
                stream.write_all(b" ").await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Fault::Html(status) => {
            answer(stream, status, "text/html", "<html><body>Sorry, we are down</body></html>", None).await?;
            Ok(true)
        }
        Fault::Huge { bytes, announced } => {
            huge(stream, bytes, announced).await?;
            Ok(true)
        }
        Fault::Redirect(to) => {
            let head = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            Ok(true)
        }
        Fault::Garbage => {
            stream.write_all(b"220 mail.example ESMTP\r\n\r\n").await?;
            Ok(false)
        }
        Fault::Json(status, body) => {
            answer(stream, status, "application/json", &body, None).await?;
            Ok(true)
        }
    }
}

async fn answer(
    stream: &mut TcpStream,
    status: u16,
    media_type: &str,
    body: &str,
    claim: Option<usize>,
) -> io::Result<()> {
    let length = claim.unwrap_or(body.len());
    let head = format!("HTTP/1.1 {status} X\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(head.as_bytes()).await?;
    stream.flush().await
}

async fn huge(stream: &mut TcpStream, bytes: usize, announced: bool) -> io::Result<()> {
    static PIECE: [u8; 64 * 1024] = [b' '; 64 * 1024];
    let framing = if announced { format!("Content-Length: {bytes}") } else { "Transfer-Encoding: chunked".to_owned() };
    stream
        .write_all(format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{framing}\r\n\r\n").as_bytes())
        .await?;
    let mut left = bytes;
    while left > 0 {
        let piece = PIECE.get(..left.min(PIECE.len())).unwrap_or(&PIECE);
        if !announced {
            stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
        }
        stream.write_all(piece).await?;
        if !announced {
            stream.write_all(b"\r\n").await?;
        }
        left -= piece.len();
    }
    if announced { Ok(()) } else { stream.write_all(b"0\r\n\r\n").await }
}
