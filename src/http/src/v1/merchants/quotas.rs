//! `GET` and `PUT /v1/merchants/{id}/quotas`.

use axum::Json;
use axum::extract::State;
use lendport_engine::view::QuotasView;

use crate::app::App;
use crate::body::tenancy;
use crate::extract::{JsonBody, Managed, NoQuery};
use crate::openapi::parts::{AdminChangeProblems, ReadProblems};
use crate::openapi::tenancy_bodies::PutQuotas;
use crate::problem::Problem;

/// Read how much a merchant may have
///
/// And how much it has, in the mode of the key.
#[utoipa::path(
    get,
    path = "/v1/merchants/{id}/quotas",
    operation_id = "getQuotas",
    tag = "Merchants",
    security(("secret_key" = ["accounts:write"])),
    params(("id" = String, Path, description = "Id of the merchant")),
    responses((status = 200, description = "Each quota with its limit and its use", body = QuotasView), ReadProblems)
)]
pub(crate) async fn get(
    State(app): State<App>,
    Managed { tenant, .. }: Managed,
    _: NoQuery,
) -> Result<Json<QuotasView>, Problem> {
    let engine = app.engine.clone();
    Ok(Json(app.run(async move { engine.read_quotas(tenant).await }).await?))
}

/// Set how much a merchant may have
///
/// This takes `platform:admin`, and a live key once the merchant has one, or a live account: the limits are the same in both
/// modes. It needs no Idempotency-Key: a repeat changes nothing more. Every replica goes by it within ten seconds.
#[utoipa::path(
    put,
    path = "/v1/merchants/{id}/quotas",
    operation_id = "putQuotas",
    tag = "Merchants",
    security(("secret_key" = ["platform:admin"])),
    params(("id" = String, Path, description = "Id of the merchant")),
    request_body(content = PutQuotas),
    responses((status = 200, description = "Each quota with its limit and its use", body = QuotasView), AdminChangeProblems)
)]
pub(crate) async fn put(
    State(app): State<App>,
    Managed { by, tenant }: Managed,
    _: NoQuery,
    body: JsonBody,
) -> Result<Json<QuotasView>, Problem> {
    let (quotas, shape) = body.read(tenancy::quotas)?;
    let engine = app.engine.clone();
    Ok(Json(app.run(async move { engine.put_quotas(by, tenant, quotas, shape).await }).await?))
}
