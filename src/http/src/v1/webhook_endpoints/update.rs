//! `PATCH /v1/webhook_endpoints/{id}`.

use axum::extract::State;
use axum::response::Response;
use lendport_core::WebhookEndpointId;
use lendport_engine::view::EndpointView;

use super::shown;
use crate::app::App;
use crate::body::webhook;
use crate::extract::{Caller, IdPath, IfMatch, JsonBody, NoQuery, WebhooksWrite};
use crate::openapi::parts::{ChangeHeaders, EndpointChangeProblems};
use crate::openapi::webhook_bodies::UpdateWebhookEndpoint;
use crate::problem::Problem;

/// Change an endpoint for events
///
/// What is left out stays. Switch an endpoint that failed on again with `"state": "enabled"`, then ask for what it missed
/// with `/recover`. It needs no Idempotency-Key: a repeat changes nothing more.
#[utoipa::path(
    patch,
    path = "/v1/webhook_endpoints/{id}",
    operation_id = "updateWebhookEndpoint",
    tag = "Events",
    security(("secret_key" = ["webhooks:write"])),
    params(ChangeHeaders, ("id" = String, Path, description = "Id of the endpoint")),
    request_body(content = UpdateWebhookEndpoint),
    responses(
        (status = 200, description = "The endpoint as it is now", body = EndpointView,
         headers(("ETag" = String, description = "Version of the endpoint"))),
        EndpointChangeProblems
    )
)]
pub(crate) async fn update(
    State(app): State<App>,
    Caller(tenant, ..): Caller<WebhooksWrite>,
    IdPath(id): IdPath<WebhookEndpointId>,
    _: NoQuery,
    IfMatch(version): IfMatch,
    body: JsonBody,
) -> Result<Response, Problem> {
    let (patch, shape) = body.read(webhook::endpoint_change)?;
    let engine = app.engine.clone();
    let changed = app.run(async move { engine.update_endpoint(tenant, id, version, patch, shape).await }).await?;
    Ok(shown(changed))
}
