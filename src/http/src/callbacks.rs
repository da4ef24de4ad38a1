//! `POST` and `GET /callbacks/{provider}/{token}`: what providers push. Bytes are handed on as they came; the answer is
//! what that provider expects. Nothing here may log the path: the token in it is a secret.

use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, StatusCode, header};
use lendport_core::{NoticeAnswer, NoticeVerdict, limits};
use lendport_engine::IncomingPush;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{BodyBytes, PathParts, Unread};

/// The routes.
pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(post, get)).layer(DefaultBodyLimit::max(limits::PUSH_BODY_MAX_BYTES))
}

/// Take in a financer's notification
///
/// For financers, not for merchants. The address is made for one attempt and given to its financer.
#[utoipa::path(
    post,
    path = "/callbacks/{provider}/{token}",
    operation_id = "pushNotification",
    tag = "Callbacks",
    security(()),
    params(
        ("provider" = String, Path, description = "The financer"),
        ("token" = String, Path, description = "The attempt's unguessable token")
    ),
    request_body(content_type = "*/*", description = "In the financer's own form, at most 64 KiB"),
    responses(
        (status = 200, description = "Stored, or heard before", body = String, content_type = "text/plain"),
        (status = 400, description = "Not readable", body = String, content_type = "text/plain"),
        (status = 401, description = "Signature refused", body = String, content_type = "text/plain"),
        (status = 404, description = "Nobody has this token", body = String, content_type = "text/plain"),
        (status = 409, description = "Speaks of another request", body = String, content_type = "text/plain"),
        (status = 413, description = "Too large", body = String, content_type = "text/plain"),
        (status = 503, description = "Not stored; send it again", body = String, content_type = "text/plain")
    )
)]
async fn post(
    State(app): State<App>,
    method: Method,
    path: PathParts,
    query: RawQuery,
    headers: HeaderMap,
    body: BodyBytes,
) -> Response {
    take_in(app, method, &path, query, &headers, body).await
}

/// Take in a financer's notification that comes as a query
#[utoipa::path(
    get,
    path = "/callbacks/{provider}/{token}",
    operation_id = "pushNotificationByQuery",
    tag = "Callbacks",
    security(()),
    params(
        ("provider" = String, Path, description = "The financer"),
        ("token" = String, Path, description = "The attempt's unguessable token")
    ),
    responses(
        (status = 200, description = "Stored, or heard before", body = String, content_type = "text/plain"),
        (status = 400, description = "Not readable", body = String, content_type = "text/plain"),
        (status = 401, description = "Signature refused", body = String, content_type = "text/plain"),
        (status = 404, description = "Nobody has this token", body = String, content_type = "text/plain"),
        (status = 409, description = "Speaks of another request", body = String, content_type = "text/plain"),
        (status = 413, description = "Too large", body = String, content_type = "text/plain"),
        (status = 503, description = "Not stored; send it again", body = String, content_type = "text/plain")
    )
)]
async fn get(
    State(app): State<App>,
    method: Method,
    path: PathParts,
    query: RawQuery,
    headers: HeaderMap,
    body: BodyBytes,
) -> Response {
    take_in(app, method, &path, query, &headers, body).await
}

async fn take_in(
    app: App,
    method: Method,
    path: &PathParts,
    RawQuery(query): RawQuery,
    headers: &HeaderMap,
    BodyBytes(body): BodyBytes,
) -> Response {
    let body = match body {
        Ok(body) => body.to_vec(),
        Err(Unread::TooLarge) => return plain(NoticeAnswer::usual(NoticeVerdict::TooLarge)),
        Err(Unread::Broken) => return plain(NoticeAnswer::usual(NoticeVerdict::Unreadable)),
        // Nothing is stored, and the same push may well arrive whole the next time.
        Err(Unread::Late) => return plain(NoticeAnswer::usual(NoticeVerdict::StoreFailed)),
    };
    let (provider, token) = (path.get("provider").to_owned(), path.get("token").to_owned());
    // Only this attempt's own pushes count: no flood of others keeps one out, and what is told to come again does.
    if !app.rates.takes_push(&provider, &token) {
        return plain(NoticeAnswer::usual(NoticeVerdict::StoreFailed));
    }
    // Each header is kept, text or not: a signature left out here would make the push look unsigned.
    let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let push = IncomingPush {
        method: method.as_str().to_owned(),
        headers: headers.iter().map(text).collect(),
        query: query.unwrap_or_default(),
        body,
    };
    let engine = app.engine.clone();
    let taken = app.run(async move { Ok(engine.take_in_push(&provider, &token, push).await) }).await;
    // Not known to be stored: the resend is wanted, and it is harmless.
    plain(taken.unwrap_or(NoticeAnswer::usual(NoticeVerdict::StoreFailed)))
}

fn plain(answer: NoticeAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, answer.body).into_response()
}
