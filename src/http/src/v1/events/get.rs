//! `GET /v1/events/{id}`.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header;
use lendport_core::EventId;

use crate::app::App;
use crate::extract::{Caller, CheckoutsRead, IdPath, NoQuery};
use crate::openapi::event_document::EventDocument;
use crate::openapi::parts::ReadProblems;
use crate::problem::Problem;

/// Read an event
///
/// Exactly the document that endpoints are sent.
#[utoipa::path(
    get,
    path = "/v1/events/{id}",
    operation_id = "getEvent",
    tag = "Events",
    security(("secret_key" = ["checkouts:read"])),
    params(("id" = String, Path, description = "Id of the event")),
    responses((status = 200, description = "The event", body = EventDocument), ReadProblems)
)]
pub(crate) async fn get(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsRead>,
    IdPath(id): IdPath<EventId>,
    _: NoQuery,
) -> Result<Response, Problem> {
    let engine = app.engine.clone();
    let document = app.run(async move { engine.read_event(tenant, id).await }).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], document).into_response())
}
