//! `GET /v1/deliveries/{id}`.

use axum::Json;
use axum::extract::State;
use lendport_core::DeliveryId;
use lendport_engine::view::DeliveryView;

use crate::app::App;
use crate::extract::{Caller, CheckoutsRead, IdPath, NoQuery};
use crate::openapi::parts::ReadProblems;
use crate::problem::Problem;

/// Read a delivery with every try
#[utoipa::path(
    get,
    path = "/v1/deliveries/{id}",
    operation_id = "getDelivery",
    tag = "Events",
    security(("secret_key" = ["checkouts:read"])),
    params(("id" = String, Path, description = "Id of the delivery")),
    responses(
        (status = 200, description = "The delivery", body = DeliveryView,
         example = json!(crate::openapi::examples::delivery())),
        ReadProblems
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsRead>,
    IdPath(id): IdPath<DeliveryId>,
    _: NoQuery,
) -> Result<Json<DeliveryView>, Problem> {
    let engine = app.engine.clone();
    Ok(Json(app.run(async move { engine.read_delivery(tenant, id).await }).await?))
}
