//! Routing, eligibility and simulations as merchants see them.

use jiff::Timestamp;
use lendport_core::routing::Profile;
use lendport_core::{Exclusion, FieldError};
use lendport_storage::RoutingVersion;
use serde::Serialize;
use utoipa::ToSchema;

/// Stands for the profile's own schema in the description of the API, which `http` puts in its place.
#[derive(ToSchema)]
pub struct RoutingProfile {}

/// One version of the routing profile.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RoutingProfileVersion)]
pub struct RoutingView {
    /// Id of this version.
    #[schema(example = "rpf_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")]
    pub id: String,
    /// Always `routing_profile`.
    #[schema(example = "routing_profile")]
    pub object: &'static str,
    /// Counted from 1; the ETag.
    pub version: u64,
    /// Whether it decides.
    pub active: bool,
    /// Who put it: the id of a key.
    pub created_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// What it says.
    #[schema(value_type = RoutingProfile)]
    pub profile: Profile,
    /// What is probably not meant so; only in the answer to a change.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<WarningView>,
}

impl RoutingView {
    /// Shows a version.
    pub fn of(stored: RoutingVersion, warnings: Vec<FieldError>) -> Self {
        Self {
            id: stored.id.to_string(),
            object: "routing_profile",
            version: stored.version,
            active: stored.active,
            created_by: stored.created_by,
            created_at: stored.created_at,
            profile: stored.profile,
            warnings: warnings.into_iter().map(WarningView::of).collect(),
        }
    }
}

/// Something that is probably not meant so.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Warning)]
pub struct WarningView {
    /// JSON Pointer into the profile.
    #[schema(example = "/rules/3")]
    pub pointer: String,
    /// `unreachable_rule` or `no_account`.
    #[schema(example = "unreachable_rule")]
    pub code: String,
    /// In a sentence.
    pub detail: String,
}

impl WarningView {
    pub(crate) fn of(error: FieldError) -> Self {
        Self { pointer: error.pointer, code: error.code, detail: error.detail }
    }
}

/// Who can serve a cart.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Eligibility)]
pub struct EligibilityView {
    /// Always `eligibility`.
    #[schema(example = "eligibility")]
    pub object: &'static str,
    /// ISO 4217 code of the cart.
    #[schema(example = "USD")]
    pub currency: String,
    /// What the shopper would owe.
    #[schema(example = "1420.00")]
    pub total: String,
    /// Every financer that is switched on, by name.
    pub providers: Vec<ProviderEligibilityView>,
}

/// Whether one financer can serve a cart.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ProviderEligibility)]
pub struct ProviderEligibilityView {
    /// Its short name.
    pub provider: String,
    /// Its name for people.
    pub name: &'static str,
    /// What it offers: `loan`, `lease_to_own` or `payment`.
    pub product_type: &'static str,
    /// True where nothing is in the way.
    pub eligible: bool,
    /// Everything that is.
    pub exclusions: Vec<ExclusionView>,
    /// Fields of a checkout that were left out here and that it cannot do without, as JSON Pointers.
    pub needed: Vec<&'static str>,
}

/// One thing that is in the way.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Exclusion)]
pub struct ExclusionView {
    /// Stable word, such as `unsupported_country`, `too_small`, `other_product`, `no_account` or `provider_unhealthy`.
    #[schema(example = "unsupported_country")]
    pub code: String,
    /// JSON Pointer into the request; null where it is about the financer alone.
    pub pointer: Option<String>,
    /// In a sentence.
    pub detail: String,
    /// What would have been within bounds, where that is a list or an amount.
    pub limit: Option<LimitFactsView>,
}

/// What would have been within bounds.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ExclusionLimit)]
pub struct LimitFactsView {
    /// Smallest total.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// Largest total.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
    /// Currency of the totals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// The values that are served.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<String>,
}

impl ExclusionView {
    /// Shows it.
    pub fn of(exclusion: &Exclusion) -> Self {
        Self {
            code: exclusion.code.clone(),
            pointer: exclusion.pointer.clone(),
            detail: exclusion.detail.clone(),
            limit: exclusion.limit.clone().map(|limit| LimitFactsView {
                min: limit.min,
                max: limit.max,
                currency: limit.currency,
                one_of: limit.one_of,
            }),
        }
    }
}
