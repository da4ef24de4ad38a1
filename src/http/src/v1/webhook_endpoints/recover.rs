//! `POST /v1/webhook_endpoints/{id}/recover`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use lendport_core::WebhookEndpointId;
use lendport_engine::view::RecoveryView;

use crate::app::App;
use crate::body::webhook;
use crate::extract::{Caller, IdPath, JsonBody, NoQuery, WebhooksWrite, Write};
use crate::openapi::parts::{CreateHeaders, EndpointActProblems};
use crate::openapi::webhook_bodies::RecoverEndpoint;
use crate::problem::{Code, Problem};

/// Send an endpoint again what it missed
///
/// Every event since a moment that the endpoint wants and has not accepted, oldest first. Events are kept for 30 days.
#[utoipa::path(
    post,
    path = "/v1/webhook_endpoints/{id}/recover",
    operation_id = "recoverWebhookEndpoint",
    tag = "Events",
    security(("secret_key" = ["webhooks:write"])),
    params(CreateHeaders, ("id" = String, Path, description = "Id of the endpoint")),
    request_body(content = RecoverEndpoint),
    responses((status = 202, description = "It is being done", body = RecoveryView), EndpointActProblems)
)]
pub(crate) async fn recover(
    State(app): State<App>,
    Caller(tenant, ..): Caller<WebhooksWrite>,
    IdPath(id): IdPath<WebhookEndpointId>,
    _: NoQuery,
    write: Write,
    body: JsonBody,
) -> Result<Response, Problem> {
    // Nothing was read only when something is wrong, and that is answered first.
    let since = body.read_valid(webhook::recover)?.ok_or_else(|| Problem::plain(Code::ValidationFailed))?;
    let (ticket, answer) = write.pending(&app, tenant, &body, StatusCode::ACCEPTED).split();
    let engine = app.engine.clone();
    let reply = app.run(async move { engine.recover_endpoint(tenant, id, since, ticket).await }).await?;
    Ok(answer.respond(reply))
}
