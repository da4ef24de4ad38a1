//! A clock that tests move by hand, and ids that count: runs are repeatable and no test waits for time to pass.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lendport_core::clock::Steady;
use lendport_core::{Clock, IdSource, Secret};
use uuid::{Builder, Uuid};

/// The moment at which tests begin: 2026-11-21T12:00:00Z.
pub const START: Timestamp = Timestamp::constant(1_795_262_400, 0);

/// A clock that stands still until told otherwise. Clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<Hands>>);

#[derive(Debug)]
struct Hands {
    now: Timestamp,
    /// How much time has passed; setting the clock is not passing time.
    passed: Duration,
    steady: Steady,
}

impl Hands {
    fn steady(&self) -> Timestamp {
        self.steady.at(self.now, self.passed)
    }
}

impl ManualClock {
    /// A clock that shows [`START`].
    pub fn new() -> Self {
        Self::at(START)
    }

    /// A clock that shows this moment.
    pub fn at(now: Timestamp) -> Self {
        let hands = Hands { now, passed: Duration::ZERO, steady: Steady::default() };
        hands.steady();
        Self(Arc::new(Mutex::new(hands)))
    }

    /// Shows another moment, earlier or later.
    pub fn set(&self, now: Timestamp) {
        let mut hands = self.hands();
        hands.now = now;
        hands.steady();
    }

    /// Moves on, stopping at the last moment that a timestamp can hold: so much time has passed.
    pub fn advance(&self, by: SignedDuration) {
        let mut hands = self.hands();
        hands.now = hands.now.checked_add(by).unwrap_or(Timestamp::MAX);
        hands.passed = hands.passed.saturating_add(by.unsigned_abs());
        hands.steady();
    }

    /// Moves back, as a corrected system clock does.
    pub fn step_back(&self, by: SignedDuration) {
        let mut hands = self.hands();
        hands.now = hands.now.checked_sub(by).unwrap_or(Timestamp::MIN);
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.hands().now
    }

    fn steady(&self) -> Timestamp {
        self.hands().steady()
    }
}

/// Ids that count up and tokens that repeat from run to run. Clones share the count.
#[derive(Clone, Debug)]
pub struct SeededIds {
    seed: u64,
    next: Arc<AtomicU64>,
}

impl SeededIds {
    /// Ids of one seed; two sources with different seeds share none.
    pub fn new(seed: u64) -> Self {
        Self { seed, next: Arc::new(AtomicU64::new(0)) }
    }

    fn next(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}

impl Default for SeededIds {
    fn default() -> Self {
        Self::new(1)
    }
}

impl IdSource for SeededIds {
    /// A UUIDv7 whose milliseconds are the count, so that later ids sort after earlier ones.
    fn uuid(&self) -> Uuid {
        let count = self.next();
        let [_, _, seed @ ..] = mix(self.seed).to_be_bytes();
        let [.., high, low] = count.to_be_bytes();
        let [a, b, c, d, e, f] = seed;
        let start_ms = u64::try_from(START.as_millisecond()).unwrap_or_default();
        Builder::from_unix_timestamp_millis(start_ms + count, &[a, b, c, d, e, f, high, low, 0, 1]).into_uuid()
    }

    fn token(&self) -> Secret<String> {
        let base = self.seed.rotate_left(32) ^ self.next();
        let words = (1..=4_u64).map(|word| format!("{:016x}", mix(base ^ word.rotate_left(56))));
        Secret::new(words.collect())
    }
}

/// SplitMix64, by Sebastiano Vigna (public domain): neighbours become unlike.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_clock_goes_where_it_is_told() {
        let clock = ManualClock::new();
        assert_eq!(clock.now().to_string(), "2026-11-21T12:00:00Z");
        clock.advance(SignedDuration::from_mins(30));
        let same = clock.clone();
        same.step_back(SignedDuration::from_secs(1));
        assert_eq!(clock.now().to_string(), "2026-11-21T12:29:59Z");
        assert_eq!(clock.steady().to_string(), "2026-11-21T12:30:00Z");
        clock.advance(SignedDuration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
    }

    #[test]
    fn ids_rise_and_never_repeat() {
        let ids = SeededIds::new(7);
        let made: Vec<_> = (0..1_000).map(|_| ids.uuid()).collect();
        assert!(made.is_sorted() && made.iter().all(|id| id.get_version_num() == 7));
        assert_eq!(made.iter().collect::<BTreeSet<_>>().len(), made.len());
        let tokens: BTreeSet<_> = (0..1_000).map(|_| ids.token().expose().clone()).collect();
        assert!(tokens.len() == 1_000 && tokens.iter().all(|token| token.len() == 64));
        assert_eq!(SeededIds::new(7).uuid(), SeededIds::new(7).uuid());
        assert_ne!(SeededIds::new(7).uuid(), SeededIds::new(8).uuid());
    }
}
