//! What a command on lines did, in the books: by line, once, whoever tells of it first.

use lendport_core::{
    AttemptState, Claim, Decision, Details, Fulfilment, Grade, LedgerKind, LineStanding, LineWork, Operation, Phase,
    ShipmentStatus, Source,
};

use crate::error::EngineError;
use crate::ship::reached;
use crate::take_in::{Draft, Fact};

impl Draft {
    /// Books what the report of an operation says to be done. Totals are told, so that a look or a person who told it before
    /// makes no difference.
    pub(crate) fn book_lines(&mut self, operation: &Operation, source: Source) -> Result<(), EngineError> {
        let Some((work, report)) = operation.lines.as_ref().and_then(|work| Some((work, work.report.as_ref()?))) else {
            return Ok(());
        };
        if report.done.is_empty() {
            return Ok(());
        }
        let grade = if source == Source::Answer { Grade::Fetched } else { Grade::Operator };
        let fact = Fact {
            attempt: operation.attempt,
            grade,
            source,
            claim: Claim::Nothing,
            details: Details { lines: work.with(&report.done), ..Details::default() },
            raw_status: None,
            reference: None,
            dedupe_key: format!("lines:{}:{}", source.as_str(), operation.id),
        };
        self.observe(fact).map(drop)
    }

    /// Ends the lines of an operation of which somebody knows now how it ended: what was open is done, or is not. Says how far
    /// the operation has come with that.
    pub(crate) fn conclude_lines(&mut self, operation: &mut Operation, phase: Phase) -> Result<Phase, EngineError> {
        let Some(work) = operation.lines.as_mut() else { return Ok(phase) };
        work.close(phase == Phase::Settled);
        let nothing = work.report.as_ref().is_none_or(|report| report.done.is_empty());
        self.book_lines(operation, Source::Gateway)?;
        Ok(if nothing { Phase::Failed } else { Phase::Settled })
    }
}

/// Where the goods are after what a decision books by line.
pub(crate) fn goods_after(now: Fulfilment, decision: &Decision) -> Fulfilment {
    let to = decision.moved.as_ref().map(|moved| moved.to);
    let booked = |kind| decision.lines.iter().any(|moved| moved.kind == kind);
    if booked(LedgerKind::Refunded) {
        let all = to == Some(AttemptState::Refunded);
        return if all { Fulfilment::Returned } else { Fulfilment::PartiallyReturned };
    }
    // Also where the last units that were open are not sent any more.
    let last = to == Some(AttemptState::Captured) && !decision.lines.is_empty();
    match (last, booked(LedgerKind::Captured)) {
        (true, _) => reached(now, ShipmentStatus::Shipped, true),
        (false, true) => reached(now, ShipmentStatus::PartiallyShipped, false),
        (false, false) => now,
    }
}

/// True when a shipment leaves nothing of the checkout to be sent.
pub(crate) fn leaves_nothing(work: &LineWork) -> bool {
    let done = work.report.as_ref().map(|report| report.done.as_slice()).unwrap_or_default();
    work.with(done).iter().all(|line: &LineStanding| line.open() == 0)
}
