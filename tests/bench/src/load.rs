//! A closed loop: each connection sends its next request when the answer to the last one is complete.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::Fault;
use crate::call::Supply;
use crate::wire::Connection;

/// What a load saw.
pub(crate) struct Seen {
    /// Microseconds of every answered request, sorted.
    pub(crate) latencies_us: Vec<u64>,
    /// Answers with another status than the expected one.
    pub(crate) wrong: u64,
    /// Microseconds from the first request to the last answer.
    pub(crate) elapsed_us: u64,
}

impl Seen {
    /// Right answers in a second.
    pub(crate) fn per_second(&self) -> u64 {
        let right = self.requests().saturating_sub(self.wrong);
        (right * 1_000_000).checked_div(self.elapsed_us).unwrap_or(0)
    }

    pub(crate) fn requests(&self) -> u64 {
        u64::try_from(self.latencies_us.len()).unwrap_or(u64::MAX)
    }
}

/// Loads these servers in turns from so many connections in all until the time is over or the supply ends.
pub(crate) async fn run(
    addresses: &[&str],
    connections: usize,
    limit: Duration,
    supply: &Supply,
    expected: u16,
) -> Result<Seen, Fault> {
    let mut open = Vec::with_capacity(connections);
    for address in addresses.iter().cycle().take(connections) {
        open.push(Connection::open(address).await?);
    }
    let next = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let mut senders = JoinSet::new();
    for connection in open {
        senders.spawn(send(connection, started + limit, Arc::clone(&next), Arc::clone(supply), expected));
    }
    let mut seen = Seen { latencies_us: Vec::new(), wrong: 0, elapsed_us: 0 };
    while let Some(sent) = senders.join_next().await {
        let (latencies, wrong) = sent??;
        seen.latencies_us.extend(latencies);
        seen.wrong += wrong;
    }
    seen.elapsed_us = micros(started.elapsed());
    seen.latencies_us.sort_unstable();
    Ok(seen)
}

async fn send(
    mut connection: Connection,
    until: Instant,
    next: Arc<AtomicU64>,
    supply: Supply,
    expected: u16,
) -> Result<(Vec<u64>, u64), Fault> {
    let (mut latencies, mut wrong) = (Vec::new(), 0);
    while Instant::now() < until
        && let Some(request) = supply(next.fetch_add(1, Ordering::Relaxed))
    {
        let asked = Instant::now();
        let answer = connection.exchange(&request).await?;
        latencies.push(micros(asked.elapsed()));
        wrong += u64::from(answer.status != expected);
    }
    Ok((latencies, wrong))
}

/// Whole microseconds.
pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
