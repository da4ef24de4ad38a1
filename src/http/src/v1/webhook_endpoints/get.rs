//! `GET /v1/webhook_endpoints/{id}`.

use axum::extract::State;
use axum::response::Response;
use lendport_core::WebhookEndpointId;
use lendport_engine::view::EndpointView;

use super::shown;
use crate::app::App;
use crate::extract::{Caller, IdPath, NoQuery, WebhooksWrite};
use crate::openapi::parts::ReadProblems;
use crate::problem::Problem;

/// Read an endpoint for events
#[utoipa::path(
    get,
    path = "/v1/webhook_endpoints/{id}",
    operation_id = "getWebhookEndpoint",
    tag = "Events",
    security(("secret_key" = ["webhooks:write"])),
    params(("id" = String, Path, description = "Id of the endpoint")),
    responses(
        (status = 200, description = "The endpoint, without its secret", body = EndpointView,
         headers(("ETag" = String, description = "Version of the endpoint")),
         example = json!(crate::openapi::examples::endpoint())),
        ReadProblems
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    Caller(tenant, ..): Caller<WebhooksWrite>,
    IdPath(id): IdPath<WebhookEndpointId>,
    _: NoQuery,
) -> Result<Response, Problem> {
    let engine = app.engine.clone();
    Ok(shown(app.run(async move { engine.read_endpoint(tenant, id).await }).await?))
}
