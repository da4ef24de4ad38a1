//! `GET /v1/attention`.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use lendport_core::{AttentionId, AttentionKind, Invalid};
use lendport_engine::view::AttentionView;
use lendport_storage::{AttentionFilter, PageAsk};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use crate::app::App;
use crate::extract::{Caller, CheckoutsRead, Parameters, Query};
use crate::openapi::parts::ReadProblems;
use crate::problem::Problem;
use crate::v1::list::Paged;

const KNOWN: &[&str] = &["limit", "after", "state", "checkout", "kind"];
const STATES: [&str; 2] = ["open", "resolved"];

/// Which items.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters; `read` reads them")]
pub(crate) struct ListParameters {
    /// Rows wanted.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^atn_[0-9a-f]{32}$")]
    after: Option<String>,
    /// Those that wait for somebody, or those that are settled. Both when absent.
    #[param(schema_with = states)]
    state: Option<String>,
    /// About this checkout.
    #[param(pattern = "^chk_[0-9a-f]{32}$")]
    checkout: Option<String>,
    /// Of this kind.
    #[param(schema_with = kinds)]
    kind: Option<String>,
}

fn states() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(STATES)).build()
}

fn kinds() -> Object {
    let words = AttentionKind::ALL.map(AttentionKind::as_str);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// List what needs a person
///
/// Newest first, settled items too: they are the audit of decisions about money.
#[utoipa::path(
    get,
    path = "/v1/attention",
    operation_id = "listAttention",
    tag = "Attention",
    security(("secret_key" = ["checkouts:read"])),
    params(ListParameters),
    responses((status = 200, description = "A page of items, newest first", body = Paged<AttentionView>), ReadProblems)
)]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsRead>,
    query: Query,
) -> Result<Json<Paged<AttentionView>>, Problem> {
    let (filter, ask) = query.read(KNOWN, read)?;
    let engine = app.engine.clone();
    let page = app.run(async move { engine.attention(tenant, &filter, ask).await }).await?;
    Ok(Json(Paged::of(page, |item| item.id.clone())))
}

fn read(values: &BTreeMap<String, String>, invalid: &mut Invalid) -> (AttentionFilter, PageAsk<AttentionId>) {
    let mut given = Parameters::new(values, invalid);
    let page = given.page();
    let open = |word: &str| STATES.contains(&word).then_some(word == "open");
    let filter = AttentionFilter {
        open: given.word("state", &STATES, open),
        checkout: given.id("checkout", "is not a checkout's id"),
        kind: given.word("kind", &AttentionKind::ALL.map(AttentionKind::as_str), AttentionKind::parse),
    };
    (filter, page)
}
