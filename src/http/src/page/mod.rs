//! The customer's page and what its script asks for. Whoever has the token in the address may see the checkout as its
//! customer, choose a financer and say that the customer came back; nothing of that moves money.

mod attempts;
mod came_back;
mod cors;
mod customer;
mod events;
mod face;
mod live;
mod looks;
mod plugin;
mod policy;
mod returned;
mod show;
mod status;
mod visit;

pub(crate) use cors::cross_origin;
pub(crate) use live::Live;
pub(crate) use looks::Looks;
pub(crate) use status::tagged;
pub(crate) use visit::count;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// Bytes of what a page may send; its bodies have two short fields.
const BODY_MAX_BYTES: usize = 4 * 1024;

/// What people open.
pub(crate) fn pages() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show::page)).routes(routes!(show::stage)).routes(routes!(returned::land))
}

/// What scripts ask for, the merchant's among them where its site is allowed.
pub(crate) fn client() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(status::get))
        .routes(routes!(events::stream))
        .routes(routes!(attempts::choose))
        .routes(routes!(came_back::say))
        .routes(routes!(plugin::get))
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
}
