//! `POST /v1/oauth/token`: a short token for a secret key (RFC 6749, 4.4, client credentials).

use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use lendport_core::Scopes;
use lendport_engine::KeyHolder;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::form;
use crate::app::App;
use crate::extract::{BodyBytes, Unread, holder_of_secret};
use crate::problem::{Problem, ProblemDocument};
use crate::rates::Note;

/// Longer requests are not read.
const BODY_MAX_BYTES: usize = 8 * 1024;

/// The form of a request.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TokenRequest)]
#[expect(dead_code, reason = "describes a form; `form` reads it")]
pub(crate) struct TokenRequest {
    /// Always `client_credentials`.
    #[schema(example = "client_credentials")]
    grant_type: String,
    /// Scopes with blanks between them, none that the key lacks. All of the key's when it is left out.
    #[schema(example = "checkouts:read checkouts:write")]
    scope: Option<String>,
    /// The key's id, unless it is in an `Authorization: Basic` header.
    client_id: Option<String>,
    /// The secret key, unless it is in that header.
    client_secret: Option<String>,
}

/// A token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenView {
    /// Send it as `Authorization: Bearer`, as the secret key.
    access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds for which it works, unless its key stops working before.
    #[schema(example = 600)]
    expires_in: i64,
    /// What may be done with it.
    #[schema(example = "checkouts:read checkouts:write")]
    scope: String,
}

/// An error as RFC 6749, 5.2 has it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TokenError)]
pub(crate) struct ErrorView {
    /// The word for programs.
    #[schema(example = "invalid_client")]
    error: &'static str,
    /// A sentence for people.
    error_description: &'static str,
}

/// Why there is no token.
#[derive(Debug)]
pub(crate) enum Refused {
    Request(&'static str),
    /// The body itself, whatever is in it.
    Body(Unread),
    Client,
    GrantType,
    Scope,
    TooMany(Option<u32>),
    /// Not the client's fault.
    Ours(Problem),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Ours(problem)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, error, error_description) = match self {
            Self::Request(why) => (StatusCode::BAD_REQUEST, "invalid_request", why),
            Self::Body(Unread::Broken) => {
                (StatusCode::BAD_REQUEST, "invalid_request", "the body could not be read to its end")
            }
            Self::Body(Unread::TooLarge) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", "the body may have at most 8192 bytes")
            }
            Self::Body(Unread::Late) => {
                (StatusCode::REQUEST_TIMEOUT, "invalid_request", "the body did not arrive in time; send it again")
            }
            Self::Client => {
                let why = "client_id is a key's id and client_secret the secret key, and the key must work";
                (StatusCode::UNAUTHORIZED, "invalid_client", why)
            }
            Self::GrantType => (StatusCode::BAD_REQUEST, "unsupported_grant_type", "only client_credentials is taken"),
            Self::Scope => (StatusCode::BAD_REQUEST, "invalid_scope", "a scope does not exist, or the key lacks it"),
            Self::TooMany(_) => {
                let why = "a token works for minutes: keep it for as long; and a key that was refused is refused again";
                (StatusCode::TOO_MANY_REQUESTS, "slow_down", why)
            }
            Self::Ours(problem) => return problem.into_response(),
        };
        let mut response = (status, Json(ErrorView { error, error_description })).into_response();
        let headers = response.headers_mut();
        if matches!(self, Self::Client) {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"lendport\""));
        }
        if let Self::TooMany(Some(seconds)) = self {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        keep_out_of_caches(response)
    }
}

/// What comes too soon is told so in the words of this endpoint.
pub(crate) fn slow_down(problem: &Problem) -> Response {
    Refused::TooMany(problem.retry_after_s()).into_response()
}

/// RFC 6749, 5.1.
fn keep_out_of_caches(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// The route.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(token)).layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
}

/// Get a short token for a secret key
///
/// OAuth 2.0 client credentials (RFC 6749, 4.4): the client's id is the key's, its secret is the secret key. The token is a
/// JWT, signed with EdDSA by a key of `/.well-known/jwks.json`, and works wherever the secret key does. It ends with its key,
/// within a second of the key's revocation.
#[utoipa::path(
    post,
    path = "/v1/oauth/token",
    operation_id = "createToken",
    tag = "Merchants",
    security(("client_basic" = []), ()),
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A token", body = TokenView),
        (
            status = 400,
            description = "`invalid_request`, `invalid_scope` or `unsupported_grant_type`; as a problem, `unsupported_version`",
            content((ErrorView = "application/json"), (ProblemDocument = "application/problem+json"))
        ),
        (status = 401, description = "`invalid_client`", body = ErrorView),
        (status = 408, description = "`invalid_request`: the body did not arrive in time", body = ErrorView),
        (status = 413, description = "`invalid_request`: more than 8192 bytes", body = ErrorView),
        (status = 429, description = "`slow_down`: too many tokens for one key, or too many refused requests from one address; `Retry-After` says when to come again", body = ErrorView),
        (status = 500, description = "`internal`", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "`storage_unavailable`", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 504, description = "`gateway_timeout`", body = ProblemDocument, content_type = "application/problem+json")
    )
)]
pub(crate) async fn token(
    State(app): State<App>,
    note: Option<Extension<Note>>,
    headers: HeaderMap,
    BodyBytes(body): BodyBytes,
) -> Result<Response, Refused> {
    let asked = form::read(&headers, &body.map_err(Refused::Body)?)?;
    let holder = known(&app, &asked.client, note.as_deref()).await?;
    app.rates.token(holder.key, note.as_deref()).map_err(|problem| Refused::TooMany(problem.retry_after_s()))?;
    let scopes = match &asked.scope {
        None => holder.scopes.as_ref().clone(),
        Some(text) => {
            Scopes::parse(text).ok().filter(|asked| asked.beyond(&holder.scopes).is_none()).ok_or(Refused::Scope)?
        }
    };
    let granted = app.auth.grant(&app, &holder, &scopes).await?;
    let view = TokenView {
        access_token: granted.text,
        token_type: "Bearer",
        expires_in: granted.lives_s,
        scope: scopes.to_text(),
    };
    Ok(keep_out_of_caches(Json(view).into_response()))
}

/// The key's holder. The key is looked up by its digest, so that nothing is compared with it byte by byte; its id is public.
async fn known(app: &App, client: &form::Client, note: Option<&Note>) -> Result<KeyHolder, Refused> {
    let holder = holder_of_secret(app, client.secret.expose(), note).await?.ok_or(Refused::Client)?;
    let works = holder.expires_at.is_none_or(|end| app.clock.now() < end);
    if works && holder.key.to_string() == client.id { Ok(holder) } else { Err(Refused::Client) }
}
