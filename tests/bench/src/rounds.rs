//! The run: every round starts every server anew from the same files, and loads one after the other.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use crate::child::{Server, text_of};
use crate::compare::{Cell, Key, Memory, Results};
use crate::load;
use crate::plan::{Load, Plan, Subject};
use crate::seed::{Seeded, fill};
use crate::statistics::percentile;
use crate::upstream::{Accepted, Upstream};
use crate::{Fault, call, gateway, machine, postback, report, say};

/// Load before the first measured cell of a server.
const WARM_UP: Duration = Duration::from_millis(300);
const WARM_UP_CONNECTIONS: usize = 16;

/// Measures, prints and writes.
pub(crate) async fn measure(plan: &Plan) -> Result<(), Fault> {
    let folder = match &plan.folder {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let before = machine::load_average();
    let upstream = Upstream::start(plan.upstream_delay).await?;
    let mut seeds = BTreeMap::new();
    for &stored in &plan.stored {
        say(&format!("storing {stored} checkouts"));
        let place = folder.path().join(format!("seed-{stored}"));
        fs::create_dir(&place)?;
        seeds.insert(stored, fill(&place, stored).await?);
    }
    let bench = Bench { plan, upstream, folder: folder.path(), seeds, creates: Arc::new(AtomicU64::new(0)) };
    let mut results = Results::default();
    for round in 0..plan.rounds {
        for subject in plan.subjects(round) {
            say(&format!("round {} of {}: {}", round + 1, plan.rounds, subject.name()));
            bench.subject(subject, &mut results).await?;
        }
    }
    for (stored, seeded) in &bench.seeds {
        results.bytes_per_checkout.insert(*stored, seeded.bytes / seeded.stored);
    }
    let machine = machine::describe(folder.path(), &before);
    report::publish(plan, &results, &machine)
}

struct Bench<'a> {
    plan: &'a Plan,
    upstream: Upstream,
    folder: &'a Path,
    seeds: BTreeMap<u64, Seeded>,
    creates: Arc<AtomicU64>,
}

impl Bench<'_> {
    /// One server in one round.
    async fn subject(&self, subject: Subject, results: &mut Results) -> Result<(), Fault> {
        if subject == Subject::Direct {
            let address = self.upstream.url.trim_start_matches("http://").to_owned();
            return self.direct(&address, results).await;
        }
        let folder = tempfile::tempdir_in(self.folder)?;
        let place = text_of(folder.path())?;
        let url = self.upstream.url.as_str();
        let server = match subject {
            Subject::Direct | Subject::Floor => Server::start(&["floor", url, place]).await?,
            Subject::DurableFloor => Server::start(&["floor", url, place, "--durable"]).await?,
            Subject::Gateway(stored) => {
                let seed = self.folder.join(format!("seed-{stored}")).join(gateway::FILE);
                fs::copy(seed, folder.path().join(gateway::FILE))?;
                let mut arguments = vec!["gateway", url, place];
                arguments.extend(self.plan.quiet.then_some("--quiet"));
                Server::start(&arguments).await?
            }
        };
        let idle_kb = server.memory_kb("VmRSS")?;
        let outcome = self.loads(subject, &server, results).await;
        let memory = Memory { idle_kb, peak_kb: server.memory_kb("VmHWM")?, start_ms: server.start_ms };
        results.memory.entry(subject).or_default().push(memory);
        server.stop().await?;
        outcome
    }

    async fn direct(&self, address: &str, results: &mut Results) -> Result<(), Fault> {
        for &connections in &self.plan.connections {
            let seen = load::run(address, connections, self.plan.cell, &call::direct(), 200).await?;
            results.add(Key { load: Load::Create, connections, subject: Subject::Direct }, cell(&seen, 0)?);
        }
        self.upstream.take();
        Ok(())
    }

    async fn loads(&self, subject: Subject, server: &Server, results: &mut Results) -> Result<(), Fault> {
        let creates = call::creates(&self.creates);
        load::run(&server.address, WARM_UP_CONNECTIONS, WARM_UP, &creates, 201).await?;
        let ids = match subject {
            Subject::Gateway(stored) => self.seeds.get(&stored).map(|seeded| seeded.ids.as_slice()),
            _ => None,
        };
        let mut waiting: Option<Vec<Vec<Accepted>>> = None;
        for &load in subject.loads() {
            for &connections in &self.plan.connections {
                let (supply, expected) = match load {
                    Load::Create => (creates.clone(), 201),
                    Load::Read => (call::reads(ids.unwrap_or_default()), 200),
                    Load::List => (call::lists(), 200),
                    Load::Callback | Load::CallbackTwice => {
                        let shares = waiting.get_or_insert_with(|| self.shares());
                        let share = shares.pop().unwrap_or_default();
                        let twice = load == Load::CallbackTwice;
                        (call::queued(postback::queue(&share, connections, twice)), 200)
                    }
                };
                let cpu = server.cpu_us()?;
                let seen = load::run(&server.address, connections, self.plan.cell, &supply, expected).await?;
                let cpu = server.cpu_us()?.saturating_sub(cpu);
                results.add(Key { load, connections, subject }, cell(&seen, cpu)?);
            }
        }
        self.upstream.take();
        Ok(())
    }

    /// What was created, dealt out to the postback cells: those with more connections get more of it. Taken from the
    /// end, so the order is that of the cells backwards.
    fn shares(&self) -> Vec<Vec<Accepted>> {
        let mut accepted = self.upstream.take();
        let weights: Vec<usize> = self.plan.connections.iter().map(|n| if *n < 8 { 1 } else { 3 }).collect();
        let weights: Vec<usize> = weights.iter().chain(&weights).copied().collect();
        let all: usize = weights.iter().sum();
        let total = accepted.len();
        weights.iter().rev().map(|weight| accepted.split_off(accepted.len() - total * weight / all)).collect()
    }
}

fn cell(seen: &load::Seen, cpu_us: u64) -> Result<Cell, Fault> {
    let requests = seen.requests();
    if requests == 0 || requests == seen.wrong {
        return Err("not one request came through".into());
    }
    Ok(Cell {
        requests,
        wrong: seen.wrong,
        per_second: seen.per_second(),
        p50_us: percentile(&seen.latencies_us, 500),
        p99_us: percentile(&seen.latencies_us, 990),
        cpu_us: cpu_us / requests,
    })
}
