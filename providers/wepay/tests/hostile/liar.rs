//! A server that says whatever it is told to say.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// An answer that is well-formed as far as HTTP goes.
pub(crate) fn http(status: u16, media: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} X\r\ncontent-type: {media}\r\ncontent-length: {}\r\n", body.len());
    [head.as_bytes(), b"connection: close\r\n\r\n", body].concat()
}

/// Raw answers; none is silence.
pub(crate) async fn liar(answer: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut silent = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let Some(path) = asked(&mut stream).await else { continue };
            match answer(&path) {
                Some(bytes) => drop(stream.write_all(&bytes).await),
                None => silent.push(stream),
            }
        }
    });
    address
}

/// Reads a request to its end and answers its path.
async fn asked(stream: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(head.split(' ').nth(1).unwrap().to_owned());
            }
        }
        match stream.read_buf(&mut read).await {
            Ok(0) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}
