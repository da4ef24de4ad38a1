//! What needs a person.

mod get;
mod list;
mod resolve;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// The resource's routes.
pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(get::get)).routes(routes!(resolve::resolve))
}
