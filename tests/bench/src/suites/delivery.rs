//! Postbacks in as fast as they are taken, webhooks out: how many events a second are accepted and delivered, and what
//! one costs in all.

use std::time::Duration;

use crate::bench::{Bench, Meter, Running};
use crate::compare::Key;
use crate::load::micros;
use crate::part::Load;
use crate::sample::SECRET_KEY;
use crate::sink::Sink;
use crate::upstream::Accepted;
use crate::{Fault, call, load, postback, say};

const CONNECTIONS: usize = 64;
/// Postbacks of a part: enough for a second or two of the quickest server.
const CHECKOUTS: u64 = 10_000;
const CHECKOUTS_QUICK: u64 = 1_500;
/// After it what has not come is counted as wrong.
const DRAIN_LIMIT: Duration = Duration::from_secs(60);

/// One round.
pub(crate) async fn round(bench: &mut Bench<'_>, round: usize) -> Result<(), Fault> {
    for subject in bench.plan.pairs(round) {
        say(&format!("  delivery: {}", subject.name()));
        let sink = Sink::start().await?;
        let running = bench.start(subject, Some(&sink)).await?;
        let outcome = deliver(bench, &running, &sink).await;
        bench.stop(running).await?;
        bench.keep_going(&subject.name(), outcome);
    }
    Ok(())
}

async fn deliver(bench: &mut Bench<'_>, running: &Running, sink: &Sink) -> Result<(), Fault> {
    let checkouts = if bench.plan.quick { CHECKOUTS_QUICK } else { CHECKOUTS };
    let accepted = bench.prepare(running, checkouts).await?;
    let told_before = told_before(running, sink, accepted.len()).await?;
    bench.register(running, SECRET_KEY, 0, &sink.url(0)).await?;
    let (first, rest) = accepted.split_at(whole_blocks(accepted.len() / 5));
    let told_before = told_before + warm_up(running, sink, first).await?;
    let supply = call::queued(postback::queue(rest, CONNECTIONS, false));

    let meter = Meter::start(running)?;
    let begun = tokio::time::Instant::now();
    let seen = load::run(&running.addresses(), CONNECTIONS, bench.plan.part(2, 400), &supply, 200).await?;
    let events = seen.requests().saturating_sub(seen.wrong);
    sink.wait_for(told_before + events, DRAIN_LIMIT).await;
    // Each accepted postback is one event here as there; a floor and a gateway alike tell nothing else meanwhile.
    let arrived = sink.count().saturating_sub(told_before);
    let missing = events.saturating_sub(arrived);
    let elapsed_us = micros(begun.elapsed());
    let key = Key { load: Load::Delivery, connections: CONNECTIONS, subject: running.subject };
    let cell = meter.cell(running, seen.requests(), seen.wrong + missing, elapsed_us, &seen.latencies_us)?;
    bench.results.add(key, cell);
    Ok(())
}

/// So many checkouts at most that their postbacks fill whole blocks: in one that is smaller than the connections are many,
/// a second status may be sent before the first was answered, and then the first is no event any more.
pub(crate) fn whole_blocks(checkouts: usize) -> usize {
    checkouts - checkouts % (CONNECTIONS * 2)
}

/// Has the webhooks of these checkouts delivered, so that what is measured meets statements that are prepared and
/// connections that are open; answers how many they were.
pub(crate) async fn warm_up(running: &Running, sink: &Sink, accepted: &[Accepted]) -> Result<u64, Fault> {
    let before = sink.count();
    let supply = call::queued(postback::queue(accepted, CONNECTIONS, false));
    let seen = load::run(&running.addresses(), CONNECTIONS, DRAIN_LIMIT, &supply, 200).await?;
    let events = seen.requests().saturating_sub(seen.wrong);
    if !sink.wait_for(before + events, DRAIN_LIMIT).await {
        let came = sink.count().saturating_sub(before);
        return Err(format!("{came} of {events} webhooks came while warming up").into());
    }
    Ok(events)
}

/// A floor tells of creates too: waits until it has, and says how many webhooks that were.
pub(crate) async fn told_before(running: &Running, sink: &Sink, created: usize) -> Result<u64, Fault> {
    if running.subject.stored().is_some() {
        return Ok(sink.count());
    }
    let created = u64::try_from(created)?;
    if !sink.wait_for(created, DRAIN_LIMIT).await {
        return Err("the floor does not deliver what it created".into());
    }
    Ok(sink.count())
}
