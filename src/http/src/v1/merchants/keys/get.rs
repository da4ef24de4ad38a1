//! `GET /v1/merchants/{id}/keys/{key_id}`.

use axum::Json;
use axum::extract::State;
use lendport_engine::view::KeyView;

use super::KeyPath;
use crate::app::App;
use crate::extract::{Managed, NoQuery};
use crate::openapi::parts::ReadProblems;
use crate::problem::Problem;

/// Read what a secret key may do, and when it was last used
#[utoipa::path(
    get,
    path = "/v1/merchants/{id}/keys/{key_id}",
    operation_id = "getApiKey",
    tag = "Merchants",
    security(("secret_key" = ["accounts:write"])),
    params(("id" = String, Path, description = "Id of the merchant"), ("key_id" = String, Path, description = "Id of the key")),
    responses((status = 200, description = "The key, without itself", body = KeyView), ReadProblems)
)]
pub(crate) async fn get(
    State(app): State<App>,
    Managed { tenant, .. }: Managed,
    KeyPath(id): KeyPath,
    _: NoQuery,
) -> Result<Json<KeyView>, Problem> {
    let engine = app.engine.clone();
    Ok(Json(app.run(async move { engine.read_key(tenant, id).await }).await?))
}
