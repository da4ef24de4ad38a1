//! `POST /v1/merchants/{id}/keys/{key_id}/rotate`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use lendport_core::limits;
use lendport_engine::view::KeyView;

use super::KeyPath;
use crate::app::App;
use crate::body::tenancy;
use crate::extract::{JsonBody, Managed, NoQuery, Write};
use crate::openapi::parts::{CreateHeaders, KeyProblems};
use crate::openapi::tenancy_bodies::RotateApiKey;
use crate::problem::Problem;

/// Make a secret key in the place of another one
///
/// The new key may do the same, and lasts as long as the old one was made for. The old one works beside it for `overlap_s`, so
/// that you can exchange it without one failed request. After a leak give 0: then only the new one works.
#[utoipa::path(
    post,
    path = "/v1/merchants/{id}/keys/{key_id}/rotate",
    operation_id = "rotateApiKey",
    tag = "Merchants",
    security(("secret_key" = ["accounts:write"])),
    params(
        CreateHeaders,
        ("id" = String, Path, description = "Id of the merchant"),
        ("key_id" = String, Path, description = "Id of the key")
    ),
    request_body(content = Option<RotateApiKey>),
    responses(
        (status = 201, description = "The new key, with itself", body = KeyView,
         headers(("Idempotent-Replayed" = String, description = "`true` when this answer was given before"))),
        KeyProblems
    )
)]
pub(crate) async fn rotate(
    State(app): State<App>,
    Managed { by, tenant }: Managed,
    KeyPath(id): KeyPath,
    _: NoQuery,
    write: Write,
    body: JsonBody,
) -> Result<Response, Problem> {
    let overlap_s = body.read_optional(tenancy::rotate_key)?.unwrap_or(limits::KEY_OVERLAP_DEFAULT_S);
    let (ticket, answer) = write.pending(&app, by.tenant, &body, StatusCode::CREATED).split();
    let engine = app.engine.clone();
    let reply = app.run(async move { engine.rotate_key(by, tenant, id, overlap_s, ticket).await }).await?;
    app.forget_key(id);
    Ok(answer.respond(reply))
}
