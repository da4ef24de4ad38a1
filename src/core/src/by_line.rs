//! What a provider tells of lines, as movements: each line's totals are compared with the books, and the differences are booked
//! by line. Where nothing is left open the state follows from the counts.

use std::borrow::Cow;

use crate::attempt::{Attempt, AttemptState};
use crate::attention::AttentionKind;
use crate::id::LedgerId;
use crate::ledger::{Ledger, LedgerEntry, LedgerKind};
use crate::lines::{LineStanding, LineUnits};
use crate::money::{Money, MoneyError};
use crate::observation::{Claim, Grade, Observation, Source};
use crate::reduce::Decision;

/// A movement of units of one line, with what they are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineMove {
    /// What moved.
    pub kind: LedgerKind,
    /// Which units.
    pub units: LineUnits,
    /// How much.
    pub amount: Money,
}

/// What lines bring.
#[derive(Debug, Default)]
pub(crate) struct ByLine {
    /// To be booked.
    pub(crate) moves: Vec<LineMove>,
    /// The state that follows, where it is another.
    pub(crate) implies: Option<AttemptState>,
    /// More units were told than there are.
    beyond: bool,
}

/// Compares what is told of lines with the books. Only of a commitment, and only where it was read back, or is a person's word.
pub(crate) fn compare(attempt: &Attempt, fact: &Observation, ledger: &Ledger) -> Result<ByLine, MoneyError> {
    let mut found = ByLine::default();
    let told = &fact.details.lines;
    let foreign = told.iter().any(|line| line.price.currency() != attempt.amount.currency());
    if told.is_empty() || foreign || !attempt.state.is_committed() || fact.grade < Grade::Fetched {
        return Ok(found);
    }
    // With the whole commitment its units go, too, and come back where it does.
    let whole = matches!(&fact.claim, Claim::State { state: AttemptState::Canceled, .. });
    let stopped = if whole { LedgerKind::AuthorizationReleased } else { LedgerKind::AuthorizationLowered };
    let mut room = Room::of(attempt, ledger)?;
    let mut after = Vec::new();
    for line in told {
        let booked = line.booked(attempt, ledger);
        let now = found.reach(line, booked);
        let steps = [
            (stopped, booked.canceled, now.canceled),
            (LedgerKind::Captured, booked.shipped, now.shipped),
            (LedgerKind::Refunded, booked.returned, now.returned),
        ];
        for (kind, before, since) in steps {
            let quantity = since.unwrap_or(0).saturating_sub(before.unwrap_or(0));
            if quantity > 0 {
                let amount = room.take(kind, line.price.times(quantity)?)?;
                found.moves.push(LineMove { kind, units: LineUnits { line: line.line, quantity }, amount });
            }
        }
        after.push(now);
    }
    if !found.moves.is_empty() && !whole {
        found.implies = implied(&after).filter(|state| *state != attempt.state);
    }
    Ok(found)
}

impl ByLine {
    /// The counts that can be followed: none falls, and no unit is in two places.
    fn reach(&mut self, told: &LineStanding, booked: LineStanding) -> LineStanding {
        let mut up = |told: Option<u32>, booked: Option<u32>, most: u32| {
            let (told, booked) = (told.unwrap_or(0), booked.unwrap_or(0));
            self.beyond |= told > most;
            Some(told.min(most).max(booked))
        };
        let shipped_before = booked.shipped.unwrap_or(0);
        let canceled = up(told.canceled, booked.canceled, booked.ordered.saturating_sub(shipped_before));
        let shipped = up(told.shipped, booked.shipped, booked.ordered.saturating_sub(canceled.unwrap_or(0)));
        let returned = up(told.returned, booked.returned, shipped.unwrap_or(0));
        LineStanding { shipped, canceled, returned, ..booked }
    }

    /// The books with the movements in them.
    pub(crate) fn applied<'l>(&self, fact: &Observation, ledger: &'l Ledger) -> Cow<'l, Ledger> {
        if self.moves.is_empty() {
            return Cow::Borrowed(ledger);
        }
        let entry = |moved: &LineMove| LedgerEntry {
            // It is never stored: whoever stores the decision gives each its own.
            id: LedgerId::of_bytes(*fact.id.uuid().as_bytes()),
            attempt: fact.attempt,
            kind: moved.kind,
            amount: moved.amount,
            units: Some(moved.units),
            pending: false,
            observation: fact.id,
            recorded_at: fact.received_at,
        };
        Cow::Owned(Ledger(ledger.0.iter().cloned().chain(self.moves.iter().map(entry)).collect()))
    }

    /// The decision with the movements. What is refused has none.
    pub(crate) fn add_to(self, mut decision: Decision, fact: &Observation) -> Decision {
        if decision.refused.is_none() {
            decision.lines = self.moves;
        }
        // Nobody took the approval back: units were canceled because we asked for it.
        if self.implies.is_some() && matches!(fact.source, Source::Answer | Source::Gateway) {
            decision.attention.retain(|item| item.kind != AttentionKind::WithdrawnApproval);
        }
        match self.beyond {
            true => decision.flag(
                AttentionKind::ContradictingEvidence,
                "the provider counts more units of a line than the checkout has left; those were not counted",
            ),
            false => decision,
        }
    }
}

/// The state of a commitment of which no unit is open.
fn implied(lines: &[LineStanding]) -> Option<AttemptState> {
    let all = |of: fn(&LineStanding) -> u32| lines.iter().all(|line| of(line) == 0);
    if !all(LineStanding::open) {
        return None;
    }
    Some(match (all(|line| line.shipped.unwrap_or(0)), all(LineStanding::kept)) {
        (true, _) => AttemptState::Canceled,
        (false, true) => AttemptState::Refunded,
        (false, false) => AttemptState::Captured,
    })
}

/// What each kind may still move, so that no sum of lines is more than the commitment.
struct Room {
    /// Committed and not paid.
    unpaid: Money,
    /// Paid, and neither given nor taken back.
    paid: Money,
}

impl Room {
    fn of(attempt: &Attempt, ledger: &Ledger) -> Result<Self, MoneyError> {
        let all = ledger.stands_for(attempt)?;
        let sums = ledger.amounts_of(attempt.id, all.currency())?;
        let captured = sums.captured.least(all)?;
        let gone = sums.refunded.plus(sums.charged_back)?.least(all)?;
        // What was given back can neither be paid nor stopped, whether it was paid by line or not.
        let spent = if captured.covers(gone) { captured } else { gone };
        Ok(Self { unpaid: all.minus(spent)?, paid: captured.minus(gone.least(captured)?)? })
    }

    fn take(&mut self, kind: LedgerKind, wanted: Money) -> Result<Money, MoneyError> {
        let amount = match kind {
            LedgerKind::Refunded => {
                let amount = wanted.least(self.paid)?;
                self.paid = self.paid.minus(amount)?;
                return Ok(amount);
            }
            _ => wanted.least(self.unpaid)?,
        };
        self.unpaid = self.unpaid.minus(amount)?;
        if kind == LedgerKind::Captured {
            self.paid = self.paid.plus(amount)?;
        }
        Ok(amount)
    }
}
