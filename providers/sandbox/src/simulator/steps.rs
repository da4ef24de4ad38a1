//! Applications that the merchant's own pages carry. What the customer says is looked at and not kept.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::api::{Answer, change, error, json_reply, read, sign_in};
use super::state::Sim;

/// `<h1>Agreement</h1>`.
const DOCUMENT: &str = "PGgxPkFncmVlbWVudDwvaDE+";
/// SHA-256 of it.
const DOCUMENT_SHA256: &str = "b5cee50cac25a5d6463b5287cc8e94c2b10fc6e3732907c9b68b9d7774295b31";

#[derive(Deserialize)]
struct Said {
    date_of_birth: String,
}

#[derive(Deserialize)]
struct Signed {
    document_sha256: String,
}

pub(super) async fn apply(
    State(sim): State<Arc<Sim>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let said: Said = read(&body)?;
    if said.date_of_birth.len() != 10 {
        return Err(error(StatusCode::BAD_REQUEST, "malformed", &[]));
    }
    change(&sim, &headers, &id, |application| {
        (application.next_step() == Some("apply")).then(|| application.status = "preapproved")
    })
}

pub(super) async fn agree(State(sim): State<Arc<Sim>>, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    change(&sim, &headers, &id, |application| {
        (application.next_step() == Some("sign")).then(|| application.status = "agreed")
    })?;
    show(State(sim), headers, Path(id)).await
}

pub(super) async fn show(State(sim): State<Arc<Sim>>, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    sign_in(&sim, &headers)?;
    let applications = sim.applications();
    let agreed = applications.get(&id).filter(|application| application.status == "agreed");
    let agreed = agreed.ok_or_else(|| error(StatusCode::CONFLICT, "not_possible_now", &[]))?;
    let shown = json!({ "application": sim.shown(agreed), "document": DOCUMENT, "document_sha256": DOCUMENT_SHA256 });
    Ok(json_reply(StatusCode::OK, &shown))
}

pub(super) async fn sign(
    State(sim): State<Arc<Sim>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let signed: Signed = read(&body)?;
    change(&sim, &headers, &id, |application| {
        let fits = application.status == "agreed" && signed.document_sha256 == DOCUMENT_SHA256;
        fits.then(|| application.status = "signed")
    })
}
