//! How much a merchant may have, and how much it has.

use lendport_core::{Quota, Quotas};
use lendport_storage::Tenant;
use serde::Serialize;
use utoipa::ToSchema;

/// A merchant's quotas in one mode.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Quotas)]
pub struct QuotasView {
    /// Always `quotas`.
    #[schema(example = "quotas")]
    pub object: &'static str,
    /// Whose.
    pub merchant: String,
    /// The mode whose use is shown: that of the key. The limits are the same in both.
    #[schema(example = "test")]
    pub mode: &'static str,
    /// Each of them.
    pub quotas: Vec<QuotaView>,
}

/// One quota.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Quota)]
pub struct QuotaView {
    /// `open_checkouts`: those nobody has decided on. `checkouts_per_day`: those of the last 24 hours.
    /// `webhook_endpoints`: endpoints for events.
    #[schema(example = "open_checkouts")]
    pub name: &'static str,
    /// As many as there may be; null means no limit.
    pub limit: Option<u32>,
    /// As many as there are; counting ends at a million.
    pub used: u32,
    /// True where the limit is this merchant's own.
    pub own: bool,
}

impl QuotasView {
    /// Shows them; `used` is in the order of [`Quota::ALL`].
    pub(crate) fn of(tenant: Tenant, own: Quotas, usual: Quotas, used: [u32; 3]) -> Self {
        let all = own.over(usual);
        let one = |(quota, used): (Quota, u32)| QuotaView {
            name: quota.as_str(),
            limit: all.of(quota),
            used,
            own: own.of(quota).is_some(),
        };
        Self {
            object: "quotas",
            merchant: tenant.merchant.to_string(),
            mode: tenant.mode.as_str(),
            quotas: Quota::ALL.into_iter().zip(used).map(one).collect(),
        }
    }
}
