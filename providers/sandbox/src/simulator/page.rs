//! The page where the customer would apply; here a person plays the lender.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::push::tell;
use super::state::Sim;

/// Buttons of the page, with what each says.
const BUTTONS: [(&str, &str); 10] = [
    ("review", "Look into it"),
    ("preapprove", "Preapprove"),
    ("approve", "Approve"),
    ("reject", "Reject"),
    ("expire", "Let it expire"),
    ("clear_review", "Close the risk review"),
    ("refund", "Refund"),
    ("charge_back", "Charge back"),
    ("win_dispute", "The merchant wins the dispute"),
    ("lose_dispute", "The merchant loses the dispute"),
];

/// Tells the script around the page how it stands. It proves nothing: the merchant has to look.
const TELL: &str = "<script>if (parent !== window) parent.postMessage(\
    { sandbox: document.querySelector('p').textContent }, '*')</script>";

#[derive(Deserialize)]
pub(super) struct Pressed {
    decision: String,
    /// How much is refunded or charged back; all that is left when it is not there.
    #[serde(default)]
    cents: Option<u64>,
    /// True when nobody is told of it.
    #[serde(default)]
    quiet: bool,
}

/// Loaded by a page of the merchant's, which hands it the order.
pub(super) async fn script() -> Response {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("script.js")).into_response()
}

pub(super) async fn show(State(sim): State<Arc<Sim>>, Path(id): Path<String>) -> Response {
    let Some(application) = sim.applications().get(&id).cloned() else {
        return (StatusCode::NOT_FOUND, "no such application").into_response();
    };
    let (dollars, cents) = (application.amount_cents / 100, application.amount_cents % 100);
    let buttons: String = BUTTONS
        .iter()
        .map(|(decision, label)| format!("<p><button name=\"decision\" value=\"{decision}\">{label}</button></p>"))
        .collect();
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Sandbox</title>\
         <h1>Application {id}</h1><p>{dollars}.{cents:02}, {status}. You are the lender.</p>\
         <form method=\"post\" action=\"/apply/{id}/decide\">{buttons}</form>{told}</html>",
        id = application.id,
        status = application.status,
        told = if application.is_shown_by_a_script() { TELL } else { "" },
    ))
    .into_response()
}

pub(super) async fn decide(
    State(sim): State<Arc<Sim>>,
    Path(id): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Response {
    let decided = {
        let mut applications = sim.applications();
        let Some(application) = applications.get_mut(&id) else {
            return (StatusCode::NOT_FOUND, "no such application").into_response();
        };
        let gone = application.refunded_cents.saturating_add(application.charged_back_cents);
        let cents = pressed.cents.unwrap_or(application.amount_cents.saturating_sub(gone));
        let done = match pressed.decision.as_str() {
            "refund" => application.refund(cents),
            "charge_back" => application.charge_back(cents),
            other => application.decide(other),
        };
        let refunded = (pressed.decision == "refund").then_some(cents);
        done.map(|()| (application.clone(), refunded))
    };
    let Some((application, refund_cents)) = decided else {
        return (StatusCode::CONFLICT, "not possible any more").into_response();
    };
    if !pressed.quiet {
        tell(&sim, &application, refund_cents, 1);
    }
    Redirect::to(&format!("/apply/{id}")).into_response()
}
