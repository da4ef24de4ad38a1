//! The list of applications in a state, oldest first, a few on a page.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{Answer, json_reply, sign_in};
use super::state::Sim;

/// Applications on a page.
const PAGE: usize = 100;

#[derive(Deserialize)]
pub(super) struct Asked {
    status: String,
    /// Seconds since 1970.
    made_since: i64,
    /// The last one of the page before.
    after: Option<String>,
}

pub(super) async fn list(State(sim): State<Arc<Sim>>, headers: HeaderMap, Query(asked): Query<Asked>) -> Answer {
    sign_in(&sim, &headers)?;
    let applications = sim.applications();
    let after = asked.after.unwrap_or_default();
    let mut found = applications.values().filter(|known| {
        known.status == asked.status && known.made_at() >= asked.made_since && known.id.as_str() > after.as_str()
    });
    let page: Vec<_> = found.by_ref().take(PAGE).collect();
    let next = found.next().and_then(|_| page.last()).map(|last| last.id.clone());
    let shown: Vec<Value> = page.iter().map(|known| sim.shown(known)).collect();
    Ok(json_reply(StatusCode::OK, &json!({ "applications": shown, "next": next })))
}
