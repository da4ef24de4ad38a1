//! Units of lines and what became of them, for providers whose money follows lines: what is shipped is paid for, and what is
//! canceled or returned is not.

use serde::{Deserialize, Serialize};

use crate::attempt::{Attempt, AttemptState};
use crate::id::LineId;
use crate::ledger::{Ledger, LedgerKind};
use crate::money::Money;

/// Units of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineUnits {
    /// Which line.
    pub line: LineId,
    /// How many units.
    pub quantity: u32,
}

/// One line as a provider finances it, and what became of its units. The counts are totals so far, never single steps, so that
/// hearing one twice counts nothing twice; each is none where nothing is said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineStanding {
    /// Which line.
    pub line: LineId,
    /// Units that were bought.
    pub ordered: u32,
    /// What one unit is worth in the provider's commitment. What belongs to no unit, such as shipping, goes with the last.
    pub price: Money,
    /// Units that were sent, or picked up, and are paid for.
    pub shipped: Option<u32>,
    /// Units that were stopped before they were sent.
    pub canceled: Option<u32>,
    /// Units of the shipped ones that were taken back.
    pub returned: Option<u32>,
}

impl LineStanding {
    /// A line of which nothing is said yet.
    pub fn of(line: LineId, ordered: u32, price: Money) -> Self {
        Self { line, ordered, price, shipped: None, canceled: None, returned: None }
    }

    /// The line with what our books hold of it. A commitment that is captured is captured for every unit it still stands for.
    #[must_use]
    pub fn booked(self, attempt: &Attempt, ledger: &Ledger) -> Self {
        let of = |kind| ledger.units(attempt.id, kind, self.line).min(self.ordered);
        let canceled = of(LedgerKind::AuthorizationLowered);
        let shipped = match attempt.state {
            AttemptState::Captured => self.ordered.saturating_sub(canceled),
            _ => of(LedgerKind::Captured),
        };
        Self { shipped: Some(shipped), canceled: Some(canceled), returned: Some(of(LedgerKind::Refunded)), ..self }
    }

    /// Units that are neither sent nor stopped.
    pub fn open(&self) -> u32 {
        self.ordered.saturating_sub(self.shipped.unwrap_or(0)).saturating_sub(self.canceled.unwrap_or(0))
    }

    /// Units that were sent and not taken back.
    pub fn kept(&self) -> u32 {
        self.shipped.unwrap_or(0).saturating_sub(self.returned.unwrap_or(0))
    }

    /// The line once nothing of it is sent any more.
    #[must_use]
    pub fn stopped(self) -> Self {
        Self { canceled: Some(self.canceled.unwrap_or(0).saturating_add(self.open())), ..self }
    }

    /// True when units of it were sent, stopped or taken back.
    pub fn is_touched(&self) -> bool {
        [self.shipped, self.canceled, self.returned].into_iter().flatten().any(|count| count > 0)
    }
}

/// What is asked for units of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineWay {
    /// They were sent, or picked up.
    Ship,
    /// They are not sent any more.
    Cancel,
    /// They are taken back.
    Return,
}

impl LineWay {
    /// How many units of a line it may still be asked for.
    pub fn left(self, line: &LineStanding) -> u32 {
        match self {
            Self::Ship | Self::Cancel => line.open(),
            Self::Return => line.kept(),
        }
    }

    /// The line with so many units more.
    fn add(self, line: LineStanding, units: u32) -> LineStanding {
        let more = |count: Option<u32>| Some(count.unwrap_or(0).saturating_add(units));
        match self {
            Self::Ship => LineStanding { shipped: more(line.shipped), ..line },
            Self::Cancel => LineStanding { canceled: more(line.canceled), ..line },
            Self::Return => LineStanding { returned: more(line.returned), ..line },
        }
    }
}

/// What a command on lines did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineReport {
    /// Done: to be booked.
    pub done: Vec<LineUnits>,
    /// Refused by the provider: as before.
    pub failed: Vec<LineUnits>,
    /// Asked for, and the provider does not say what became of them: a person looks.
    pub not_said: Vec<LineUnits>,
}

impl LineReport {
    /// True when it tells of the asked units, and of each once.
    pub fn fits(&self, asked: &[LineUnits]) -> bool {
        let told = || self.done.iter().chain(&self.failed).chain(&self.not_said);
        let whole = |one: &LineUnits| {
            let of = |units: &[LineUnits]| u64::from(units_of(units, one.line));
            of(&self.done) + of(&self.failed) + of(&self.not_said) == of(asked)
        };
        asked.iter().all(whole) && told().all(|one| units_of(asked, one.line) > 0)
    }

