//! `GET /v1/checkouts`.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use lendport_core::{CheckoutId, CheckoutStatus, Invalid, ProviderId, limits};
use lendport_engine::view::CheckoutView;
use lendport_storage::{CheckoutFilter, PageAsk};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use crate::app::App;
use crate::extract::{Caller, CheckoutsRead, Parameters, Query};
use crate::openapi::parts::ReadProblems;
use crate::problem::Problem;

const KNOWN: &[&str] = &["limit", "after", "reference", "status", "provider", "created_after", "created_before"];

/// Which checkouts.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters; `read` reads them")]
pub(crate) struct ListParameters {
    /// Rows wanted.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^chk_[0-9a-f]{32}$")]
    after: Option<String>,
    /// Your own reference, exactly.
    #[param(max_length = 128)]
    reference: Option<String>,
    /// The checkout's status.
    #[param(schema_with = statuses)]
    status: Option<String>,
    /// The financer that speaks for the checkout.
    #[param(pattern = "^[a-z0-9_]{1,40}$")]
    provider: Option<String>,
    /// Opened at or after this moment.
    #[param(format = DateTime)]
    created_after: Option<String>,
    /// Opened before this moment.
    #[param(format = DateTime)]
    created_before: Option<String>,
}

fn statuses() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(CheckoutStatus::ALL.map(CheckoutStatus::as_str)))
        .build()
}

/// A page of checkouts, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckoutPage {
    /// The checkouts.
    data: Vec<CheckoutView>,
    /// True when older ones follow.
    has_more: bool,
    /// What to give as `after` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// List checkouts
#[utoipa::path(
    get,
    path = "/v1/checkouts",
    operation_id = "listCheckouts",
    tag = "Checkouts",
    security(("secret_key" = ["checkouts:read"])),
    params(ListParameters),
    responses((status = 200, description = "A page of checkouts, newest first", body = CheckoutPage), ReadProblems)
)]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsRead>,
    query: Query,
) -> Result<Json<CheckoutPage>, Problem> {
    let (filter, ask) = query.read(KNOWN, read)?;
    let engine = app.engine.clone();
    let page = app.run(async move { engine.list_checkouts(tenant, &filter, ask).await }).await?;
    let next_cursor = page.rows.last().filter(|_| page.has_more).map(|last| last.id.clone());
    let (mut data, now) = (page.rows, app.clock.now());
    for view in &mut data {
        app.tokens.fill(tenant, view, now);
    }
    Ok(Json(CheckoutPage { data, has_more: page.has_more, next_cursor }))
}

fn read(values: &BTreeMap<String, String>, invalid: &mut Invalid) -> (CheckoutFilter, PageAsk<CheckoutId>) {
    let mut given = Parameters::new(values, invalid);
    let page = given.page();
    let filter = CheckoutFilter {
        reference: given.parsed(
            "reference",
            &format!("has at most {} characters", limits::REFERENCE_MAX_CHARS),
            |text| (text.chars().count() <= limits::REFERENCE_MAX_CHARS).then(|| text.to_owned()),
        ),
        status: given.word("status", &CheckoutStatus::ALL.map(CheckoutStatus::as_str), CheckoutStatus::parse),
        provider: given.parsed("provider", "is not a financer's name", ProviderId::parse),
        created_after: given.moment("created_after"),
        created_before: given.moment("created_before"),
    };
    (filter, page)
}
