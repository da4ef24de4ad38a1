//! `GET /v1/merchants`.

use axum::Json;
use axum::extract::State;
use lendport_core::MerchantId;
use lendport_engine::view::MerchantView;

use crate::app::App;
use crate::extract::{Asker, Parameters, PlatformAdmin, Query};
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
    #[param(pattern = "^mer_[0-9a-f]{32}$")]
    after: Option<String>,
}

/// List merchants
#[utoipa::path(
    get,
    path = "/v1/merchants",
    operation_id = "listMerchants",
    tag = "Merchants",
    security(("secret_key" = ["platform:admin"])),
    params(ListParameters),
    responses((status = 200, description = "A page of merchants, newest first", body = Paged<MerchantView>), ReadProblems)
)]
pub(crate) async fn list(
    State(app): State<App>,
    _: Asker<PlatformAdmin>,
    query: Query,
) -> Result<Json<Paged<MerchantView>>, Problem> {
    let ask =
        query.read(&["limit", "after"], |values, invalid| Parameters::new(values, invalid).page::<MerchantId>())?;
    let engine = app.engine.clone();
    let page = app.run(async move { engine.list_merchants(ask).await }).await?;
    Ok(Json(Paged::of(page, |view| view.id.clone())))
}
