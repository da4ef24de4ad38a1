//! `POST /v1/checkouts/{id}/capture`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use lendport_core::CheckoutId;
use lendport_engine::CommandAsk;
use lendport_engine::view::CheckoutView;

use crate::app::App;
use crate::body::command;
use crate::extract::{Caller, CheckoutsWrite, IdPath, JsonBody, NoQuery, Write};
use crate::openapi::command_bodies::CommandInput;
use crate::openapi::parts::{WriteHeaders, WriteProblems};
use crate::problem::Problem;

/// Take the authorized amount
///
/// Whole, or some lines where the financer can. Financers that pay by their own rules have no capture.
///
/// Possible while the checkout is `authorized`. Otherwise, and so once it is captured, the answer is `invalid_state` and the
/// financer is not called; a repeat with the same Idempotency-Key hears the first answer again.
#[utoipa::path(
    post,
    path = "/v1/checkouts/{id}/capture",
    operation_id = "captureCheckout",
    tag = "Checkouts",
    security(("secret_key" = ["checkouts:write"])),
    params(WriteHeaders, ("id" = String, Path, description = "Id of the checkout")),
    request_body(content = Option<CommandInput>),
    responses(
        (status = 200, description = "The checkout after it was captured", body = CheckoutView,
         headers(("ETag" = String, description = "Version of the checkout"))),
        WriteProblems
    )
)]
pub(crate) async fn capture(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsWrite>,
    IdPath(id): IdPath<CheckoutId>,
    _: NoQuery,
    write: Write,
    body: JsonBody,
) -> Result<Response, Problem> {
    let asked = body.read_optional(command::command)?;
    let asked = CommandAsk { lines: asked.lines, reason: asked.reason };
    let (ticket, answer) = write.pending(&app, tenant, &body, StatusCode::OK).split();
    let (engine, if_match) = (app.engine.clone(), write.if_match);
    let reply = app.run(async move { engine.capture(tenant, id, if_match, asked, ticket).await }).await?;
    Ok(answer.respond(reply))
}
