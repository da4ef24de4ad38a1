//! Answers that say something else than the API meant.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use lendport_simulation::{Json, Reply};

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
