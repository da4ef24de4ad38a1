//! `DELETE /v1/webhook_endpoints/{id}`.

use axum::extract::State;
use http::StatusCode;
use lendport_core::WebhookEndpointId;

use crate::app::App;
use crate::extract::{Caller, IdPath, IfMatch, NoQuery, WebhooksWrite};
use crate::openapi::parts::{ChangeHeaders, DeleteProblems};
use crate::problem::Problem;

/// Delete an endpoint for events
///
/// Nothing is sent to it any more, and what was still pending ends as `failed`. Its deliveries stay readable.
#[utoipa::path(
    delete,
    path = "/v1/webhook_endpoints/{id}",
    operation_id = "deleteWebhookEndpoint",
    tag = "Events",
    security(("secret_key" = ["webhooks:write"])),
    params(ChangeHeaders, ("id" = String, Path, description = "Id of the endpoint")),
    responses((status = 204, description = "It is deleted"), DeleteProblems)
)]
pub(crate) async fn delete(
    State(app): State<App>,
    Caller(tenant, ..): Caller<WebhooksWrite>,
    IdPath(id): IdPath<WebhookEndpointId>,
    _: NoQuery,
    IfMatch(version): IfMatch,
) -> Result<StatusCode, Problem> {
    let engine = app.engine.clone();
    app.run(async move { engine.delete_endpoint(tenant, id, version).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}
