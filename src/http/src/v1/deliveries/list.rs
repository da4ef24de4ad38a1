//! `GET /v1/deliveries`.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use lendport_core::{DeliveryId, DeliveryState, Invalid};
use lendport_engine::view::DeliveryView;
use lendport_storage::{DeliveryFilter, PageAsk};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use crate::app::App;
use crate::extract::{Caller, CheckoutsRead, Parameters, Query};
use crate::openapi::parts::ReadProblems;
use crate::problem::Problem;
use crate::v1::list::Paged;

const KNOWN: &[&str] = &["limit", "after", "endpoint", "event", "state"];

/// Which deliveries.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters; `read` reads them")]
pub(crate) struct ListParameters {
    /// Rows wanted.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^dlv_[0-9a-f]{32}$")]
    after: Option<String>,
    /// To this endpoint.
    #[param(pattern = "^whe_[0-9a-f]{32}$")]
    endpoint: Option<String>,
    /// Of this event.
    #[param(pattern = "^evt_[0-9a-f]{32}$")]
    event: Option<String>,
    /// In this state.
    #[param(schema_with = states)]
    state: Option<String>,
}

fn states() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(DeliveryState::ALL.map(DeliveryState::as_str)))
        .build()
}

/// List deliveries with every try
#[utoipa::path(
    get,
    path = "/v1/deliveries",
    operation_id = "listDeliveries",
    tag = "Events",
    security(("secret_key" = ["checkouts:read"])),
    params(ListParameters),
    responses((status = 200, description = "A page of deliveries, newest first", body = Paged<DeliveryView>), ReadProblems)
)]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsRead>,
    query: Query,
) -> Result<Json<Paged<DeliveryView>>, Problem> {
    let (filter, ask) = query.read(KNOWN, read)?;
    let engine = app.engine.clone();
    let page = app.run(async move { engine.list_deliveries(tenant, &filter, ask).await }).await?;
    Ok(Json(Paged::of(page, |view| view.id.clone())))
}

fn read(values: &BTreeMap<String, String>, invalid: &mut Invalid) -> (DeliveryFilter, PageAsk<DeliveryId>) {
    let mut given = Parameters::new(values, invalid);
    let page = given.page();
    let filter = DeliveryFilter {
        endpoint: given.id("endpoint", "is not an endpoint's id"),
        event: given.id("event", "is not an event's id"),
        state: given.word("state", &DeliveryState::ALL.map(DeliveryState::as_str), DeliveryState::parse),
    };
    (filter, page)
}
