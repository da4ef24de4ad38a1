//! HTTP/1.1 as far as a load client needs it: one message after the other on a connection that stays open. A client
//! library would take a good part of the two processors that the servers shall have.

use std::io::{Error, ErrorKind};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Fault;

/// A connection with what was read and not used yet.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A message, complete.
pub(crate) struct Message {
    /// Status of an answer; 0 for a request.
    pub(crate) status: u16,
    /// First line and headers.
    pub(crate) head: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    /// Connects to `127.0.0.1:PORT`.
    pub(crate) async fn open(address: &str) -> Result<Self, Fault> {
        Ok(Self::over(TcpStream::connect(address).await?))
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        // A packet that waits for more is the kernel's idea of thrift; here it would be measured.
        _ = stream.set_nodelay(true);
        Self { stream, buffer: Vec::with_capacity(16 * 1024) }
    }

    /// Sends a request and reads its answer to the end.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Message, Fault> {
        self.stream.write_all(request).await?;
        self.read().await?.ok_or_else(|| Error::from(ErrorKind::UnexpectedEof).into())
    }

    pub(crate) async fn write(&mut self, answer: &[u8]) -> Result<(), Fault> {
        Ok(self.stream.write_all(answer).await?)
    }

    /// The next message; `None` when the other side closed between two of them.
    pub(crate) async fn read(&mut self) -> Result<Option<Message>, Fault> {
        loop {
            if let Some((status, head, body)) = measure(&self.buffer)?
                && self.buffer.len() >= head + body
            {
                let mut head_bytes: Vec<u8> = self.buffer.drain(..head + body).collect();
                let body = head_bytes.split_off(head);
                return Ok(Some(Message { status, head: head_bytes, body }));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                let between = self.buffer.is_empty();
                return if between { Ok(None) } else { Err(Error::from(ErrorKind::UnexpectedEof).into()) };
            }
        }
    }
}

/// Status, bytes of the head with its empty line, and bytes of the body, once the head is there.
fn measure(buffer: &[u8]) -> Result<Option<(u16, usize, usize)>, Fault> {
    let Some(end) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(buffer.get(..end).unwrap_or_default())?;
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok()).unwrap_or(0);
    let mut length = 0;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            return Err("a message in chunks: this client reads only those with a length".into());
        }
    }
    Ok(Some((status, end + 4, length)))
}

/// The text between the first `before` and the next quote.
pub(crate) fn quoted<'a>(body: &'a [u8], before: &str) -> Option<&'a str> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once(before)?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_measured_once_its_head_is_there() {
        assert_eq!(measure(b"HTTP/1.1 201 Created\r\ncontent-le").unwrap(), None);
        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(measure(answer).unwrap(), Some((201, 43, 2)));
        assert_eq!(measure(b"POST / HTTP/1.1\r\n\r\n").unwrap(), Some((0, 19, 0)));
        assert!(measure(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn a_quoted_text_is_found() {
        assert_eq!(quoted(br#"{"a":"b","id":"chk_1"}"#, r#""id":""#), Some("chk_1"));
        assert_eq!(quoted(b"{}", r#""id":""#), None);
    }
}
