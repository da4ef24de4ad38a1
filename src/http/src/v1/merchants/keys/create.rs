//! `POST /v1/merchants/{id}/keys`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use lendport_engine::view::KeyView;

use crate::app::App;
use crate::body::tenancy;
use crate::extract::{JsonBody, Managed, NoQuery, Write};
use crate::openapi::parts::{CreateHeaders, KeyProblems};
use crate::openapi::tenancy_bodies::CreateApiKey;
use crate::problem::Problem;

/// Make a secret key
///
/// The answer has the key itself. It is not shown again; a repeat with the same Idempotency-Key hears the same answer. It is
/// of the mode of the key that asks, and may never do more than that one.
#[utoipa::path(
    post,
    path = "/v1/merchants/{id}/keys",
    operation_id = "createApiKey",
    tag = "Merchants",
    security(("secret_key" = ["accounts:write"])),
    params(CreateHeaders, ("id" = String, Path, description = "Id of the merchant")),
    request_body(content = Option<CreateApiKey>),
    responses(
        (status = 201, description = "The key, with itself", body = KeyView,
         headers(("Idempotent-Replayed" = String, description = "`true` when this answer was given before"))),
        KeyProblems
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    Managed { by, tenant }: Managed,
    _: NoQuery,
    write: Write,
    body: JsonBody,
) -> Result<Response, Problem> {
    let (asked, shape) = body.read_or_empty(tenancy::key)?;
    let (ticket, answer) = write.pending(&app, by.tenant, &body, StatusCode::CREATED).split();
    let engine = app.engine.clone();
    let reply = app.run(async move { engine.create_key(by, tenant, asked, shape, ticket).await }).await?;
    Ok(answer.respond(reply))
}
