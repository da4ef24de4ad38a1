//! `POST /v1/checkouts/{id}/refresh`.

use axum::extract::State;
use axum::response::Response;
use lendport_core::CheckoutId;
use lendport_engine::view::CheckoutView;

use super::shown;
use crate::app::App;
use crate::extract::{Caller, CheckoutsWrite, IdPath, NoQuery};
use crate::openapi::parts::RefreshProblems;
use crate::problem::Problem;

/// Read the truth back from the financer now
///
/// Safe to repeat at any time; it needs no Idempotency-Key.
#[utoipa::path(
    post,
    path = "/v1/checkouts/{id}/refresh",
    operation_id = "refreshCheckout",
    tag = "Checkouts",
    security(("secret_key" = ["checkouts:write"])),
    params(("id" = String, Path, description = "Id of the checkout")),
    responses(
        (status = 200, description = "The checkout as the financer says it is", body = CheckoutView,
         headers(("ETag" = String, description = "Version of the checkout"))),
        RefreshProblems
    )
)]
pub(crate) async fn refresh(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsWrite>,
    IdPath(id): IdPath<CheckoutId>,
    _: NoQuery,
) -> Result<Response, Problem> {
    let engine = app.engine.clone();
    let view = app.run(async move { engine.refresh(tenant, id).await }).await?;
    Ok(shown(&app, tenant, view))
}
