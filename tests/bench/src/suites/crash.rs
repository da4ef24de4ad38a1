//! `kill -9` under load, while webhooks wait: how soon it answers again, and how soon the waiting ones come.

use std::time::Duration;

use tokio::time::Instant;

use crate::bench::{Bench, Running};
use crate::compare::Figure;
use crate::load::micros;
use crate::plan::turned;
use crate::postback::{APPROVED, message};
use crate::sample::SECRET_KEY;
use crate::sink::Sink;
use crate::subject::Subject;
use crate::wire::Connection;
use crate::{Fault, call, load, say};

/// Creates go on at the moment of death.
const CREATING: usize = 32;
/// Postbacks whose webhooks wait then.
const WAITING: u64 = 200;
/// From the last of them to the end.
const BEFORE_THE_END: Duration = Duration::from_millis(300);
/// After it the waiting ones count as lost. A lease of the dead process ends before.
const DRAIN_LIMIT: Duration = Duration::from_secs(90);

/// One round.
pub(crate) async fn round(bench: &mut Bench<'_>, round: usize) -> Result<(), Fault> {
    let size = bench.plan.smallest();
    let databases = bench.plan.databases.each().to_vec();
    for database in turned(databases, round) {
        let subject = Subject::Gateway(database, size);
        say(&format!("  crash: {}", subject.name()));
        let sink = Sink::start().await?;
        let running = bench.start(subject, None).await?;
        let running = crash(bench, running, &sink).await?;
        bench.stop(running).await?;
    }
    Ok(())
}

async fn crash(bench: &mut Bench<'_>, mut running: Running, sink: &Sink) -> Result<Running, Fault> {
    let subject = running.subject;
    let accepted = bench.prepare(&running, WAITING).await?;
    bench.register(&running, SECRET_KEY, 0, &sink.url(0)).await?;
    // Nothing is answered from here on: every webhook is still to be delivered when the process dies.
    sink.set_open(false);
    let address = running.address().to_owned();
    let mut connection = Connection::open(&address).await?;
    for accepted in &accepted {
        let status = connection.exchange(&message(accepted, APPROVED)).await?.status;
        if status != 200 {
            return Err(format!("a postback was answered with {status}").into());
        }
    }
    let supply = call::creates(&bench.creates);
    let load = tokio::spawn(async move { load::run(&[&address], CREATING, DRAIN_LIMIT, &supply, 201).await.map(drop) });
    tokio::time::sleep(BEFORE_THE_END).await;
    for server in running.servers.drain(..) {
        server.kill().await?;
    }
    // Its connections broke: that is what this load is for.
    _ = load.await?;
    // What came before the end was not answered, so it has to come again.
    sink.forget();
    sink.set_open(true);

    let begun = Instant::now();
    let server = bench.process(subject, running.place.as_ref(), None).await?;
    bench.results.note(subject, Figure::ReadyAfterKillUs, server.start_us);
    running.servers.push(server);
    let waiting: std::collections::HashSet<&str> = accepted.iter().map(|accepted| accepted.checkout.as_str()).collect();
    let mut missing = waiting.clone();
    let (mut first, mut last) = (None, 0);
    while !missing.is_empty() && begun.elapsed() < DRAIN_LIMIT {
        tokio::time::sleep(Duration::from_millis(5)).await;
        for arrival in sink.take() {
            if missing.remove(arrival.checkout.as_str()) {
                let lag = micros(arrival.at.saturating_duration_since(begun));
                first.get_or_insert(lag);
                last = last.max(lag);
            }
        }
    }
    if let Some(first) = first {
        bench.results.note(subject, Figure::ResumedAfterKillUs, first);
        bench.results.note(subject, Figure::DrainedAfterKillUs, last);
    }
    bench.results.note(subject, Figure::LostAfterKill, u64::try_from(missing.len())?);
    Ok(running)
}
