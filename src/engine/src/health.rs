//! Whether a financer works at the moment. Who knows tells it; here nobody is asked.

use lendport_core::ProviderAccount;
use lendport_storage::Tenant;

/// How a financer stands, as far as this process has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderHealth {
    /// Nothing is known against it.
    Healthy,
    /// It is left out of routing.
    Unhealthy {
        /// What was seen, in a sentence.
        detail: String,
        /// Seconds until it is tried again, where known.
        retry_after_s: Option<u32>,
    },
}

/// Tells how financers stand.
pub trait Health: Send + Sync {
    /// How the financer of an account stands. Answers at once, from what is known.
    fn health(&self, tenant: Tenant, account: &ProviderAccount) -> ProviderHealth;
}

/// Knows nothing against anybody.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllHealthy;

impl Health for AllHealthy {
    fn health(&self, _: Tenant, _: &ProviderAccount) -> ProviderHealth {
        ProviderHealth::Healthy
    }
}
