//! `POST /v1/merchants/{id}/provider_accounts/{provider}/verify`.

use axum::Json;
use axum::extract::State;
use lendport_engine::view::VerificationView;

use super::ProviderPath;
use crate::app::App;
use crate::extract::{Managed, NoQuery, Unspent};
use crate::openapi::parts::ReadProblems;
use crate::problem::Problem;

/// Ask a financer whether an account works
///
/// With a call that changes nothing there. It takes no Idempotency-Key. What the financer says of the credentials is the
/// answer's `status`, and no problem. An account is verified once at a time; another request meanwhile is a 429.
#[utoipa::path(
    post,
    path = "/v1/merchants/{id}/provider_accounts/{provider}/verify",
    operation_id = "verifyProviderAccount",
    tag = "Merchants",
    security(("secret_key" = ["accounts:write"])),
    params(("id" = String, Path, description = "Id of the merchant"), ("provider" = String, Path, description = "The financer")),
    responses((status = 200, description = "What came of it", body = VerificationView), ReadProblems)
)]
pub(crate) async fn verify(
    State(app): State<App>,
    Unspent(Managed { tenant, .. }, token): Unspent<Managed>,
    ProviderPath(provider): ProviderPath,
    _: NoQuery,
) -> Result<Json<VerificationView>, Problem> {
    let (engine, place) = (app.engine.clone(), app.rates.verification(tenant, provider.clone())?);
    token.spend(&app).await?;
    let work = async move {
        let verified = engine.verify_account(tenant, &provider).await;
        drop(place);
        verified
    };
    app.run(work).await.map(Json)
}
