//! Which financers a checkout goes to, as merchants see it.

use lendport_core::{Product, Route, Skipped};
use serde::Serialize;
use utoipa::ToSchema;

use super::routing::ExclusionView;

/// How the financer was chosen.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RouteView {
    /// The name of the rule of the routing profile, or `cascade` for the profile's own order; without a profile
    /// `explicit`, `only_provider`, or `customer_choice`.
    #[schema(example = "explicit")]
    pub rule: String,
    /// In the order in which they are tried.
    pub providers: Vec<String>,
    /// Who was passed over, and why.
    pub skipped: Vec<SkippedView>,
    /// Everybody who was considered, in order; absent where one alone was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<String>,
    /// The version of the routing profile that decided; absent where none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<RouteProfileView>,
    /// The kind of financing that was asked for; absent for any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_type: Option<&'static str>,
}

/// The version of the routing profile that decided.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RouteProfileView {
    /// Its id.
    #[schema(example = "rpf_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")]
    pub id: String,
    /// Its number.
    pub version: u64,
    /// Which share of the rule's split, from 0; absent where the rule has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arm: Option<u32>,
}

/// A financer that was passed over.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SkippedView {
    /// Which one.
    pub provider: String,
    /// Why, in a machine word: the first of the exclusions.
    pub reason: String,
    /// Everything that was in the way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclusions: Vec<ExclusionView>,
}

impl RouteView {
    /// Shows a route.
    pub fn of(route: &Route) -> Self {
        let skipped = |skipped: &Skipped| SkippedView {
            provider: skipped.provider.to_string(),
            reason: skipped.reason.clone(),
            exclusions: skipped.exclusions.iter().map(ExclusionView::of).collect(),
        };
        Self {
            rule: route.rule.clone(),
            providers: route.providers.iter().map(ToString::to_string).collect(),
            skipped: route.skipped.iter().map(skipped).collect(),
            candidates: route.candidates.iter().map(ToString::to_string).collect(),
            profile: route.profile.map(|profile| RouteProfileView {
                id: profile.id.to_string(),
                version: profile.version,
                arm: profile.arm,
            }),
            product_type: route.product_type.map(Product::as_str),
        }
    }
}
