//! `POST /v1/routing/simulate`.

use axum::Json;
use axum::extract::State;
use lendport_engine::view::SimulationView;

use crate::app::App;
use crate::body::routing;
use crate::extract::{Caller, CheckoutsRead, JsonBody, NoQuery, Unspent};
use crate::openapi::parts::QuestionProblems;
use crate::openapi::routing_bodies::SimulateRouting;
use crate::problem::Problem;

/// Try a routing profile
///
/// A draft, or the active profile, is replayed over your past checkouts, newest first, or over carts in the request: who would
/// begin at another financer, how many and for how much, and what cannot be known. No financer is called, nothing is written,
/// and it needs no Idempotency-Key. Checkouts that named their financers are left out, for that wins over every profile,
/// unless `include_named` asks for them; those whose customer chose always are. A cart is compared with what the active
/// profile says of it. One simulation runs at a time for a merchant, in both modes together; another one meanwhile is
/// a 429.
#[utoipa::path(
    post,
    path = "/v1/routing/simulate",
    operation_id = "simulateRouting",
    tag = "Routing",
    security(("secret_key" = ["checkouts:read"])),
    request_body(content = SimulateRouting),
    responses((status = 200, description = "What it would do", body = SimulationView), QuestionProblems)
)]
pub(crate) async fn simulate(
    State(app): State<App>,
    Unspent(Caller(tenant, ..), token): Unspent<Caller<CheckoutsRead>>,
    _: NoQuery,
    body: JsonBody,
) -> Result<Json<SimulationView>, Problem> {
    let (ask, shape) = body.read(routing::simulation)?;
    let (engine, place) = (app.engine.clone(), app.rates.simulation(tenant.merchant)?);
    token.spend(&app).await?;
    let work = async move {
        let seen = engine.simulate_routing(tenant, ask, shape).await;
        drop(place);
        seen
    };
    app.run(work).await.map(Json)
}
