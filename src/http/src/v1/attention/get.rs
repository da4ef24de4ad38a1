//! `GET /v1/attention/{id}`.

use axum::Json;
use axum::extract::State;
use lendport_core::AttentionId;
use lendport_engine::view::AttentionView;

use crate::app::App;
use crate::extract::{Caller, CheckoutsRead, IdPath, NoQuery};
use crate::openapi::parts::ReadProblems;
use crate::problem::Problem;

/// Read an item
///
/// With the ways to settle it, or how it was settled.
#[utoipa::path(
    get,
    path = "/v1/attention/{id}",
    operation_id = "getAttentionItem",
    tag = "Attention",
    security(("secret_key" = ["checkouts:read"])),
    params(("id" = String, Path, description = "Id of the item")),
    responses((status = 200, description = "The item", body = AttentionView), ReadProblems)
)]
pub(crate) async fn get(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsRead>,
    IdPath(id): IdPath<AttentionId>,
    _: NoQuery,
) -> Result<Json<AttentionView>, Problem> {
    let engine = app.engine.clone();
    app.run(async move { engine.attention_item(tenant, id).await }).await.map(Json)
}
