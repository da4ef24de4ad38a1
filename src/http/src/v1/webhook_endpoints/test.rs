//! `POST /v1/webhook_endpoints/{id}/test`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use lendport_core::{EventType, WebhookEndpointId};
use lendport_engine::view::EndpointView;

use crate::app::App;
use crate::body::webhook;
use crate::extract::{Caller, IdPath, JsonBody, NoQuery, Write};
use crate::openapi::event_document::EventDocument;
use crate::openapi::examples;
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
    params(CreateHeaders, ("id" = String, Path, description = "Id of the endpoint")),
    request_body(content = TestEndpoint),
    responses((status = 202, description = "The event, which is on its way", body = EventDocument), EndpointActProblems)
)]
pub(crate) async fn test(
    State(app): State<App>,
    Caller(tenant): Caller,
    IdPath(id): IdPath<WebhookEndpointId>,
    _: NoQuery,
    write: Write,
    body: JsonBody,
) -> Result<Response, Problem> {
    // Nothing was read only when something is wrong, and that is answered first.
    let kind = body.read_valid(webhook::test)?.ok_or_else(|| Problem::plain(Code::ValidationFailed))?;
    let (ticket, answer) = write.pending(&app, tenant, &body, StatusCode::ACCEPTED).split();
    let engine = app.engine.clone();
    let data = move |endpoint: &EndpointView| sample(kind, endpoint);
    let reply = app.run(async move { engine.test_endpoint(tenant, id, kind, data, ticket).await }).await?;
    Ok(answer.respond(reply))
}

/// What a made-up event tells of: the endpoint itself where its type is about endpoints, else the example of a checkout.
fn sample(kind: EventType, endpoint: &EndpointView) -> String {
    let data = match kind {
        EventType::WebhookEndpointDisabled => serde_json::json!({ "webhook_endpoint": endpoint }),
        _ => {
            let mut checkout = examples::told_checkout();
            if let Some(mode) = checkout.get_mut("mode") {
                *mode = endpoint.mode.into();
            }
            serde_json::json!({ "checkout": checkout })
        }
    };
    data.to_string()
}
