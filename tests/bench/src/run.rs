//! The run: fills the databases, then plays every part once a round, so that all servers of a ratio have the same weather.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use crate::bench::Bench;
use crate::compare::Results;
use crate::part::Suite;
use crate::plan::Plan;
use crate::stock::Stock;
use crate::subject::Database;
use crate::suites::{crash, delivery, hanging, in_flight, latency, loops, replicas, start};
use crate::upstream::Upstream;
use crate::{Fault, gateway, machine, report, say};

/// Measures, prints and writes.
pub(crate) async fn measure(plan: &Plan) -> Result<(), Fault> {
    let binary = gateway::binary(plan.gateway.as_deref()).await?;
    let with_postgres = plan.databases.each().contains(&Database::Postgres);
    let stock = Stock::new(plan.folder.as_deref(), plan.seeds.as_deref(), with_postgres)?;
    let mut bench = Bench {
        plan,
        upstream: Upstream::start().await?,
        stock,
        binary,
        creates: Arc::new(AtomicU64::new(0)),
        results: Results::default(),
    };
    for &database in plan.databases.each() {
        for &size in &plan.sizes {
            bench.stock.fill(database, size).await?;
        }
    }
    let before = machine::load_average();
    for round in 0..plan.rounds {
        say(&format!("round {} of {}", round + 1, plan.rounds));
        bench.results.round = round;
        part(&mut bench, None, round).await;
        for suite in &plan.suites {
            part(&mut bench, Some(*suite), round).await;
        }
    }
    let machine = machine::describe(bench.stock.folder(), &before, bench.stock.postgres_version().as_deref());
    report::publish(plan, &bench.results, &machine)
}

/// One part of a round, the closed loops where none is named.
async fn part(bench: &mut Bench<'_>, suite: Option<Suite>, round: usize) {
    let long = bench.plan.plays_long_parts(round);
    let played = match suite {
        None => loops::round(bench, round).await,
        // Played by the closed loops.
        Some(Suite::Create | Suite::Callback | Suite::Read | Suite::List) => Ok(()),
        Some(Suite::InFlight | Suite::Crash) if !long => Ok(()),
        Some(Suite::Delivery) => delivery::round(bench, round).await,
        Some(Suite::Latency) => latency::round(bench, round).await,
        Some(Suite::InFlight) => in_flight::round(bench, round).await,
        Some(Suite::Replicas) => replicas::round(bench, round).await,
        Some(Suite::Start) => start::round(bench, round).await,
        Some(Suite::Crash) => crash::round(bench, round).await,
        Some(Suite::Hanging) => hanging::round(bench, round).await,
    };
    bench.upstream.set_delay(Duration::ZERO);
    bench.upstream.take();
    bench.keep_going(suite.map_or("closed loops", Suite::word), played);
}
