//! `GET /v1/merchants/{id}/provider_accounts`.

use axum::Json;
use axum::extract::State;
use lendport_engine::view::AccountView;

use crate::app::App;
use crate::extract::{Managed, NoQuery};
use crate::openapi::parts::ReadProblems;
use crate::problem::Problem;
use crate::v1::list::List;

/// List accounts at financers
///
/// Those of the mode of the key that asks. No answer shows a secret.
#[utoipa::path(
    get,
    path = "/v1/merchants/{id}/provider_accounts",
    operation_id = "listProviderAccounts",
    tag = "Merchants",
    security(("secret_key" = ["accounts:write"])),
    params(("id" = String, Path, description = "Id of the merchant")),
    responses((status = 200, description = "The accounts, by financer", body = List<AccountView>), ReadProblems)
)]
pub(crate) async fn list(
    State(app): State<App>,
    Managed { tenant, .. }: Managed,
    _: NoQuery,
) -> Result<Json<List<AccountView>>, Problem> {
    let engine = app.engine.clone();
    Ok(Json(List::all(app.run(async move { engine.list_accounts(tenant).await }).await?)))
}
