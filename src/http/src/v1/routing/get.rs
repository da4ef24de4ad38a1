//! `GET /v1/routing`.

use axum::extract::State;
use axum::response::Response;
use lendport_engine::view::RoutingView;

use super::shown;
use crate::app::App;
use crate::extract::{Caller, CheckoutsRead, NoQuery};
use crate::openapi::parts::ReadProblems;
use crate::problem::Problem;

/// Read the active routing profile
///
/// Not found as long as none was put.
#[utoipa::path(
    get,
    path = "/v1/routing",
    operation_id = "getRouting",
    tag = "Routing",
    security(("secret_key" = ["checkouts:read"])),
    responses(
        (status = 200, description = "The active version", body = RoutingView,
         headers(("ETag" = String, description = "Number of the version"))),
        ReadProblems
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsRead>,
    _: NoQuery,
) -> Result<Response, Problem> {
    let engine = app.engine.clone();
    Ok(shown(app.run(async move { engine.routing(tenant).await }).await?))
}
