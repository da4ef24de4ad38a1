//! `POST` and `GET /v1/checkouts/{id}/shipments`.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use lendport_core::CheckoutId;
use lendport_engine::view::ShipmentView;

use crate::app::App;
use crate::body::shipment;
use crate::extract::{Caller, CheckoutsRead, CheckoutsWrite, IdPath, JsonBody, NoQuery, Write};
use crate::openapi::command_bodies::ShipmentInput;
use crate::openapi::parts::{ReadProblems, WriteHeaders, WriteProblems};
use crate::problem::{Code, Problem};
use crate::v1::list::List;

/// Tell the financer of a shipment
///
/// Without `lines`, all of them. A financer whose money follows lines pays for the units it is told of: there each unit can be
/// told once, and no lines are those that are left. A shipment whose outcome is not known is not told again; it is looked for
/// in what the financer says, and else a person settles it.
#[utoipa::path(
    post,
    path = "/v1/checkouts/{id}/shipments",
    operation_id = "createShipment",
    tag = "Checkouts",
    security(("secret_key" = ["checkouts:write"])),
    params(WriteHeaders, ("id" = String, Path, description = "Id of the checkout")),
    request_body(content = ShipmentInput, example = json!(crate::openapi::examples::shipment_request())),
    responses((status = 201, description = "The shipment the financer was told of", body = ShipmentView), WriteProblems)
)]
pub(crate) async fn ship(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsWrite>,
    IdPath(id): IdPath<CheckoutId>,
    _: NoQuery,
    write: Write,
    body: JsonBody,
) -> Result<Response, Problem> {
    let asked = body.read_valid(shipment::read)?.ok_or_else(|| Problem::plain(Code::ValidationFailed))?;
    let (ticket, answer) = write.pending(&app, tenant, &body, StatusCode::CREATED).split();
    let (engine, if_match) = (app.engine.clone(), write.if_match);
    let reply = app.run(async move { engine.ship(tenant, id, if_match, asked, ticket).await }).await?;
    Ok(answer.respond(reply))
}

/// List shipments
#[utoipa::path(
    get,
    path = "/v1/checkouts/{id}/shipments",
    operation_id = "listShipments",
    tag = "Checkouts",
    security(("secret_key" = ["checkouts:read"])),
    params(("id" = String, Path, description = "Id of the checkout")),
    responses((status = 200, description = "The shipments told of, oldest first", body = List<ShipmentView>), ReadProblems)
)]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsRead>,
    IdPath(id): IdPath<CheckoutId>,
    _: NoQuery,
) -> Result<Json<List<ShipmentView>>, Problem> {
    let engine = app.engine.clone();
    let data = app.run(async move { engine.shipments(tenant, id).await }).await?;
    Ok(Json(List::all(data)))
}
