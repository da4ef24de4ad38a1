//! `POST /v1/merchants`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use lendport_engine::view::MerchantView;

use crate::app::App;
use crate::body::tenancy;
use crate::extract::{Asker, JsonBody, NoQuery, PlatformAdmin, Write};
use crate::openapi::parts::{CreateHeaders, KeyProblems};
use crate::openapi::tenancy_bodies::CreateMerchant;
use crate::problem::Problem;

/// Make a merchant
///
/// It has no keys and no accounts yet. Make them below `/v1/merchants/{id}`, or act for it with `Lendport-Merchant`.
#[utoipa::path(
    post,
    path = "/v1/merchants",
    operation_id = "createMerchant",
    tag = "Merchants",
    security(("secret_key" = ["platform:admin"])),
    params(CreateHeaders),
    request_body(content = CreateMerchant),
    responses(
        (status = 201, description = "The merchant", body = MerchantView,
         headers(("ETag" = String, description = "Version of the merchant"),
                 ("Location" = String, description = "Where to read it"),
                 ("Idempotent-Replayed" = String, description = "`true` when this answer was given before"))),
        KeyProblems
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    Asker(by, ..): Asker<PlatformAdmin>,
    _: NoQuery,
    write: Write,
    body: JsonBody,
) -> Result<Response, Problem> {
    let (asked, shape) = body.read(tenancy::merchant)?;
    let (ticket, answer) = write.pending(&app, by.tenant, &body, StatusCode::CREATED).split();
    let engine = app.engine.clone();
    let reply = app.run(async move { engine.create_merchant(by, asked, shape, ticket).await }).await?;
    Ok(answer.respond(reply))
}
