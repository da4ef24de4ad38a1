//! The checkout's status: a pure function of its attempts, and of whether its deadline has closed the route. Nobody sets it.

use crate::attempt::{Attempt, AttemptState};

/// What a checkout is, in one word (`model.md` section 2, Checkout status).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckoutStatus {
    /// No financer has it yet.
    Open,
    /// The customer must act.
    RequiresCustomerAction,
    /// A financer is deciding.
    UnderReview,
    /// Positive, not final.
    Preapproved,
    /// The merchant must act.
    RequiresMerchantAction,
    /// Committed.
    Authorized,
    /// Paid.
    Captured,
    /// Everything given back.
    Refunded,
    /// Everything taken back.
    ChargedBack,
    /// Every route is exhausted.
    Declined,
    /// Stopped before capture.
    Canceled,
    /// A deadline passed.
    Expired,
    /// Known not to have committed.
    Failed,
    /// A call may have committed and nobody knows.
    Indeterminate,
}

impl CheckoutStatus {
    /// Every status.
    pub const ALL: [Self; 14] = [
        Self::Open,
        Self::RequiresCustomerAction,
        Self::UnderReview,
        Self::Preapproved,
        Self::RequiresMerchantAction,
        Self::Authorized,
        Self::Captured,
        Self::Refunded,
        Self::ChargedBack,
        Self::Declined,
        Self::Canceled,
        Self::Expired,
        Self::Failed,
        Self::Indeterminate,
    ];

    /// The word used in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::RequiresCustomerAction => "requires_customer_action",
            Self::UnderReview => "under_review",
            Self::Preapproved => "preapproved",
            Self::RequiresMerchantAction => "requires_merchant_action",
            Self::Authorized => "authorized",
            Self::Captured => "captured",
            Self::Refunded => "refunded",
            Self::ChargedBack => "charged_back",
            Self::Declined => "declined",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Indeterminate => "indeterminate",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// The attempt that speaks for all. A commitment wins over everything, an unknown outcome over what is merely
    /// under way, and the latest attempt speaks otherwise.
    pub fn speaker(attempts: &[Attempt]) -> Option<&Attempt> {
        let speaks = |wanted: fn(AttemptState) -> bool| attempts.iter().rfind(|attempt| wanted(attempt.state));
        speaks(AttemptState::is_committed)
            .or_else(|| speaks(|state| matches!(state, AttemptState::Refunded | AttemptState::ChargedBack)))
            // A later attempt that the customer can see supersedes an earlier unknown outcome.
            .or_else(|| attempts.last().filter(|attempt| !attempt.state.is_over()))
            .or_else(|| speaks(|state| state == AttemptState::Indeterminate))
            .or_else(|| attempts.last())
    }

    /// Derives the status from the attempt that speaks. `routes_left` says that more financers may follow.
    pub fn derive(attempts: &[Attempt], routes_left: bool) -> Self {
        match Self::speaker(attempts).map(|attempt| attempt.state) {
            None | Some(AttemptState::Initiating) => Self::Open,
            Some(AttemptState::Indeterminate) => Self::Indeterminate,
            Some(AttemptState::AwaitingCustomer) => Self::RequiresCustomerAction,
            Some(AttemptState::UnderReview) => Self::UnderReview,
            Some(AttemptState::Preapproved) => Self::Preapproved,
            Some(AttemptState::AwaitingMerchant) => Self::RequiresMerchantAction,
            Some(AttemptState::Authorized) => Self::Authorized,
            Some(AttemptState::Captured) => Self::Captured,
            Some(AttemptState::Refunded) => Self::Refunded,
            Some(AttemptState::ChargedBack) => Self::ChargedBack,
            Some(AttemptState::Declined | AttemptState::Failed | AttemptState::Expired) if routes_left => Self::Open,
            Some(AttemptState::Declined) => Self::Declined,
            Some(AttemptState::Canceled) => Self::Canceled,
            Some(AttemptState::Expired) => Self::Expired,
            Some(AttemptState::Failed) => Self::Failed,
        }
    }
}
