//! `POST` and `GET /v1/checkouts/{id}/agreement`, and `POST .../agreement/sign`.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use lendport_core::CheckoutId;
use lendport_engine::StepAsk;
use lendport_engine::view::{AgreementView, CheckoutView};

use crate::app::App;
use crate::body::{application, command};
use crate::extract::{Caller, CheckoutsRead, CheckoutsWrite, IdPath, JsonBody, NoQuery, Write};
use crate::openapi::application_bodies::SignatureInput;
use crate::openapi::parts::{RefreshProblems, WriteHeaders, WriteProblems};
use crate::problem::{Code, Problem};

/// Ask for the agreement
///
/// Made once for an attempt, however often it is asked for. Read it with `GET` to show its document. 409 where no agreement can
/// be made as things stand; the offer tells why.
#[utoipa::path(
    post,
    path = "/v1/checkouts/{id}/agreement",
    operation_id = "createAgreement",
    tag = "Checkouts",
    security(("secret_key" = ["checkouts:write"])),
    params(WriteHeaders, ("id" = String, Path, description = "Id of the checkout")),
    responses(
        (status = 200, description = "The agreement, without its document", body = AgreementView),
        WriteProblems
    )
)]
pub(crate) async fn agree(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsWrite>,
    IdPath(id): IdPath<CheckoutId>,
    _: NoQuery,
    write: Write,
    body: JsonBody,
) -> Result<Response, Problem> {
    body.read_optional(command::nothing)?;
    let (ticket, answer) = write.pending(&app, tenant, &body, StatusCode::OK).split();
    let (engine, if_match) = (app.engine.clone(), write.if_match);
    let reply = app.run(async move { engine.take_step(tenant, id, if_match, StepAsk::Agree, ticket).await }).await?;
    Ok(answer.respond(reply.0))
}

/// Read the agreement with its document
///
/// Show the document to the customer in a frame that runs no scripts. The financer is asked each time; the document is not
/// kept.
#[utoipa::path(
    get,
    path = "/v1/checkouts/{id}/agreement",
    operation_id = "getAgreement",
    tag = "Checkouts",
    security(("secret_key" = ["checkouts:read"])),
    params(("id" = String, Path, description = "Id of the checkout")),
    responses((status = 200, description = "The agreement as it is now", body = AgreementView), RefreshProblems)
)]
pub(crate) async fn read(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsRead>,
    IdPath(id): IdPath<CheckoutId>,
    _: NoQuery,
) -> Result<Json<AgreementView>, Problem> {
    let engine = app.engine.clone();
    Ok(Json(app.run(async move { engine.agreement(tenant, id).await }).await?))
}

/// Hand the customer's signature on
///
/// Only the document that was read last can be signed: `GET` it first. It may take a first payment, so it is sent once. The checkout's `next_action` is `pay` where the financer wants another
/// means of payment first: hand that on, then sign again. Where the agreement has expired, start the next attempt. What is
/// signed is compared and confirmed by the gateway.
#[utoipa::path(
    post,
    path = "/v1/checkouts/{id}/agreement/sign",
    operation_id = "signAgreement",
    tag = "Checkouts",
    security(("secret_key" = ["checkouts:write"])),
    params(WriteHeaders, ("id" = String, Path, description = "Id of the checkout")),
    request_body(content = SignatureInput),
    responses(
        (status = 200, description = "The checkout, signed", body = CheckoutView,
         headers(("ETag" = String, description = "Version of the checkout"))),
        WriteProblems
    )
)]
pub(crate) async fn sign(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsWrite>,
    IdPath(id): IdPath<CheckoutId>,
    _: NoQuery,
    write: Write,
    body: JsonBody,
) -> Result<Response, Problem> {
    let said = body.read_valid(application::signature)?.ok_or_else(|| Problem::plain(Code::ValidationFailed))?;
    let (ticket, answer) = write.pending(&app, tenant, &body, StatusCode::OK).split();
    let (engine, if_match) = (app.engine.clone(), write.if_match);
    let reply =
        app.run(async move { engine.take_step(tenant, id, if_match, StepAsk::Sign(said), ticket).await }).await?;
    Ok(answer.respond(reply.0))
}
