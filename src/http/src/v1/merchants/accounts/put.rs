//! `PUT /v1/merchants/{id}/provider_accounts/{provider}`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use lendport_engine::view::AccountView;

use super::{ProviderPath, shown};
use crate::app::App;
use crate::body::tenancy;
use crate::extract::{IfMatch, JsonBody, Managed, NoQuery};
use crate::openapi::parts::{AdminChangeProblems, ChangeHeaders};
use crate::openapi::tenancy_bodies::PutProviderAccount;
use crate::problem::Problem;

/// Set an account at a financer up, or change it
///
/// In the mode of the key that asks. Secret fields that are left out stay as they are, so that what was read can be sent back;
/// all others are what you say here. It needs no Idempotency-Key: a repeat changes nothing more.
#[utoipa::path(
    put,
    path = "/v1/merchants/{id}/provider_accounts/{provider}",
    operation_id = "putProviderAccount",
    tag = "Merchants",
    security(("secret_key" = ["accounts:write"])),
    params(
        ChangeHeaders,
        ("id" = String, Path, description = "Id of the merchant"),
        ("provider" = String, Path, description = "The financer")
    ),
    request_body(content = PutProviderAccount),
    responses(
        (status = 200, description = "The account as it is now", body = AccountView,
         headers(("ETag" = String, description = "Version of the account"))),
        (status = 201, description = "The account, which is new", body = AccountView,
         headers(("ETag" = String, description = "Version of the account"))),
        AdminChangeProblems
    )
)]
pub(crate) async fn put(
    State(app): State<App>,
    Managed { by, tenant }: Managed,
    ProviderPath(provider): ProviderPath,
    _: NoQuery,
    IfMatch(version): IfMatch,
    body: JsonBody,
) -> Result<Response, Problem> {
    let (given, shape) = body.read(tenancy::account)?;
    let engine = app.engine.clone();
    let put = async move { engine.put_account(by, tenant, provider, version, given, shape).await };
    let (view, is_new) = app.run(put).await?;
    Ok(shown(if is_new { StatusCode::CREATED } else { StatusCode::OK }, view))
}
