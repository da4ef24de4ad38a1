//! `POST /v1/checkouts/{id}/renew_callback`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use lendport_core::CheckoutId;
use lendport_engine::view::CheckoutView;

use crate::app::App;
use crate::body::command::nothing;
use crate::extract::{Caller, CheckoutsWrite, IdPath, JsonBody, NoQuery, Write};
use crate::openapi::parts::{WriteHeaders, WriteProblems};
use crate::problem::Problem;

/// Give the financer a new address for its notices
///
/// Where the financer can be told one: after the old address leaked, or when the gateway has moved. The old address is
/// refused from then on. `operation_not_supported` where the address of an attempt is fixed. An empty body will do.
#[utoipa::path(
    post,
    path = "/v1/checkouts/{id}/renew_callback",
    operation_id = "renewCheckoutCallback",
    tag = "Checkouts",
    security(("secret_key" = ["checkouts:write"])),
    params(WriteHeaders, ("id" = String, Path, description = "Id of the checkout")),
    responses(
        (status = 200, description = "The checkout, whose financer pushes to the new address", body = CheckoutView,
         headers(("ETag" = String, description = "Version of the checkout"))),
        WriteProblems
    )
)]
pub(crate) async fn renew(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsWrite>,
    IdPath(id): IdPath<CheckoutId>,
    _: NoQuery,
    write: Write,
    body: JsonBody,
) -> Result<Response, Problem> {
    body.read_optional(nothing)?;
    let (ticket, answer) = write.pending(&app, tenant, &body, StatusCode::OK).split();
    let (engine, if_match) = (app.engine.clone(), write.if_match);
    let reply = app.run(async move { engine.renew_callback(tenant, id, if_match, ticket).await }).await?;
    Ok(answer.respond(reply))
}
