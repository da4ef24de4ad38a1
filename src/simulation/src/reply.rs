//! A plain answer that can still be bent before it goes out.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::json::Json;

/// An answer that can still be bent by a fault before it goes out.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// Value of `Content-Type`; none where it is empty.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// One more header.
    pub also: Option<(HeaderName, HeaderValue)>,
}

impl Reply {
    fn new(status: StatusCode, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, content_type, body: body.into(), also: None }
    }

    /// An answer of a control API.
    pub fn json(status: StatusCode, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// An answer of a provider's API.
    pub fn exact(status: StatusCode, body: &Json) -> Self {
        Self::new(status, "application/json", body.write())
    }

    /// Plain text.
    pub fn text(status: StatusCode, body: &str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    /// A page.
    pub fn html(status: StatusCode, body: String) -> Self {
        Self::new(status, "text/html; charset=utf-8", body)
    }

    /// No body.
    pub fn empty(status: StatusCode) -> Self {
        Self::new(status, "", Vec::new())
    }

    /// With one more header.
    #[must_use]
    pub fn with(self, name: HeaderName, value: HeaderValue) -> Self {
        Self { also: Some((name, value)), ..self }
    }

    /// What a control API answers to a request that makes no sense; says why.
    pub fn refused(why: &str) -> Self {
        Self::json(StatusCode::UNPROCESSABLE_ENTITY, &json!({ "error": why }))
    }

    /// What it answers about something that is not there.
    pub fn not_found(what: &str) -> Self {
        Self::json(StatusCode::NOT_FOUND, &json!({ "error": what }))
    }

    /// Reads a body sent to a control API.
    ///
    /// # Errors
    /// The answer to one that cannot be read.
    pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Self> {
        serde_json::from_slice(body).map_err(|error| Self::refused(&error.to_string()))
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        response.headers_mut().remove(header::CONTENT_TYPE);
        if !self.content_type.is_empty() {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        }
        response.headers_mut().extend(self.also);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_its_kind_and_no_other() {
        let kind = |reply: Reply| reply.into_response().headers().get(header::CONTENT_TYPE).cloned();
        assert_eq!(kind(Reply::empty(StatusCode::NO_CONTENT)), None);
        assert_eq!(kind(Reply::text(StatusCode::OK, "a")).unwrap(), "text/plain; charset=utf-8");
        assert_eq!(kind(Reply::refused("no")).unwrap(), "application/json");
        let late = Reply::empty(StatusCode::OK).with(header::RETRY_AFTER, HeaderValue::from(3)).into_response();
        assert_eq!(late.headers().get(header::RETRY_AFTER).unwrap(), "3");
        assert_eq!(Reply::read::<u8>(b"x").unwrap_err().status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}
