//! A merchant's secret keys.

mod create;
mod get;
mod list;
mod revoke;
mod rotate;

use axum::extract::FromRequestParts;
use http::request::Parts;
use lendport_core::KeyId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::PathParts;
use crate::problem::{Code, Problem};

/// The resource's routes.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(get::get, revoke::revoke))
        .routes(routes!(rotate::rotate))
}

/// The `{key_id}` of a path. Text that is no id names nothing.
pub(super) struct KeyPath(KeyId);

impl<S: Send + Sync> FromRequestParts<S> for KeyPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Ok(path) = PathParts::from_request_parts(parts, state).await;
        path.get("key_id").parse().map(Self).map_err(|_| Problem::plain(Code::NotFound))
    }
}
