//! A checkout with everything its status and amounts are derived from.

use crate::attempt::Attempt;
use crate::checkout::Checkout;
use crate::fence::Fence;
use crate::id::{AttemptId, ProviderId};
use crate::ledger::Ledger;
use crate::status::CheckoutStatus;

/// A checkout with everything its status and amounts are derived from: what one transaction reads and changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutRecord {
    /// The intent.
    pub checkout: Checkout,
    /// Its attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// Its movements.
    pub ledger: Ledger,
}

impl CheckoutRecord {
    /// The derived status.
    pub fn status(&self) -> CheckoutStatus {
        let tried = |provider: &ProviderId| self.attempts.iter().any(|attempt| attempt.provider == *provider);
        let routes_left = self.checkout.route.providers.iter().any(|provider| !tried(provider));
        match CheckoutStatus::derive(&self.attempts, routes_left) {
            CheckoutStatus::Open if self.checkout.route.closed && !self.is_under_way() => CheckoutStatus::Expired,
            status => status,
        }
    }

    /// True when a financer has it, or is being asked.
    pub fn is_under_way(&self) -> bool {
        self.attempts.iter().any(|attempt| !attempt.state.is_over())
    }

    /// The attempt that speaks for the checkout: the one its status is derived from.
    pub fn leading_attempt(&self) -> Option<&Attempt> {
        CheckoutStatus::speaker(&self.attempts)
    }

    /// The attempt with this id.
    pub fn attempt(&self, id: AttemptId) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.id == id)
    }

    /// What the commit fence says to this attempt.
    pub fn fence_for(&self, id: AttemptId) -> Fence {
        let holder = self.attempts.iter().find(|attempt| attempt.id != id && attempt.state.is_committed());
        holder.map_or(Fence::Free, |attempt| Fence::HeldBy(attempt.id))
    }
}
