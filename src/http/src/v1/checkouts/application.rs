//! `POST /v1/checkouts/{id}/application` and what follows it: what a customer says passes through.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use lendport_core::CheckoutId;
use lendport_engine::StepAsk;
use lendport_engine::view::{CheckoutView, OfferView};

use crate::app::App;
use crate::body::application;
use crate::extract::{Caller, CheckoutsRead, CheckoutsWrite, IdPath, JsonBody, NoQuery, Write};
use crate::openapi::application_bodies::{ApplicationInput, PaymentMethodInput};
use crate::openapi::parts::{RefreshProblems, WriteHeaders, WriteProblems};
use crate::problem::{Code, Problem};

/// Hand the customer's application on
///
/// For a checkout whose `next_action` is `apply`: your own pages ask the customer. Answered as soon as it is on its way,
/// for a decision may take minutes: wait for the checkout's events, or read it. What the customer says is neither stored nor
/// logged, so an application that left no trace is to be sent again, with a new key: an `operation.failed` event tells of it.
#[utoipa::path(
    post,
    path = "/v1/checkouts/{id}/application",
    operation_id = "createApplication",
    tag = "Checkouts",
    security(("secret_key" = ["checkouts:write"])),
    params(WriteHeaders, ("id" = String, Path, description = "Id of the checkout")),
    request_body(content = ApplicationInput),
    responses(
        (status = 202, description = "The checkout; the application is on its way", body = CheckoutView,
         headers(("ETag" = String, description = "Version of the checkout"))),
        WriteProblems
    )
)]
pub(crate) async fn apply(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsWrite>,
    IdPath(id): IdPath<CheckoutId>,
    _: NoQuery,
    write: Write,
    body: JsonBody,
) -> Result<Response, Problem> {
    let said = body.read_valid(application::application)?.ok_or_else(|| Problem::plain(Code::ValidationFailed))?;
    let (ticket, answer) = write.pending_unguessable(&app, tenant, &body, StatusCode::ACCEPTED).split();
    drop(body);
    let (own, if_match) = (app.clone(), write.if_match);
    let reply = app
        .run(async move {
            let (reply, work) =
                own.engine.take_step(tenant, id, if_match, StepAsk::Apply(Box::new(said)), ticket).await?;
            if let Some(work) = work {
                own.go_on(work.run());
            }
            Ok(reply)
        })
        .await?;
    Ok(answer.respond(reply))
}

/// Hand on what the customer pays with
///
/// For a checkout whose `next_action` is `pay`: the financer asked for a payment before it can be signed. Sign again
/// afterwards. Neither stored nor logged.
#[utoipa::path(
    post,
    path = "/v1/checkouts/{id}/payment_methods",
    operation_id = "createPaymentMethod",
    tag = "Checkouts",
    security(("secret_key" = ["checkouts:write"])),
    params(WriteHeaders, ("id" = String, Path, description = "Id of the checkout")),
    request_body(content = PaymentMethodInput),
    responses(
        (status = 200, description = "The checkout", body = CheckoutView,
         headers(("ETag" = String, description = "Version of the checkout"))),
        WriteProblems
    )
)]
pub(crate) async fn add_payment(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsWrite>,
    IdPath(id): IdPath<CheckoutId>,
    _: NoQuery,
    write: Write,
    body: JsonBody,
) -> Result<Response, Problem> {
    let said = body.read_valid(application::payment_method)?.ok_or_else(|| Problem::plain(Code::ValidationFailed))?;
    let (ticket, answer) = write.pending_unguessable(&app, tenant, &body, StatusCode::OK).split();
    drop(body);
    let (engine, if_match) = (app.engine.clone(), write.if_match);
    let step = StepAsk::AddPayment(Box::new(said));
    let reply = app.run(async move { engine.take_step(tenant, id, if_match, step, ticket).await }).await?;
    Ok(answer.respond(reply.0))
}

/// Read what the customer may spend
///
/// The financer is asked each time; nothing of it is kept.
#[utoipa::path(
    get,
    path = "/v1/checkouts/{id}/offer",
    operation_id = "getOffer",
    tag = "Checkouts",
    security(("secret_key" = ["checkouts:read"])),
    params(("id" = String, Path, description = "Id of the checkout")),
    responses((status = 200, description = "The offer as it is now", body = OfferView), RefreshProblems)
)]
pub(crate) async fn offer(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsRead>,
    IdPath(id): IdPath<CheckoutId>,
    _: NoQuery,
) -> Result<Json<OfferView>, Problem> {
    let engine = app.engine.clone();
    Ok(Json(app.run(async move { engine.offer(tenant, id).await }).await?))
}
