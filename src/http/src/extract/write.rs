//! A request that creates or moves something: its idempotency key, its `If-Match`, and how its answer is written.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts, MatchedPath};
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use lendport_core::{RequestId, limits};
use lendport_engine::{Effect, EngineError, Rendered, Reply, Ticket, digest_of};
use lendport_storage::Tenant;
use serde::{Deserialize, Serialize};

use super::{JsonBody, PathParts, if_match};
use crate::app::App;
use crate::problem::{self, Code, Problem};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// What such a request carries besides its body.
#[derive(Debug)]
pub(crate) struct Write {
    key: String,
    route: String,
    request_id: String,
    pub(crate) if_match: Option<u64>,
}

impl<S: Send + Sync> FromRequestParts<S> for Write {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let request_id = parts.extensions.get::<RequestId>().map(ToString::to_string).unwrap_or_default();
        let Ok(path) = PathParts::from_request_parts(parts, state).await;
        Ok(Self {
            key: key(&parts.headers)?,
            route: route(parts, &path),
            request_id,
            if_match: if_match::read(&parts.headers)?,
        })
    }
}

/// Method and address in their one spelling, whatever the caller's percent-encoding: a key is good for one of each.
fn route(parts: &Parts, path: &PathParts) -> String {
    let pattern = parts.extensions.get::<MatchedPath>().map_or(parts.uri.path(), MatchedPath::as_str);
    let spelt = |piece: &str| match piece.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        // An id has one spelling, and what is no id is refused before a key is claimed.
        Some(name) => path.get(name).to_owned(),
        None => piece.to_owned(),
    };
    let pieces: Vec<_> = pattern.split('/').map(spelt).collect();
    format!("{} {}", parts.method, pieces.join("/"))
}

fn key(headers: &HeaderMap) -> Result<String, Problem> {
    let wrong = |detail: &str| Problem::new(Code::IdempotencyKeyInvalid, detail);
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let value = values.next().ok_or_else(|| Problem::plain(Code::IdempotencyKeyMissing))?;
    if values.next().is_some() {
        return Err(wrong("the header is given more than once"));
    }
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| wrong("the key is not text"))?;
    if text.trim().is_empty() {
        return Err(wrong("the key is empty"));
    }
    if text.chars().count() > limits::IDEMPOTENCY_KEY_MAX_CHARS {
        let detail = format!("the key may have at most {} characters", limits::IDEMPOTENCY_KEY_MAX_CHARS);
        return Err(wrong(&detail));
    }
    if text.chars().any(char::is_control) {
        return Err(wrong("the key must not contain control characters"));
    }
    Ok(text.to_owned())
}

/// Headers that only an answer that was rendered just now brings along.
#[derive(Debug, Default)]
struct Extras {
    location: Option<String>,
    retry_after_s: Option<u32>,
}

/// An answer in the making: the ticket for the engine, and what to add to its reply.
pub(crate) struct Pending {
    pub(crate) ticket: Ticket,
    extras: Arc<Mutex<Extras>>,
}

impl Write {
    /// Makes the ticket. `success` is the status of an answer that is no problem.
    pub(crate) fn pending(&self, app: &App, tenant: Tenant, body: &JsonBody, success: StatusCode) -> Pending {
        self.known_by(app, tenant, fingerprint(&self.route, &body.0), success)
    }

    /// The same for a body with what a customer said: nobody without the gateway's own key can find out from what is kept
    /// whether a guess of it is right.
    pub(crate) fn pending_unguessable(
        &self,
        app: &App,
        tenant: Tenant,
        body: &JsonBody,
        success: StatusCode,
    ) -> Pending {
        let mark = app.engine.mark_of(&[self.route.as_bytes(), &[0], &body.0]);
        self.known_by(app, tenant, mark, success)
    }

    fn known_by(&self, app: &App, tenant: Tenant, fingerprint: String, success: StatusCode) -> Pending {
        let extras = Arc::new(Mutex::new(Extras::default()));
        let filled = Arc::clone(&extras);
        let (app, request_id) = (app.clone(), self.request_id.clone());
        let render = move |result: &Result<Effect, EngineError>| {
            let (rendered, found) = render(&app, tenant, &request_id, success, result);
            *filled.lock().unwrap_or_else(PoisonError::into_inner) = found;
            rendered
        };
        let ticket = Ticket { route: self.route.clone(), key: self.key.clone(), fingerprint, render: Arc::new(render) };
        Pending { ticket, extras }
    }
}

