//! HTTP/1.1 by hand, one message per connection: whoever tests a gateway by killing it wants to see every half answer,
//! and a client library would hide some of them behind its pool.

use std::io::{Error, ErrorKind};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Fault;

/// Bytes of a message's head.
const HEAD_MAX_BYTES: usize = 64 * 1024;

/// A message, complete.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    first: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// Status of an answer; 0 for a request.
    pub(crate) fn status(&self) -> u16 {
        self.first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok()).unwrap_or(0)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.as_str())
    }

    /// The body as JSON, null when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// A request to be sent.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) headers: Vec<(&'a str, &'a str)>,
    pub(crate) body: Option<&'a Value>,
}

/// Sends a request to `HOST:PORT` and reads the whole answer.
pub(crate) async fn exchange(address: &str, request: &Request<'_>, limit: Duration) -> Result<Message, Fault> {
    let Request { method, path, headers, body } = request;
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    let body = body.map(Value::to_string).unwrap_or_default();
    if !body.is_empty() {
        text.push_str("content-type: application/json\r\n");
    }
    text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    let talk = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(text.as_bytes()).await?;
        read(&mut stream).await
    };
    timeout(limit, talk).await.map_err(|_| "no answer in time")?
}

/// Reads one message to its end.
pub(crate) async fn read(stream: &mut TcpStream) -> Result<Message, Fault> {
    let mut buffer = Vec::with_capacity(8 * 1024);
    let head = loop {
        if let Some(end) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end;
        }
        if buffer.len() > HEAD_MAX_BYTES {
            return Err("a head without an end".into());
        }
        if stream.read_buf(&mut buffer).await? == 0 {
            return Err(Error::from(ErrorKind::UnexpectedEof).into());
        }
    };
    let mut body = buffer.split_off(head + 4);
    let text = String::from_utf8(buffer)?;
    let mut lines = text.trim_end().split("\r\n");
    let first = lines.next().unwrap_or_default().to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let message = Message { first, headers, body: Vec::new() };
    if !message.header("transfer-encoding").is_empty() {
        return Err("a message in chunks: only those with a length are read".into());
    }
    let length = message.header("content-length").parse().unwrap_or(0);
    while body.len() < length {
        if stream.read_buf(&mut body).await? == 0 {
            return Err(Error::from(ErrorKind::UnexpectedEof).into());
        }
    }
    Ok(Message { body, ..message })
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    async fn answered(answer: &'static [u8]) -> Result<Message, Fault> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let asked = read(&mut stream).await.unwrap();
            stream.write_all(answer).await.unwrap();
            asked
        });
        let body = serde_json::json!({ "a": 1 });
        let request = Request { method: "POST", path: "/x", headers: vec![("k", "v")], body: Some(&body) };
        let heard = exchange(&address, &request, Duration::from_secs(20)).await;
        let asked = server.await.unwrap();
        assert_eq!((asked.status(), asked.header("K"), asked.json()), (0, "v", body));
        heard
    }

    #[tokio::test]
    async fn whole_answers_are_read_and_half_ones_refused() {
        let whole = answered(b"HTTP/1.1 201 Created\r\nContent-Length: 8\r\n\r\n{\"b\": 2}").await.unwrap();
        assert_eq!((whole.status(), whole.json()["b"].as_u64()), (201, Some(2)));
        assert!(answered(b"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{\"b\": 2}").await.is_err());
        assert!(answered(b"HTTP/1.1 201 Crea").await.is_err());
    }
}
