//! `GET /v1/audit`: who changed what.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use lendport_core::{AuditAction, AuditId, Invalid, MerchantId, Scope};
use lendport_engine::By;
use lendport_engine::view::AuditView;
use lendport_storage::{AuditFilter, Audited, PageAsk, Tenant};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::list::Paged;
use crate::app::App;
use crate::extract::{AccountsWrite, Asker, Parameters, Query};
use crate::openapi::parts::ReadProblems;
use crate::problem::{Code, Problem};

const KNOWN: &[&str] = &["limit", "after", "action", "merchant"];

/// Which entries.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters; `read` reads them")]
pub(crate) struct ListParameters {
    /// Rows wanted.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^aud_[0-9a-f]{32}$")]
    after: Option<String>,
    /// Of this action.
    #[param(schema_with = actions)]
    action: Option<String>,
    /// About this merchant; for a platform's key, which sees all.
    #[param(pattern = "^mer_[0-9a-f]{32}$")]
    merchant: Option<String>,
}

fn actions() -> Object {
    let words = AuditAction::ALL.map(AuditAction::as_str);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// The resource's routes.
pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// List who changed what
///
/// Every change of a merchant, a key, an account and the routing, every item that a person settled, and what was done to the
/// keys that sign tokens and that data at rest is sealed with. A merchant sees its own, a platform's key all, in the mode of the
/// key.
#[utoipa::path(
    get,
    path = "/v1/audit",
    operation_id = "listAuditEntries",
    tag = "Merchants",
    security(("secret_key" = ["accounts:write"])),
    params(ListParameters),
    responses((status = 200, description = "A page of entries, newest first", body = Paged<AuditView>), ReadProblems)
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(by, ..): Asker<AccountsWrite>,
    query: Query,
) -> Result<Json<Paged<AuditView>>, Problem> {
    let (wanted, filter, ask) = query.read(KNOWN, read)?;
    let whose = whose(&by, wanted)?;
    let engine = app.engine.clone();
    let page = app.run(async move { engine.audit_log(whose, filter, ask).await }).await?;
    Ok(Json(Paged::of(page, |view| view.id.clone())))
}

/// Another merchant than one's own does not exist.
fn whose(by: &By, wanted: Option<MerchantId>) -> Result<Audited, Problem> {
    let platform = by.scopes.has(Scope::PlatformAdmin);
    match wanted {
        None if platform => Ok(Audited::All(by.tenant.mode)),
        None => Ok(Audited::Of(by.tenant)),
        Some(merchant) if platform || merchant == by.tenant.merchant => {
            Ok(Audited::Of(Tenant { merchant, ..by.tenant }))
        }
        Some(_) => Err(Problem::plain(Code::NotFound)),
    }
}

fn read(
    values: &BTreeMap<String, String>,
    invalid: &mut Invalid,
) -> (Option<MerchantId>, AuditFilter, PageAsk<AuditId>) {
    let mut given = Parameters::new(values, invalid);
    let page = given.page();
    let action = given.word("action", &AuditAction::ALL.map(AuditAction::as_str), AuditAction::parse);
    (given.id("merchant", "is not a merchant's id"), AuditFilter { action }, page)
}
