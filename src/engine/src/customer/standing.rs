//! Where a customer stands, in few words. Why a financer said no is not among them.

use lendport_core::{AttemptState, CheckoutRecord, CheckoutStatus};

/// What is so now beside the checkout's own rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// A financer can be chosen.
    pub(super) open: bool,
    /// The checkout's own deadline has passed.
    pub(super) passed: bool,
    /// Nobody knows what became of the latest create, and another one in its place does no harm.
    pub(super) repeatable: bool,
    /// The next financer is being started without the customer.
    pub(super) follows: bool,
    /// Somebody else could be started, and a late approval waits for a person.
    pub(super) held: bool,
}

/// Where a customer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is under way; a financer can be chosen.
    Choose,
    /// The financer is being asked.
    Preparing,
    /// Nobody knows yet what a financer did, or a person looks into it.
    Checking,
    /// The customer has something to do at the financer.
    Continue,
    /// The financer decides, or the merchant has something to do.
    Deciding,
    /// Positive, not final.
    Preapproved,
    /// Committed.
    Approved,
    /// The financer said no, and nobody else can be chosen.
    Declined,
    /// A technical failure, and nobody else can be chosen.
    Failed,
    /// A deadline passed.
    Expired,
    /// Stopped by merchant or financer.
    Canceled,
    /// Given back or taken back after it was approved.
    Closed,
}

impl Standing {
    /// Every one.
    pub const ALL: [Self; 12] = [
        Self::Choose,
        Self::Preparing,
        Self::Checking,
        Self::Continue,
        Self::Deciding,
        Self::Preapproved,
        Self::Approved,
        Self::Declined,
        Self::Failed,
        Self::Expired,
        Self::Canceled,
        Self::Closed,
    ];

    /// The word of the customer's status.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Choose => "choose",
            Self::Preparing => "preparing",
            Self::Checking => "checking",
            Self::Continue => "continue",
            Self::Deciding => "deciding",
            Self::Preapproved => "preapproved",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Canceled => "canceled",
            Self::Closed => "closed",
        }
    }

    /// True when there is nothing more to wait for.
    pub fn is_final(self) -> bool {
        use Standing::{Approved, Canceled, Closed, Declined, Expired, Failed};
        matches!(self, Approved | Declined | Failed | Expired | Canceled | Closed)
    }

    /// Derives it.
    pub(super) fn of(record: &CheckoutRecord, Moment { open, passed, repeatable, follows, held }: Moment) -> Self {
        // Somebody could still have been chosen.
        let too_late = passed && matches!(record.status(), CheckoutStatus::Open | CheckoutStatus::Expired);
        let Some(leading) = record.leading_attempt() else {
            return match (passed, open) {
                (true, _) => Self::Expired,
                (false, true) => Self::Choose,
                (false, false) => Self::Failed,
            };
        };
        match leading.state {
            AttemptState::Initiating => Self::Preparing,
            AttemptState::Indeterminate if open => Self::Choose,
            // Nobody saw a link, and none is given out any more.
            AttemptState::Indeterminate if passed && repeatable => Self::Expired,
            AttemptState::Indeterminate => Self::Checking,
            AttemptState::AwaitingCustomer
                if leading.next_action.as_ref().is_some_and(|action| !action.kind.is_step()) =>
            {
                Self::Continue
            }
            AttemptState::AwaitingCustomer | AttemptState::UnderReview | AttemptState::AwaitingMerchant => {
                Self::Deciding
            }
            AttemptState::Preapproved => Self::Preapproved,
            AttemptState::Authorized | AttemptState::Captured => Self::Approved,
            AttemptState::Refunded | AttemptState::ChargedBack => Self::Closed,
            AttemptState::Canceled => Self::Canceled,
            AttemptState::Declined | AttemptState::Failed | AttemptState::Expired if held => Self::Checking,
            AttemptState::Declined | AttemptState::Failed | AttemptState::Expired if follows => Self::Preparing,
            AttemptState::Declined | AttemptState::Failed | AttemptState::Expired if open => Self::Choose,
            AttemptState::Declined | AttemptState::Failed if too_late => Self::Expired,
            AttemptState::Declined => Self::Declined,
            AttemptState::Failed => Self::Failed,
            AttemptState::Expired => Self::Expired,
        }
    }
}

/// How the latest try ended, where another can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The financer said no.
    Declined,
    /// Something technical, and nothing was charged.
    Failed,
    /// Its page has run out.
    Expired,
}

impl Ended {
    /// The word of the customer's status.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Declined => "declined",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }

    pub(super) fn of(state: AttemptState) -> Option<Self> {
        match state {
            AttemptState::Declined => Some(Self::Declined),
            // A create without an answer that may be made anew.
            AttemptState::Failed | AttemptState::Indeterminate => Some(Self::Failed),
            AttemptState::Expired => Some(Self::Expired),
            _ => None,
        }
    }
}
