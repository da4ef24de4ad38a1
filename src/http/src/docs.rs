//! `GET /openapi.json` and `GET /docs`: the description for programs and, rendered from it, for people.

use std::sync::OnceLock;

use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::html::page;
use crate::openapi::openapi_json;

mod reference;

/// The routes.
pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(description)).routes(routes!(reference_page))
}

fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(openapi_json)
}

/// Read this description
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "getOpenApi",
    tag = "Service",
    security(()),
    responses((status = 200, description = "OpenAPI 3.1", body = Object))
)]
async fn description() -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, text()).into_response()
}

/// Read the API reference (HTML)
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "getDocs",
    tag = "Service",
    security(()),
    responses((status = 200, description = "The reference, without scripts and from this host alone", body = String, content_type = "text/html"))
)]
async fn reference_page() -> Response {
    static MAIN: OnceLock<String> = OnceLock::new();
    page(StatusCode::OK, "Lendport API reference", MAIN.get_or_init(|| reference::render(text())))
}
