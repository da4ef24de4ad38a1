//! `GET /v1/checkouts/{id}/plugin`: for merchants who draw a financer's button on a page of their own.

use axum::Json;
use axum::extract::State;
use lendport_core::CheckoutId;
use lendport_storage::Tenant;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::{Caller, CheckoutsRead, IdPath, NoQuery};
use crate::openapi::parts::RefreshProblems;
use crate::problem::{Code, Problem};

/// A financer's script and what it is handed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Plugin)]
pub(crate) struct PluginDocument {
    /// Always `plugin`.
    #[schema(example = "plugin")]
    object: &'static str,
    /// The script. Its `FlexSDK.Button({ createOrder, onSign }).render(selector)` draws the financer's button.
    #[schema(example = "https://pp3.flexshopper.com/sdk/js?authKey=AUTH_KEY")]
    script_url: String,
    /// For `actions.transaction.create(order)` in `createOrder`, in the financer's own words.
    #[schema(value_type = Object)]
    order: Box<RawValue>,
}

/// The plugin that a checkout's customer goes on with.
pub(crate) async fn plugin_of(app: &App, tenant: Tenant, id: CheckoutId) -> Result<PluginDocument, Problem> {
    let engine = app.engine.clone();
    let plugin = app.run(async move { engine.plugin(tenant, id).await }).await?;
    let nothing =
        || Problem::new(Code::InvalidState, "no financer of this checkout waits for its customer in a plugin");
    let plugin = plugin.ok_or_else(nothing)?;
    // The adapter wrote it; RawValue looks again, and keeps every digit.
    let order = RawValue::from_string(plugin.order).map_err(|_| Problem::plain(Code::Internal))?;
    Ok(PluginDocument { object: "plugin", script_url: plugin.script_url, order })
}

/// Read what a financer's script is handed
///
/// For merchants who draw the button on a page of their own, where `next_action.type` is `plugin`; our page does it for all
/// others. The order is made of the stored checkout. Have `onSign` call `POST /c/{client_token}/came_back`, or your server
/// call `POST /v1/checkouts/{id}/refresh`: what the browser says is a hint, and the financer is asked.
#[utoipa::path(
    get,
    path = "/v1/checkouts/{id}/plugin",
    operation_id = "getPlugin",
    tag = "Checkouts",
    security(("secret_key" = ["checkouts:read"])),
    params(("id" = String, Path, description = "Id of the checkout")),
    responses((status = 200, description = "The script and its order", body = PluginDocument), RefreshProblems)
)]
pub(crate) async fn get(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsRead>,
    IdPath(id): IdPath<CheckoutId>,
    _: NoQuery,
) -> Result<Json<PluginDocument>, Problem> {
    plugin_of(&app, tenant, id).await.map(Json)
}
