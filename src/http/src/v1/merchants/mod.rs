//! Merchants, with their keys and their accounts at financers.

mod accounts;
mod create;
mod get;
mod keys;
mod list;
mod quotas;
mod update;

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::header;
use lendport_engine::view::MerchantView;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::etag;

/// The resource's routes.
pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(get::get, update::update))
        .routes(routes!(quotas::get, quotas::put))
        .merge(keys::router())
        .merge(accounts::router())
}

/// A merchant as it is now, with its ETag.
fn shown(view: MerchantView) -> Response {
    ([(header::ETAG, etag(view.version))], Json(view)).into_response()
}
