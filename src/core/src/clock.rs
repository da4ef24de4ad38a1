//! Time and randomness are handed in, so that deadlines are tested by moving a clock and ids by counting.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::secret::Secret;

/// Tells the time. The only real one is in the root package; tests hold a manual one.
pub trait Clock: Send + Sync {
    /// The current moment, UTC, as the machine knows it: for what people read and what a signature says. It goes back when
    /// the machine's clock is corrected.
    fn now(&self) -> Timestamp;
    /// The moment by which work is due, and a lease of this process begins and ends. Never earlier than any moment that
    /// this clock told before, so that nothing waits until a clock that was set back has caught up.
    fn steady(&self) -> Timestamp;
}

/// How a clock keeps [`Clock::steady`]: it goes with the machine's clock as long as that goes forward. When that was set
/// back, it goes on at half speed until it is caught up with: waits last up to twice as long meanwhile, and none is
/// left out.
#[derive(Debug, Default)]
pub struct Steady(Mutex<Option<(Timestamp, Duration)>>);

impl Steady {
    /// The steady moment when the machine's clock shows `now`, and so much time has passed since some moment that stays the
    /// same. Every moment the clock tells is to be shown here.
    pub fn at(&self, now: Timestamp, passed: Duration) -> Timestamp {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let steady = latest.map_or(now, |(told, then)| {
            let since = SignedDuration::try_from(passed.saturating_sub(then)).unwrap_or(SignedDuration::MAX);
            let least = told.saturating_add(since / 2).unwrap_or(Timestamp::MAX);
            if now >= told { now } else { now.max(least) }
        });
        *latest = Some((steady, passed));
        steady
    }
}

/// Mints identifiers and unguessable tokens.
pub trait IdSource: Send + Sync {
    /// A UUIDv7: later calls sort after earlier ones.
    fn uuid(&self) -> Uuid;
    /// At least 256 bits of randomness as URL-safe text.
    fn token(&self) -> Secret<String>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::new(1_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn it_never_goes_back_and_is_caught_up_with() {
        let steady = Steady::default();
        let told = |now, passed| steady.at(at(now), Duration::from_secs(passed)).duration_since(at(0)).as_secs();
        assert_eq!([told(0, 10), told(5, 15), told(100, 16)], [0, 5, 100], "it goes with the clock, forward leaps too");
        // Set back by a hundred seconds.
        assert_eq!([told(0, 16), told(2, 18), told(10, 26)], [100, 101, 105]);
        assert_eq!(told(200, 216), 200, "half of what passed is as much as the clock was set back");
        assert_eq!(told(201, 217), 201);
        // Once more, and what passed is not known to have grown.
        assert_eq!([told(150, 217), told(150, 0)], [201, 201]);
    }

    #[test]
    fn small_steps_back_add_up_to_nothing() {
        let steady = Steady::default();
        for second in 0..1_000_u64 {
            let shown = i64::try_from(second).unwrap() * 9 / 10;
            let told = steady.at(at(shown), Duration::from_secs(second));
            assert!(told.duration_since(at(shown)).as_secs() <= 1, "{told} at {}", at(shown));
        }
    }
}
