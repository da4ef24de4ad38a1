//! Attempts that are over here, or about to be, while the customer may still do something at the provider.

use crate::attempt::{Attempt, AttemptState, Reason};
use crate::operation::OperationKind;

impl Attempt {
    /// True while the merchant's cancel of it is on its way, or nobody knows yet what became of it: whatever it comes to, the
    /// order was given up.
    pub fn is_being_canceled(&self) -> bool {
        self.awaited == Some(OperationKind::Cancel)
    }

    /// True when the merchant ended it here and the customer may still commit to it at the provider, or has: one that had
    /// ended before, and whose late approval the merchant has undone, keeps its state.
    pub fn is_canceled_locally(&self) -> bool {
        use AttemptState::{Canceled, Declined, Expired, Failed};
        self.ended_for(Reason::CANCELED_LOCALLY) && matches!(self.state, Canceled | Declined | Expired | Failed)
    }

    /// True when our own deadline ended it and the customer may still sign it at the provider.
    pub fn is_expired_here(&self) -> bool {
        self.ended_for(Reason::DEADLINE_PASSED) && self.state == AttemptState::Expired
    }

    /// True when it ended here, not by the merchant, while the customer had the provider's page.
    pub fn is_left_open(&self) -> bool {
        self.is_left() || self.is_expired_here()
    }

    /// True when the customer chose another financer while its page was open.
    pub fn is_left(&self) -> bool {
        self.ended_for(Reason::LEFT_BY_CUSTOMER) && self.state == AttemptState::Canceled
    }

    /// True when nobody wants a signature any more, and the provider may take one: its page was left open here, or it said no or
    /// ended it, and its window was not closed. What the provider was told to cancel is not among it: some go on showing that
    /// as signed.
    pub fn is_signed_in_vain(&self) -> bool {
        let said_no = matches!(self.state, AttemptState::Declined | AttemptState::Expired);
        (said_no || self.is_left_open()) && !self.is_canceled_locally()
    }

    fn ended_for(&self, word: &str) -> bool {
        self.reason.as_ref().is_some_and(|reason| reason.is(word))
    }
}
