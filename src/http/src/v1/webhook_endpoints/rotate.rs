//! `POST /v1/webhook_endpoints/{id}/rotate_secret`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use lendport_core::{WebhookEndpointId, limits};
use lendport_engine::view::EndpointView;

use crate::app::App;
use crate::body::webhook;
use crate::extract::{Caller, IdPath, JsonBody, NoQuery, WebhooksWrite, Write};
use crate::openapi::parts::{EndpointActProblems, WriteHeaders};
use crate::openapi::webhook_bodies::RotateSecret;
use crate::problem::Problem;

/// Give an endpoint a new secret
///
/// The new one signs at once; the old one signs beside it for `overlap_hours`, so that you can exchange it without missing
/// anything. After a leak give 0: then only the new one signs.
#[utoipa::path(
    post,
    path = "/v1/webhook_endpoints/{id}/rotate_secret",
    operation_id = "rotateWebhookSecret",
    tag = "Events",
    security(("secret_key" = ["webhooks:write"])),
    params(WriteHeaders, ("id" = String, Path, description = "Id of the endpoint")),
    request_body(content = Option<RotateSecret>),
    responses(
        (status = 200, description = "The endpoint, with its new secret", body = EndpointView,
         headers(("ETag" = String, description = "Version of the endpoint")),
         example = json!(crate::openapi::examples::created_endpoint())),
        EndpointActProblems
    )
)]
pub(crate) async fn rotate(
    State(app): State<App>,
    Caller(tenant, ..): Caller<WebhooksWrite>,
    IdPath(id): IdPath<WebhookEndpointId>,
    _: NoQuery,
    write: Write,
    body: JsonBody,
) -> Result<Response, Problem> {
    let hours = body.read_optional(webhook::rotate)?.unwrap_or(limits::SECRET_OVERLAP_DEFAULT_HOURS);
    let (ticket, answer) = write.pending(&app, tenant, &body, StatusCode::OK).split();
    let (engine, if_match) = (app.engine.clone(), write.if_match);
    let reply = app.run(async move { engine.rotate_secret(tenant, id, if_match, hours, ticket).await }).await?;
    Ok(answer.respond(reply))
}
