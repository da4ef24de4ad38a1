//! Slow upstreams: many creates wait at the same time, each holding what a server holds for it.

use std::time::Duration;

use crate::bench::Bench;
use crate::compare::Key;
use crate::part::Load;
use crate::{Fault, call, say};

/// Load, creates in flight, and how long the upstream takes.
const PARTS: [(Load, usize, Duration); 2] =
    [(Load::Waiting50ms, 1_000, Duration::from_millis(50)), (Load::Waiting1s, 5_000, Duration::from_secs(1))];
/// Waves of requests in one part, the last of which ends after its time.
const WAVES: u32 = 3;

/// One round.
pub(crate) async fn round(bench: &mut Bench<'_>, round: usize) -> Result<(), Fault> {
    for subject in bench.plan.pairs(round) {
        say(&format!("  in flight: {}", subject.name()));
        for (load, connections, delay) in PARTS {
            // Started anew, so that its memory is that of this load.
            let running = bench.start(subject, None).await?;
            bench.upstream.set_delay(delay);
            let key = Key { load, connections, subject };
            let limit = (delay * WAVES).max(bench.plan.cell);
            let supply = call::creates(&bench.creates);
            let outcome = bench.closed_loop(&running, key, limit, &supply, 201).await;
            bench.upstream.set_delay(Duration::ZERO);
            bench.stop(running).await?;
            bench.keep_going(&subject.name(), outcome.map(drop));
        }
    }
    Ok(())
}
