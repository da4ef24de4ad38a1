//! `GET /v1/checkouts/{id}/timeline`.

use axum::Json;
use axum::extract::State;
use lendport_core::CheckoutId;
use lendport_engine::view::TimelineEntry;

use crate::app::App;
use crate::extract::{Caller, CheckoutsRead, IdPath, NoQuery};
use crate::openapi::parts::ReadProblems;
use crate::problem::Problem;
use crate::v1::list::List;

/// Read everything that happened to a checkout
///
/// Every observation, command, refused move and event in order of time; personal data and secrets are left out.
#[utoipa::path(
    get,
    path = "/v1/checkouts/{id}/timeline",
    operation_id = "getTimeline",
    tag = "Checkouts",
    security(("secret_key" = ["checkouts:read"])),
    params(("id" = String, Path, description = "Id of the checkout")),
    responses((status = 200, description = "What happened, oldest first", body = List<TimelineEntry>), ReadProblems)
)]
pub(crate) async fn timeline(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsRead>,
    IdPath(id): IdPath<CheckoutId>,
    _: NoQuery,
) -> Result<Json<List<TimelineEntry>>, Problem> {
    let engine = app.engine.clone();
    let data = app.run(async move { engine.timeline(tenant, id).await }).await?;
    Ok(Json(List::all(data)))
}
