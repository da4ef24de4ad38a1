//! Whether the next financer follows after one that did not finance a checkout (`model.md` section 2, "May the cascade go
//! on?"). What follows by itself does so by the policy that the route was made with; nothing follows a commitment, an unknown
//! outcome, or the checkout's own deadline.

use jiff::Timestamp;

use crate::attempt::{Attempt, AttemptState};
use crate::checkout::Checkout;
use crate::id::ProviderId;
use crate::limits::ATTEMPTS_MAX;
use crate::routing::{Follow, Policies};

/// Sums that differ stop a checkout: a person looks first (`api.md`, money rules).
const STOPPING: &str = "amount_mismatch";

/// Who would have another financer started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// The route's policy: nobody asks.
    Policy,
    /// The customer, who leaves the latest financer's page for it.
    Customer,
    /// The merchant.
    Merchant,
}

impl Asker {
    /// Everybody.
    pub const ALL: [Self; 3] = [Self::Policy, Self::Customer, Self::Merchant];
}

/// Whether another financer may follow one that stands so. The table of `model.md` says of some states only that a policy may
/// let it: no policy here lets anybody start beside a financer that still decides, or that has said yes but not finally.
pub fn may_follow(state: AttemptState, asker: Asker) -> bool {
    match state {
        AttemptState::Declined | AttemptState::Expired | AttemptState::Failed => true,
        // Who stopped it knows what comes next: a customer chooses, a merchant starts another.
        AttemptState::Canceled => asker != Asker::Policy,
        AttemptState::AwaitingCustomer => asker == Asker::Customer,
        AttemptState::Initiating
        | AttemptState::Indeterminate
        | AttemptState::UnderReview
        | AttemptState::Preapproved
        | AttemptState::AwaitingMerchant
        | AttemptState::Authorized
        | AttemptState::Captured
        // The order was settled once: whatever is sold next is another order.
        | AttemptState::Refunded
        | AttemptState::ChargedBack => false,
    }
}

/// How an attempt ended so that another financer may follow by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The financer said no.
    Decline,
    /// A deadline of the financer's passed.
    Expiry,
    /// A failure that is known not to have committed anybody.
    Failure,
}

impl Trigger {
    /// What a state is; none for one that nobody follows by itself.
    pub fn of(state: AttemptState) -> Option<Self> {
        match state {
            AttemptState::Declined => Some(Self::Decline),
            AttemptState::Expired => Some(Self::Expiry),
            AttemptState::Failed => Some(Self::Failure),
            AttemptState::Canceled
            | AttemptState::Initiating
            | AttemptState::Indeterminate
            | AttemptState::AwaitingCustomer
            | AttemptState::UnderReview
            | AttemptState::Preapproved
            | AttemptState::AwaitingMerchant
            | AttemptState::Authorized
            | AttemptState::Captured
            | AttemptState::Refunded
            | AttemptState::ChargedBack => None,
        }
    }

    /// What the policies say of it.
    pub fn policy(self, policies: Policies) -> Follow {
        match self {
            Self::Decline => policies.after_decline,
            Self::Expiry => policies.after_expiry,
            Self::Failure => policies.after_failure,
        }
    }
}

/// What the route's policies say after an attempt; none where that is not one which another may follow. A route that no profile
/// made offers, and so does one on which the customer chooses: who asked for a choice has one after a no, too.
pub fn policy_after(checkout: &Checkout, attempt: &Attempt) -> Option<Follow> {
    let policies = checkout.route.policies.unwrap_or_default();
    match Trigger::of(attempt.state)?.policy(policies) {
        Follow::Automatic if checkout.route.customer_chooses => Some(Follow::Offer),
        follow => Some(follow),
    }
}

/// The next financer of the route that was not tried.
pub fn next_of<'c>(checkout: &'c Checkout, attempts: &[Attempt]) -> Option<&'c ProviderId> {
    untried(checkout, attempts).next()
}

/// The financers of the route that were not tried, in its order.
pub fn untried<'c>(checkout: &'c Checkout, attempts: &[Attempt]) -> impl Iterator<Item = &'c ProviderId> {
    checkout.route.providers.iter().filter(|id| !attempts.iter().any(|attempt| attempt.provider == **id))
}

/// True when the next financer is to be started without anybody asking for it.
pub fn is_due(checkout: &Checkout, attempts: &[Attempt], now: Timestamp) -> bool {
    let Some(latest) = attempts.last() else { return false };
    let room = u32::try_from(attempts.len()).is_ok_and(|count| count < ATTEMPTS_MAX);
    let open = room && !checkout.route.closed && now < checkout.expires_at;
    // An order that was told as ready may be on its way; whatever became of it is the merchant's.
    let settled = checkout.ready_announced;
    let stopped = latest.reason.as_ref().is_some_and(|reason| reason.0 == STOPPING);
    open && !settled
        && !stopped
        && attempts.iter().all(|attempt| may_follow(attempt.state, Asker::Merchant) && !attempt.is_being_canceled())
        && policy_after(checkout, latest) == Some(Follow::Automatic)
        && next_of(checkout, attempts).is_some()
}

/// True for an attempt that came after one which is followed automatically.
pub fn came_by_itself(checkout: &Checkout, attempts: &[Attempt], attempt: &Attempt) -> bool {
    let before = attempts.iter().filter(|known| known.number < attempt.number).max_by_key(|known| known.number);
    before.and_then(|before| policy_after(checkout, before)) == Some(Follow::Automatic)
}
