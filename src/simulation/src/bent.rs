//! Answers that never say what they announced: cut, huge, or none at all.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use crate::cut::{Cut, Wire};
use crate::reply::Reply;

const HUGE_BODY_BYTES: usize = 50 * 1024 * 1024;
const CHUNK_BYTES: usize = 64 * 1024;
/// Lets the first half leave before the connection breaks.
const HALF_LEAVES: Duration = Duration::from_millis(50);

/// Ends the connection without a byte of answer.
pub fn hang_up(wire: Option<&Wire>, cut: Cut) -> Response {
    match wire {
        Some(wire) => {
            wire.cut(cut);
            StatusCode::NO_CONTENT.into_response()
        }
        // Served by somebody else's listener: a body that fails at once makes the server give the connection up.
        None => Body::from_stream(stream::iter([Err::<Bytes, _>(io::Error::from(io::ErrorKind::BrokenPipe))]))
            .into_response(),
    }
}

/// 50 MiB of well-formed JSON text that never says anything: one long text between these two.
pub fn huge_body(before: &'static str, after: &'static str) -> Response {
    let chunk = Bytes::from(vec![b'a'; CHUNK_BYTES]);
    let filling = std::iter::repeat_n(chunk, HUGE_BODY_BYTES / CHUNK_BYTES);
    let chunks = [Bytes::from_static(before.as_bytes())].into_iter().chain(filling);
    let chunks = chunks.chain([Bytes::from_static(after.as_bytes())]);
    let body = Body::from_stream(stream::iter(chunks.map(Ok::<_, Infallible>)));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Announces the whole answer, sends half of it and drops the connection.
pub fn half_body(honest: Reply) -> Response {
    let whole = if honest.body.is_empty() { vec![b' '; 200] } else { honest.body };
    let half = Bytes::copy_from_slice(whole.get(..whole.len() / 2).unwrap_or_default());
    let parts = stream::unfold(Some(half), |left| async move {
        match left {
            Some(half) if !half.is_empty() => Some((Ok(half), Some(Bytes::new()))),
            Some(_) => {
                tokio::time::sleep(HALF_LEAVES).await;
                Some((Err(io::Error::from(io::ErrorKind::BrokenPipe)), None))
            }
            None => None,
        }
    });
    let mut response = (honest.status, Body::from_stream(parts)).into_response();
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
