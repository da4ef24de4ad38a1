//! How long a kill was felt: until the killed gateway was ready again, and until something that was left waiting moved.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

/// Measurements of a run, in milliseconds.
#[derive(Default)]
pub(crate) struct Downtime(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    last_kill: Option<Timestamp>,
    ready_ms: Vec<u64>,
    resumed_ms: Vec<u64>,
}

impl Downtime {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A gateway was killed, or its database stopped.
    pub(crate) fn killed(&self, now: Timestamp) {
        self.inner().last_kill = Some(now);
    }

    /// A gateway answered `readyz` with 200, so long after its process was started.
    pub(crate) fn ready(&self, after_ms: u64) {
        self.inner().ready_ms.push(after_ms);
    }

    /// An event came for the first time. When it is older than the last kill, it was pending work.
    pub(crate) fn arrived(&self, created: Timestamp, now: Timestamp) {
        let mut inner = self.inner();
        let Some(kill) = inner.last_kill.filter(|kill| created < *kill) else { return };
        let after_ms = u64::try_from(now.duration_since(kill).as_millis()).unwrap_or(0);
        inner.resumed_ms.push(after_ms);
    }

    /// Start to ready, and kill to the arrival of what was pending, each sorted.
    pub(crate) fn measured(&self) -> (Vec<u64>, Vec<u64>) {
        let inner = self.inner();
        let sorted = |values: &[u64]| {
            let mut values = values.to_vec();
            values.sort_unstable();
            values
        };
        (sorted(&inner.ready_ms), sorted(&inner.resumed_ms))
    }
}

/// The value below which so many in a hundred of the sorted ones lie, by nearest rank; 0 of none.
pub(crate) fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_waited_through_a_kill_counts() {
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        let downtime = Downtime::default();
        downtime.arrived(at(0), at(1));
        downtime.killed(at(100));
        downtime.arrived(at(99), at(350));
        downtime.arrived(at(101), at(351));
        assert_eq!(downtime.measured(), (vec![], vec![250]));
    }

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let sorted: Vec<u64> = (1..=10).collect();
        assert_eq!([50, 99, 100].map(|percent| percentile(&sorted, percent)), [5, 10, 10]);
        assert_eq!(percentile(&[], 50), 0);
    }
}
