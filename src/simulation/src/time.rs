//! A simulator's own time: the time it was given plus what tests have added.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// A clock that can be moved forward, never back.
pub struct VirtualClock {
    base: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// Milliseconds added so far.
    ahead: AtomicU64,
}

impl VirtualClock {
    /// A clock that goes with this one until it is moved.
    pub fn new(base: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { base: Box::new(base), ahead: AtomicU64::new(0) }
    }

    /// The moment it shows.
    pub fn now(&self) -> Timestamp {
        later((self.base)(), self.ahead_ms())
    }

    /// Milliseconds added so far.
    pub fn ahead_ms(&self) -> u64 {
        self.ahead.load(Ordering::SeqCst)
    }

    /// Moves it forward by so many milliseconds.
    pub fn advance(&self, ms: u64) {
        self.ahead.fetch_add(ms, Ordering::SeqCst);
    }
}

impl std::fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VirtualClock").field("ahead_ms", &self.ahead_ms()).finish_non_exhaustive()
    }
}

/// The moment so many milliseconds later, at most the last one there is.
pub fn later(from: Timestamp, ms: u64) -> Timestamp {
    let by = SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_moved_forward_and_stops_at_the_last_moment_there_is() {
        let clock = VirtualClock::new(|| Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
        clock.advance(1_500);
        clock.advance(500);
        assert_eq!((clock.now(), clock.ahead_ms()), (Timestamp::from_second(2).unwrap(), 2_000));
        assert_eq!(later(Timestamp::UNIX_EPOCH, u64::MAX), Timestamp::MAX);
    }
}
