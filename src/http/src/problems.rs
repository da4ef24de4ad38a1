//! `GET /problems` and `GET /problems/{code}`: the pages that a problem's `type` leads to.

use std::fmt::Write as _;

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::PathParts;
use crate::html::{escape, page, with_code};
use crate::openapi::parts::PageProblems;
use crate::problem::{Code, Problem};

/// The routes.
pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(catalogue)).routes(routes!(one))
}

/// Show every problem (HTML)
#[utoipa::path(
    get,
    path = "/problems",
    operation_id = "listProblems",
    tag = "Service",
    security(()),
    responses((status = 200, description = "The catalogue", body = String, content_type = "text/html"))
)]
async fn catalogue() -> Response {
    let mut rows = String::new();
    for entry in Code::ALL.map(Code::entry) {
        // Writing to a String cannot fail.
        let _ = writeln!(
            rows,
            "<tr><td><a href=\"/problems/{0}\"><code>{0}</code></a></td><td>{1}</td><td>{2}</td></tr>",
            entry.word,
            entry.status,
            escape(entry.title)
        );
    }
    let main = format!(
        "<h1>Problems</h1>\n<p>What the <code>code</code> of an <code>application/problem+json</code> answer means.</p>\n\
         <table>\n<thead><tr><th scope=\"col\">Code</th><th scope=\"col\">Status</th><th scope=\"col\">Title</th></tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n"
    );
    page(StatusCode::OK, "Problems", &main)
}

/// Explain one problem (HTML)
#[utoipa::path(
    get,
    path = "/problems/{code}",
    operation_id = "getProblem",
    tag = "Service",
    security(()),
    params(("code" = String, Path, description = "The `code` of a problem")),
    responses((status = 200, description = "What it means and what to do", body = String, content_type = "text/html"), PageProblems)
)]
async fn one(path: PathParts) -> Response {
    let Some(entry) = Code::parse(path.get("code")).map(Code::entry) else {
        return Problem::plain(Code::NotFound).into_response();
    };
    let repeat = if entry.retryable {
        "Yes: the same request with the same <code>Idempotency-Key</code> may succeed."
    } else {
        "No: the same request gives the same answer."
    };
    let main = format!(
        "<h1>{}</h1>\n<dl>\n<dt>Code</dt><dd><code>{}</code></dd>\n<dt>Status</dt><dd>{}</dd>\n\
         <dt>What happened</dt><dd>{}</dd>\n<dt>What to do</dt><dd>{}</dd>\n<dt>Can a repeat help?</dt><dd>{repeat}</dd>\n</dl>\n\
         <p><a href=\"/problems\">All problems</a> · <a href=\"/docs\">API reference</a></p>\n",
        escape(entry.title),
        entry.word,
        entry.status,
        with_code(entry.meaning),
        with_code(entry.remedy),
    );
    page(StatusCode::OK, entry.title, &main)
}
