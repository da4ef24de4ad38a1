//! Checkouts.

mod agreement;
mod application;
mod attempts;
mod cancel;
mod capture;
mod client_token;
mod create;
mod get;
mod list;
pub(crate) mod plugin;
mod refresh;
mod refunds;
mod renew_callback;
mod shipments;
mod timeline;

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::header;
use lendport_engine::view::CheckoutView;
use lendport_storage::Tenant;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::etag;

/// The resource's routes.
pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(get::get))
        .routes(routes!(attempts::start))
        .routes(routes!(cancel::cancel))
        .routes(routes!(capture::capture))
        .routes(routes!(refunds::refund, refunds::list))
        .routes(routes!(shipments::ship, shipments::list))
        .routes(routes!(application::apply))
        .routes(routes!(application::add_payment))
        .routes(routes!(application::offer))
        .routes(routes!(agreement::agree, agreement::read))
        .routes(routes!(agreement::sign))
        .routes(routes!(refresh::refresh))
        .routes(routes!(plugin::get))
        .routes(routes!(renew_callback::renew))
        .routes(routes!(client_token::refresh))
        .routes(routes!(timeline::timeline))
}

/// A checkout as it is now, with its ETag and its customer's page.
fn shown(app: &App, tenant: Tenant, mut view: CheckoutView) -> Response {
    app.tokens.fill(tenant, &mut view, app.clock.now());
    let tag = etag(view.version);
    ([(header::ETAG, tag)], Json(view)).into_response()
}
