//! `GET /assets/{file}`: the static files of `lendport-ui`, compiled in.

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header;

use crate::app::App;
use crate::extract::PathParts;
use crate::problem::{Code, Problem};

/// The route. Not part of the API description.
pub(crate) fn router() -> Router<App> {
    Router::new().route("/assets/{file}", get(file))
}

async fn file(path: PathParts) -> Response {
    match lendport_ui::file(path.get("file")) {
        Some(file) => {
            let headers = [(header::CONTENT_TYPE, file.media_type), (header::CACHE_CONTROL, "public, max-age=300")];
            (headers, file.content).into_response()
        }
        None => Problem::plain(Code::NotFound).into_response(),
    }
}
