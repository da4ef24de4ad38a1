//! What others need to check our tokens: the public keys (RFC 7517) and where everything is (RFC 8414).

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, header};
use lendport_core::Scope;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::problem::{Problem, ProblemDocument};

/// The public keys.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublicKeys)]
pub(crate) struct KeysView {
    /// Each as a JSON Web Key: `kty` is `OKP`, `crv` is `Ed25519`. One that is new here signs a little later.
    #[schema(value_type = Vec<Object>)]
    keys: Vec<Value>,
}

/// Where everything about tokens is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuthorizationServer)]
pub(crate) struct ServerView {
    /// What our tokens have as `iss` and as `aud`.
    issuer: String,
    /// Where tokens are.
    token_endpoint: String,
    /// Where the public keys are.
    jwks_uri: String,
    /// How a token can be had.
    grant_types_supported: Vec<&'static str>,
    /// None: no browser is sent here for a token.
    response_types_supported: Vec<&'static str>,
    /// How a client says who it is.
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    /// What may be done with a token.
    scopes_supported: Vec<&'static str>,
    /// Seconds for which a token works at most.
    token_lifetime_s: i64,
}

/// The routes.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(keys)).routes(routes!(server))
}

/// Get the public keys of our tokens
///
/// A new key is published before it signs, and an old one until its last token has expired: whoever keeps this answer for as
/// long as it says never meets a token whose key is not in it.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    operation_id = "getPublicKeys",
    tag = "Service",
    security(()),
    responses(
        (status = 200, description = "The keys", body = KeysView),
        (status = 500, description = "`internal`", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "`storage_unavailable`", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 504, description = "`gateway_timeout`", body = ProblemDocument, content_type = "application/problem+json")
    )
)]
pub(crate) async fn keys(State(app): State<App>) -> Result<Response, Problem> {
    let ring = app.auth.own.ring(&app, None).await?;
    let keys = ring.published(app.clock.now()).filter_map(|key| serde_json::to_value(key).ok()).collect();
    Ok(cached(&app, Json(KeysView { keys }).into_response()))
}

/// Say where everything about tokens is
#[utoipa::path(
    get,
    path = "/.well-known/oauth-authorization-server",
    operation_id = "getAuthorizationServer",
    tag = "Service",
    security(()),
    responses((status = 200, description = "RFC 8414", body = ServerView))
)]
pub(crate) async fn server(State(app): State<App>) -> Response {
    let view = ServerView {
        issuer: app.public_url.clone(),
        token_endpoint: format!("{}/v1/oauth/token", app.public_url),
        jwks_uri: format!("{}/.well-known/jwks.json", app.public_url),
        grant_types_supported: vec!["client_credentials"],
        response_types_supported: Vec::new(),
        token_endpoint_auth_methods_supported: vec!["client_secret_basic", "client_secret_post"],
        scopes_supported: Scope::ALL.map(Scope::as_str).to_vec(),
        token_lifetime_s: app.auth.lives().as_secs(),
    };
    cached(&app, Json(view).into_response())
}

fn cached(app: &App, mut response: Response) -> Response {
    let value = format!("public, max-age={}", app.auth.cached_for_s());
    response.headers_mut().extend(HeaderValue::from_str(&value).ok().map(|value| (header::CACHE_CONTROL, value)));
    response
}
