//! The resource that a path names. Text that is no id names nothing, which is a 404 like any other.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::PathParts;
use crate::problem::{Code, Problem};

/// The `{id}` of a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdPath<I>(pub(crate) I);

impl<S: Send + Sync, I: FromStr> FromRequestParts<S> for IdPath<I> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Ok(path) = PathParts::from_request_parts(parts, state).await;
        path.get("id").parse().map(Self).map_err(|_| Problem::plain(Code::NotFound))
    }
}
