//! The simulator's own time: the clock it was given plus what tests have added.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use lendport_core::Clock;

/// A clock that can be moved forward, never back.
pub(super) struct VirtualClock {
    base: Arc<dyn Clock>,
    /// Milliseconds added so far.
    ahead: AtomicU64,
}

impl VirtualClock {
    pub(super) fn new(base: Arc<dyn Clock>) -> Self {
        Self { base, ahead: AtomicU64::new(0) }
    }

    pub(super) fn now(&self) -> Timestamp {
        later(self.base.now(), self.ahead_ms())
    }

    pub(super) fn ahead_ms(&self) -> u64 {
        self.ahead.load(Ordering::SeqCst)
    }

    pub(super) fn advance(&self, ms: u64) {
        self.ahead.fetch_add(ms, Ordering::SeqCst);
    }
}

/// The moment so many milliseconds later, at most the last one there is.
pub(super) fn later(from: Timestamp, ms: u64) -> Timestamp {
    let by = SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}
