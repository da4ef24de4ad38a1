//! `GET /v1/providers` and `GET /v1/providers/{id}`: what each financer is and can do, from its adapter's descriptor.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use lendport_core::{Ability, Descriptor, limits};
use lendport_engine::{BreakerView, Engine};
use lendport_storage::Tenant;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::list::List;
use crate::app::App;
use crate::extract::{Caller, NoQuery, PathParts, ProvidersRead};
use crate::openapi::parts::ReadProblems;
use crate::problem::{Code, Problem};

/// A financer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Provider)]
pub(crate) struct ProviderView {
    /// Its short name, as `provider` takes it.
    id: &'static str,
    /// Always `provider`.
    #[schema(example = "provider")]
    object: &'static str,
    /// Its name for people.
    name: &'static str,
    /// What it offers: `loan`, `payment` or `lease_to_own`.
    product: &'static str,
    /// In a sentence or two.
    summary: &'static str,
    /// Version and date of the documents the adapter was written from.
    documents: &'static str,
    /// Where it funds, and in which currency; the first of a country is its default.
    markets: Vec<MarketView>,
    /// Who captures: `automatic`, `manual` or `provider_managed`.
    capture: &'static str,
    /// Fields of a checkout it cannot do without, as JSON Pointers.
    required_fields: Vec<&'static str>,
    /// What it can do, every operation in turn.
    capabilities: Vec<CapabilityView>,
    /// Notification dialects it understands.
    dialects: Vec<&'static str>,
    /// Fields of an account at it.
    account_fields: Vec<AccountFieldView>,
    /// Sizes that a request may reach.
    limits: LimitsView,
    /// Whether it works at the caller's account, as far as the answering process has seen.
    health: HealthView,
}

/// Whether a financer works at the caller's account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderHealth)]
struct HealthView {
    /// `closed`: it works. `open`: it does not, and nothing new is begun at it. `half_open`: the next call shows.
    #[schema(example = "closed")]
    breaker: &'static str,
    /// Calls in the last while.
    recent_calls: u32,
    /// Those of them that were not answered, or failed on its side.
    recent_failures: u32,
    /// Since when it does not work.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// When a call may try whether it works again.
    #[schema(value_type = Option<String>, format = DateTime)]
    retry_at: Option<Timestamp>,
}

impl HealthView {
    fn of(view: BreakerView) -> Self {
        let BreakerView { state, calls, failed, since, retry_at } = view;
        Self { breaker: state.as_str(), recent_calls: calls, recent_failures: failed, since, retry_at }
    }
}

/// A country and the currency funded there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Market)]
struct MarketView {
    /// ISO 3166-1, two letters.
    #[schema(example = "US")]
    country: &'static str,
    /// ISO 4217.
    #[schema(example = "USD")]
    currency: &'static str,
}

/// How one operation is supported.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Capability)]
struct CapabilityView {
    /// The operation.
    #[schema(example = "refund_full")]
    operation: &'static str,
    /// `native`, `emulated`, `inbound` (learnt, cannot be asked), `portal` (a person in the back office), `implicit` or `none`.
    #[schema(example = "portal")]
    support: &'static str,
    /// True when the API can carry it out.
    can_be_asked: bool,
    /// Why so, and what to do instead.
    note: &'static str,
}

/// One field of an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountField)]
struct AccountFieldView {
    /// Its key.
    name: &'static str,
    /// JSON type that a value is written as: `string`, `integer` or `boolean`. The text of it is taken as well.
    #[serde(rename = "type")]
    #[schema(example = "integer")]
    kind: &'static str,
    /// What kind of text, where the type does not say it: `decimal`, `uri`, `origin` or `currencies`.
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
    /// Write-only, encrypted at rest.
    secret: bool,
    /// Needed before the account can be used.
    required: bool,
    /// The values it may have; empty means any of its type.
    choices: Vec<&'static str>,
    /// A regular expression that every value matches (ECMA 262).
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<String>,
    /// The least number.
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum: Option<u64>,
    /// The largest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum: Option<u64>,
    /// Characters at most.
    max_length: usize,
    /// What it is, and where to find it.
    description: &'static str,
    /// A page of the financer that tells more.
    #[serde(skip_serializing_if = "Option::is_none")]
    docs: Option<&'static str>,
}

