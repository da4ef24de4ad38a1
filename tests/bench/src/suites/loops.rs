//! Closed loops of creates, postbacks, reads and lists: every server in turn, started anew, loaded alone.

use std::time::Duration;

use crate::bench::{Bench, Running};
use crate::compare::{Cell, Key};
use crate::part::{Load, Suite};
use crate::statistics::percentile;
use crate::subject::Subject;
use crate::upstream::Accepted;
use crate::{Fault, call, load, postback, say};

/// Load before the first measured cell of a server.
const WARM_UP: Duration = Duration::from_millis(300);

/// One round.
pub(crate) async fn round(bench: &mut Bench<'_>, round: usize) -> Result<(), Fault> {
    for subject in bench.plan.subjects(round) {
        say(&format!("  {}", subject.name()));
        if subject == Subject::Direct {
            direct(bench).await?;
            continue;
        }
        let running = bench.start_sharing(subject).await?;
        let outcome = loads(bench, &running).await;
        bench.stop(running).await?;
        bench.keep_going(&subject.name(), outcome);
    }
    Ok(())
}

/// Straight to the upstream, which shares its process with the load client: its own processor time is unknown.
async fn direct(bench: &mut Bench<'_>) -> Result<(), Fault> {
    let address = bench.upstream.url.trim_start_matches("http://").to_owned();
    for connections in bench.plan.connections(Load::Create) {
        let seen = load::run(&[&address], connections, bench.plan.cell, &call::direct(), 200).await?;
        let cell = Cell {
            requests: seen.requests(),
            wrong: seen.wrong,
            per_second: seen.per_second(),
            p50_us: percentile(&seen.latencies_us, 500),
            p99_us: percentile(&seen.latencies_us, 990),
            ..Cell::default()
        };
        bench.results.add(Key { load: Load::Create, connections, subject: Subject::Direct }, cell);
    }
    bench.upstream.take();
    Ok(())
}

async fn loads(bench: &mut Bench<'_>, running: &Running) -> Result<(), Fault> {
    let plan = bench.plan;
    let subject = running.subject;
    let loads = plan.loads(subject);
    let cells: Vec<(Load, usize)> =
        loads.iter().flat_map(|load| plan.connections(*load).into_iter().map(|count| (*load, count))).collect();
    let postbacks = plan.has(Suite::Callback);
    let stock = if !postbacks || plan.has(Suite::Create) { plan.cell } else { plan.cell * 3 };
    bench.warm_up(running, if postbacks { WARM_UP + stock } else { WARM_UP }).await?;
    let mut waiting: Option<Vec<Vec<Accepted>>> = None;
    for (load, connections) in cells {
        let key = Key { load, connections, subject };
        let (supply, expected) = match load {
            Load::Read => (call::reads(bench.stock.ids(subject)), 200),
            Load::List => (call::lists(), 200),
            Load::Callback | Load::CallbackTwice => {
                let shares = waiting.get_or_insert_with(|| shares(bench));
                let share = shares.pop().unwrap_or_default();
                (call::queued(postback::queue(&share, connections, load == Load::CallbackTwice)), 200)
            }
            _ => (call::creates(&bench.creates), 201),
        };
        let seen = bench.closed_loop(running, key, plan.cell, &supply, expected).await;
        bench.keep_going(load.name(), seen.map(drop));
    }
    Ok(())
}

/// What was created, dealt out to the postback cells: those with more connections get more of it. The order is that of
/// the cells backwards.
fn shares(bench: &Bench<'_>) -> Vec<Vec<Accepted>> {
    let weight = |connections: usize| if connections < 8 { 1 } else { 4 };
    let cells = [Load::Callback, Load::CallbackTwice].into_iter().flat_map(|load| bench.plan.connections(load));
    let weights: Vec<usize> = cells.map(weight).collect();
    deal(bench.upstream.take(), &weights)
}

/// Shares by weight, the last one first.
fn deal<T>(mut all: Vec<T>, weights: &[usize]) -> Vec<Vec<T>> {
    let (total, whole) = (all.len(), weights.iter().sum::<usize>().max(1));
    weights.iter().rev().map(|weight| all.split_off(all.len() - total * weight / whole)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_follow_their_weights() {
        let dealt = deal((0..10).collect::<Vec<_>>(), &[1, 4]);
        assert_eq!(dealt, [vec![2, 3, 4, 5, 6, 7, 8, 9], vec![0, 1]]);
    }
}
