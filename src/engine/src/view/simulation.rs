//! What another routing profile would do, as merchants see it.

use serde::Serialize;
use utoipa::ToSchema;

use super::routing::WarningView;

/// What a profile would have done.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RoutingSimulation)]
pub struct SimulationView {
    /// Always `routing_simulation`.
    #[schema(example = "routing_simulation")]
    pub object: &'static str,
    /// The active version that was replayed; null for a draft.
    pub version: Option<u64>,
    /// Carts that were decided on.
    pub considered: u64,
    /// Of these, how many would begin at the same financer.
    pub unchanged: u64,
    /// Of these, how many would begin at another one.
    pub moved: u64,
    /// Checkouts left out because they named their financers: those win over every profile.
    pub named: u64,
    /// Checkouts left out because the customer chose.
    pub customer_chose: u64,
    /// True when there were more checkouts than `limit`; the newest were taken.
    pub has_more: bool,
    /// From whom to whom, the most frequent first.
    pub moves: Vec<MoveView>,
    /// How often each rule would have decided.
    pub rules: Vec<RuleCountView>,
    /// What this cannot know.
    pub unknown: Vec<UnknownView>,
    /// What is probably not meant so in the profile.
    pub warnings: Vec<WarningView>,
}

/// Carts that would begin elsewhere.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RoutingMove)]
pub struct MoveView {
    /// Where they began; null where nobody was, or would be, asked.
    pub from: Option<String>,
    /// Where they would begin; null where nobody could serve them, or the profile says nothing.
    pub to: Option<String>,
    /// How many.
    pub count: u64,
    /// Their totals.
    pub amounts: Vec<SumView>,
    /// Some of them: ids of checkouts, or the references of the carts in the request.
    pub examples: Vec<String>,
}

/// A sum of totals.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RoutingSum)]
pub struct SumView {
    /// ISO 4217.
    #[schema(example = "USD")]
    pub currency: String,
    /// Decimal string.
    #[schema(example = "14200.00")]
    pub total: String,
}

/// How often a rule would have decided.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RoutingRuleCount)]
pub struct RuleCountView {
    /// Its name; `cascade` for the profile's own order, `none` where it says nothing.
    pub rule: String,
    /// How often.
    pub count: u64,
}

/// Something that a simulation cannot know.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RoutingUnknown)]
pub struct UnknownView {
    /// `health`, `accounts`, `provider_limits`, `customer` or `outcome`.
    #[schema(example = "health")]
    pub code: &'static str,
    /// In a sentence.
    pub detail: &'static str,
    /// How many carts it concerns.
    pub count: u64,
}
