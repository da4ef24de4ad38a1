//! Answers that say something else than the API meant.

use axum::response::{IntoResponse, Response};
use lendport_simulation::{Json, Reply};

/// Edits the checkout of an answer, or every checkout of a list. A refusal stays what it is.
pub(super) fn edited(mut honest: Reply, edit: impl Fn(&mut Json)) -> Response {
    if honest.status.is_success() {
        match Json::parse(&honest.body) {
            Some(Json::List(mut entries)) => {
                entries.iter_mut().for_each(&edit);
                honest.body = Json::List(entries).write().into_bytes();
            }
            Some(mut body) => {
                edit(&mut body);
                honest.body = body.write().into_bytes();
            }
            None => {}
        }
    }
    honest.into_response()
}