    /// True when the provider said nothing of any unit.
    pub fn says_nothing(&self) -> bool {
        self.done.is_empty() && self.failed.is_empty()
    }
}

/// A command on lines, as it is stored with its operation before it is sent: with the books as they were then, so that what
/// comes of it is counted once, whoever tells of it first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineWork {
    /// What is asked.
    pub way: LineWay,
    /// Every line of the cart as it was booked when this was asked for.
    pub lines: Vec<LineStanding>,
    /// For which units.
    pub asked: Vec<LineUnits>,
    /// What came of it; none until the provider has said something.
    pub report: Option<LineReport>,
}

impl LineWork {
    /// The books with these units of it done.
    pub fn with(&self, done: &[LineUnits]) -> Vec<LineStanding> {
        let told = |line: &LineStanding| match units_of(done, line.line) {
            0 => *line,
            units => self.way.add(*line, units),
        };
        self.lines.iter().map(told).collect()
    }

    /// Units of which nobody has said what became of them.
    pub fn open(&self) -> &[LineUnits] {
        self.report.as_ref().map_or(self.asked.as_slice(), |report| report.not_said.as_slice())
    }

    /// True when the books hold all of it by now.
    pub fn is_booked(&self, attempt: &Attempt, ledger: &Ledger) -> bool {
        let reached = |asked: &LineUnits| {
            let before = self.lines.iter().find(|line| line.line == asked.line);
            before.is_some_and(|before| {
                let (now, whole) = (before.booked(attempt, ledger), self.way.add(*before, asked.quantity));
                match self.way {
                    LineWay::Ship => now.shipped >= whole.shipped,
                    LineWay::Cancel => now.canceled >= whole.canceled,
                    LineWay::Return => now.returned >= whole.returned,
                }
            })
        };
        self.asked.iter().all(reached)
    }

    /// Everything that was open counts as done, or as failed.
    pub fn close(&mut self, done: bool) {
        let done = if done { self.open().to_vec() } else { Vec::new() };
        self.close_as(&done);
    }

    /// Of what was open these units count as done, and the others as failed.
    pub fn close_as(&mut self, done: &[LineUnits]) {
        let open = self.open().to_vec();
        let report = self.report.get_or_insert_default();
        report.not_said.clear();
        for LineUnits { line, quantity } in open {
            let carried_out = units_of(done, line).min(quantity);
            let told = |units: &mut Vec<LineUnits>, quantity| {
                units.extend((quantity > 0).then_some(LineUnits { line, quantity }));
            };
            told(&mut report.done, carried_out);
            told(&mut report.failed, quantity.saturating_sub(carried_out));
        }
    }
}

/// How many units of a line are named.
pub fn units_of(units: &[LineUnits], line: LineId) -> u32 {
    units.iter().filter(|one| one.line == line).fold(0, |sum, one| sum.saturating_add(one.quantity))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn units(number: u8, quantity: u32) -> LineUnits {
        LineUnits { line: LineId::of_bytes([number; 16]), quantity }
    }

    #[test]
    fn what_was_open_is_closed_unit_by_unit_and_nothing_beyond() {
        let price = Money::from_minor(1_000, Currency::USD).unwrap();
        let lines = [(1, 5), (2, 1)].map(|(number, ordered)| LineStanding::of(units(number, 0).line, ordered, price));
        let asked = vec![units(1, 3), units(2, 1)];
        let lost = LineWork { way: LineWay::Cancel, lines: lines.to_vec(), asked, report: None };
        for (said, done, failed) in [
            (vec![], vec![], vec![units(1, 3), units(2, 1)]),
            (vec![units(1, 2)], vec![units(1, 2)], vec![units(1, 1), units(2, 1)]),
            (vec![units(1, 9), units(3, 1)], vec![units(1, 3)], vec![units(2, 1)]),
        ] {
            let mut work = lost.clone();
            work.close_as(&said);
            let report = work.report.clone().unwrap();
            assert_eq!((&report.done, &report.failed), (&done, &failed));
            assert!(report.fits(&work.asked) && work.open().is_empty());
            work.close(true);
            assert_eq!(work.report, Some(report), "closed once");
        }
        let stopped = lines.map(LineStanding::stopped);
        assert_eq!(stopped.map(|line| line.open()), [0, 0]);
    }
}
