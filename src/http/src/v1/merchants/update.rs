//! `PATCH /v1/merchants/{id}`.

use axum::extract::State;
use axum::response::Response;
use lendport_engine::view::MerchantView;

use super::shown;
use crate::app::App;
use crate::body::tenancy;
use crate::extract::{IfMatch, JsonBody, Managed, NoQuery};
use crate::openapi::parts::{AdminChangeProblems, ChangeHeaders};
use crate::openapi::tenancy_bodies::UpdateMerchant;
use crate::problem::Problem;

/// Change a merchant
///
/// Its page, or its name; the name takes `platform:admin`. What is left out stays. It needs no Idempotency-Key: a repeat
/// changes nothing more. Shoppers see the same page in both modes, so this takes a live key once the merchant has one, or a live
/// account.
#[utoipa::path(
    patch,
    path = "/v1/merchants/{id}",
    operation_id = "updateMerchant",
    tag = "Merchants",
    security(("secret_key" = ["accounts:write"])),
    params(ChangeHeaders, ("id" = String, Path, description = "Id of the merchant")),
    request_body(content = UpdateMerchant),
    responses(
        (status = 200, description = "The merchant as it is now", body = MerchantView,
         headers(("ETag" = String, description = "Version of the merchant"))),
        AdminChangeProblems
    )
)]
pub(crate) async fn update(
    State(app): State<App>,
    Managed { by, tenant }: Managed,
    _: NoQuery,
    IfMatch(version): IfMatch,
    body: JsonBody,
) -> Result<Response, Problem> {
    let (patch, shape) = body.read(tenancy::merchant_change)?;
    let engine = app.engine.clone();
    let changed = app.run(async move { engine.update_merchant(by, tenant, version, patch, shape).await }).await?;
    Ok(shown(changed))
}
