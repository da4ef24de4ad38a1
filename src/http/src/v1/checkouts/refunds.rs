//! `POST` and `GET /v1/checkouts/{id}/refunds`.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use lendport_core::CheckoutId;
use lendport_engine::RefundAsk;
use lendport_engine::view::{CheckoutView, RefundView};

use crate::app::App;
use crate::body::command;
use crate::extract::{Caller, CheckoutsRead, CheckoutsWrite, IdPath, JsonBody, NoQuery, Write};
use crate::openapi::command_bodies::RefundInput;
use crate::openapi::parts::{ReadProblems, WriteHeaders, WriteProblems};
use crate::problem::Problem;
use crate::v1::list::List;

/// Give an amount back
///
/// By `amount` or by `lines`, as the financer can. With an empty body, all that is left.
///
/// A financer whose money follows lines takes units back that were shipped, and gives no amounts: `amount` is
/// `operation_not_supported` there. The answer's `lines` tell how many units of each were taken back and how many the financer
/// refused; where it refused all of them, the answer is `provider_refused`.
///
/// Possible while the checkout is `captured`, or `authorized` without an open risk review. Otherwise, and so once everything
/// was given back, the answer is `invalid_state` and the financer is not called; a repeat with the same Idempotency-Key
/// hears the first answer again.
#[utoipa::path(
    post,
    path = "/v1/checkouts/{id}/refunds",
    operation_id = "refundCheckout",
    tag = "Checkouts",
    security(("secret_key" = ["checkouts:write"])),
    params(WriteHeaders, ("id" = String, Path, description = "Id of the checkout")),
    request_body(content = Option<RefundInput>),
    responses(
        (status = 201, description = "The checkout after the refund", body = CheckoutView,
         headers(("ETag" = String, description = "Version of the checkout"))),
        WriteProblems
    )
)]
pub(crate) async fn refund(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsWrite>,
    IdPath(id): IdPath<CheckoutId>,
    _: NoQuery,
    write: Write,
    body: JsonBody,
) -> Result<Response, Problem> {
    let asked = body.read_optional(command::refund)?;
    let asked = RefundAsk { amount: asked.amount, lines: asked.lines, reason: asked.reason };
    let (ticket, answer) = write.pending(&app, tenant, &body, StatusCode::CREATED).split();
    let (engine, if_match) = (app.engine.clone(), write.if_match);
    let reply = app.run(async move { engine.refund(tenant, id, if_match, asked, ticket).await }).await?;
    Ok(answer.respond(reply))
}

/// List refunds
///
/// Those asked for here and those learnt from the financer, oldest first.
#[utoipa::path(
    get,
    path = "/v1/checkouts/{id}/refunds",
    operation_id = "listRefunds",
    tag = "Checkouts",
    security(("secret_key" = ["checkouts:read"])),
    params(("id" = String, Path, description = "Id of the checkout")),
    responses((status = 200, description = "The refunds", body = List<RefundView>), ReadProblems)
)]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsRead>,
    IdPath(id): IdPath<CheckoutId>,
    _: NoQuery,
) -> Result<Json<List<RefundView>>, Problem> {
    let engine = app.engine.clone();
    let data = app.run(async move { engine.refunds(tenant, id).await }).await?;
    Ok(Json(List::all(data)))
}
