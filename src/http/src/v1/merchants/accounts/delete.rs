//! `DELETE /v1/merchants/{id}/provider_accounts/{provider}`.

use axum::extract::State;
use http::StatusCode;

use super::ProviderPath;
use crate::app::App;
use crate::extract::{IfMatch, Managed, Parameters, Query};
use crate::openapi::parts::{AccountDeleteProblems, ChangeHeaders};
use crate::problem::Problem;

/// Delete an account at a financer
///
/// Its secrets are gone. Refused while a checkout there is undecided, authorized or of unknown outcome, unless `force` is
/// true: what is open there can be neither asked about nor captured, canceled or refunded until an account is set up again.
#[utoipa::path(
    delete,
    path = "/v1/merchants/{id}/provider_accounts/{provider}",
    operation_id = "deleteProviderAccount",
    tag = "Merchants",
    security(("secret_key" = ["accounts:write"])),
    params(
        ChangeHeaders,
        ("force" = Option<bool>, Query, description = "Delete it although checkouts need it"),
        ("id" = String, Path, description = "Id of the merchant"),
        ("provider" = String, Path, description = "The financer")
    ),
    responses((status = 204, description = "It is deleted"), AccountDeleteProblems)
)]
pub(crate) async fn delete(
    State(app): State<App>,
    Managed { by, tenant }: Managed,
    ProviderPath(provider): ProviderPath,
    query: Query,
    IfMatch(version): IfMatch,
) -> Result<StatusCode, Problem> {
    let read = |values: &_, invalid: &mut _| {
        Parameters::new(values, invalid).word("force", &["true", "false"], |word| word.parse::<bool>().ok())
    };
    let forced = query.read(&["force"], read)?.unwrap_or(false);
    let engine = app.engine.clone();
    app.run(async move { engine.delete_account(by, tenant, provider, version, forced).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}
