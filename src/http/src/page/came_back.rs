//! `POST /c/{client_token}/came_back`: the page says that the customer came back from the financer. The financer is looked
//! at, not too often, and nothing else comes of it.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use lendport_engine::CameBack;
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::customer::Customer;
use crate::app::App;
use crate::body::client;
use crate::client_token::Opened;
use crate::extract::JsonBody;
use crate::openapi::parts::ClientWordProblems;
use crate::problem::Problem;

/// What the page says.
#[derive(ToSchema)]
#[schema(as = ClientCameBack)]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct CameBackBody {
    /// `complete` after the financer's last step, `abort` before it. Neither proves anything.
    #[schema(example = "complete")]
    outcome: String,
}

/// What comes of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClientLooking)]
pub(crate) struct Looking {
    /// True when the financer is asked now. False also when it was asked a moment ago, or cannot be asked.
    looking: bool,
}

/// Say that the customer came back
///
/// Has the financer looked at, where it can be asked and was not a moment ago. It moves nothing.
#[utoipa::path(
    post,
    path = "/c/{client_token}/came_back",
    operation_id = "customerCameBack",
    tag = "Customer",
    security(()),
    params(("client_token" = String, Path, description = "`client_token` of a checkout")),
    request_body(content = CameBackBody),
    responses((status = 202, description = "Heard", body = Looking), ClientWordProblems)
)]
pub(super) async fn say(State(app): State<App>, customer: Customer, body: JsonBody) -> Result<Response, Problem> {
    let how = body.read_valid(client::came_back)?.unwrap_or(CameBack::Abort);
    let looking = look(&app, customer.opened, how).await;
    Ok((StatusCode::ACCEPTED, Json(Looking { looking })).into_response())
}

/// Keeps what the browser says and has the financer looked at, unless that was done often a moment ago. A failure is no
/// news for the customer: the page asks where things stand anyway.
pub(super) async fn look(app: &App, opened: Opened, how: CameBack) -> bool {
    if !app.looks.may_look(opened.checkout, Instant::now()) {
        return false;
    }
    let engine = app.engine.clone();
    let Opened { tenant, checkout, .. } = opened;
    app.run(async move { engine.customer_came_back(tenant, checkout, how).await }).await.unwrap_or(false)
}
