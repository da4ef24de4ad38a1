//! A server at rest: how soon it answers, what it holds, and what a checkout leaves on the disk.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::bench::{Bench, Running};
use crate::compare::Figure;
use crate::plan::turned;
use crate::sample::SECRET_KEY;
use crate::sink::Sink;
use crate::subject::{Database, Subject};
use crate::{Fault, call, load, postback, say};

/// A moment in which a started server comes to rest.
const REST: Duration = Duration::from_millis(1_500);
const REST_QUICK: Duration = Duration::from_millis(300);
/// Checkouts whose traces on the disk are measured.
const CHECKOUTS: u64 = 4_000;
const CHECKOUTS_QUICK: u64 = 600;
const CONNECTIONS: usize = 64;
/// Longer than all of it takes.
const LIMIT: Duration = Duration::from_secs(120);
/// Of each checkout: created, taken in by the provider, preapproved, ready to fulfill.
const EVENTS_EACH: u64 = 4;

/// One round.
pub(crate) async fn round(bench: &mut Bench<'_>, round: usize) -> Result<(), Fault> {
    for subject in turned(everybody(bench), round) {
        say(&format!("  start: {}", subject.name()));
        let running = bench.start_sharing(subject).await?;
        tokio::time::sleep(if bench.plan.quick { REST_QUICK } else { REST }).await;
        let start_us = running.servers.first().map_or(0, |server| server.start_us);
        let idle_kb = running.memory_kb("VmRSS")?;
        bench.stop(running).await?;
        bench.results.note(subject, Figure::StartUs, start_us);
        bench.results.note(subject, Figure::IdleKb, idle_kb);
    }
    // It does not depend on how busy the machine is: once is enough.
    if round == 0 {
        for &database in bench.plan.databases.each() {
            disk(bench, Subject::Gateway(database, bench.plan.smallest())).await?;
        }
    }
    Ok(())
}

fn everybody(bench: &Bench<'_>) -> Vec<Subject> {
    let plan = bench.plan;
    let of = |database: &Database| {
        let gateways = plan.sizes.iter().map(|size| Subject::Gateway(*database, *size));
        std::iter::once(Subject::DurableFloor(*database)).chain(gateways).collect::<Vec<_>>()
    };
    plan.databases.each().iter().flat_map(of).collect()
}

/// Checkouts go all the way, every webhook is delivered, and the server stops in order: what is there then stays.
async fn disk(bench: &mut Bench<'_>, subject: Subject) -> Result<(), Fault> {
    say(&format!("  disk: {}", subject.name()));
    let sink = Sink::start().await?;
    let count = if bench.plan.quick { CHECKOUTS_QUICK } else { CHECKOUTS };
    // The same without load first: migrations and the declared shop are not a checkout's.
    let empty = bench.start(subject, None).await?;
    let (before, tables_before) = sizes(bench, empty).await?;
    let running = bench.start(subject, Some(&sink)).await?;
    bench.register(&running, SECRET_KEY, 0, &sink.url(0)).await?;
    let accepted = bench.prepare(&running, count).await?;
    let supply = call::queued(postback::queue(&accepted, CONNECTIONS, false));
    let seen = load::run(&running.addresses(), CONNECTIONS, LIMIT, &supply, 200).await?;
    let told = sink.wait_for(count * EVENTS_EACH, LIMIT).await;
    let (after, tables) = sizes(bench, running).await?;
    if seen.wrong > 0 || !told {
        say(&format!("  disk: {} postbacks were refused, {} webhooks came", seen.wrong, sink.count()));
    }
    bench.results.note(subject, Figure::BytesPerCheckout, after.saturating_sub(before) / count);
    for (table, bytes) in tables {
        let grown = bytes.saturating_sub(tables_before.get(&table).copied().unwrap_or(0));
        bench.results.note_table(subject, table, grown / count);
    }
    Ok(())
}

/// Stops a server and deletes its database; answers what that had come to, in all and by table.
async fn sizes(bench: &Bench<'_>, running: Running) -> Result<(u64, BTreeMap<String, u64>), Fault> {
    let Some(place) = bench.end(running).await? else { return Ok((0, BTreeMap::new())) };
    let sizes = (bench.stock.bytes(&place)?, bench.stock.tables(&place)?);
    bench.stock.remove(place)?;
    Ok(sizes)
}
