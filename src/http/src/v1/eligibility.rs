//! `POST /v1/eligibility`: who can serve a cart, and why the others cannot.

use axum::Json;
use axum::extract::State;
use lendport_engine::view::EligibilityView;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::body::routing;
use crate::extract::{Caller, CheckoutsRead, JsonBody, NoQuery};
use crate::openapi::parts::QuestionProblems;
use crate::openapi::routing_bodies::EligibilityRequest;
use crate::problem::Problem;

/// The resource's routes.
pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(ask))
}

/// Ask who can serve a cart
///
/// Every financer that is switched on, with everything that is in the way. It creates nothing and needs no Idempotency-Key; a
/// financer that tells its limits only when it is asked is asked for them, and what it says holds for five seconds. Of the
/// customer and the address only country and state have to be known; `needed` says what a financer cannot do without later.
/// A financer that is named in a checkout is judged by its own rules alone.
#[utoipa::path(
    post,
    path = "/v1/eligibility",
    operation_id = "askEligibility",
    tag = "Routing",
    security(("secret_key" = ["checkouts:read"])),
    request_body(content = EligibilityRequest),
    responses((status = 200, description = "Every financer, by name", body = EligibilityView), QuestionProblems)
)]
async fn ask(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsRead>,
    _: NoQuery,
    body: JsonBody,
) -> Result<Json<EligibilityView>, Problem> {
    let (asked, shape) = body.read(routing::eligibility)?;
    let engine = app.engine.clone();
    app.run(async move { engine.eligibility(tenant, asked, shape).await }).await.map(Json)
}