fn render(
    app: &App,
    tenant: Tenant,
    request_id: &str,
    success: StatusCode,
    result: &Result<Effect, EngineError>,
) -> (Rendered, Extras) {
    let (body, version, location) = match result {
        Ok(Effect::Checkout(view)) => {
            let mut view = view.clone();
            app.tokens.fill(tenant, &mut view, app.clock.now());
            let location = (success == StatusCode::CREATED).then(|| place(view.object, &view.id)).flatten();
            (text(&view), Some(view.version), location)
        }
        Ok(Effect::Shipment(view)) => (text(view), None, None),
        Ok(Effect::Endpoint(view)) => {
            let location = (success == StatusCode::CREATED).then(|| place(view.object, &view.id)).flatten();
            (text(view), Some(view.version), location)
        }
        Ok(Effect::Merchant(view)) => {
            let location = (success == StatusCode::CREATED).then(|| place(view.object, &view.id)).flatten();
            (text(view), Some(view.version), location)
        }
        Ok(Effect::Key(view)) => (text(view), None, None),
        Ok(Effect::Event(document)) => (document.clone(), None, None),
        Ok(Effect::Delivery(view)) => (text(view), None, None),
        Ok(Effect::Recovery(view)) => (text(view), None, None),
        Ok(Effect::Attention(view)) => (text(view), None, None),
        Ok(Effect::Agreement(view)) => (text(view), None, None),
        Err(error) => {
            let problem = Problem::from(error);
            let extras = Extras { retry_after_s: problem.retry_after_s(), ..Extras::default() };
            let body = problem.body(&app.public_url, request_id);
            return (Rendered { status: problem.code().entry().status, body, version: None }, extras);
        }
    };
    (Rendered { status: success.as_u16(), body, version }, Extras { location, retry_after_s: None })
}

fn text(view: &impl Serialize) -> String {
    // Views are strings, numbers and lists of them: this cannot fail.
    serde_json::to_string(view).unwrap_or_default()
}

impl Pending {
    /// Takes the ticket out; what is left turns the reply into a response.
    pub(crate) fn split(self) -> (Ticket, Answer) {
        (self.ticket, Answer(self.extras))
    }
}

/// The other half of a [`Pending`].
pub(crate) struct Answer(Arc<Mutex<Extras>>);

impl Answer {
    /// The response to a reply, new or replayed.
    pub(crate) fn respond(self, reply: Reply) -> Response {
        let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = if status.is_success() { "application/json" } else { problem::MEDIA_TYPE };
        let again = reply.replayed && status == StatusCode::CREATED;
        let location = again.then(|| created(&reply.body)).flatten();
        let mut response = (status, reply.body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Some(version) = reply.version {
            headers.insert(header::ETAG, etag(version));
        }
        if reply.replayed {
            headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
            if let Some(location) = location {
                headers.insert(header::LOCATION, location);
            }
            return response;
        }
        let extras = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(location) = extras.location.and_then(|path| HeaderValue::from_str(&path).ok()) {
            headers.insert(header::LOCATION, location);
        }
        if let Some(seconds) = extras.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Where to read what a stored answer shows.
fn created(body: &str) -> Option<HeaderValue> {
    #[derive(Deserialize)]
    struct Shown<'b> {
        id: &'b str,
        object: &'b str,
    }
    let shown: Shown<'_> = serde_json::from_str(body).ok()?;
    HeaderValue::from_str(&place(shown.object, shown.id)?).ok()
}

/// The address of a resource that can be read by itself.
fn place(object: &str, id: &str) -> Option<String> {
    match object {
        "checkout" => Some(format!("/v1/checkouts/{id}")),
        "merchant" => Some(format!("/v1/merchants/{id}")),
        "webhook_endpoint" => Some(format!("/v1/webhook_endpoints/{id}")),
        _ => None,
    }
}

/// A version as an ETag.
pub(crate) fn etag(version: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// SHA-256 (hex) over method, path and body as received.
fn fingerprint(route: &str, body: &[u8]) -> String {
    digest_of(&[route.as_bytes(), &[0], body])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_tells_route_and_body_apart() {
        assert_ne!(fingerprint("POST /a", b"b"), fingerprint("POST /ab", b""));
        assert_eq!(fingerprint("POST /a", b"{}").len(), 64);
    }
}
