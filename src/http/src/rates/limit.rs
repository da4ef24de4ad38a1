//! One limit, counted for each of many: what is let through flows evenly, after a burst of a whole window.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::Clock as Ticks;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::{HashMapStateStore, ShrinkableKeyedStateStore};
use governor::{Quota, RateLimiter};
use jiff::Timestamp;
use lendport_core::Clock;

/// Those that are counted at the same time. Who has asked for nothing lately is forgotten; where that makes no room, newcomers
/// are let through uncounted: an attacker with many names must not have others refused, nor fill the memory, nor have a limit
/// lifted for those that are counted.
const COUNTED_MAX: usize = 100_000;
/// How often is looked for those that can be forgotten, in requests.
const FORGET_EVERY: u32 = 1_024;
/// Seconds of the shorter window: a burst of so many seconds' worth is let through at once.
const BURST_S: u32 = 5;

/// Over how long a limit is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Window {
    /// So many a second, told for five.
    Seconds,
    /// So many a minute.
    Minute,
}

/// How a limit stands after a request, in the words of the headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Requests in a window.
    pub(crate) limit: u32,
    /// Of those, left now.
    pub(crate) remaining: u32,
    /// Seconds until all are left again, when nothing is sent.
    pub(crate) reset_s: u32,
    /// Seconds of the window.
    pub(crate) window_s: u32,
}

/// A request that came too soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) standing: Standing,
    /// Seconds, at least one.
    pub(super) retry_after_s: u32,
}

pub(super) type Counted = Result<Standing, Refused>;

/// The steady clock of the process, as the limiter reads it.
#[derive(Clone)]
struct Steady(Arc<dyn Clock>);

impl Ticks for Steady {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::try_from(self.0.steady().duration_since(Timestamp::UNIX_EPOCH)).unwrap_or_default()
    }
}

/// How each of those stands that are counted.
struct Standings<K: Clone + Eq + Hash>(HashMapStateStore<K>);

impl<K: Clone + Eq + Hash> StateStore for Standings<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, whose: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let has_room = {
            let counted = self.0.lock();
            counted.len() < COUNTED_MAX || counted.contains_key(whose)
        };
        if has_room { self.0.measure_and_replace(whose, measure) } else { measure(None).map(|(told, _)| told) }
    }
}

impl<K: Clone + Eq + Hash> ShrinkableKeyedStateStore<K> for Standings<K> {
    fn retain_recent(&self, drop_below: Nanos) {
        self.0.retain_recent(drop_below);
    }

    fn len(&self) -> usize {
        self.0.lock().len()
    }

    fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }
}

type Limiter<K> = RateLimiter<K, Standings<K>, Steady, StateInformationMiddleware>;

/// A limit; none where it is 0.
pub(super) struct Limit<K: Clone + Eq + Hash>(Option<Inner<K>>);

struct Inner<K: Clone + Eq + Hash> {
    limiter: Limiter<K>,
    ticks: Steady,
    burst: NonZeroU32,
    window_s: u32,
    counted: AtomicU32,
}

impl<K: Clone + Eq + Hash> Limit<K> {
    pub(super) fn new(rate: u32, window: Window, clock: &Arc<dyn Clock>) -> Self {
        let Some(rate) = NonZeroU32::new(rate) else { return Self(None) };
        let (quota, burst, window_s) = match window {
            Window::Seconds => {
                let burst = rate.saturating_mul(NonZeroU32::MIN.saturating_add(BURST_S - 1));
                (Quota::per_second(rate).allow_burst(burst), burst, BURST_S)
            }
            Window::Minute => (Quota::per_minute(rate), rate, 60),
        };
        let ticks = Steady(Arc::clone(clock));
        let limiter: Limiter<K> = RateLimiter::new(quota, Standings(HashMapStateStore::default()), ticks.clone());
        Self(Some(Inner { limiter, ticks, burst, window_s, counted: AtomicU32::new(0) }))
    }

