//! `POST /v1/attention/{id}/resolve`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use lendport_core::AttentionId;
use lendport_engine::ResolveAsk;
use lendport_engine::view::AttentionView;

use crate::app::App;
use crate::body::attention::{self, Resolve};
use crate::extract::{Asker, CheckoutsWrite, IdPath, JsonBody, NoQuery, Write};
use crate::openapi::command_bodies::ResolveAttention;
use crate::openapi::parts::{CreateHeaders, WriteProblems};
use crate::problem::Problem;

/// Settle an item
///
/// With one of its `choices` and a reason, which are kept for ever together with the key that was used. What it says of
/// the checkout takes effect at once: read the checkout, or wait for its events.
#[utoipa::path(
    post,
    path = "/v1/attention/{id}/resolve",
    operation_id = "resolveAttentionItem",
    tag = "Attention",
    security(("secret_key" = ["checkouts:write"])),
    params(CreateHeaders, ("id" = String, Path, description = "Id of the item")),
    request_body(content = ResolveAttention),
    responses((status = 200, description = "The item, settled", body = AttentionView), WriteProblems)
)]
pub(crate) async fn resolve(
    State(app): State<App>,
    Asker(by, ..): Asker<CheckoutsWrite>,
    IdPath(id): IdPath<AttentionId>,
    _: NoQuery,
    write: Write,
    body: JsonBody,
) -> Result<Response, Problem> {
    let asked = body.read_valid(attention::resolve)?;
    let Resolve { choice, reason, amount, lines } = asked;
    let asked = ResolveAsk { choice, reason, amount, lines, by: by.doer(by.tenant.merchant) };
    let (ticket, answer) = write.pending(&app, by.tenant, &body, StatusCode::OK).split();
    let engine = app.engine.clone();
    let reply = app.run(async move { engine.resolve_attention(by.tenant, id, asked, ticket).await }).await?;
    Ok(answer.respond(reply))
}
