//! Problems: what a caller hears when a request fails (RFC 9457), from one catalogue.

mod catalogue;
mod code;
mod document;
mod from_engine;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use lendport_core::{FieldError, Invalid, Scope, limits};

pub use code::{Code, Entry};
pub use document::{ProblemCheckout, ProblemDocument, ProblemField, ProblemProvider, ProblemQuota};

/// Media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A failed request. It becomes a body where the request's id is known, at the outermost layer.
#[derive(Clone, Debug)]
pub struct Problem(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    code: Code,
    detail: String,
    retryable: bool,
    errors: Vec<FieldError>,
    provider: Option<ProblemProvider>,
    checkout: Option<ProblemCheckout>,
    retry_after_s: Option<u32>,
    required_scope: Option<&'static str>,
    quota: Option<ProblemQuota>,
}

impl Problem {
    /// A problem with a sentence about this case. The sentence must not repeat personal data.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let retryable = code.entry().retryable;
        Self(Box::new(Parts {
            code,
            detail: detail.into(),
            retryable,
            errors: Vec::new(),
            provider: None,
            checkout: None,
            retry_after_s: None,
            required_scope: None,
            quota: None,
        }))
    }

    /// A problem that its kind says everything about.
    pub fn plain(code: Code) -> Self {
        Self::new(code, code.entry().meaning)
    }

    /// Everything that is wrong with a request, under this code.
    pub fn fields(code: Code, invalid: Invalid) -> Self {
        let count = invalid.0.len();
        let mut problem = Self::plain(code);
        problem.0.detail = match count {
            0 => code.entry().meaning.to_owned(),
            1 => "1 thing is wrong with the request".to_owned(),
            _ if count <= limits::FIELD_ERRORS_MAX => format!("{count} things are wrong with the request"),
            _ => {
                let more = count - limits::FIELD_ERRORS_MAX;
                format!(
                    "{count} things are wrong with the request; shown are {}, and {more} more",
                    limits::FIELD_ERRORS_MAX
                )
            }
        };
        problem.0.errors = invalid.0;
        problem.0.errors.truncate(limits::FIELD_ERRORS_MAX);
        problem
    }

    /// A right that the key lacks.
    pub fn missing(scope: Scope) -> Self {
        let mut problem = Self::new(Code::InsufficientScope, format!("this needs the scope {}", scope.as_str()));
        problem.0.required_scope = Some(scope.as_str());
        problem
    }

    /// The same, with when to come again.
    pub(crate) fn after(mut self, seconds: Option<u32>) -> Self {
        self.0.retry_after_s = seconds;
        self
    }

    /// Which kind.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Seconds to wait, where known.
    pub fn retry_after_s(&self) -> Option<u32> {
        self.0.retry_after_s
    }

    /// The body.
    pub fn document(&self, public_url: &str, request_id: &str) -> ProblemDocument {
        let entry = self.0.code.entry();
        ProblemDocument {
            kind: format!("{public_url}/problems/{}", entry.word),
            title: entry.title,
            status: entry.status,
            detail: self.0.detail.clone(),
            code: entry.word,
            request_id: request_id.to_owned(),
            retryable: self.0.retryable,
            errors: self.0.errors.iter().cloned().map(ProblemField::from).collect(),
            provider: self.0.provider.clone(),
            checkout: self.0.checkout.clone(),
            required_scope: self.0.required_scope,
            quota: self.0.quota,
        }
    }

    /// The body as text.
    pub fn body(&self, public_url: &str, request_id: &str) -> String {
        // Strings and numbers only: this cannot fail.
        serde_json::to_string(&self.document(public_url, request_id)).unwrap_or_default()
    }
}

impl From<FieldError> for ProblemField {
    fn from(error: FieldError) -> Self {
        Self { pointer: error.pointer, code: error.code, detail: error.detail }
    }
}

/// Status and headers now, the body at the outermost layer.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.code.entry().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        let headers = response.headers_mut();
        if matches!(self.0.code, Code::Unauthorized | Code::ClientTokenExpired) {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"lendport\""));
        }
        if let Some(scope) = self.0.required_scope {
            let asked = format!("Bearer realm=\"lendport\", error=\"insufficient_scope\", scope=\"{scope}\"");
            headers.extend(HeaderValue::from_str(&asked).ok().map(|asked| (header::WWW_AUTHENTICATE, asked)));
        }
        if let Some(seconds) = self.0.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// A problem as the OpenAPI document shows it.
pub(crate) fn example() -> serde_json::Value {
    serde_json::json!({
        "type": "https://gateway.example/problems/validation_failed",
        "title": Code::ValidationFailed.entry().title,
        "status": 422,
        "detail": "2 things are wrong with the request",
        "code": "validation_failed",
        "request_id": "req_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b",
        "retryable": false,
        "errors": [
            { "pointer": "/customer/email", "code": "missing", "detail": "is required" },
            { "pointer": "/items/0/unit_price", "code": "too_many_digits", "detail": "has more digits than USD has; use at most 2" }
        ]
    })
}

#[cfg(test)]
mod tests {
    use lendport_core::Pointer;

    use super::*;

    #[test]
    fn many_errors_are_shown_up_to_the_limit_and_counted() {
        let mut invalid = Invalid::none();
        for position in 0..150 {
            invalid.note(&Pointer::root().index(position), "missing", "is required");
        }
        let document = Problem::fields(Code::ValidationFailed, invalid).document("http://x", "req_1");
        assert_eq!(document.errors.len(), limits::FIELD_ERRORS_MAX);
        assert!(document.detail.ends_with("and 50 more"));
        assert_eq!(document.kind, "http://x/problems/validation_failed");
    }
}
