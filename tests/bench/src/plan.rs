//! What is measured, and for how long.

use std::path::PathBuf;
use std::time::Duration;

use crate::Fault;
use crate::arguments::Arguments;
use crate::part::{Load, Suite};
use crate::subject::{Database, Databases, Subject};

/// A run.
pub(crate) struct Plan {
    pub(crate) quick: bool,
    pub(crate) suites: Vec<Suite>,
    pub(crate) databases: Databases,
    pub(crate) rounds: usize,
    pub(crate) cell: Duration,
    connections: Vec<usize>,
    /// Where the command line names none, postbacks get one more.
    callback_connections: Option<usize>,
    pub(crate) sizes: Vec<u64>,
    pub(crate) quiet: bool,
    pub(crate) gateway: Option<PathBuf>,
    /// Without one nothing is written.
    pub(crate) name: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) folder: Option<PathBuf>,
    pub(crate) seeds: Option<PathBuf>,
}

impl Plan {
    /// The run that the command line asks for.
    pub(crate) fn of(asked: &Arguments) -> Result<Self, Fault> {
        let quick = asked.quick;
        let part = quick || asked.only.is_some();
        let connections = if quick { vec![1, 64] } else { vec![1, 16, 64, 512] };
        let sizes = if quick { vec![1_000] } else { vec![1_000, 100_000, 1_000_000] };
        let mut plan = Self {
            quick,
            suites: asked.only.clone().unwrap_or_else(|| Suite::ALL.to_vec()),
            databases: asked.database,
            rounds: asked.rounds.unwrap_or(if quick { 2 } else { 5 }),
            cell: Duration::from_millis(asked.cell_ms.unwrap_or(if quick { 400 } else { 800 })),
            connections: asked.connections.clone().unwrap_or(connections),
            callback_connections: (!quick && asked.connections.is_none()).then_some(256),
            sizes: asked.sizes.clone().unwrap_or(sizes),
            quiet: asked.quiet,
            gateway: asked.gateway.clone(),
            name: asked.name.clone().or((!part).then(|| "run".to_owned())),
            note: asked.note.clone(),
            folder: asked.folder.clone(),
            seeds: asked.seeds.clone(),
        };
        plan.sizes.sort_unstable();
        let usable = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        if !plan.name.as_deref().is_none_or(usable) {
            return Err("--name is part of a file name: letters, digits, - and _".into());
        }
        let counts = [plan.rounds, plan.connections.len(), plan.sizes.len()];
        if counts.contains(&0) || plan.connections.contains(&0) || plan.sizes.contains(&0) {
            return Err("rounds, connections and sizes are at least 1".into());
        }
        Ok(plan)
    }

    /// True when this part was asked for.
    pub(crate) fn has(&self, suite: Suite) -> bool {
        self.suites.contains(&suite)
    }

    /// Connections of a closed loop, ascending.
    pub(crate) fn connections(&self, load: Load) -> Vec<usize> {
        let more = self.callback_connections.filter(|_| matches!(load, Load::Callback | Load::CallbackTwice));
        let mut all: Vec<usize> = self.connections.iter().copied().chain(more).collect();
        all.sort_unstable();
        all
    }

    /// How long a part takes that needs longer than a cell: so many times as long, or with --quick so many milliseconds.
    pub(crate) fn part(&self, cells: u32, quick_ms: u64) -> Duration {
        if self.quick { Duration::from_millis(quick_ms) } else { self.cell * cells }
    }

    /// True in the rounds of parts that take long: all of them, or with --quick the first.
    pub(crate) fn plays_long_parts(&self, round: usize) -> bool {
        !self.quick || round == 0
    }

    /// The size that everything but the comparison of sizes uses.
    pub(crate) fn smallest(&self) -> u64 {
        self.sizes.first().copied().unwrap_or(1)
    }

    /// The closed loops that this server takes, in the order in which they are run: creates come before postbacks, which
    /// use them up.
    pub(crate) fn loads(&self, subject: Subject) -> Vec<Load> {
        let able: &[Load] = match subject {
            Subject::Direct | Subject::Floor => &[Load::Create],
            Subject::DurableFloor(_) => &[Load::Create, Load::Callback, Load::CallbackTwice],
            Subject::Gateway(..) => &[Load::Read, Load::List, Load::Create, Load::Callback, Load::CallbackTwice],
            Subject::Pair(_) => &[],
        };
        able.iter().copied().filter(|load| load.suite().is_some_and(|suite| self.has(suite))).collect()
    }

    /// Everybody who takes a closed loop, in the order of this round: every second one goes backwards, so that nobody is
    /// always first.
    pub(crate) fn subjects(&self, round: usize) -> Vec<Subject> {
        let mut all = vec![Subject::Direct, Subject::Floor];
        for &database in self.databases.each() {
            all.push(Subject::DurableFloor(database));
            all.extend(self.sizes.iter().map(|size| Subject::Gateway(database, *size)));
        }
        all.retain(|subject| !self.loads(*subject).is_empty());
        turned(all, round)
    }

    /// Floor and gateway on each database, in the order of this round.
    pub(crate) fn pairs(&self, round: usize) -> Vec<Subject> {
        let size = self.smallest();
        let both = |database: &Database| [Subject::DurableFloor(*database), Subject::Gateway(*database, size)];
        turned(self.databases.each().iter().flat_map(both).collect(), round)
    }
}

/// Backwards in every second round.
pub(crate) fn turned<T>(mut all: Vec<T>, round: usize) -> Vec<T> {
    if round % 2 == 1 {
        all.reverse();
    }
    all
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn plan(line: &str) -> Result<Plan, Fault> {
        Plan::of(&Arguments::try_parse_from(line.split(' ')).unwrap())
    }

    #[test]
    fn a_full_run_is_written_and_a_part_is_not() {
        let full = plan("bench").unwrap();
        assert_eq!((full.name.as_deref(), full.rounds, full.suites.len()), (Some("run"), 5, Suite::ALL.len()));
        assert_eq!(full.subjects(0).len(), 10);
        assert_eq!(plan("bench --quick").unwrap().name, None);
        assert_eq!(plan("bench --only create").unwrap().name, None);
        assert_eq!(plan("bench --only create --name x").unwrap().name.as_deref(), Some("x"));
    }

    #[test]
    fn a_part_starts_only_who_takes_it() {
        let lists = plan("bench --only list --database sqlite --sizes 1000,10").unwrap();
        let expected = [Subject::Gateway(Database::Sqlite, 10), Subject::Gateway(Database::Sqlite, 1_000)];
        assert_eq!(lists.subjects(0), expected);
        assert_eq!(lists.subjects(1), [expected[1], expected[0]]);
        assert_eq!(lists.loads(expected[0]), [Load::List]);
        assert!(plan("bench --only delivery,in-flight").unwrap().subjects(0).is_empty());
    }

    #[test]
    fn postbacks_are_also_sent_from_256() {
        assert_eq!(plan("bench").unwrap().connections(Load::Callback), [1, 16, 64, 256, 512]);
        assert_eq!(plan("bench").unwrap().connections(Load::Create), [1, 16, 64, 512]);
        assert_eq!(plan("bench --connections 8,2").unwrap().connections(Load::Callback), [2, 8]);
    }

    #[test]
    fn what_cannot_be_run_is_refused() {
        for line in ["bench --rounds 0", "bench --sizes 0", "bench --connections 0", "bench --name a/b"] {
            assert!(plan(line).is_err(), "{line}");
        }
    }
}
