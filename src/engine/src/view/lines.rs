//! What became of the lines that a cancel or refund named.

use lendport_core::lines::units_of;
use lendport_core::{LedgerKind, LineId, LineUnits, Operation};
use serde::Serialize;
use utoipa::ToSchema;

use super::CheckoutView;

/// What became of the units of a line that a cancel or refund asked for. `requested` is the sum of the others.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LineOutcome)]
pub struct LineOutcomeView {
    /// Which line.
    pub line_id: String,
    /// Units that were asked for.
    pub requested: u32,
    /// Units that the financer did it for.
    pub done: u32,
    /// Units that it refused: they are as before.
    pub failed: u32,
    /// Units of which it did not say: an item asks a person.
    pub unknown: u32,
}

impl CheckoutView {
    /// With what became of each line that the operation asked for.
    #[must_use]
    pub fn with_lines(self, operation: &Operation) -> Self {
        let lines = operation.lines.as_ref().map(|work| {
            let report = work.report.clone().unwrap_or_default();
            let outcome = |asked: &LineUnits| {
                let (done, failed) = (units_of(&report.done, asked.line), units_of(&report.failed, asked.line));
                LineOutcomeView {
                    line_id: asked.line.to_string(),
                    requested: asked.quantity,
                    done,
                    failed,
                    unknown: asked.quantity.saturating_sub(done).saturating_sub(failed),
                }
            };
            work.asked.iter().map(outcome).collect()
        });
        Self { lines, ..self }
    }
}

/// Units of a line that all attempts together booked as one kind.
pub(super) fn booked(record: &lendport_core::CheckoutRecord, kind: LedgerKind, line: LineId) -> u32 {
    record.attempts.iter().fold(0, |sum, attempt| sum.saturating_add(record.ledger.units(attempt.id, kind, line)))
}
