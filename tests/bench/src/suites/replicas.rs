//! Two processes on one PostgreSQL against one of them.

use crate::bench::{Bench, Running};
use crate::compare::Key;
use crate::part::Load;
use crate::plan::turned;
use crate::subject::{Database, Subject};
use crate::{Fault, call, postback, say};

const CONNECTIONS: usize = 64;

/// One round; nothing where there is no PostgreSQL.
pub(crate) async fn round(bench: &mut Bench<'_>, round: usize) -> Result<(), Fault> {
    if !bench.plan.databases.each().contains(&Database::Postgres) {
        return Ok(());
    }
    let size = bench.plan.smallest();
    for subject in turned(vec![Subject::Gateway(Database::Postgres, size), Subject::Pair(size)], round) {
        say(&format!("  replicas: {}", subject.name()));
        let running = bench.start(subject, None).await?;
        let outcome = load(bench, &running).await;
        bench.stop(running).await?;
        bench.keep_going(&subject.name(), outcome);
    }
    Ok(())
}

async fn load(bench: &mut Bench<'_>, running: &Running) -> Result<(), Fault> {
    let key = |load| Key { load, connections: CONNECTIONS, subject: running.subject };
    bench.warm_up(running, bench.plan.cell / 2).await?;
    let supply = call::creates(&bench.creates);
    bench.closed_loop(running, key(Load::TwinCreate), bench.plan.part(2, 600), &supply, 201).await?;
    let accepted = bench.upstream.take();
    let supply = call::queued(postback::queue(&accepted, CONNECTIONS, false));
    bench.closed_loop(running, key(Load::TwinCallback), bench.plan.part(2, 600), &supply, 200).await?;
    Ok(())
}
