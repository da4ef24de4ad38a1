//! Answers that are no longer what the API meant: edited, cut, huge, or none at all.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::errors::Reply;
use super::json::Json;
use lendport_simulation::{Cut, Wire};

const HUGE_BODY_BYTES: usize = 50 * 1024 * 1024;
const CHUNK_BYTES: usize = 64 * 1024;

/// Ends the connection without a byte of answer.
pub(super) fn hang_up(wire: Option<&Wire>, cut: Cut) -> Response {
    if let Some(wire) = wire {
        wire.cut(cut);
    }
    StatusCode::NO_CONTENT.into_response()
}

/// Edits the body of an answer. A refusal stays what it is; a place that is not there is loud, or a test would pass for
/// nothing.
pub(super) fn edited(mut honest: Reply, edit: impl FnOnce(Json) -> Option<Json>) -> Response {
    if !honest.status.is_success() {
        return honest.into_response();
    }
    match Json::parse(&honest.body).and_then(edit) {
        Some(body) => {
            honest.body = body.write().into_bytes();
            honest.into_response()
        }
        None => Reply::text(StatusCode::NOT_IMPLEMENTED, "The fault's pointer leads nowhere.\n").into_response(),
    }
}

/// 50 MiB of well-formed JSON text that never says anything.
pub(super) fn huge_body() -> Response {
    let chunk = Bytes::from(vec![b'a'; CHUNK_BYTES]);
    let first = Bytes::from_static(b"{\"data\":{\"contract\":\"");
    let chunks =
        (0..HUGE_BODY_BYTES / CHUNK_BYTES).map(move |place| if place == 0 { first.clone() } else { chunk.clone() });
    let last = Bytes::from_static(b"\"}}");
    let body = Body::from_stream(stream::iter(chunks.chain([last]).map(Ok::<_, Infallible>)));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Announces the whole answer, sends half of it and drops the connection.
pub(super) fn half_body(honest: Reply) -> Response {
    let whole = if honest.body.is_empty() { vec![b' '; 200] } else { honest.body };
    let half = Bytes::copy_from_slice(whole.get(..whole.len() / 2).unwrap_or_default());
    let parts = stream::unfold(Some(half), |left| async move {
        match left {
            Some(half) if !half.is_empty() => Some((Ok(half), Some(Bytes::new()))),
            Some(_) => {
                // Lets the first half leave before the connection breaks.
                tokio::time::sleep(Duration::from_millis(50)).await;
                Some((Err(io::Error::from(io::ErrorKind::BrokenPipe)), None))
            }
            None => None,
        }
    });
    let mut response = (honest.status, Body::from_stream(parts)).into_response();
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}
