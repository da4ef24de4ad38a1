//! All routes, and what lies around them.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use lendport_core::{Clock, IdSource};
use lendport_engine::Engine;
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;

use crate::app::{App, HttpSettings};
use crate::{assets, callbacks, conventions, docs, openapi, page, probes, problems, tokens, v1};

/// All routes with their descriptions.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::base()).merge(own_routes()).merge(page::pages()).merge(page::client())
}

/// Those that no other site's script may ask.
fn own_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(v1::checkouts::router())
        .merge(v1::attention::router())
        .merge(v1::providers::router())
        .merge(v1::eligibility::router())
        .merge(v1::routing::router())
        .merge(v1::webhook_endpoints::router())
        .merge(v1::events::router())
        .merge(v1::deliveries::router())
        .merge(v1::merchants::router())
        .merge(v1::audit::router())
        .merge(tokens::router())
        .merge(docs::router())
        .merge(problems::router())
        .merge(probes::router())
        .merge(callbacks::router())
}

/// The gateway's HTTP side. Work that changes state runs in `tasks` and goes on when its caller hangs up.
pub fn router(
    engine: Arc<Engine>,
    ids: Arc<dyn IdSource>,
    clock: Arc<dyn Clock>,
    settings: HttpSettings,
    tasks: TaskTracker,
) -> Router {
    let app = App::new(engine, ids, clock, settings, tasks);
    let bare = |routes: OpenApiRouter<App>| routes.split_for_parts().0;
    // Short answers gain nothing, and an event stream is left as it is by the layer itself.
    let counted = || middleware::from_fn_with_state(app.clone(), page::count);
    let pages = bare(page::pages()).layer(counted()).merge(assets::router()).layer(CompressionLayer::new());
    // Named before the layer, so that a browser's question about a method goes through it.
    let asked_by_sites = bare(page::client())
        .method_not_allowed_fallback(conventions::method_not_allowed)
        .layer(page::cross_origin(app.clone()))
        .layer(counted());
    bare(own_routes())
        .merge(pages)
        .merge(asked_by_sites)
        .fallback(conventions::not_found)
        .method_not_allowed_fallback(conventions::method_not_allowed)
        // Callbacks set a tighter limit of their own, which wins.
        .layer(DefaultBodyLimit::max(app.body_max_bytes))
        .layer(CatchPanicLayer::custom(conventions::panicked))
        .layer(middleware::from_fn_with_state(app.clone(), conventions::apply))
        .with_state(app)
}
