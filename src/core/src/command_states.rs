//! Which command makes sense in which state, as far as our own books know; whether it works is the provider's verdict.
//!
//! A command whose effect is there already is refused like any other that has nothing to do: what makes a repeat safe is
//! its idempotency key, which hears the first answer again.

use crate::attempt::{Attempt, AttemptState};
use crate::operation::OperationKind;

const NO_REQUEST_YET: &str = "wait until it is known whether the financer has the request";
const NOT_COMMITTED: &str = "the customer has to commit to it first";
const OVER: &str = "its attempt is over, so there is nothing left to do at the financer";

/// Why a command is refused before the provider is called; none when it may be sent.
///
/// What an attempt may become by itself in the meantime is not guessed: only states that say no for sure refuse, and those
/// before a commitment, from which a refresh leads on.
pub fn refuses(kind: OperationKind, attempt: &Attempt) -> Option<&'static str> {
    use AttemptState::*;
    match kind {
        OperationKind::Cancel => match attempt.state {
            AwaitingCustomer | UnderReview | Preapproved | AwaitingMerchant | Authorized => None,
            Initiating | Indeterminate => Some(NO_REQUEST_YET),
            Captured => Some("it can be stopped before it is captured only; give it back with a refund"),
            Canceled => Some("it was stopped before"),
            Refunded | ChargedBack | Declined | Expired | Failed => Some(OVER),
        },
        OperationKind::Capture => match attempt.state {
            Authorized => None,
            Initiating | Indeterminate => Some(NO_REQUEST_YET),
            AwaitingCustomer | UnderReview | Preapproved | AwaitingMerchant => Some(NOT_COMMITTED),
            Captured => Some("it was captured before"),
            Refunded | ChargedBack | Declined | Canceled | Expired | Failed => Some(OVER),
        },
        OperationKind::Refund => match attempt.state {
            Authorized if attempt.review_open => {
                Some("the financer's risk review has to end first; until then it can be canceled")
            }
            // A provider that captures by itself and does not say so stays there.
            Authorized | Captured => None,
            Initiating | Indeterminate => Some(NO_REQUEST_YET),
            AwaitingCustomer | UnderReview | Preapproved | AwaitingMerchant => Some(NOT_COMMITTED),
            Refunded => Some("everything was given back before"),
            ChargedBack => Some("everything was taken back; only a dispute that is won brings it again"),
            Declined | Canceled | Expired | Failed => Some(OVER),
        },
        // Creates are fenced elsewhere, steps have a table of their own, shipments go to whoever is committed, what was signed is confirmed by the gateway
        // itself, and everything else changes no money.
        OperationKind::Create
        | OperationKind::Shipment
        | OperationKind::Finalize
        | OperationKind::Apply
        | OperationKind::AddPayment
        | OperationKind::Agree
        | OperationKind::Sign
        | OperationKind::Amend
        | OperationKind::Retrieve => None,
    }
}
