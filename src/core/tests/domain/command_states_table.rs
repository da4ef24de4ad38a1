//! Every command against every state.

use lendport_core::{Attempt, AttemptState, OperationKind, command_states};

use crate::world::attempt_in;

const MONEY: [OperationKind; 3] = [OperationKind::Cancel, OperationKind::Capture, OperationKind::Refund];

/// What may be sent, written down by hand: cancel, capture, refund.
const TABLE: [(AttemptState, [bool; 3]); 14] = [
    (AttemptState::Initiating, [false, false, false]),
    (AttemptState::Indeterminate, [false, false, false]),
    (AttemptState::AwaitingCustomer, [true, false, false]),
    (AttemptState::UnderReview, [true, false, false]),
    (AttemptState::Preapproved, [true, false, false]),
    (AttemptState::AwaitingMerchant, [true, false, false]),
    (AttemptState::Authorized, [true, true, true]),
    (AttemptState::Captured, [false, false, true]),
    (AttemptState::Refunded, [false, false, false]),
    (AttemptState::ChargedBack, [false, false, false]),
    (AttemptState::Declined, [false, false, false]),
    (AttemptState::Canceled, [false, false, false]),
    (AttemptState::Expired, [false, false, false]),
    (AttemptState::Failed, [false, false, false]),
];

fn allowed(attempt: &Attempt) -> [bool; 3] {
    MONEY.map(|kind| command_states::refuses(kind, attempt).is_none())
}

#[test]
fn every_command_is_sent_in_its_states_only() {
    for state in AttemptState::ALL {
        let (_, wanted) = TABLE.iter().find(|(known, _)| *known == state).unwrap();
        assert_eq!(allowed(&attempt_in(state)), *wanted, "{}", state.as_str());
    }
}

#[test]
fn what_is_under_review_can_be_canceled_and_not_given_back() {
    let mut attempt = attempt_in(AttemptState::Authorized);
    attempt.review_open = true;
    assert_eq!(allowed(&attempt), [true, true, false]);
    let mut captured = attempt_in(AttemptState::Captured);
    captured.review_open = true;
    assert_eq!(allowed(&captured), [false, false, true]);
}

#[test]
fn what_nobody_asks_for_is_not_judged_here() {
    use OperationKind::{Amend, Create, Finalize, Retrieve, Shipment};
    for state in AttemptState::ALL {
        for kind in [Create, Shipment, Amend, Finalize, Retrieve] {
            assert_eq!(command_states::refuses(kind, &attempt_in(state)), None);
        }
    }
}
