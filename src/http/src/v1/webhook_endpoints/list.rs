//! `GET /v1/webhook_endpoints`.

use axum::Json;
use axum::extract::State;
use lendport_core::WebhookEndpointId;
use lendport_engine::view::EndpointView;

use crate::app::App;
use crate::extract::{Caller, Parameters, Query, WebhooksWrite};
use crate::openapi::parts::ReadProblems;
use crate::problem::Problem;
use crate::v1::list::Paged;

/// Which page.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters; `Parameters` reads them")]
pub(crate) struct ListParameters {
    /// Rows wanted.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^whe_[0-9a-f]{32}$")]
    after: Option<String>,
}

/// List endpoints for events
#[utoipa::path(
    get,
    path = "/v1/webhook_endpoints",
    operation_id = "listWebhookEndpoints",
    tag = "Events",
    security(("secret_key" = ["webhooks:write"])),
    params(ListParameters),
    responses(
        (status = 200, description = "A page of endpoints, newest first, without their secrets", body = Paged<EndpointView>),
        ReadProblems
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(tenant, ..): Caller<WebhooksWrite>,
    query: Query,
) -> Result<Json<Paged<EndpointView>>, Problem> {
    let ask = query
        .read(&["limit", "after"], |values, invalid| Parameters::new(values, invalid).page::<WebhookEndpointId>())?;
    let engine = app.engine.clone();
    let page = app.run(async move { engine.list_endpoints(tenant, ask).await }).await?;
    Ok(Json(Paged::of(page, |view| view.id.clone())))
}
