//! From push sent to webhook received at a fixed rate, open loop.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::bench::{Bench, Meter, Running};
use crate::compare::Key;
use crate::load::micros;
use crate::part::Load;
use crate::postback::{APPROVED, message};
use crate::sample::SECRET_KEY;
use crate::sink::{Arrival, Sink};
use crate::suites::delivery::{told_before, warm_up, whole_blocks};
use crate::{Fault, open_loop, say};

/// Events a second.
pub(crate) const RATE: u32 = 400;
/// Checkouts whose webhooks are not measured.
const WARM_UP: u64 = 384;
/// After it what has not come is counted as wrong.
const DRAIN_LIMIT: Duration = Duration::from_secs(20);

/// One round.
pub(crate) async fn round(bench: &mut Bench<'_>, round: usize) -> Result<(), Fault> {
    for subject in bench.plan.pairs(round) {
        say(&format!("  latency: {}", subject.name()));
        let sink = Sink::start().await?;
        let running = bench.start(subject, Some(&sink)).await?;
        let outcome = send(bench, &running, &sink).await;
        bench.stop(running).await?;
        bench.keep_going(&subject.name(), outcome);
    }
    Ok(())
}

async fn send(bench: &mut Bench<'_>, running: &Running, sink: &Sink) -> Result<(), Fault> {
    let length = bench.plan.part(3, 800);
    let events = u64::from(RATE) * u64::try_from(length.as_millis())? / 1_000;
    let prepared = bench.prepare(running, WARM_UP + events).await?;
    let told_before = told_before(running, sink, prepared.len()).await?;
    bench.register(running, SECRET_KEY, 0, &sink.url(0)).await?;
    let (first, accepted) = prepared.split_at(whole_blocks(usize::try_from(WARM_UP)?.min(prepared.len())));
    let told_before = told_before + warm_up(running, sink, first).await?;
    sink.take();

    let requests = accepted.iter().map(|accepted| message(accepted, APPROVED)).collect();
    let meter = Meter::start(running)?;
    let begun = Instant::now();
    let sent = open_loop::run(running.address(), RATE, requests).await?;
    let elapsed_us = micros(begun.elapsed());
    sink.wait_for(told_before + events, DRAIN_LIMIT).await;
    let due: HashMap<&str, Instant> =
        accepted.iter().map(|accepted| accepted.checkout.as_str()).zip(sent.due.iter().copied()).collect();
    let lags = lags(&due, &sink.take());
    let missing = events.saturating_sub(u64::try_from(lags.len())?);
    let key = Key { load: Load::EndToEnd, connections: usize::try_from(RATE)?, subject: running.subject };
    let cell = meter.cell(running, events, sent.wrong.max(missing), elapsed_us, &lags)?;
    bench.results.add(key, cell);
    Ok(())
}

/// Microseconds from the moment each push was due to its webhook, sorted. Those of other checkouts are left out.
pub(crate) fn lags(due: &HashMap<&str, Instant>, arrivals: &[Arrival]) -> Vec<u64> {
    let lag = |arrival: &Arrival| {
        let due = due.get(arrival.checkout.as_str())?;
        Some(micros(arrival.at.saturating_duration_since(*due)))
    };
    let mut lags: Vec<u64> = arrivals.iter().filter_map(lag).collect();
    lags.sort_unstable();
    lags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_is_that_of_its_own_checkout() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let arrival =
            |checkout: &str, ms| Arrival { checkout: checkout.to_owned(), path: String::new(), at: after(ms) };
        let due = HashMap::from([("chk_1", after(10)), ("chk_2", after(20))]);
        let arrivals = [arrival("chk_2", 27), arrival("chk_1", 13), arrival("chk_3", 99)];
        assert_eq!(lags(&due, &arrivals), [3_000, 7_000]);
    }
}
