//! What a request's state says of the commands that were sent before.

use lendport_core::{AttemptId, AttemptState, Operation, OperationKind, Phase};

use crate::take_in::Draft;
use crate::undo::ended_here;

/// Commands that a look at the request's state, or at its lines, can settle.
pub(crate) const SEEN_IN_STATE: &[OperationKind] = &[
    OperationKind::Capture,
    OperationKind::Cancel,
    OperationKind::Refund,
    OperationKind::Finalize,
    OperationKind::Shipment,
];

impl Draft {
    /// What became of such a command is known.
    pub(crate) fn await_no_more(&mut self, attempt: AttemptId, kind: OperationKind) {
        if self.record.attempt(attempt).is_some_and(|known| known.awaited == Some(kind)) {
            self.amend(attempt, |attempt| attempt.awaited = None);
        }
    }

    /// That a command took effect which was just given up, where the state has moved to it since it was sent: nobody has to
    /// find that out. What is about units says nothing by a state, and what ended here says nothing of the provider.
    pub(crate) fn told_by_state(&self, operation: &Operation) -> Option<Phase> {
        let seen = operation.lines.is_none() && SEEN_IN_STATE.contains(&operation.kind);
        let known = self.record.attempt(operation.attempt).filter(|known| seen && !ended_here(known))?;
        outcome_of(operation.kind, known.state, false).filter(|phase| *phase == Phase::Settled)
    }
}

/// What a state says of an earlier command; none when it says nothing.
pub(crate) fn outcome_of(kind: OperationKind, state: AttemptState, refunded: bool) -> Option<Phase> {
    use AttemptState::{Authorized, Canceled, Captured, ChargedBack, Expired, Failed, Refunded};
    match (kind, state) {
        (OperationKind::Finalize, Authorized | Captured | Refunded | ChargedBack) => Some(Phase::Settled),
        (OperationKind::Finalize, Canceled | Expired | Failed) => Some(Phase::Failed),
        (OperationKind::Capture, Captured | Refunded | ChargedBack)
        | (OperationKind::Cancel, Canceled | Expired | Failed) => Some(Phase::Settled),
        (OperationKind::Capture, Canceled | Expired | Failed)
        | (OperationKind::Cancel, Captured | Refunded | ChargedBack) => Some(Phase::Failed),
        (OperationKind::Refund, Refunded) => Some(Phase::Settled),
        (OperationKind::Refund, _) if refunded => Some(Phase::Settled),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_could_be_from_before_the_command_says_nothing() {
        for kind in SEEN_IN_STATE.iter().filter(|kind| **kind != OperationKind::Finalize) {
            assert_eq!(outcome_of(*kind, AttemptState::Authorized, false), None, "{kind:?}");
        }
        assert_eq!(outcome_of(OperationKind::Finalize, AttemptState::AwaitingMerchant, false), None);
        assert_eq!(outcome_of(OperationKind::Refund, AttemptState::Captured, false), None);
        assert_eq!(outcome_of(OperationKind::Refund, AttemptState::Captured, true), Some(Phase::Settled));
        assert_eq!(outcome_of(OperationKind::Cancel, AttemptState::Captured, false), Some(Phase::Failed));
    }
}
