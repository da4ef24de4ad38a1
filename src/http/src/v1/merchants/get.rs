//! `GET /v1/merchants/{id}`.

use axum::extract::State;
use axum::response::Response;
use lendport_engine::view::MerchantView;

use super::shown;
use crate::app::App;
use crate::extract::{Managed, NoQuery};
use crate::openapi::parts::ReadProblems;
use crate::problem::Problem;

/// Read a merchant
#[utoipa::path(
    get,
    path = "/v1/merchants/{id}",
    operation_id = "getMerchant",
    tag = "Merchants",
    security(("secret_key" = ["accounts:write"])),
    params(("id" = String, Path, description = "Id of the merchant")),
    responses(
        (status = 200, description = "The merchant", body = MerchantView,
         headers(("ETag" = String, description = "Version of the merchant"))),
        ReadProblems
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    Managed { tenant, .. }: Managed,
    _: NoQuery,
) -> Result<Response, Problem> {
    let engine = app.engine.clone();
    Ok(shown(app.run(async move { engine.read_merchant(tenant.merchant).await }).await?))
}
