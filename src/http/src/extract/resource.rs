//! The checkout that a path names. Text that is no id names nothing, which is a 404 like any other.

use axum::extract::FromRequestParts;
use http::request::Parts;
use lendport_core::CheckoutId;

use super::PathParts;
use crate::problem::{Code, Problem};

/// The `{id}` of a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CheckoutPath(pub(crate) CheckoutId);

impl<S: Send + Sync> FromRequestParts<S> for CheckoutPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Ok(path) = PathParts::from_request_parts(parts, state).await;
        path.get("id").parse().map(Self).map_err(|_| Problem::plain(Code::NotFound))
    }
}
