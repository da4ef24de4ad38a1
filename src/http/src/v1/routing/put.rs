//! `PUT /v1/routing`.

use axum::extract::State;
use axum::response::Response;
use lendport_engine::view::{RoutingProfile, RoutingView};

use super::shown;
use crate::app::App;
use crate::body::routing;
use crate::extract::{Asker, CheckoutsWrite, IfMatch, JsonBody, NoQuery};
use crate::openapi::parts::{ChangeHeaders, EndpointChangeProblems};
use crate::problem::Problem;

/// Put a routing profile
///
/// It becomes the next version and decides from now on; other processes of the gateway follow within a second. Earlier
/// versions are kept: put the document of one to go back to it, or an empty profile to route as without one. What is active
/// already is not stored again, so a repeat changes nothing and needs no Idempotency-Key. `If-Match` is the version you
/// decided on, `"0"` where there was none. `warnings` name what is probably not meant so.
#[utoipa::path(
    put,
    path = "/v1/routing",
    operation_id = "putRouting",
    tag = "Routing",
    security(("secret_key" = ["checkouts:write"])),
    params(ChangeHeaders),
    request_body(content = RoutingProfile),
    responses(
        (status = 200, description = "The version that decides now", body = RoutingView,
         headers(("ETag" = String, description = "Number of the version"))),
        EndpointChangeProblems
    )
)]
pub(crate) async fn put(
    State(app): State<App>,
    Asker(by, ..): Asker<CheckoutsWrite>,
    _: NoQuery,
    IfMatch(version): IfMatch,
    body: JsonBody,
) -> Result<Response, Problem> {
    let (profile, shape) = body.read(routing::profile)?;
    let (engine, tenant, doer) = (app.engine.clone(), by.tenant, by.doer(by.tenant.merchant));
    let put = async move { engine.put_routing(tenant, doer, profile, shape, version).await };
    Ok(shown(app.run(put).await?))
}
