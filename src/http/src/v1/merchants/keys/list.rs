//! `GET /v1/merchants/{id}/keys`.

use axum::Json;
use axum::extract::State;
use lendport_core::KeyId;
use lendport_engine::view::KeyView;

use crate::app::App;
use crate::extract::{Managed, Parameters, Query};
use crate::openapi::parts::ReadProblems;
use crate::problem::Problem;
use crate::v1::list::Paged;

/// Which page.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters; `Parameters` reads them")]
pub(crate) struct ListParameters {
    /// Rows wanted.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^key_[0-9a-f]{32}$")]
    after: Option<String>,
}

/// List secret keys
///
/// Those of the mode of the key that asks, with those that work no more. No answer shows a key itself.
#[utoipa::path(
    get,
    path = "/v1/merchants/{id}/keys",
    operation_id = "listApiKeys",
    tag = "Merchants",
    security(("secret_key" = ["accounts:write"])),
    params(ListParameters, ("id" = String, Path, description = "Id of the merchant")),
    responses((status = 200, description = "A page of keys, newest first", body = Paged<KeyView>), ReadProblems)
)]
pub(crate) async fn list(
    State(app): State<App>,
    Managed { tenant, .. }: Managed,
    query: Query,
) -> Result<Json<Paged<KeyView>>, Problem> {
    let ask = query.read(&["limit", "after"], |values, invalid| Parameters::new(values, invalid).page::<KeyId>())?;
    let engine = app.engine.clone();
    let page = app.run(async move { engine.list_keys(tenant, ask).await }).await?;
    Ok(Json(Paged::of(page, |view| view.id.clone())))
}
