//! The merchant's routing profile.

mod get;
mod put;
mod simulate;
mod versions;

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::header;
use lendport_engine::view::RoutingView;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::etag;

/// The resource's routes.
pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get::get, put::put))
        .routes(routes!(versions::versions))
        .routes(routes!(simulate::simulate))
}

/// A version with its ETag.
fn shown(view: RoutingView) -> Response {
    ([(header::ETAG, etag(view.version))], Json(view)).into_response()
}
