//! One financer's try at a checkout, and the states it can be in (`model.md` section 2).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::capture::CaptureMode;
use crate::id::ProviderId;
use crate::id::{AttemptId, CheckoutId, ObservationId, ProviderAccountId};
use crate::money::Money;
pub use crate::next_action::{NextAction, NextActionKind};
use crate::observation::Grade;
use crate::operation::OperationKind;

/// Where an attempt stands. What moves it is [`crate::reduce`], nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// About to call, or calling, the provider.
    Initiating,
    /// Sent something that can commit; outcome not known.
    Indeterminate,
    /// The customer must apply, pay, sign or verify.
    AwaitingCustomer,
    /// The provider is deciding.
    UnderReview,
    /// Positive, not final: do not ship.
    Preapproved,
    /// Gateway or merchant must act to commit.
    AwaitingMerchant,
    /// Committed.
    Authorized,
    /// The merchant is paid, or entitled to be.
    Captured,
    /// Everything given back.
    Refunded,
    /// Everything taken back.
    ChargedBack,
    /// The provider said no.
    Declined,
    /// Stopped before capture.
    Canceled,
    /// A deadline passed; may come back.
    Expired,
    /// Known not to have committed.
    Failed,
}

impl AttemptState {
    /// Every state.
    pub const ALL: [Self; 14] = [
        Self::Initiating,
        Self::Indeterminate,
        Self::AwaitingCustomer,
        Self::UnderReview,
        Self::Preapproved,
        Self::AwaitingMerchant,
        Self::Authorized,
        Self::Captured,
        Self::Refunded,
        Self::ChargedBack,
        Self::Declined,
        Self::Canceled,
        Self::Expired,
        Self::Failed,
    ];

    /// The word used in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initiating => "initiating",
            Self::Indeterminate => "indeterminate",
            Self::AwaitingCustomer => "awaiting_customer",
            Self::UnderReview => "under_review",
            Self::Preapproved => "preapproved",
            Self::AwaitingMerchant => "awaiting_merchant",
            Self::Authorized => "authorized",
            Self::Captured => "captured",
            Self::Refunded => "refunded",
            Self::ChargedBack => "charged_back",
            Self::Declined => "declined",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Failed => "failed",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// A live commitment: at most one of these per checkout.
    pub fn is_committed(self) -> bool {
        matches!(self, Self::Authorized | Self::Captured)
    }

    /// Committed, or possibly so: no other financer may be started.
    pub fn holds_the_fence(self) -> bool {
        self.is_committed() || self == Self::Indeterminate
    }

    /// A call may have bound a financer, or the next one does: whether it has a claim is known by its outcome alone.
    pub fn is_unsettled(self) -> bool {
        matches!(self, Self::Initiating | Self::Indeterminate | Self::AwaitingMerchant)
    }

    /// Nothing more is expected of the customer or the provider.
    pub fn is_over(self) -> bool {
        matches!(
            self,
            Self::Refunded | Self::ChargedBack | Self::Declined | Self::Canceled | Self::Expired | Self::Failed
        )
    }

    /// A timer of ours may end it; anything committed or unknown is left alone.
    pub fn may_expire(self) -> bool {
        matches!(self, Self::AwaitingCustomer | Self::UnderReview | Self::Preapproved)
    }
}

/// Why an attempt is where it is, in machine words such as `withdrawn_by_provider`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reason(pub String);

impl Reason {
    /// Ended here by the merchant while the provider's page could still be used, for the provider has no call that
    /// ends it. An adapter answers a cancel with it; what the customer commits to there all the same is undone.
    pub const CANCELED_LOCALLY: &str = "canceled_locally";
    /// Ended by the merchant, at the financer too.
    pub const CANCELED_BY_MERCHANT: &str = "canceled_by_merchant";

    /// Ended here by the checkout's own deadline, which says nothing of the provider.
    pub const DEADLINE_PASSED: &str = "deadline_passed";
    /// Ended here because the customer chose another financer while its page was open.
    pub const LEFT_BY_CUSTOMER: &str = "left_by_customer";
    /// The financer said no, and that it is not to be asked for this customer again.
    pub const NOT_TO_BE_ASKED_AGAIN: &str = "not_to_be_asked_again";

    /// A reason of ours.
    pub fn new(word: &str) -> Self {
        Self(word.to_owned())
    }

    /// True for this word.
    pub fn is(&self, word: &str) -> bool {
        self.0 == word
    }
}

/// How a provider names the request on its side; only its adapter looks inside.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProviderRef(pub String);

/// The observation a state rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Which one.
    pub observation: ObservationId,
    /// How it was learnt.
    pub grade: Grade,
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Ours.
    pub id: AttemptId,
    /// The checkout it belongs to.
    pub checkout: CheckoutId,
    /// Position among the checkout's attempts, from 1.
    pub number: u32,
    /// The financer.
    pub provider: ProviderId,
    /// Whose credentials are used.
    pub account: ProviderAccountId,
    /// Where it stands.
    pub state: AttemptState,
    /// Why, when there is something to say.
    pub reason: Option<Reason>,
    /// What the state rests on; none while `initiating`.
    pub evidence: Option<Evidence>,
    /// The provider's id of the request.
    pub reference: Option<ProviderRef>,
    /// The provider's latest status in its own word.
    pub raw_status: Option<String>,
    /// SHA-256 (hex) of the token in this attempt's callback URL; the token itself is not kept in the clear.
    pub callback_digest: String,
    /// What we call the request towards the provider; unguessable and different for every attempt.
    pub merchant_reference: String,
    /// Where the customer goes.
    pub next_action: Option<NextAction>,
    /// What we asked the provider to finance.
    pub amount: Money,
    /// What the provider said it was asked, when it said so.
    pub amount_echoed: Option<Money>,
    /// Who captures, and when.
    pub capture: CaptureMode,
    /// Last moment to capture, where the provider has one.
    pub capture_by: Option<Timestamp>,
    /// When the provider ends it by its own clock, where that is known.
    pub expires_at: Option<Timestamp>,
    /// The deadline that the merchant was told of before it passed; the latest one.
    pub deadline_told: Option<Timestamp>,
    /// A command whose effect was not seen yet: one that the provider took in, and a cancel from the moment it is stored, so
    /// that an approval that goes away with it was taken back here.
    pub awaited: Option<OperationKind>,
    /// True while the provider may still take its commitment back after a risk review. Only of what is committed.
    pub review_open: bool,
    /// True once a person with the right scope confirmed or accepted the amount the provider committed to.
    pub amount_accepted: bool,
    /// True once a person found that an approval after a withdrawal holds.
    pub approval_confirmed: bool,
    /// When the provider is asked, or its silence told, next; none when nothing is due from it.
    pub poll_at: Option<Timestamp>,
    /// How often it was asked since its last news.
    pub polls: u32,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Attempt {
    /// True when the provider echoed an amount and it is not what we asked for.
    pub fn amount_differs(&self) -> bool {
        self.amount_echoed.is_some_and(|echoed| echoed != self.amount)
    }

    /// The sum that holds: the provider's where a person accepted it, else ours.
    pub fn agreed_amount(&self) -> Money {
        let accepted = |sum: &Money| self.amount_accepted && sum.currency() == self.amount.currency();
        self.amount_echoed.filter(accepted).unwrap_or(self.amount)
    }
}
