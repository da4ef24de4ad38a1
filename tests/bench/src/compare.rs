//! What was measured, and the medians and ratios over the rounds.

use std::collections::BTreeMap;

use crate::part::Load;
use crate::statistics::{median, per_mille};
use crate::subject::Subject;

/// Which cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) load: Load,
    pub(crate) connections: usize,
    pub(crate) subject: Subject,
}

/// What one load of one round came to; also what their medians come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) requests: u64,
    pub(crate) wrong: u64,
    pub(crate) per_second: u64,
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
    /// Processor time of server and database server for one request.
    pub(crate) cpu_us: u64,
    /// The server's resident set before the load, and its highest during it.
    pub(crate) resident_kb: u64,
    pub(crate) peak_kb: u64,
}

impl Cell {
    /// Bytes that its memory grew by for each of so many requests in flight.
    pub(crate) fn bytes_each(&self, in_flight: usize) -> u64 {
        let grown = self.peak_kb.saturating_sub(self.resident_kb) * 1_024;
        u64::try_from(in_flight).ok().and_then(|count| grown.checked_div(count)).unwrap_or(0)
    }
}

/// A number of a server that is no load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Figure {
    /// Resident set in kB a moment after the start.
    IdleKb,
    /// From the start of the process to its first answer.
    StartUs,
    /// Of a checkout with its history, all events delivered.
    BytesPerCheckout,
    /// From the start after `kill -9` under load to ready.
    ReadyAfterKillUs,
    /// From there on to the first webhook of those that waited.
    ResumedAfterKillUs,
    /// From there on to the last of them.
    DrainedAfterKillUs,
    /// Webhooks of accepted postbacks that never came; must be none.
    LostAfterKill,
}

/// All rounds.
#[derive(Debug, Default)]
pub(crate) struct Results {
    /// By round: one that failed is missing, and its neighbours are not mistaken for it.
    cells: BTreeMap<Key, BTreeMap<usize, Cell>>,
    /// The round that is being played.
    pub(crate) round: usize,
    /// What failed, in words.
    pub(crate) faults: Vec<String>,
    figures: BTreeMap<(Subject, Figure), Vec<u64>>,
    tables: BTreeMap<Subject, Vec<(String, u64)>>,
}

impl Results {
    pub(crate) fn add(&mut self, key: Key, cell: Cell) {
        self.cells.entry(key).or_default().insert(self.round, cell);
    }

    pub(crate) fn note(&mut self, subject: Subject, figure: Figure, value: u64) {
        self.figures.entry((subject, figure)).or_default().push(value);
    }

    /// Notes the bytes that a checkout takes in a table, indexes included.
    pub(crate) fn note_table(&mut self, subject: Subject, table: String, bytes: u64) {
        self.tables.entry(subject).or_default().push((table, bytes));
    }

    /// Where the bytes of a checkout are, most of them first.
    pub(crate) fn tables(&self) -> Vec<(Subject, &str, u64)> {
        let each = self.tables.iter().flat_map(|(subject, tables)| {
            let mut tables: Vec<(Subject, &str, u64)> =
                tables.iter().map(|(table, bytes)| (*subject, table.as_str(), *bytes)).collect();
            tables.sort_by_key(|(_, _, bytes)| std::cmp::Reverse(*bytes));
            tables
        });
        each.collect()
    }

