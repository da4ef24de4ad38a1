//! Endpoints for events.

mod create;
mod delete;
mod get;
mod list;
mod recover;
mod rotate;
mod sample;
mod test;
mod update;

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::header;
use lendport_engine::view::EndpointView;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::etag;

/// The resource's routes.
pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(get::get, update::update, delete::delete))
        .routes(routes!(rotate::rotate))
        .routes(routes!(test::test))
        .routes(routes!(recover::recover))
}

/// An endpoint as it is now, with its ETag.
fn shown(view: EndpointView) -> Response {
    ([(header::ETAG, etag(view.version))], Json(view)).into_response()
}
