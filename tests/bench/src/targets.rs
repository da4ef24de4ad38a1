//! What the project wants to reach, beside what was measured. Nothing here fails a run.

use crate::compare::{Cell, Figure, Key, Results};
use crate::goal::Goal::{self, AtLeast, AtMost};
use crate::goal::{Target, Unit};
use crate::part::Load;
use crate::plan::Plan;
use crate::subject::{Database, Subject, short};

/// Every target of which something was measured, those of one database after those of the other.
pub(crate) fn all(plan: &Plan, results: &Results) -> Vec<Target> {
    let of = |database: &Database| {
        let mut sheet = Sheet { plan, results, database: *database, lines: Vec::new() };
        sheet.floors();
        sheet.waiting();
        sheet.deliveries();
        sheet.sizes();
        sheet.at_rest();
        sheet.crashes();
        sheet.lines
    };
    plan.databases.each().iter().flat_map(of).collect()
}

/// Picks a number of a cell.
type Number = fn(&Cell) -> u64;

struct Sheet<'a> {
    plan: &'a Plan,
    results: &'a Results,
    database: Database,
    lines: Vec<Target>,
}

fn at_least(reach: u64, beyond: Option<u64>) -> Goal {
    AtLeast { reach, beyond }
}

fn at_most(reach: u64, beyond: Option<u64>) -> Goal {
    AtMost { reach, beyond }
}

