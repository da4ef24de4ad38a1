//! A request to a provider, built step by step. A step that cannot be carried out makes the call `Invalid`, unsent.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use lendport_core::Secret;
use serde::Serialize;
use url::Url;

use crate::header_text::HeaderValueText;

/// The body of a request.
#[derive(Clone, Default)]
pub enum Body {
    /// None.
    #[default]
    Empty,
    /// Serialized JSON.
    Json(Vec<u8>),
    /// `application/x-www-form-urlencoded` text.
    Form(Vec<u8>),
    /// Anything else.
    Bytes {
        /// The media type to announce.
        content_type: String,
        /// The bytes as they are sent.
        bytes: Vec<u8>,
    },
}

impl Body {
    /// The bytes as they are sent.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Empty => &[],
            Self::Json(bytes) | Self::Form(bytes) | Self::Bytes { bytes, .. } => bytes,
        }
    }

    /// The media type to announce, absent without a body.
    pub fn content_type(&self) -> Option<&str> {
        match self {
            Self::Empty => None,
            Self::Json(_) => Some("application/json"),
            Self::Form(_) => Some("application/x-www-form-urlencoded"),
            Self::Bytes { content_type, .. } => Some(content_type),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.bytes().len())
    }
}

/// Top-level JSON fields of the answer that may be kept in the call's record.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecordFields(pub &'static [&'static str]);

/// One request. Its `Debug` shows neither bodies nor header values.
#[derive(Clone, Debug)]
pub struct Request {
    /// HTTP method.
    pub method: Method,
    /// Full address; user and password in it are refused, they belong in [`Request::basic_auth`].
    pub url: Url,
    /// Headers in the order they are sent.
    pub headers: Vec<(&'static str, HeaderValueText)>,
    /// The body.
    pub body: Body,
    /// What of the answer may be remembered.
    pub record: RecordFields,
    /// Whether the path is a secret, which then stays out of the record.
    pub(crate) path_is_secret: bool,
    broken: Option<&'static str>,
}

impl Request {
    /// A request with a method of its own.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: Vec::new(),
            body: Body::Empty,
            record: RecordFields::default(),
            path_is_secret: false,
            broken: None,
        }
    }

    /// A `GET`.
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// A `POST`.
    pub fn post(url: Url) -> Self {
        Self::new(Method::POST, url)
    }

    /// Sends a value as JSON.
    #[must_use]
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => self.body = Body::Json(bytes),
            Err(_) => self.broken = Some("the body cannot be written as JSON"),
        }
        self
    }

    /// Sends pairs as a form.
    #[must_use]
    pub fn form(mut self, pairs: &[(&str, &str)]) -> Self {
        let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.body = Body::Form(text.into_bytes());
        self
    }

    /// Sends bytes as they are.
    #[must_use]
    pub fn bytes(mut self, content_type: impl Into<String>, bytes: Vec<u8>) -> Self {
        self.body = Body::Bytes { content_type: content_type.into(), bytes };
        self
    }

    /// HTTP Basic authentication over the UTF-8 bytes of both parts, as they are.
    #[must_use]
    pub fn basic_auth(self, user: &str, password: &Secret<String>) -> Self {
        if user.contains(':') {
            return Self { broken: Some("a user name for Basic authentication cannot hold a colon"), ..self };
        }
        let pair = Secret::new(format!("{user}:{}", password.expose()));
        let value = HeaderValueText::secret(format!("Basic {}", STANDARD.encode(pair.expose())));
        self.push("authorization", value)
    }

    /// A header that anybody may see.
    #[must_use]
    pub fn header(self, name: &'static str, value: impl Into<String>) -> Self {
        self.push(name, HeaderValueText::open(value))
    }

    /// A header that carries a credential or token.
    #[must_use]
    pub fn secret_header(self, name: &'static str, value: &Secret<String>) -> Self {
        self.push(name, HeaderValueText::secret(value.expose().clone()))
    }

    /// The media type wanted back.
    #[must_use]
    pub fn accept(self, media_type: &str) -> Self {
        self.header("accept", media_type)
    }

    /// Names top-level JSON fields of the answer that may be kept in the call's record.
    #[must_use]
    pub fn keep_fields(mut self, fields: &'static [&'static str]) -> Self {
        self.record = RecordFields(fields);
        self
    }

    /// Keeps the path out of the call's record and of the log: whoever knows it may speak, as with callback addresses.
    #[must_use]
    pub fn secret_path(mut self) -> Self {
        self.path_is_secret = true;
        self
    }

    fn push(mut self, name: &'static str, value: HeaderValueText) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Why this request cannot be sent at all.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        if self.broken.is_some() {
            return self.broken;
        }
        if !matches!(self.url.scheme(), "http" | "https") || !self.url.has_host() {
            return Some("the address must be http or https with a host");
        }
        if !self.url.username().is_empty() || self.url.password().is_some() {
            return Some("the address must not hold a user or password");
        }
        None
    }
}