impl AccountFieldView {
    fn of(field: &lendport_core::AccountField) -> Self {
        let range = field.kind.range();
        Self {
            name: field.name,
            kind: field.kind.json_type(),
            format: field.kind.format(),
            secret: field.secret,
            required: field.required,
            choices: field.kind.choices().to_vec(),
            pattern: field.kind.pattern(),
            minimum: range.map(|(min, _)| min),
            maximum: range.map(|(_, max)| max),
            max_length: limits::ACCOUNT_FIELD_MAX_CHARS,
            description: field.description,
            docs: field.docs,
        }
    }
}

/// Sizes that a request may reach; the same for every financer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Limits)]
struct LimitsView {
    /// Lines in a cart.
    items: usize,
    /// Units on one line.
    quantity: u32,
    /// Attempts of one checkout.
    attempts: u32,
    /// Largest amount, in major units.
    amount: String,
}

impl ProviderView {
    fn of(descriptor: &'static Descriptor, engine: &Engine, tenant: Tenant) -> Self {
        let capability = |ability| {
            let known = descriptor.capability(ability);
            CapabilityView {
                operation: ability.as_str(),
                support: known.support.as_str(),
                can_be_asked: known.support.can_be_asked(),
                note: known.note,
            }
        };
        let market = |market: &lendport_core::provider::Market| MarketView {
            country: market.country,
            currency: market.currency,
        };
        Self {
            id: descriptor.id,
            object: "provider",
            name: descriptor.name,
            product: descriptor.product,
            summary: descriptor.summary,
            documents: descriptor.documents,
            markets: descriptor.markets.iter().map(market).collect(),
            capture: descriptor.capture.as_str(),
            required_fields: descriptor.required_fields.to_vec(),
            capabilities: Ability::ALL.into_iter().map(capability).collect(),
            dialects: descriptor.dialects.to_vec(),
            account_fields: descriptor.account_fields.iter().map(AccountFieldView::of).collect(),
            limits: LimitsView {
                items: limits::CART_LINES_MAX,
                quantity: limits::LINE_QUANTITY_MAX,
                attempts: limits::ATTEMPTS_MAX,
                amount: limits::AMOUNT_MAX_MAJOR.to_string(),
            },
            health: HealthView::of(engine.breaker(tenant, descriptor.id)),
        }
    }
}

/// The resource's routes.
pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get))
}

/// List the financers that are switched on
#[utoipa::path(
    get,
    path = "/v1/providers",
    operation_id = "listProviders",
    tag = "Providers",
    security(("secret_key" = ["checkouts:read"]), ("secret_key" = ["accounts:write"])),
    responses((status = 200, description = "The financers, by name", body = List<ProviderView>), ReadProblems)
)]
async fn list(
    State(app): State<App>,
    Caller(tenant, ..): Caller<ProvidersRead>,
    _: NoQuery,
) -> Json<List<ProviderView>> {
    let shown = |descriptor| ProviderView::of(descriptor, &app.engine, tenant);
    Json(List::all(app.engine.descriptors().map(shown).collect()))
}

/// Read what one financer is and can do
#[utoipa::path(
    get,
    path = "/v1/providers/{id}",
    operation_id = "getProvider",
    tag = "Providers",
    security(("secret_key" = ["checkouts:read"]), ("secret_key" = ["accounts:write"])),
    params(("id" = String, Path, description = "Its short name")),
    responses((status = 200, description = "The financer", body = ProviderView), ReadProblems)
)]
async fn get(
    State(app): State<App>,
    Caller(tenant, ..): Caller<ProvidersRead>,
    _: NoQuery,
    path: PathParts,
) -> Result<Json<ProviderView>, Problem> {
    let wanted = path.get("id");
    let found = app.engine.descriptors().find(|descriptor| descriptor.id == wanted);
    found
        .map(|descriptor| Json(ProviderView::of(descriptor, &app.engine, tenant)))
        .ok_or_else(|| Problem::plain(Code::NotFound))
}
