//! The bytes of a request body, in time: whoever sends a head and then nothing holds a connection for no longer than a
//! request may take.

use std::convert::Infallible;

use axum::RequestExt as _;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use http::StatusCode;

use crate::app::App;

/// Why there are no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// The end did not arrive in time.
    Late,
    /// More than the route takes.
    TooLarge,
    /// The connection broke, or what came is no body.
    Broken,
}

/// A body as it came, or why it could not be read.
pub(crate) struct BodyBytes(pub(crate) Result<Bytes, Unread>);

impl FromRequest<App> for BodyBytes {
    type Rejection = Infallible;

    async fn from_request(request: Request, app: &App) -> Result<Self, Infallible> {
        let reading = tokio::time::timeout(app.timeout, request.extract::<Bytes, _>()).await;
        Ok(Self(match reading {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(refusal)) if refusal.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(Unread::TooLarge),
            Ok(Err(_)) => Err(Unread::Broken),
            Err(_) => Err(Unread::Late),
        }))
    }
}
