//! The run: fills the databases, then plays every part once a round, so that all servers of a ratio have the same weather.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

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
        loops::round(&mut bench, round).await?;
        for suite in plan.suites.iter().copied() {
            match suite {
                // Played by the closed loops.
                Suite::Create | Suite::Callback | Suite::Read | Suite::List => {}
                Suite::Delivery => delivery::round(&mut bench, round).await?,
                Suite::Latency => latency::round(&mut bench, round).await?,
                Suite::InFlight | Suite::Crash if !plan.plays_long_parts(round) => {}
                Suite::InFlight => in_flight::round(&mut bench, round).await?,
                Suite::Replicas => replicas::round(&mut bench, round).await?,
                Suite::Start => start::round(&mut bench, round).await?,
                Suite::Crash => crash::round(&mut bench, round).await?,
                Suite::Hanging => hanging::round(&mut bench, round).await?,
            }
        }
    }
    let machine = machine::describe(bench.stock.folder(), &before, bench.stock.postgres_version().as_deref());
    report::publish(plan, &bench.results, &machine)
}
