//! `GET /v1/events`.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use lendport_core::{EventId, EventType, Invalid};
use lendport_storage::{EventFilter, Page, PageAsk};
use serde_json::value::RawValue;

use crate::app::App;
use crate::body::webhook::event_types;
use crate::extract::{Caller, CheckoutsRead, Parameters, Query};
use crate::openapi::event_document::{EventDocument, event_words};
use crate::openapi::parts::ReadProblems;
use crate::problem::{Code, Problem};
use crate::v1::list::Paged;

const KNOWN: &[&str] = &["limit", "after", "type", "checkout", "created_after", "created_before"];

/// Which events.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters; `read` reads them")]
pub(crate) struct ListParameters {
    /// Rows wanted.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^evt_[0-9a-f]{32}$")]
    after: Option<String>,
    /// Of these types: with commas between, or given more than once.
    #[param(rename = "type", schema_with = event_words, explode = true, value_type = Option<Vec<String>>, required = false)]
    kind: Option<Vec<String>>,
    /// About this checkout.
    #[param(pattern = "^chk_[0-9a-f]{32}$")]
    checkout: Option<String>,
    /// Written at or after this moment.
    #[param(format = DateTime)]
    created_after: Option<String>,
    /// Written before this moment.
    #[param(format = DateTime)]
    created_before: Option<String>,
}

/// List events
///
/// What endpoints were sent, or would have been: the way to catch up without waiting for a delivery. Kept for 30 days.
#[utoipa::path(
    get,
    path = "/v1/events",
    operation_id = "listEvents",
    tag = "Events",
    security(("secret_key" = ["checkouts:read"])),
    params(ListParameters),
    responses((status = 200, description = "A page of events, newest first", body = Paged<EventDocument>), ReadProblems)
)]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(tenant, ..): Caller<CheckoutsRead>,
    query: Query,
) -> Result<Json<Paged<Box<RawValue>>>, Problem> {
    let (filter, ask) = query.read_repeating(KNOWN, &["type"], read)?;
    let engine = app.engine.clone();
    let page = app.run(async move { engine.list_events(tenant, &filter, ask).await }).await?;
    let last = page.rows.last().map(|(id, _)| id.to_string());
    // The engine wrote each of them as JSON; RawValue looks again, and keeps every byte.
    let rows: Result<Vec<_>, _> = page.rows.into_iter().map(|(_, document)| RawValue::from_string(document)).collect();
    let rows = rows.map_err(|_| Problem::plain(Code::Internal))?;
    Ok(Json(Paged::of(Page { rows, has_more: page.has_more }, |_| last.clone().unwrap_or_default())))
}

fn read(values: &BTreeMap<String, String>, invalid: &mut Invalid) -> (EventFilter, PageAsk<EventId>) {
    let mut given = Parameters::new(values, invalid);
    let page = given.page();
    let filter = EventFilter {
        kinds: given.words("type", &event_types(), EventType::parse),
        checkout: given.id("checkout", "is not a checkout's id"),
        created_after: given.moment("created_after"),
        created_before: given.moment("created_before"),
    };
    (filter, page)
}
