//! `POST /v1/deliveries/{id}/resend`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use lendport_core::DeliveryId;
use lendport_engine::view::DeliveryView;

use crate::app::App;
use crate::body::command::nothing;
use crate::extract::{Caller, IdPath, JsonBody, NoQuery, WebhooksWrite, Write};
use crate::openapi::parts::{CreateHeaders, EndpointActProblems};
use crate::problem::Problem;

/// Send one event once more
///
/// Whatever became of it before: it is due now, and tried on the usual schedule. The `webhook-id` is the same, so a
/// receiver that has it already can tell. An empty body will do.
#[utoipa::path(
    post,
    path = "/v1/deliveries/{id}/resend",
    operation_id = "resendDelivery",
    tag = "Events",
    security(("secret_key" = ["webhooks:write"])),
    params(CreateHeaders, ("id" = String, Path, description = "Id of the delivery")),
    responses((status = 202, description = "The delivery, queued again", body = DeliveryView), EndpointActProblems)
)]
pub(crate) async fn resend(
    State(app): State<App>,
    Caller(tenant, ..): Caller<WebhooksWrite>,
    IdPath(id): IdPath<DeliveryId>,
    _: NoQuery,
    write: Write,
    body: JsonBody,
) -> Result<Response, Problem> {
    body.read_optional(nothing)?;
    let (ticket, answer) = write.pending(&app, tenant, &body, StatusCode::ACCEPTED).split();
    let engine = app.engine.clone();
    let reply = app.run(async move { engine.resend_delivery(tenant, id, ticket).await }).await?;
    Ok(answer.respond(reply))
}
