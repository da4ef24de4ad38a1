//! `GET /r/{return_token}`: where financers send the browser back to. The browser's coming back proves nothing: it has the
//! financer looked at, and leads to the page that waits for the answer.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use lendport_engine::CameBack;
use lendport_ui::{ReturnPage, render_return};

use super::came_back::look;
use super::face::Manner;
use super::policy::Policy;
use super::show::{refused, try_again};
use super::visit::Visit;
use crate::app::App;
use crate::client_token::TokenRefusal;
use crate::extract::PathParts;
use crate::return_token::Return;

/// Whether the browser shows the answer in a window or in a frame (Fetch Metadata).
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Take the customer back from a financer
///
/// For browsers that a financer sends back. What is in the query means nothing here.
#[utoipa::path(
    get,
    path = "/r/{return_token}",
    operation_id = "returnFromFinancer",
    tag = "Customer",
    security(()),
    params(("return_token" = String, Path, description = "Made for one attempt and given to its financer")),
    responses(
        (status = 200, description = "In a frame: tells the page around it", body = String, content_type = "text/html"),
        (status = 303, description = "To the customer's page"),
        (status = 404, description = "The link is wrong", body = String, content_type = "text/html"),
        (status = 410, description = "The link has run out", body = String, content_type = "text/html"),
        (
            status = 503,
            description = "Try again in a moment",
            headers(("Retry-After" = String, description = "Seconds to wait")),
            body = String,
            content_type = "text/html"
        )
    )
)]
pub(super) async fn land(State(app): State<App>, path: PathParts, uri: Uri, headers: HeaderMap) -> Response {
    let (manner, now) = (Manner::of(&uri, &headers), app.clock.now());
    let said = app.tokens.open_return(path.get("return_token"), now);
    if let Err(problem) = Visit::of(&app, said.map(|one| one.opened)).counted {
        return try_again(&app, &manner, &problem);
    }
    let Return { opened, attempt, how } = match said {
        Ok(said) => said,
        Err(refusal) => return refused(&app, refusal, &manner).await,
    };
    let _looking = look(&app, opened, how).await;
    let Some(token) = app.tokens.issue(opened.tenant, opened.checkout, now) else {
        return refused(&app, TokenRefusal::Unknown, &manner).await;
    };
    let page_url = format!("/c/{}?back={}&of={attempt}", token.text, how.as_str());
    let window = headers.get(SEC_FETCH_DEST).is_some_and(|dest| dest == "document");
    if let Some(location) = HeaderValue::from_str(&page_url).ok().filter(|_| window) {
        let referrer = (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        return (StatusCode::SEE_OTHER, [(header::LOCATION, location), referrer]).into_response();
    }
    let engine = app.engine.clone();
    let shop = app.run(async move { engine.shop(opened.tenant).await }).await.ok().map(|(_, page)| page);
    let nonce = app.ids.token().expose().clone();
    let (locale, complete) = (manner.locale(shop.as_ref()), how == CameBack::Complete);
    let html = render_return(&ReturnPage { locale, nonce: nonce.clone(), complete, page_url });
    Policy { nonce: &nonce, shop: shop.as_ref(), within_ours: true, ..Policy::default() }.page(StatusCode::OK, html)
}