    /// Keys in the order of the tables.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.cells.keys()
    }

    /// Everybody of whom there is a figure.
    pub(crate) fn figured(&self) -> Vec<Subject> {
        let mut all: Vec<Subject> = self.figures.keys().map(|(subject, _)| *subject).collect();
        all.dedup();
        all
    }

    /// Median of a figure over the rounds.
    pub(crate) fn figure(&self, subject: Subject, figure: Figure) -> Option<u64> {
        median(self.figures.get(&(subject, figure))?.iter().copied())
    }

    /// Median of each number over the rounds; requests and wrong answers are summed up.
    pub(crate) fn median(&self, key: &Key) -> Option<Cell> {
        let rounds = self.cells.get(key)?;
        let of = |number: fn(&Cell) -> u64| median(rounds.values().map(number));
        Some(Cell {
            requests: rounds.values().map(|cell| cell.requests).sum(),
            wrong: rounds.values().map(|cell| cell.wrong).sum(),
            per_second: of(|cell| cell.per_second)?,
            p50_us: of(|cell| cell.p50_us)?,
            p99_us: of(|cell| cell.p99_us)?,
            cpu_us: of(|cell| cell.cpu_us)?,
            resident_kb: of(|cell| cell.resident_kb)?,
            peak_kb: of(|cell| cell.peak_kb)?,
        })
    }

    /// Median over the rounds of `number(one) / number(other)` of the same round, in thousandths.
    pub(crate) fn ratio(&self, one: &Key, other: &Key, number: impl Fn(&Cell) -> u64) -> Option<u64> {
        let others = self.cells.get(other)?;
        let pairs = self.cells.get(one)?.iter().filter_map(|(round, one)| Some((one, others.get(round)?)));
        median(pairs.filter_map(|(one, other)| per_mille(number(one), number(other))))
    }

    /// The same for what `one` and `other` add to `base`.
    pub(crate) fn added(&self, one: &Key, other: &Key, base: &Key, number: fn(&Cell) -> u64) -> Option<u64> {
        let (ones, others, bases) = (self.cells.get(one)?, self.cells.get(other)?, self.cells.get(base)?);
        median(ones.iter().filter_map(|(round, one)| {
            let (other, base) = (others.get(round)?, bases.get(round)?);
            let over = |cell: &Cell| number(cell).saturating_sub(number(base));
            per_mille(over(one), over(other))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::Database;

    #[test]
    fn ratios_are_those_of_one_round() {
        let key = |subject| Key { load: Load::Create, connections: 1, subject };
        let cell = |n| Cell { requests: 1, p50_us: n, ..Cell::default() };
        let gateway = Subject::Gateway(Database::Sqlite, 1);
        let mut results = Results::default();
        for (round, direct, floor, measured) in [(0, 10, 30, 50), (1, 20, 30, 60), (3, 10, 20, 20)] {
            results.round = round;
            results.add(key(Subject::Direct), cell(direct));
            results.add(key(Subject::Floor), cell(floor));
            results.add(key(gateway), cell(measured));
        }
        let (direct, floor, gateway) = (key(Subject::Direct), key(Subject::Floor), key(gateway));
        assert_eq!(results.ratio(&gateway, &floor, |cell| cell.p50_us), Some(1_666));
        assert_eq!(results.added(&gateway, &floor, &direct, |cell| cell.p50_us), Some(2_000));
        assert_eq!(results.median(&gateway).map(|cell| (cell.p50_us, cell.requests)), Some((50, 3)));
        // A round in which the gateway failed has no ratio.
        results.round = 4;
        results.add(floor, cell(1));
        assert_eq!(results.ratio(&gateway, &floor, |cell| cell.p50_us), Some(1_666));
    }

    #[test]
    fn memory_is_counted_from_where_the_load_began() {
        let cell = Cell { resident_kb: 1_000, peak_kb: 3_000, ..Cell::default() };
        assert_eq!(cell.bytes_each(1_000), 2_048);
        assert_eq!(cell.bytes_each(0), 0);
    }

    #[test]
    fn figures_are_medians_of_their_server() {
        let subject = Subject::Gateway(Database::Sqlite, 1);
        let mut results = Results::default();
        for value in [3, 1, 2] {
            results.note(subject, Figure::StartUs, value);
            results.note(subject, Figure::IdleKb, value * 10);
        }
        assert_eq!(results.figured(), [subject]);
        assert_eq!(results.figure(subject, Figure::IdleKb), Some(20));
        assert_eq!(results.figure(Subject::Floor, Figure::IdleKb), None);
    }
}
