//! What holds for every answer: a request id, the version, problems with a body, one line in the log, nothing personal.

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use lendport_core::RequestId;
use tracing::Instrument as _;

use crate::app::App;
use crate::problem::{self, Code, Problem};
use crate::rates::{self, Note, SocketPeer};
use crate::tokens;

/// The version of the API that this gateway serves.
pub const VERSION: &str = "2026-11-21";

/// Where tokens are asked for, which has errors of its own.
const TOKEN_PATH: &str = "/v1/oauth/token";

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
pub(crate) const LENDPORT_VERSION: HeaderName = HeaderName::from_static("lendport-version");

/// The outermost layer.
pub(crate) async fn apply(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = RequestId::mint(app.ids.as_ref());
    let started = tokio::time::Instant::now();
    let method = request.method().clone();
    // The pattern, never the path: a path may hold a token.
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let is_api = request.uri().path().starts_with("/v1/");
    let is_probe = matches!(route.as_str(), "/healthz" | "/readyz");
    let span = tracing::info_span!("request", request_id = %id, %method, route);
    request.extensions_mut().insert(id);

    let peer = app.rates.peer(request.extensions().get::<SocketPeer>().copied(), request.headers());
    let note = is_api.then(|| Note::of(peer));
    if let Some(note) = note.clone() {
        request.extensions_mut().insert(note);
    }
    let refused = is_api.then(|| refuse_version(request.headers())).flatten();
    let is_token = request.uri().path() == TOKEN_PATH;
    let response = match refused {
        Some(problem) => problem.into_response(),
        None => next.run(request).instrument(span.clone()).await,
    };
    // A question about methods is answered, whatever the status was on the way.
    let counts = method != Method::OPTIONS && response.status().is_client_error();
    let stray = note.as_ref().filter(|note| counts && !note.is_identified());
    let response = match stray.and_then(|note| app.rates.stray(peer, Some(note)).err()) {
        Some(problem) if is_token => tokens::slow_down(&problem),
        Some(problem) => problem.into_response(),
        None => response,
    };
    let mut response = answer_options(&method, with_problem_body(&app, id, response));
    let headers = response.headers_mut();
    if let Some(note) = &note {
        rates::write_headers(headers, note);
    }
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(REQUEST_ID, value);
    }
    if is_api {
        headers.insert(LENDPORT_VERSION, HeaderValue::from_static(VERSION));
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    span.in_scope(|| {
        let status = response.status().as_u16();
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        if is_probe {
            tracing::debug!(status, duration_ms, "answered");
        } else {
            tracing::info!(status, duration_ms, "answered");
        }
    });
    response
}

fn refuse_version(headers: &HeaderMap) -> Option<Problem> {
    let asked = headers.get(LENDPORT_VERSION)?;
    let detail = format!("Lendport-Version must be {VERSION}, or be left out");
    (asked != VERSION).then(|| Problem::new(Code::UnsupportedVersion, detail))
}

/// Gives a problem its body, now that the request's id is at hand.
fn with_problem_body(app: &App, id: RequestId, mut response: Response) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let body = problem.body(&app.public_url, &id.to_string());
    *response.body_mut() = Body::from(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(problem::MEDIA_TYPE));
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response
}

/// `OPTIONS` on an address that exists names its methods.
fn answer_options(method: &Method, response: Response) -> Response {
    if method != Method::OPTIONS || response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    let mut answer = StatusCode::NO_CONTENT.into_response();
    if let Some(allow) = response.headers().get(header::ALLOW) {
        answer.headers_mut().insert(header::ALLOW, allow.clone());
    }
    answer
}

/// No such address.
pub(crate) async fn not_found() -> Problem {
    Problem::new(Code::NotFound, "there is no such address; see /docs")
}

/// The address exists, for other methods.
pub(crate) async fn method_not_allowed() -> Problem {
    Problem::plain(Code::MethodNotAllowed)
}

/// A panic in a handler: a mistake of ours, never a closed connection.
pub(crate) fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    Problem::plain(Code::Internal).into_response()
}
