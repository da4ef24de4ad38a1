//! `POST /v1/checkouts/{id}/cancel`.

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

/// Stop a checkout before capture
///
/// Whole, or some lines where the financer can. `operation_not_supported` says what to do where it cannot.
///
/// Lines can be canceled while the checkout is `authorized` and they are not shipped. The answer's `lines` tell how many units
/// of each were canceled and how many the financer refused; where it refused all of them, the answer is `provider_refused`.
///
/// Possible from the customer's first step until it is captured. Otherwise, and so once it is canceled, the answer is
/// `invalid_state` and the financer is not called; a repeat with the same Idempotency-Key hears the first answer again.
///
/// Nobody else is asked to finance it afterwards. A financer that was asked earlier and says yes late does not bring the order
/// back: an item asks about it (`paid_after_cancel`), and where the financer can it is undone.
#[utoipa::path(
    post,
    path = "/v1/checkouts/{id}/cancel",
    operation_id = "cancelCheckout",
    tag = "Checkouts",
    security(("secret_key" = ["checkouts:write"])),
    params(WriteHeaders, ("id" = String, Path, description = "Id of the checkout")),
    request_body(content = Option<CommandInput>),
    responses(
        (status = 200, description = "The checkout after it was stopped", body = CheckoutView,
         headers(("ETag" = String, description = "Version of the checkout"))),
        WriteProblems
    )
)]
pub(crate) async fn cancel(
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
    let reply = app.run(async move { engine.cancel(tenant, id, if_match, asked, ticket).await }).await?;
    Ok(answer.respond(reply))
}
