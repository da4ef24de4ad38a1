//! Which sites' scripts may ask for a checkout's status: those that its merchant allowed, and nobody else's.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::visit::Visit;
use crate::app::App;
use crate::client_token::{Opened, TokenRefusal};

/// How long a browser believes an answer to its question before a request.
const BELIEVED_FOR: Duration = Duration::from_secs(600);
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Lets the sites in that the merchant of the address's token allowed. No cookies, and two methods.
pub(crate) fn cross_origin(app: App) -> CorsLayer {
    let allowed = move |origin: HeaderValue, parts: &http::request::Parts| {
        let (app, visit) = (app.clone(), parts.extensions.get::<Visit>().cloned());
        async move { is_allowed(&app, visit, &origin).await }
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::async_predicate(allowed))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::CONTENT_TYPE, header::IF_NONE_MATCH, LAST_EVENT_ID])
        .expose_headers([header::ETAG, header::RETRY_AFTER])
        .max_age(BELIEVED_FOR)
}

async fn is_allowed(app: &App, visit: Option<Visit>, origin: &HeaderValue) -> bool {
    // A script may hear that its token has run out.
    let Some(Visit { opened, counted: Ok(()) }) = visit else { return false };
    let (Ok(Opened { tenant, .. }) | Err(TokenRefusal::Expired(Opened { tenant, .. }))) = opened else { return false };
    let engine = app.engine.clone();
    let shop = app.run(async move { engine.shop(tenant).await }).await;
    shop.is_ok_and(|(_, page)| page.allowed_origins.iter().any(|site| site.as_bytes() == origin.as_bytes()))
}