    /// Counts one more; nothing where there is no limit.
    pub(super) fn count(&self, whose: &K) -> Option<Counted> {
        let inner = self.0.as_ref()?;
        if inner.counted.fetch_add(1, Ordering::Relaxed).is_multiple_of(FORGET_EVERY) {
            inner.limiter.retain_recent();
        }
        Some(match inner.limiter.check_key(whose) {
            Ok(state) => Ok(inner.standing(state.remaining_burst_capacity())),
            Err(until) => {
                let wait = until.wait_time_from(inner.ticks.now());
                let seconds = u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX).max(1);
                Err(Refused { standing: inner.standing(0), retry_after_s: seconds })
            }
        })
    }
}

impl<K: Clone + Eq + Hash> Inner<K> {
    fn standing(&self, remaining: u32) -> Standing {
        let (limit, window_s) = (self.burst.get(), self.window_s);
        let used = u64::from(limit.saturating_sub(remaining));
        let reset_s = u32::try_from((used * u64::from(window_s)).div_ceil(u64::from(limit))).unwrap_or(window_s);
        Standing { limit, remaining, reset_s, window_s }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use lendport_testkit::ManualClock;

    use super::*;

    fn limit(rate: u32, window: Window) -> (Limit<u32>, ManualClock) {
        let manual = ManualClock::new();
        let clock: Arc<dyn Clock> = Arc::new(manual.clone());
        (Limit::new(rate, window, &clock), manual)
    }

    #[test]
    fn a_burst_of_a_window_then_an_even_flow_and_each_by_itself() {
        let (limit, clock) = limit(2, Window::Seconds);
        for left in (0_u32..10).rev() {
            let standing = limit.count(&1).unwrap().unwrap();
            let used_s = (10 - left).div_ceil(2);
            assert_eq!(standing, Standing { limit: 10, remaining: left, reset_s: used_s, window_s: 5 });
        }
        let refused = limit.count(&1).unwrap().unwrap_err();
        assert_eq!((refused.standing.remaining, refused.standing.reset_s, refused.retry_after_s), (0, 5, 1));
        assert!(limit.count(&2).unwrap().is_ok(), "another one has its own");
        clock.advance(SignedDuration::from_millis(500));
        assert!(limit.count(&1).unwrap().is_ok());
        assert!(limit.count(&1).unwrap().is_err());
        clock.advance(SignedDuration::from_secs(60));
        assert_eq!(limit.count(&1).unwrap().unwrap().remaining, 9, "no more than a window is saved up");
    }

    #[test]
    fn minutes_are_told_as_such_and_nothing_is_counted_without_a_limit() {
        let (limit, _) = limit(3, Window::Minute);
        let remaining: Vec<_> = (0..3).map(|_| limit.count(&1).unwrap().unwrap().remaining).collect();
        assert_eq!(remaining, [2, 1, 0]);
        let refused = limit.count(&1).unwrap().unwrap_err();
        assert_eq!((refused.retry_after_s, refused.standing.window_s), (20, 60));
        let (none, _) = self::limit(0, Window::Seconds);
        assert!(none.count(&1).is_none());
    }

    #[test]
    fn more_names_than_can_be_counted_pass_and_old_ones_make_room() {
        let (limit, clock) = limit(1, Window::Seconds);
        for name in 0..u32::try_from(COUNTED_MAX).unwrap() {
            limit.count(&name);
        }
        assert!((0..9).all(|_| limit.count(&u32::MAX).unwrap().is_ok()), "nobody is refused for want of room");
        let remaining: Vec<_> = (0..4).map(|_| limit.count(&7).unwrap().unwrap().remaining).collect();
        assert_eq!(remaining, [3, 2, 1, 0]);
        assert!(limit.count(&7).unwrap().is_err(), "who is counted has its limit, however many there are");
        clock.advance(SignedDuration::from_secs(60));
        for _ in 0..FORGET_EVERY {
            limit.count(&u32::MAX);
        }
        assert!(limit.0.unwrap().limiter.len() < 10);
    }
}
