//! `POST /v1/checkouts`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use lendport_engine::view::CheckoutView;

use crate::app::App;
use crate::body::checkout;
use crate::extract::{Caller, CheckoutsWrite, JsonBody, NoQuery, Write};
use crate::openapi::bodies::CreateCheckout;
use crate::openapi::parts::{CreateHeaders, WriteProblems};
use crate::problem::Problem;

/// Open a checkout
///
/// Checks everything, stores your intent, and asks the financer. The answer says what the customer does next.
/// Everything that is wrong with the request is named at once.
#[utoipa::path(
    post,
    path = "/v1/checkouts",
    operation_id = "createCheckout",
    tag = "Checkouts",
    security(("secret_key" = ["checkouts:write"])),
    params(CreateHeaders),
    request_body(content = CreateCheckout, example = json!(crate::openapi::examples::create_request())),
    responses(
        (status = 201, description = "The checkout, with the customer's next step", body = CheckoutView,
         headers(("ETag" = String, description = "Version of the checkout"),
                 ("Location" = String, description = "Where to read it"),
                 ("Idempotent-Replayed" = String, description = "`true` when this answer was given before")),
         example = json!(crate::openapi::examples::checkout())),
        WriteProblems
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsWrite>,
    _: NoQuery,
    write: Write,
    body: JsonBody,
) -> Result<Response, Problem> {
    let (asked, shape) = body.read(checkout::read)?;
    let (ticket, answer) = write.pending(&app, tenant, &body, StatusCode::CREATED).split();
    let engine = app.engine.clone();
    let reply = app.run(async move { engine.open_checkout(tenant, asked, shape, ticket).await }).await?;
    Ok(answer.respond(reply))
}
