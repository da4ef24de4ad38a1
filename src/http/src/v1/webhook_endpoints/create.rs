//! `POST /v1/webhook_endpoints`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use lendport_engine::view::EndpointView;

use crate::app::App;
use crate::body::webhook;
use crate::extract::{Caller, JsonBody, NoQuery, WebhooksWrite, Write};
use crate::openapi::parts::{CreateHeaders, EndpointCreateProblems};
use crate::openapi::webhook_bodies::CreateWebhookEndpoint;
use crate::problem::Problem;

/// Set an endpoint for events up
///
/// The answer has the `secret` that signs what is sent to it. It is not shown again; a repeat with the same
/// Idempotency-Key hears the same answer. The address is `https` and public; in test mode the gateway may be configured
/// to take one on its own machine as well.
#[utoipa::path(
    post,
    path = "/v1/webhook_endpoints",
    operation_id = "createWebhookEndpoint",
    tag = "Events",
    security(("secret_key" = ["webhooks:write"])),
    params(CreateHeaders),
    request_body(content = CreateWebhookEndpoint),
    responses(
        (status = 201, description = "The endpoint, with its secret", body = EndpointView,
         headers(("ETag" = String, description = "Version of the endpoint"),
                 ("Location" = String, description = "Where to read it"),
                 ("Idempotent-Replayed" = String, description = "`true` when this answer was given before")),
         example = json!(crate::openapi::examples::created_endpoint())),
        EndpointCreateProblems
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    Caller(tenant, ..): Caller<WebhooksWrite>,
    _: NoQuery,
    write: Write,
    body: JsonBody,
) -> Result<Response, Problem> {
    let (asked, shape) = body.read(webhook::endpoint)?;
    let (ticket, answer) = write.pending(&app, tenant, &body, StatusCode::CREATED).split();
    let engine = app.engine.clone();
    let reply = app.run(async move { engine.create_endpoint(tenant, asked, shape, ticket).await }).await?;
    Ok(answer.respond(reply))
}
