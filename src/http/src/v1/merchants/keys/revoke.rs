//! `DELETE /v1/merchants/{id}/keys/{key_id}`.

use axum::extract::State;
use http::StatusCode;

use super::KeyPath;
use crate::app::App;
use crate::extract::{Managed, NoQuery};
use crate::openapi::parts::DeleteProblems;
use crate::problem::Problem;

/// Revoke a secret key
///
/// It works no more, within a second on every replica. It stays in the list.
#[utoipa::path(
    delete,
    path = "/v1/merchants/{id}/keys/{key_id}",
    operation_id = "revokeApiKey",
    tag = "Merchants",
    security(("secret_key" = ["accounts:write"])),
    params(("id" = String, Path, description = "Id of the merchant"), ("key_id" = String, Path, description = "Id of the key")),
    responses((status = 204, description = "It is revoked"), DeleteProblems)
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    Managed { by, tenant }: Managed,
    KeyPath(id): KeyPath,
    _: NoQuery,
) -> Result<StatusCode, Problem> {
    let engine = app.engine.clone();
    app.run(async move { engine.revoke_key(by, tenant, id).await }).await?;
    app.forget_key(id);
    Ok(StatusCode::NO_CONTENT)
}