impl Sheet<'_> {
    fn gateway(&self) -> Subject {
        Subject::Gateway(self.database, self.plan.smallest())
    }

    fn line(&mut self, what: impl Into<String>, unit: Unit, value: Option<u64>, goal: Goal) {
        let database = self.database;
        self.lines.extend(value.map(|value| Target { what: what.into(), database, unit, value, goal }));
    }

    /// A number of the gateway against that of the floor on the same database.
    fn against_floor(&self, load: Load, connections: usize, number: Number) -> Option<u64> {
        let key = |subject| Key { load, connections, subject };
        self.results.ratio(&key(self.gateway()), &key(Subject::DurableFloor(self.database)), number)
    }

    fn floors(&mut self) {
        let rate = |cell: &Cell| cell.per_second;
        let value = self.against_floor(Load::Create, 64, rate);
        self.line("creates/s against the floor, 64 connections", Unit::Ratio, value, at_least(600, Some(750)));
        let value = self.against_floor(Load::Create, 64, |cell| cell.cpu_us);
        self.line("CPU per create against the floor, 64 connections", Unit::Ratio, value, at_most(1_700, Some(1_400)));
        let key = |subject| Key { load: Load::Create, connections: 1, subject };
        let (own, floor) = (key(self.gateway()), key(Subject::DurableFloor(self.database)));
        let numbers: [(&str, Number, u64); 2] =
            [("p50", |cell| cell.p50_us, 1_700), ("p99", |cell| cell.p99_us, 2_000)];
        for (name, number, reach) in numbers {
            let value = self.results.added(&own, &floor, &key(Subject::Direct), number);
            let what = format!("time added to a create against what the floor adds, 1 connection, {name}");
            self.line(what, Unit::Ratio, value, at_most(reach, Some(1_300)));
        }
        for connections in [64, 256] {
            let value = self.against_floor(Load::Callback, connections, rate);
            let what = format!("callbacks/s against the floor, {connections} connections");
            self.line(what, Unit::Ratio, value, at_least(600, Some(750)));
            let key = |load| Key { load, connections, subject: self.gateway() };
            let value = self.results.ratio(&key(Load::CallbackTwice), &key(Load::Callback), rate);
            let what = format!("callbacks/s, 50 % repeated against none, {connections} connections");
            self.line(what, Unit::Ratio, value, at_least(1_000, None));
        }
    }

    fn waiting(&mut self) {
        let rate = |cell: &Cell| cell.per_second;
        let value = self.against_floor(Load::Waiting50ms, 1_000, rate);
        self.line(
            "creates/s against the floor, 1,000 in flight, 50 ms upstream",
            Unit::Ratio,
            value,
            at_least(700, None),
        );
        let value = self.against_floor(Load::Waiting1s, 5_000, rate);
        self.line(
            "creates/s against the floor, 5,000 in flight, 1 s upstream",
            Unit::Ratio,
            value,
            at_least(950, None),
        );
        let key = Key { load: Load::Waiting1s, connections: 5_000, subject: self.gateway() };
        let wrong = self.results.median(&key).map(|cell| cell.wrong);
        self.line("errors, 5,000 in flight", Unit::Count, wrong, at_most(0, None));
        let value = self.against_floor(Load::Waiting1s, 5_000, |cell| cell.bytes_each(5_000));
        self.line(
            "memory per request in flight against the floor, 5,000 in flight",
            Unit::Ratio,
            value,
            at_most(2_000, None),
        );
    }

    fn deliveries(&mut self) {
        let value = self.against_floor(Load::Delivery, 64, |cell| cell.per_second);
        self.line("events accepted and delivered/s against the floor", Unit::Ratio, value, at_least(600, None));
        let subject = self.gateway();
        let key = |load, connections| Key { load, connections, subject };
        let value = self.results.median(&key(Load::Delivery, 64)).map(|cell| cell.cpu_us);
        self.line("CPU per event, accepted and delivered", Unit::Cpu, value, at_most(300, Some(200)));
        let latency = self.results.median(&key(Load::EndToEnd, 400));
        let what = "push sent to webhook received, 400/s";
        self.line(format!("{what}, p50"), Unit::Time, latency.map(|cell| cell.p50_us), at_most(2_000, Some(1_000)));
        self.line(format!("{what}, p99"), Unit::Time, latency.map(|cell| cell.p99_us), at_most(20_000, None));
        let (hanging, well) = (key(Load::LagFiveHang, 50), key(Load::LagAllWell, 50));
        let value = self.results.ratio(&hanging, &well, |cell| cell.p99_us);
        self.line(
            "p99 lag of 45 endpoints while five more hang, against none hanging",
            Unit::Ratio,
            value,
            at_most(2_000, None),
        );
        let missing = self.results.median(&hanging).map(|cell| cell.wrong);
        self.line("webhooks of those 45 that did not come in time", Unit::Count, missing, at_most(0, None));
        if self.database == Database::Postgres {
            for (load, name) in [(Load::TwinCreate, "creates/s"), (Load::TwinCallback, "callbacks/s")] {
                let pair = Key { subject: Subject::Pair(self.plan.smallest()), ..key(load, 64) };
                let value = self.results.ratio(&pair, &key(load, 64), |cell| cell.per_second);
                self.line(format!("{name} of two replicas against one"), Unit::Ratio, value, at_least(900, None));
            }
        }
    }

    /// Every larger size against the smallest one.
    fn sizes(&mut self) {
        let smallest = self.plan.smallest();
        for &size in self.plan.sizes.iter().filter(|size| **size != smallest) {
            for load in [Load::Create, Load::Callback, Load::Read, Load::List] {
                let key = |size| Key { load, connections: 64, subject: Subject::Gateway(self.database, size) };
                let (large, small) = (key(size), key(smallest));
                let what = format!("{}, {} stored against {}", load.name(), short(size), short(smallest));
                let value = self.results.ratio(&large, &small, |cell| cell.per_second);
                self.line(format!("{what}, rate"), Unit::Ratio, value, at_least(900, None));
                let value = self.results.ratio(&large, &small, |cell| cell.p99_us);
                self.line(format!("{what}, p99"), Unit::Ratio, value, at_most(1_300, None));
            }
        }
    }

    fn at_rest(&mut self) {
        let largest = self.plan.sizes.last().copied().unwrap_or(0);
        let subject = Subject::Gateway(self.database, largest);
        let stored = format!("{} stored", short(largest));
        let value = self.results.figure(subject, Figure::IdleKb);
        // 40 and 25 MB in kB of 1024.
        self.line(format!("idle memory, {stored}"), Unit::Memory, value, at_most(39_062, Some(24_414)));
        let value = self.results.figure(subject, Figure::StartUs);
        self.line(format!("start to first answer, {stored}"), Unit::Time, value, at_most(100_000, Some(50_000)));
        let value = self.results.figure(self.gateway(), Figure::BytesPerCheckout);
        self.line(
            "bytes on disk per checkout, history and outbox done",
            Unit::Count,
            value,
            at_most(4_000, Some(3_000)),
        );
    }

    fn crashes(&mut self) {
        let figure = |figure| self.results.figure(self.gateway(), figure);
        let (ready, resumed) = (figure(Figure::ReadyAfterKillUs), figure(Figure::ResumedAfterKillUs));
        let lost = figure(Figure::LostAfterKill);
        self.line("ready after kill -9 under load", Unit::Time, ready, at_most(1_000_000, None));
        self.line("first waiting webhook after that start", Unit::Time, resumed, at_most(2_000_000, None));
        self.line("waiting webhooks that never came", Unit::Count, lost, at_most(0, None));
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::arguments::Arguments;

    #[test]
    fn only_what_was_measured_is_told() {
        let plan =
            Plan::of(&Arguments::try_parse_from(["bench", "--database", "sqlite", "--sizes", "10"]).unwrap()).unwrap();
        let mut results = Results::default();
        assert!(all(&plan, &results).is_empty());
        let key = |subject| Key { load: Load::Create, connections: 64, subject };
        let cell = |n| Cell { requests: 1, per_second: n, cpu_us: 100_000 / n, ..Cell::default() };
        results.add(key(Subject::DurableFloor(Database::Sqlite)), cell(1_000));
        results.add(key(Subject::Gateway(Database::Sqlite, 10)), cell(700));
        let rows: Vec<String> = all(&plan, &results).iter().map(Target::row).collect();
        assert_eq!(
            rows,
            [
                "| creates/s against the floor, 64 connections | SQLite | 0.70 | >= 0.60 | reached |",
                "| CPU per create against the floor, 64 connections | SQLite | 1.42 | <= 1.70 | reached |",
            ]
        );
    }
}
