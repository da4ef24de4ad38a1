//! `POST /v1/checkouts/{id}/client_token`.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use lendport_core::CheckoutId;
use lendport_engine::Expand;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::body::command::nothing;
use crate::extract::{Caller, CheckoutsWrite, IdPath, JsonBody, NoQuery};
use crate::openapi::parts::TokenProblems;
use crate::problem::{Code, Problem};

/// A new token for the customer's page.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClientToken)]
pub(crate) struct ClientTokenView {
    /// Always `client_token`.
    #[schema(example = "client_token")]
    object: &'static str,
    /// For `Lendport.open` in the browser. It opens this checkout's page and nothing else.
    client_token: String,
    /// The page itself.
    checkout_url: String,
    /// When both stop working.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Make a new link to the customer's page
///
/// Links are short-lived. Have your server ask for a new one when a customer comes back later. Earlier ones work until
/// they run out. Nothing is stored, so no `Idempotency-Key` is needed; an empty body will do.
#[utoipa::path(
    post,
    path = "/v1/checkouts/{id}/client_token",
    operation_id = "createClientToken",
    tag = "Checkouts",
    security(("secret_key" = ["checkouts:write"])),
    params(("id" = String, Path, description = "Id of the checkout")),
    responses((status = 200, description = "The token and the page's address", body = ClientTokenView), TokenProblems)
)]
pub(crate) async fn refresh(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsWrite>,
    IdPath(id): IdPath<CheckoutId>,
    _: NoQuery,
    body: JsonBody,
) -> Result<Json<ClientTokenView>, Problem> {
    body.read_optional(nothing)?;
    let engine = app.engine.clone();
    // Only for a checkout of this merchant.
    app.run(async move { engine.read_checkout(tenant, id, Expand::default()).await }).await?;
    let token = app.tokens.issue(tenant, id, app.clock.now()).ok_or_else(|| Problem::plain(Code::Internal))?;
    Ok(Json(ClientTokenView {
        object: "client_token",
        client_token: token.text,
        checkout_url: token.page,
        expires_at: token.until,
    }))
}
