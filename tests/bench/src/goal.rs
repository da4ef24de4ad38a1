//! A value beside what is wanted of it.

use crate::statistics::{ms, ratio};
use crate::subject::Database;

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Thousandths.
    Ratio,
    /// Microseconds, shown as milliseconds.
    Time,
    /// Microseconds, shown as they are.
    Cpu,
    /// Kilobytes of 1024, shown as megabytes of a million.
    Memory,
    /// Bytes or pieces.
    Count,
}

/// Which way is better, and how far is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    AtLeast { reach: u64, beyond: Option<u64> },
    AtMost { reach: u64, beyond: Option<u64> },
}

use Goal::{AtLeast, AtMost};

impl Goal {
    /// `beyond`, `reached` or `not reached`.
    pub(crate) fn verdict(self, value: u64) -> &'static str {
        let (reached, beyond) = match self {
            AtLeast { reach, beyond } => (value >= reach, beyond.is_some_and(|beyond| value >= beyond)),
            AtMost { reach, beyond } => (value <= reach, beyond.is_some_and(|beyond| value <= beyond)),
        };
        match (beyond, reached) {
            (true, _) => "beyond",
            (false, true) => "reached",
            (false, false) => "not reached",
        }
    }

    /// As in a table.
    fn text(self, unit: Unit) -> String {
        match self {
            AtLeast { reach, .. } => format!(">= {}", unit.text(reach)),
            AtMost { reach, .. } => format!("<= {}", unit.text(reach)),
        }
    }
}

impl Unit {
    pub(crate) fn text(self, value: u64) -> String {
        match self {
            Self::Ratio => ratio(Some(value)),
            Self::Time => format!("{} ms", ms(value)),
            Self::Cpu => format!("{value} us"),
            Self::Memory => format!("{} MB", ratio(Some(value * 1_024 / 1_000))),
            Self::Count => value.to_string(),
        }
    }
}

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) what: String,
    pub(crate) database: Database,
    pub(crate) unit: Unit,
    pub(crate) value: u64,
    pub(crate) goal: Goal,
}

impl Target {
    /// As a row: what, where, value, goal, verdict.
    pub(crate) fn row(&self) -> String {
        let Self { what, database, unit, value, goal } = self;
        let database = database.name();
        format!("| {what} | {database} | {} | {} | {} |", unit.text(*value), goal.text(*unit), goal.verdict(*value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_tell_reached_from_beyond() {
        let rate = AtLeast { reach: 600, beyond: Some(750) };
        assert_eq!(
            [599, 600, 749, 750].map(|value| rate.verdict(value)),
            ["not reached", "reached", "reached", "beyond"]
        );
        let cpu = AtMost { reach: 1_700, beyond: None };
        assert_eq!([1_700, 1_701].map(|value| cpu.verdict(value)), ["reached", "not reached"]);
    }
}
