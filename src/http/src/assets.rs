//! `GET /assets/{file}`: the static files of `lendport-ui`, compiled in. A name that holds a digest never names anything
//! else, so it is kept for ever; a plain name, such as that of the merchants' script, is asked for again.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::app::App;
use crate::extract::PathParts;
use crate::page::tagged;
use crate::problem::{Code, Problem};

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const FOR_A_WHILE: &str = "public, max-age=300";
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The route. Not part of the API description.
pub(crate) fn router() -> Router<App> {
    Router::new().route("/assets/{file}", get(file))
}

async fn file(State(app): State<App>, path: PathParts, headers: HeaderMap) -> Response {
    let name = path.get("file");
    let fixed = lendport_ui::fixed_file(name);
    let kept = if fixed.is_some() { FOR_EVER } else { FOR_A_WHILE };
    let Some(found) = fixed.or_else(|| lendport_ui::merchant_file(name, &app.public_url)) else {
        return Problem::plain(Code::NotFound).into_response();
    };
    let mut response = tagged(found.content.into_owned(), found.media_type, &headers);
    for (name, value) in [
        (header::CACHE_CONTROL, kept),
        // Merchants' pages load the script from here, as a module too, and it tells nothing about anybody.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (RESOURCE_POLICY, "cross-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
