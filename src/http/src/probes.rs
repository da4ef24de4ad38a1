//! `GET /healthz`: the process answers. `GET /readyz`: it can also work.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::problem::{Problem, ProblemDocument};

/// The routes.
pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz))
}

/// Say that the process answers
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "healthz",
    tag = "Service",
    security(()),
    responses((status = 200, description = "It does", body = String, content_type = "text/plain"))
)]
async fn healthz() -> Response {
    ok()
}

/// Say whether requests can be served
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "readyz",
    tag = "Service",
    security(()),
    responses(
        (status = 200, description = "They can", body = String, content_type = "text/plain"),
        (status = 503, description = "`storage_unavailable`: not now", body = ProblemDocument, content_type = "application/problem+json")
    )
)]
async fn readyz(State(app): State<App>) -> Result<Response, Problem> {
    let engine = app.engine.clone();
    app.run(async move { engine.ready().await })
        .await
        .map_err(|_| Problem::plain(crate::problem::Code::StorageUnavailable))?;
    Ok(ok())
}

fn ok() -> Response {
    ([(header::CACHE_CONTROL, "no-store")], "ok").into_response()
}
