//! The named parts of a path, decoded. Parts that are no text name nothing: no answer of the web framework's own.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;

/// The parts; none when the path's percent-encoding is no text. Not for printing: one may be a secret.
pub(crate) struct PathParts(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for PathParts {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let read = RawPathParams::from_request_parts(parts, state).await;
        let owned =
            |params: RawPathParams| params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Self(read.map(owned).unwrap_or_default()))
    }
}

impl PathParts {
    /// The part of this name; empty when there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}
