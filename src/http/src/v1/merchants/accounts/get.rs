//! `GET /v1/merchants/{id}/provider_accounts/{provider}`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use lendport_engine::view::AccountView;

use super::{ProviderPath, shown};
use crate::app::App;
use crate::extract::{Managed, NoQuery};
use crate::openapi::parts::ReadProblems;
use crate::problem::Problem;

/// Read an account at a financer
///
/// Which of its secrets are set, and everything else as it is.
#[utoipa::path(
    get,
    path = "/v1/merchants/{id}/provider_accounts/{provider}",
    operation_id = "getProviderAccount",
    tag = "Merchants",
    security(("secret_key" = ["accounts:write"])),
    params(("id" = String, Path, description = "Id of the merchant"), ("provider" = String, Path, description = "The financer")),
    responses(
        (status = 200, description = "The account", body = AccountView,
         headers(("ETag" = String, description = "Version of the account"))),
        ReadProblems
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    Managed { tenant, .. }: Managed,
    ProviderPath(provider): ProviderPath,
    _: NoQuery,
) -> Result<Response, Problem> {
    let engine = app.engine.clone();
    Ok(shown(StatusCode::OK, app.run(async move { engine.read_account(tenant, &provider).await }).await?))
}
