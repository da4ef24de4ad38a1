//! May the order be shipped? The one question an order system has, and the words for why not.

use jiff::Timestamp;

use crate::attempt::AttemptState;
use crate::fulfilment::Dispute;
use crate::ledger::LedgerKind;
use crate::observation::Grade;
use crate::record::CheckoutRecord;
use crate::status::CheckoutStatus;

/// Why the order must not be shipped, in machine words; empty means ship.
///
/// A commitment on evidence below `token` cannot exist (an account that requires signatures refuses the push itself),
/// but the check stands here as well, because this answer lets goods out of the door.
pub fn blockers(record: &CheckoutRecord, now: Timestamp) -> Vec<&'static str> {
    let Some(committed) = record.attempts.iter().find(|attempt| attempt.state.is_committed()) else {
        return vec![match record.attempts.last() {
            _ if record.status() == CheckoutStatus::Expired => CheckoutStatus::Expired.as_str(),
            Some(attempt) => attempt.state.as_str(),
            None => "awaiting_choice",
        }];
    };
    let mut blockers = Vec::new();
    if committed.evidence.is_none_or(|evidence| evidence.grade < Grade::Token) {
        blockers.push("evidence_too_weak");
    }
    // Ready means that the amount matched (model.md section 2); a provider that never said one has not matched.
    match committed.amount_echoed {
        Some(echoed) if echoed == committed.amount => {}
        // A person compared the sums and stands for it.
        _ if committed.amount_accepted => {}
        Some(_) => blockers.push("amount_mismatch"),
        None => blockers.push("amount_unverified"),
    }
    // Two financers could claim the customer, and which of them it is shows when that call's outcome is known.
    if record.attempts.iter().any(|other| other.id != committed.id && other.state.is_unsettled()) {
        blockers.push("another_attempt_unsettled");
    }
    // Told of, and not known how much of it is left: whoever ships may ship unpaid goods.
    let unsettled = record.ledger.pending_refunds(committed.id, committed.amount.currency());
    if unsettled.map_or(true, |amount| !amount.is_zero()) {
        blockers.push("refund_unsettled");
    }
    // Given up once and approved again: which of the two holds, only a person can ask.
    if record.ledger.has(committed.id, LedgerKind::AuthorizationReleased, false) && !committed.approval_confirmed {
        blockers.push("approval_after_withdrawal");
    }
    if committed.review_open {
        blockers.push("risk_review_open");
    }
    match record.checkout.dispute {
        Dispute::Open => blockers.push("dispute_open"),
        Dispute::Lost => blockers.push("dispute_lost"),
        Dispute::None | Dispute::Won => {}
    }
    if committed.state == AttemptState::Authorized && committed.capture_by.is_some_and(|by| by < now) {
        blockers.push("capture_deadline_passed");
    }
    blockers
}
