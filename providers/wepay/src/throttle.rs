//! The limit of calls of an app, shared by everything that calls for it (`wepay.md` 3.6).
//!
//! A call beyond the limit is refused here, unsent, with the seconds to wait: whoever asked knows best whether to wait. When
//! WePay itself says 1007 or names a time, nothing is sent before it. The window is this process's: replicas share an app by
//! each having its part of `throttle_calls`.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Longest time for which WePay's own word keeps everything back.
const CLOSED_MAX: SignedDuration = SignedDuration::from_mins(5);

/// What a call is for: questions leave room for what a person waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Reads a state back.
    Question,
    /// Starts or changes something.
    Command,
}

/// Windows by app and host; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Throttle {
    windows: Arc<Mutex<HashMap<String, Window>>>,
    calls: usize,
    length: SignedDuration,
}

#[derive(Debug, Default)]
struct Window {
    calls: VecDeque<Timestamp>,
    closed_until: Option<Timestamp>,
}

impl Throttle {
    /// So many calls in so many milliseconds; 0 calls mean no limit.
    pub(crate) fn new(calls: u32, window_ms: u32) -> Self {
        Self {
            windows: Arc::default(),
            calls: usize::try_from(calls).unwrap_or(usize::MAX),
            length: SignedDuration::from_millis(i64::from(window_ms)),
        }
    }

    /// Counts a call, or says after how many seconds it may be tried again.
    pub(crate) fn admit(&self, key: &str, purpose: Purpose, now: Timestamp) -> Result<(), u32> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.entry(key.to_owned()).or_default();
        if let Some(until) = window.closed_until {
            let left = until.duration_since(now);
            // A clock that was set back must not close the door for long.
            if left.is_positive() && left <= CLOSED_MAX {
                return Err(seconds(left));
            }
            window.closed_until = None;
        }
        window.calls.retain(|at| now.duration_since(*at).abs() < self.length);
        let room = match purpose {
            Purpose::Command => self.calls,
            Purpose::Question => self.calls - self.calls / 5,
        };
        if self.calls > 0 && window.calls.len() >= room {
            let oldest = window.calls.iter().min().copied().unwrap_or(now);
            return Err(seconds(self.length.saturating_sub(now.duration_since(oldest))));
        }
        window.calls.push_back(now);
        Ok(())
    }

    /// WePay said that it is too much: nothing goes out before this is over. Without a time of its own, one window.
    pub(crate) fn close(&self, key: &str, retry_after_s: Option<u32>, now: Timestamp) -> u32 {
        let wait = retry_after_s.map_or(self.length, |s| SignedDuration::from_secs(i64::from(s))).min(CLOSED_MAX);
        let until = now.saturating_add(wait).unwrap_or(Timestamp::MAX);
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.entry(key.to_owned()).or_default();
        window.closed_until = window.closed_until.max(Some(until));
        seconds(wait)
    }
}

/// Whole seconds, at least one: rounded up, so that nobody comes back too early.
fn seconds(wait: SignedDuration) -> u32 {
    let part = i64::from(wait.subsec_nanos() > 0);
    u32::try_from(wait.as_secs().saturating_add(part)).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use lendport_testkit::clock::START;
    use proptest::prelude::*;

    use super::*;

    fn after(ms: i64) -> Timestamp {
        START + SignedDuration::from_millis(ms)
    }

    #[test]
    fn the_thirty_first_call_waits_for_the_first_to_leave_the_window() {
        let throttle = Throttle::new(30, 10_000);
        for call in 0..30 {
            assert_eq!(throttle.admit("a", Purpose::Command, after(call * 100)), Ok(()));
        }
        assert_eq!(throttle.admit("a", Purpose::Command, after(3_000)), Err(7));
        assert_eq!(throttle.admit("b", Purpose::Command, after(3_000)), Ok(()), "another app");
        assert_eq!(throttle.admit("a", Purpose::Command, after(9_999)), Err(1));
        assert_eq!(throttle.admit("a", Purpose::Command, after(10_000)), Ok(()));
        assert_eq!(throttle.admit("a", Purpose::Command, after(10_000)), Err(1));
    }

    #[test]
    fn questions_leave_room_for_commands() {
        let throttle = Throttle::new(10, 10_000);
        let asked = (0..10).filter(|_| throttle.admit("a", Purpose::Question, START).is_ok()).count();
        let commanded = (0..10).filter(|_| throttle.admit("a", Purpose::Command, START).is_ok()).count();
        assert_eq!((asked, commanded), (8, 2));
    }

    #[test]
    fn what_the_provider_says_counts_for_all() {
        let throttle = Throttle::new(0, 10_000);
        assert_eq!(throttle.close("a", Some(17), START), 17);
        assert_eq!(throttle.close("a", None, START), 10, "the longer one stands");
        assert_eq!(throttle.admit("a", Purpose::Command, after(10_001)), Err(7));
        assert_eq!(throttle.admit("a", Purpose::Command, after(17_000)), Ok(()));
        assert_eq!(throttle.close("a", Some(u32::MAX), START), 300);
        let set_back = START - SignedDuration::from_hours(2);
        assert_eq!(throttle.admit("a", Purpose::Command, set_back), Ok(()));
    }

    proptest! {
        #[test]
        fn no_window_ever_holds_more_than_its_calls(
            steps in proptest::collection::vec((0_i64..3_000, any::<bool>()), 1..200), calls in 1_u32..20,
        ) {
            let throttle = Throttle::new(calls, 10_000);
            let (mut now, mut admitted) = (0, Vec::new());
            for (step, question) in steps {
                now += step;
                let purpose = if question { Purpose::Question } else { Purpose::Command };
                match throttle.admit("a", purpose, after(now)) {
                    Ok(()) => admitted.push(now),
                    Err(wait) => prop_assert!((1..=10).contains(&wait)),
                }
                let inside = admitted.iter().filter(|at| now - **at < 10_000).count();
                prop_assert!(inside <= usize::try_from(calls).unwrap());
            }
        }
    }
}
