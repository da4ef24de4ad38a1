//! Which events a decision is told by: the most specific one, and `ready_to_fulfill` once in a checkout's life.

use jiff::Timestamp;
use lendport_core::{
    AttemptState, CheckoutRecord, CheckoutStatus, Decision, Dispute, EventType, LedgerKind, readiness,
};

/// The events for a decision that was already applied to `after`.
pub(crate) fn events_for(after: &CheckoutRecord, decision: &Decision, now: Timestamp) -> Vec<EventType> {
    let mut events = Vec::new();
    let ready = !after.checkout.ready_announced && readiness::blockers(after, now).is_empty();
    if let Some(moved) = &decision.moved {
        if moved.late_approval {
            events.push(EventType::AttemptLateApproval);
        }
        let told = match moved.to {
            AttemptState::Initiating => None,
            AttemptState::AwaitingCustomer | AttemptState::UnderReview | AttemptState::AwaitingMerchant
                if moved.from == AttemptState::Initiating =>
            {
                Some(EventType::AttemptCreated)
            }
            AttemptState::AwaitingCustomer | AttemptState::UnderReview | AttemptState::AwaitingMerchant => {
                Some(EventType::CheckoutUpdated)
            }
            AttemptState::Preapproved => Some(EventType::AttemptPreapproved),
            // Being ready, or a late approval, says it already.
            AttemptState::Authorized if ready || moved.late_approval => None,
            AttemptState::Authorized => Some(EventType::CheckoutUpdated),
            AttemptState::Captured => Some(EventType::CheckoutCaptured),
            AttemptState::Refunded => Some(EventType::CheckoutRefunded),
            AttemptState::ChargedBack => Some(EventType::CheckoutChargedBack),
            AttemptState::Declined if after.status() == CheckoutStatus::Declined => Some(EventType::CheckoutDeclined),
            AttemptState::Declined => Some(EventType::AttemptDeclined),
            AttemptState::Canceled if after.status() == CheckoutStatus::Canceled => Some(EventType::CheckoutCanceled),
            AttemptState::Expired if after.status() == CheckoutStatus::Expired => Some(EventType::CheckoutExpired),
            AttemptState::Canceled | AttemptState::Expired => Some(EventType::CheckoutUpdated),
            AttemptState::Failed => Some(EventType::OperationFailed),
            AttemptState::Indeterminate => Some(EventType::AttemptIndeterminate),
        };
        events.extend(told);
    }
    let booked = |kind| {
        let by_line = decision.lines.iter().any(|moved| moved.kind == kind);
        by_line || decision.ledger.iter().any(|(booked, _)| *booked == kind)
    };
    for (kind, told) in
        [(LedgerKind::Refunded, EventType::CheckoutRefunded), (LedgerKind::ChargedBack, EventType::CheckoutChargedBack)]
    {
        if booked(kind) && !events.contains(&told) {
            events.push(told);
        }
    }
    events.extend(dispute_event(decision.dispute));
    let unsaid = !decision.lines.is_empty()
        || decision.review.is_some()
        || decision.dispute.is_some()
        || booked(LedgerKind::ChargebackReversed);
    if unsaid && events.is_empty() && !ready {
        events.push(EventType::CheckoutUpdated);
    }
    if ready {
        events.push(EventType::CheckoutReadyToFulfill);
    }
    events
}

/// What tells of a dispute that changed.
pub(crate) fn dispute_event(dispute: Option<Dispute>) -> Option<EventType> {
    match dispute? {
        Dispute::Open => Some(EventType::DisputeOpened),
        Dispute::Won | Dispute::Lost => Some(EventType::DisputeClosed),
        Dispute::None => None,
    }
}
