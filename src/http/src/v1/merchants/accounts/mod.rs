//! A merchant's accounts at financers.

mod delete;
mod get;
mod list;
mod put;
mod verify;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{StatusCode, header};
use lendport_core::ProviderId;
use lendport_engine::view::AccountView;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{PathParts, etag};
use crate::problem::{Code, Problem};

/// The resource's routes.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(get::get, put::put, delete::delete))
        .routes(routes!(verify::verify))
}

/// The `{provider}` of a path. Text that is no name names nothing.
pub(super) struct ProviderPath(ProviderId);

impl<S: Send + Sync> FromRequestParts<S> for ProviderPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Ok(path) = PathParts::from_request_parts(parts, state).await;
        ProviderId::parse(path.get("provider")).map(Self).ok_or_else(|| Problem::plain(Code::NotFound))
    }
}

/// An account as it is now, with its ETag.
fn shown(status: StatusCode, view: AccountView) -> Response {
    (status, [(header::ETAG, etag(view.version))], Json(view)).into_response()
}
