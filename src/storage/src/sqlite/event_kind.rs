//! Types of events as numbers: a row and two indexes of every event hold one. A number never gets another meaning.

use lendport_core::EventType;

use super::cell::Cells;
use super::fault::Done;

/// As in the index `events_one_ready`.
const READY_TO_FULFILL: i64 = 3;

/// The number that is stored.
pub(crate) fn number(kind: EventType) -> i64 {
    match kind {
        EventType::CheckoutCreated => 1,
        EventType::CheckoutUpdated => 2,
        EventType::CheckoutReadyToFulfill => READY_TO_FULFILL,
        EventType::CheckoutDeclined => 4,
        EventType::CheckoutCanceled => 5,
        EventType::CheckoutExpired => 6,
        EventType::CheckoutCaptured => 7,
        EventType::CheckoutRefunded => 8,
        EventType::CheckoutChargedBack => 9,
        EventType::AttemptCreated => 10,
        EventType::AttemptPreapproved => 11,
        EventType::AttemptDeclined => 12,
        EventType::AttemptLateApproval => 13,
        EventType::AttemptIndeterminate => 14,
        EventType::OperationFailed => 15,
        EventType::ShipmentConfirmed => 16,
        EventType::AttentionOpened => 17,
        EventType::AttentionResolved => 18,
        EventType::WebhookEndpointDisabled => 19,
        EventType::DisputeOpened => 20,
        EventType::DisputeClosed => 21,
        EventType::CheckoutExpiring => 22,
        EventType::CheckoutCaptureDue => 23,
    }
}

/// The type of a row with a column `kind`.
pub(crate) fn read(cells: &Cells<'_>) -> Done<EventType> {
    let stored: i64 = cells.get("kind")?;
    let known = EventType::ALL.into_iter().find(|kind| number(*kind) == stored);
    known.ok_or_else(|| cells.bad("kind", "not a known number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_number_of_its_own_and_keeps_it() {
        // Rows hold them: a type that is new takes the next one, wherever it stands among the others.
        let numbers = [1, 2, 3, 4, 5, 22, 6, 23, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20, 21, 17, 18, 19];
        assert_eq!(EventType::ALL.map(number), numbers);
        let index = format!("WHERE kind = {READY_TO_FULFILL};");
        assert!(include_str!("migrations/0002_outbox.sql").contains(&index));
    }
}
