//! `GET /c/{client_token}/plugin`: what the customer's page hands to a financer's script.

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;

use super::customer::{Customer, told_plainly};
use super::status::tagged;
use crate::app::App;
use crate::client_token::Opened;
use crate::openapi::parts::ClientPluginProblems;
use crate::problem::Problem;
use crate::v1::checkouts::plugin::{PluginDocument, plugin_of};

/// Read what a financer's script is handed
///
/// For the customer's page, where `next_action.type` is `plugin`. The order is made of the stored checkout.
#[utoipa::path(
    get,
    path = "/c/{client_token}/plugin",
    operation_id = "getClientPlugin",
    tag = "Customer",
    security(()),
    params(("client_token" = String, Path, description = "`client_token` of a checkout")),
    responses(
        (status = 200, description = "The script and its order", body = PluginDocument),
        (status = 304, description = "As it was"),
        ClientPluginProblems
    )
)]
pub(super) async fn get(State(app): State<App>, customer: Customer, headers: HeaderMap) -> Result<Response, Problem> {
    let Opened { tenant, checkout, .. } = customer.opened;
    let document = plugin_of(&app, tenant, checkout).await.map_err(|problem| told_plainly(&problem))?;
    // Texts and an order that is JSON already: this cannot fail.
    let content = serde_json::to_vec(&document).unwrap_or_default();
    Ok(tagged(content, "application/json", &headers))
}
