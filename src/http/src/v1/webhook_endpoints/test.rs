//! `POST /v1/webhook_endpoints/{id}/test`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use lendport_core::WebhookEndpointId;
use lendport_engine::view::EndpointView;

use super::sample;
use crate::app::App;
use crate::body::webhook;
use crate::extract::{Caller, IdPath, JsonBody, NoQuery, WebhooksWrite, Write};
use crate::openapi::event_document::EventDocument;
use crate::openapi::parts::{CreateHeaders, EndpointActProblems};
use crate::openapi::webhook_bodies::TestEndpoint;
use crate::problem::{Code, Problem};

/// Send an endpoint a made-up event
///
/// Of any type, whatever its filter says, and to this endpoint alone. It is signed and sent like every other, and says
/// `"test": true`. See `GET /v1/deliveries?event=` for how it went.
#[utoipa::path(
    post,
    path = "/v1/webhook_endpoints/{id}/test",
    operation_id = "testWebhookEndpoint",
    tag = "Events",
    security(("secret_key" = ["webhooks:write"])),
    params(CreateHeaders, ("id" = String, Path, description = "Id of the endpoint")),
    request_body(content = TestEndpoint),
    responses((status = 202, description = "The event, which is on its way", body = EventDocument), EndpointActProblems)
)]
pub(crate) async fn test(
    State(app): State<App>,
    Caller(tenant, ..): Caller<WebhooksWrite>,
    IdPath(id): IdPath<WebhookEndpointId>,
    _: NoQuery,
    write: Write,
    body: JsonBody,
) -> Result<Response, Problem> {
    // Nothing was read only when something is wrong, and that is answered first.
    let kind = body.read_valid(webhook::test)?.ok_or_else(|| Problem::plain(Code::ValidationFailed))?;
    let (ticket, answer) = write.pending(&app, tenant, &body, StatusCode::ACCEPTED).split();
    let engine = app.engine.clone();
    let data = move |endpoint: &EndpointView| sample::data(kind, endpoint);
    let reply = app.run(async move { engine.test_endpoint(tenant, id, kind, data, ticket).await }).await?;
    Ok(answer.respond(reply))
}
