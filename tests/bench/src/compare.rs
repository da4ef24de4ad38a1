//! What was measured, and the medians and ratios over the rounds.

use std::collections::BTreeMap;

use crate::plan::{Load, Subject};
use crate::statistics::{median, per_mille};

/// Which cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) load: Load,
    pub(crate) connections: usize,
    pub(crate) subject: Subject,
}

/// What one load of one round came to; also what their medians come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) requests: u64,
    pub(crate) wrong: u64,
    pub(crate) per_second: u64,
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
    /// Processor time of the server for one request.
    pub(crate) cpu_us: u64,
}

/// A server's process in one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) idle_kb: u64,
    pub(crate) peak_kb: u64,
    pub(crate) start_ms: u64,
}

/// All rounds.
#[derive(Debug, Default)]
pub(crate) struct Results {
    cells: BTreeMap<Key, Vec<Cell>>,
    pub(crate) memory: BTreeMap<Subject, Vec<Memory>>,
    pub(crate) bytes_per_checkout: BTreeMap<u64, u64>,
}

impl Results {
    pub(crate) fn add(&mut self, key: Key, cell: Cell) {
        self.cells.entry(key).or_default().push(cell);
    }

    /// Keys in the order of the tables.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.cells.keys()
    }

    /// Median of each number over the rounds; requests and wrong answers are summed up.
    pub(crate) fn median(&self, key: &Key) -> Option<Cell> {
        let rounds = self.cells.get(key)?;
        let of = |number: fn(&Cell) -> u64| median(rounds.iter().map(number));
        Some(Cell {
            requests: rounds.iter().map(|cell| cell.requests).sum(),
            wrong: rounds.iter().map(|cell| cell.wrong).sum(),
            per_second: of(|cell| cell.per_second)?,
            p50_us: of(|cell| cell.p50_us)?,
            p99_us: of(|cell| cell.p99_us)?,
            cpu_us: of(|cell| cell.cpu_us)?,
        })
    }

    /// Median over the rounds of `number(one) / number(other)` of the same round, in thousandths.
    pub(crate) fn ratio(&self, one: &Key, other: &Key, number: fn(&Cell) -> u64) -> Option<u64> {
        let pairs = self.cells.get(one)?.iter().zip(self.cells.get(other)?);
        median(pairs.filter_map(|(one, other)| per_mille(number(one), number(other))))
    }

    /// The same for what `one` and `other` add to `base`.
    pub(crate) fn added(&self, one: &Key, other: &Key, base: &Key, number: fn(&Cell) -> u64) -> Option<u64> {
        let rounds = self.cells.get(one)?.iter().zip(self.cells.get(other)?).zip(self.cells.get(base)?);
        median(rounds.filter_map(|((one, other), base)| {
            let over = |cell: &Cell| number(cell).saturating_sub(number(base));
            per_mille(over(one), over(other))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_those_of_one_round() {
        let key = |subject| Key { load: Load::Create, connections: 1, subject };
        let cell = |n| Cell { requests: 1, wrong: 0, per_second: n, p50_us: n, p99_us: n, cpu_us: n };
        let mut results = Results::default();
        for (direct, floor, gateway) in [(10, 30, 50), (20, 30, 60), (10, 20, 20)] {
            results.add(key(Subject::Direct), cell(direct));
            results.add(key(Subject::Floor), cell(floor));
            results.add(key(Subject::Gateway(1)), cell(gateway));
        }
        let (direct, floor, gateway) = (key(Subject::Direct), key(Subject::Floor), key(Subject::Gateway(1)));
        assert_eq!(results.ratio(&gateway, &floor, |cell| cell.p50_us), Some(1_666));
        assert_eq!(results.added(&gateway, &floor, &direct, |cell| cell.p50_us), Some(2_000));
        assert_eq!(results.median(&gateway).map(|cell| (cell.p50_us, cell.requests)), Some((50, 3)));
    }
}
