//! `POST /v1/checkouts/{id}/attempts`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use lendport_core::CheckoutId;
use lendport_engine::view::CheckoutView;

use crate::app::App;
use crate::body::command;
use crate::extract::{Caller, CheckoutsWrite, IdPath, JsonBody, NoQuery, Write};
use crate::openapi::command_bodies::StartAttempt;
use crate::openapi::parts::{WriteHeaders, WriteProblems};
use crate::problem::Problem;

/// Start the next, or a named, financer
///
/// Refused with `commit_fence` while another attempt is committed, may be, or is still under way.
#[utoipa::path(
    post,
    path = "/v1/checkouts/{id}/attempts",
    operation_id = "startAttempt",
    tag = "Checkouts",
    security(("secret_key" = ["checkouts:write"])),
    params(WriteHeaders, ("id" = String, Path, description = "Id of the checkout")),
    request_body(content = Option<StartAttempt>),
    responses(
        (status = 201, description = "The checkout with its new attempt", body = CheckoutView,
         headers(("ETag" = String, description = "Version of the checkout"))),
        WriteProblems
    )
)]
pub(crate) async fn start(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsWrite>,
    IdPath(id): IdPath<CheckoutId>,
    _: NoQuery,
    write: Write,
    body: JsonBody,
) -> Result<Response, Problem> {
    let provider = body.read_optional(command::attempt)?;
    let (ticket, answer) = write.pending(&app, tenant, &body, StatusCode::CREATED).split();
    let (engine, if_match) = (app.engine.clone(), write.if_match);
    let reply = app.run(async move { engine.start_attempt(tenant, id, provider, if_match, ticket).await }).await?;
    Ok(answer.respond(reply))
}
