//! `GET /v1/routing/versions`.

use axum::Json;
use axum::extract::State;
use lendport_core::RoutingProfileId;
use lendport_engine::view::RoutingView;

use crate::app::App;
use crate::extract::{Caller, CheckoutsRead, Parameters, Query};
use crate::openapi::parts::ReadProblems;
use crate::problem::Problem;
use crate::v1::list::Paged;

/// Which page.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters; `Parameters` reads them")]
pub(crate) struct VersionParameters {
    /// Rows wanted.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^rpf_[0-9a-f]{32}$")]
    after: Option<String>,
}

/// List the versions of the routing profile
#[utoipa::path(
    get,
    path = "/v1/routing/versions",
    operation_id = "listRoutingVersions",
    tag = "Routing",
    security(("secret_key" = ["checkouts:read"])),
    params(VersionParameters),
    responses((status = 200, description = "A page of versions, newest first", body = Paged<RoutingView>), ReadProblems)
)]
pub(crate) async fn versions(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsRead>,
    query: Query,
) -> Result<Json<Paged<RoutingView>>, Problem> {
    let ask = query
        .read(&["limit", "after"], |values, invalid| Parameters::new(values, invalid).page::<RoutingProfileId>())?;
    let engine = app.engine.clone();
    let page = app.run(async move { engine.routing_versions(tenant, ask).await }).await?;
    Ok(Json(Paged::of(page, |view| view.id.clone())))
}
