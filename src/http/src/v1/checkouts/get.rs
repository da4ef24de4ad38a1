//! `GET /v1/checkouts/{id}`.

use axum::extract::State;
use axum::response::Response;
use lendport_core::CheckoutId;
use lendport_engine::Expand;
use lendport_engine::view::CheckoutView;

use super::shown;
use crate::app::App;
use crate::extract::{Caller, CheckoutsRead, IdPath, Query, note};
use crate::openapi::parts::ReadProblems;
use crate::problem::Problem;

/// Read a checkout
#[utoipa::path(
    get,
    path = "/v1/checkouts/{id}",
    operation_id = "getCheckout",
    tag = "Checkouts",
    security(("secret_key" = ["checkouts:read"])),
    params(
        ("id" = String, Path, description = "Id of the checkout"),
        ("expand" = Option<String>, Query, description = "`attempts`, `events`, or both with a comma",
         pattern = "^(attempts|events)(,(attempts|events))*$", example = "attempts,events")
    ),
    responses(
        (status = 200, description = "The checkout", body = CheckoutView,
         headers(("ETag" = String, description = "Version of the checkout")),
         example = json!(crate::openapi::examples::checkout())),
        ReadProblems
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsRead>,
    IdPath(id): IdPath<CheckoutId>,
    query: Query,
) -> Result<Response, Problem> {
    let expand = query.read(&["expand"], |values, invalid| {
        let mut expand = Expand::default();
        for word in values.get("expand").map(|text| text.split(',')).into_iter().flatten().map(str::trim) {
            match word {
                "attempts" => expand.attempts = true,
                "events" => expand.events = true,
                _ => note(invalid, "expand", "unknown_choice", "use attempts, events, or both with a comma"),
            }
        }
        expand
    })?;
    let engine = app.engine.clone();
    let view = app.run(async move { engine.read_checkout(tenant, id, expand).await }).await?;
    Ok(shown(&app, tenant, view))
}
