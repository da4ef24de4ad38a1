//! Fifty endpoints: lag of forty-five of them while the other five answer, and while they hang.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::bench::{Bench, Meter, Running};
use crate::compare::Key;
use crate::load::micros;
use crate::part::Load;
use crate::plan::turned;
use crate::postback::{APPROVED, message};
use crate::sample::{MORE_SHOPS, SECRET_KEY};
use crate::sink::Sink;
use crate::subject::Subject;
use crate::suites::latency::lags;
use crate::upstream::Accepted;
use crate::{Fault, open_loop, say};

/// Endpoints of each of the five shops; the first one is the one that may hang.
const EACH: usize = 10;
const SHOPS: usize = MORE_SHOPS.len() + 1;
/// Postbacks a second over all shops, each of which goes to all endpoints of its shop.
const RATE: u32 = 40;
const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// One round.
pub(crate) async fn round(bench: &mut Bench<'_>, round: usize) -> Result<(), Fault> {
    let size = bench.plan.smallest();
    for &database in bench.plan.databases.each() {
        for load in turned(vec![Load::LagAllWell, Load::LagFiveHang], round) {
            let subject = Subject::Gateway(database, size);
            say(&format!("  hanging: {}, {}", subject.name(), load.name()));
            let sink = Sink::start().await?;
            let running = bench.start(subject, None).await?;
            let outcome = lag(bench, &running, &sink, load).await;
            // Whatever hangs need not be waited for.
            bench.abandon(running).await?;
            bench.keep_going(&subject.name(), outcome);
        }
    }
    Ok(())
}

async fn lag(bench: &mut Bench<'_>, running: &Running, sink: &Sink, load: Load) -> Result<(), Fault> {
    let length = bench.plan.part(5, 1_500);
    let events = usize::try_from(u64::from(RATE) * u64::try_from(length.as_millis())? / 1_000)?;
    let keys = std::iter::once(SECRET_KEY).chain(MORE_SHOPS.iter().map(|(_, key)| *key));
    let mut by_shop = Vec::new();
    for (shop, key) in keys.enumerate() {
        by_shop.push(bench.prepare_for(running, u64::try_from(events.div_ceil(SHOPS))?, key).await?);
        for number in (shop * EACH..).take(EACH) {
            let hangs = load == Load::LagFiveHang && number % EACH == 0;
            let url = if hangs { sink.hanging_url(number) } else { sink.url(number) };
            bench.register(running, key, number, &url).await?;
        }
    }
    let accepted = in_turns(by_shop);
    sink.take();

    let requests: Vec<_> = accepted.iter().map(|accepted| message(accepted, APPROVED)).collect();
    let expected = u64::try_from(accepted.len() * (EACH - 1))?;
    let answering = if load == Load::LagFiveHang { EACH - 1 } else { EACH };
    let (before, all) = (sink.count(), u64::try_from(accepted.len() * answering)?);
    let meter = Meter::start(running)?;
    let begun = Instant::now();
    let sent = open_loop::run(running.address(), RATE, requests).await?;
    let elapsed_us = micros(begun.elapsed());
    sink.wait_for(before + all, DRAIN_LIMIT).await;
    let due: HashMap<&str, Instant> =
        accepted.iter().map(|accepted| accepted.checkout.as_str()).zip(sent.due.iter().copied()).collect();
    let mut arrivals = sink.take();
    arrivals.retain(|arrival| number_of(&arrival.path).is_some_and(|number| number % EACH != 0));
    let lags = lags(&due, &arrivals);
    let missing = expected.saturating_sub(u64::try_from(lags.len())?);
    let key = Key { load, connections: SHOPS * EACH, subject: running.subject };
    let cell = meter.cell(running, expected, missing + sent.wrong, elapsed_us, &lags)?;
    bench.results.add(key, cell);
    Ok(())
}

/// One of each shop, then the next of each.
fn in_turns(by_shop: Vec<Vec<Accepted>>) -> Vec<Accepted> {
    let mut shops: Vec<_> = by_shop.into_iter().map(Vec::into_iter).collect();
    let mut all = Vec::new();
    loop {
        let before = all.len();
        all.extend(shops.iter_mut().filter_map(Iterator::next));
        if all.len() == before {
            return all;
        }
    }
}

fn number_of(path: &str) -> Option<usize> {
    path.rsplit('/').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shops_take_turns() {
        let accepted =
            |name: &str| Accepted { reference: name.to_owned(), postback_url: String::new(), checkout: String::new() };
        let turns = in_turns(vec![vec![accepted("a1"), accepted("a2")], vec![accepted("b1")]]);
        let names: Vec<_> = turns.iter().map(|accepted| accepted.reference.as_str()).collect();
        assert_eq!(names, ["a1", "b1", "a2"]);
        assert_eq!(number_of("/hook/31"), Some(31));
    }
}
