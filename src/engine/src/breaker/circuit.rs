//! One breaker: closed, open, half open. A pure state over moments that it is told.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::{BreakerSettings, BreakerState, BreakerView};
use crate::polling::after;

/// Calls that are remembered at most; of more, the latest count.
const REMEMBERED: usize = 1_000;
/// A call that tries and of which nothing is heard for so long has come to nothing.
const TRY_LASTS: SignedDuration = SignedDuration::from_mins(2);

/// Such a call has ended by then as a rule: whoever waits for what becomes of it comes again after so many seconds.
const TRY_ENDS_S: u32 = 5;

/// Whether something new may be begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Yes.
    Go,
    /// Not before so many seconds have passed, as far as anybody knows.
    Wait {
        /// At least one.
        seconds: u32,
    },
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) failed: bool,
    /// It was to begin something new, or tells as much.
    pub(super) began: bool,
}

/// What one call changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turned {
    Not,
    Open,
    Closed,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stands {
    #[default]
    Closed,
    Open {
        since: Timestamp,
        until: Timestamp,
    },
    HalfOpen {
        since: Timestamp,
        tries_since: Timestamp,
    },
}

/// One breaker.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    stands: Stands,
    /// The calls of the last while, oldest first, and whether each failed.
    calls: VecDeque<(Timestamp, bool)>,
}

impl Circuit {
    pub(super) fn admit(&mut self, now: Timestamp) -> Verdict {
        let verdict = self.foresee(now);
        if let (Verdict::Go, Stands::Open { since, .. } | Stands::HalfOpen { since, .. }) = (verdict, self.stands) {
            self.stands = Stands::HalfOpen { since, tries_since: now };
        }
        verdict
    }

    /// What [`Circuit::admit`] would say.
    pub(super) fn foresee(&self, now: Timestamp) -> Verdict {
        let (opens_at, at_most) = match self.stands {
            Stands::Closed => return Verdict::Go,
            Stands::Open { until, .. } => (until, u32::MAX),
            Stands::HalfOpen { tries_since, .. } => (after(tries_since, TRY_LASTS), TRY_ENDS_S),
        };
        if opens_at <= now {
            return Verdict::Go;
        }
        let seconds = opens_at.duration_since(now).as_secs().saturating_add(1);
        Verdict::Wait { seconds: u32::try_from(seconds).unwrap_or(u32::MAX).min(at_most) }
    }

    /// True where one call tries, or may.
    pub(super) fn is_half_open(&self) -> bool {
        matches!(self.stands, Stands::HalfOpen { .. })
    }

    /// Nothing was tried: the next one may.
    pub(super) fn give_back(&mut self) {
        if let Stands::HalfOpen { since, tries_since } = self.stands {
            self.stands = Stands::Open { since, until: tries_since };
        }
    }

    pub(super) fn count(&mut self, heard: Heard, settings: &BreakerSettings, now: Timestamp) -> Turned {
        let Heard { failed, began } = heard;
        self.calls.push_back((now, failed));
        if self.calls.len() > REMEMBERED {
            self.calls.pop_front();
        }
        self.forget(settings, now);
        match self.stands {
            // What is never held back, such as a look, says nothing of whether something new can be begun.
            Stands::HalfOpen { .. } if !began => Turned::Not,
            Stands::Open { until, .. } if !began || until > now => Turned::Not,
            Stands::HalfOpen { .. } | Stands::Open { .. } if !failed => {
                *self = Self::default();
                Turned::Closed
            }
            Stands::HalfOpen { since, .. } | Stands::Open { since, .. } => {
                self.stands = Stands::Open { since, until: after(now, seconds(settings.open_s)) };
                Turned::Open
            }
            Stands::Closed if failed && self.is_too_much(settings) => {
                self.stands = Stands::Open { since: now, until: after(now, seconds(settings.open_s)) };
                Turned::Open
            }
            Stands::Closed => Turned::Not,
        }
    }

    fn forget(&mut self, settings: &BreakerSettings, now: Timestamp) {
        let window = seconds(settings.window_s);
        while self.calls.front().is_some_and(|(at, _)| after(*at, window) <= now) {
            self.calls.pop_front();
        }
    }

    fn failed(&self) -> usize {
        self.calls.iter().filter(|(_, failed)| *failed).count()
    }

    fn is_too_much(&self, settings: &BreakerSettings) -> bool {
        let whole = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        let failed = self.failed();
        let enough = settings.failures > 0 && failed >= whole(settings.failures);
        enough && failed.saturating_mul(100) >= self.calls.len().saturating_mul(whole(settings.percent))
    }

    pub(super) fn view(&self, settings: &BreakerSettings, now: Timestamp) -> BreakerView {
        let window = seconds(settings.window_s);
        let recent = || self.calls.iter().filter(|(at, _)| after(*at, window) > now);
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (state, since, retry_at) = match self.stands {
            Stands::Closed => (BreakerState::Closed, None, None),
            Stands::Open { since, until } if until > now => (BreakerState::Open, Some(since), Some(until)),
            // Whoever comes next tries.
            Stands::Open { since, .. } | Stands::HalfOpen { since, .. } => (BreakerState::HalfOpen, Some(since), None),
        };
        let failed = number(recent().filter(|(_, failed)| *failed).count());
        BreakerView { state, calls: number(recent().count()), failed, since, retry_at }
    }
}

fn seconds(count: u32) -> SignedDuration {
    SignedDuration::from_secs(i64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: BreakerSettings = BreakerSettings { window_s: 60, failures: 3, percent: 50, open_s: 30 };

    fn at(second: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
    }

    fn began(failed: bool) -> Heard {
        Heard { failed, began: true }
    }

    fn state(circuit: &Circuit, second: i64) -> BreakerState {
        circuit.view(&SETTINGS, at(second)).state
    }

    fn opened() -> Circuit {
        let mut circuit = Circuit::default();
        let turned = [0, 1, 2].map(|second| circuit.count(began(true), &SETTINGS, at(second)));
        assert_eq!(turned, [Turned::Not, Turned::Not, Turned::Open]);
        circuit
    }

    #[test]
    fn it_opens_waits_lets_one_try_and_closes() {
        let mut circuit = opened();
        assert_eq!(circuit.admit(at(2)), Verdict::Wait { seconds: 31 });
        assert_eq!(circuit.admit(at(31)), Verdict::Wait { seconds: 2 });
        assert_eq!(state(&circuit, 31), BreakerState::Open);
        assert_eq!((state(&circuit, 32), circuit.foresee(at(32))), (BreakerState::HalfOpen, Verdict::Go));
        assert_eq!(circuit.admit(at(32)), Verdict::Go);
        assert_eq!(circuit.admit(at(33)), Verdict::Wait { seconds: 5 }, "one tries, and no more");
        assert_eq!(circuit.count(began(false), &SETTINGS, at(34)), Turned::Closed);
        assert_eq!((state(&circuit, 34), circuit.admit(at(34))), (BreakerState::Closed, Verdict::Go));
        // What was before does not count any more.
        assert_eq!(circuit.count(began(true), &SETTINGS, at(35)), Turned::Not);
    }

    #[test]
    fn a_try_that_fails_opens_it_anew() {
        let mut circuit = opened();
        assert_eq!(circuit.admit(at(40)), Verdict::Go);
        assert_eq!(circuit.count(began(true), &SETTINGS, at(41)), Turned::Open);
        assert_eq!(circuit.admit(at(42)), Verdict::Wait { seconds: 30 });
        assert_eq!(circuit.view(&SETTINGS, at(42)).since, Some(at(2)), "it has not worked since then");
        assert_eq!(circuit.admit(at(71)), Verdict::Go);
    }

    #[test]
    fn a_try_that_was_not_made_or_never_ended_leaves_room_for_another() {
        let mut circuit = opened();
        assert_eq!(circuit.admit(at(40)), Verdict::Go);
        circuit.give_back();
        assert_eq!(circuit.admit(at(40)), Verdict::Go);
        assert!(matches!(circuit.admit(at(159)), Verdict::Wait { seconds: 2 }));
        assert_eq!(circuit.admit(at(160)), Verdict::Go);
    }

    #[test]
    fn what_tells_as_much_as_a_try_decides_where_nobody_tries() {
        let mut circuit = opened();
        assert_eq!(circuit.count(began(false), &SETTINGS, at(31)), Turned::Not, "it is open");
        assert_eq!(circuit.admit(at(32)), Verdict::Go);
        circuit.give_back();
        assert_eq!(circuit.count(began(true), &SETTINGS, at(40)), Turned::Open);
        assert!(matches!(circuit.admit(at(69)), Verdict::Wait { .. }));
        assert_eq!(circuit.count(began(false), &SETTINGS, at(70)), Turned::Closed);
    }

    #[test]
    fn few_failures_old_ones_and_those_among_many_answers_open_nothing() {
        let mut few = Circuit::default();
        assert_eq!([0, 61, 122].map(|second| few.count(began(true), &SETTINGS, at(second))), [Turned::Not; 3]);
        let mut busy = Circuit::default();
        for second in 0..4 {
            assert_eq!(busy.count(began(false), &SETTINGS, at(second)), Turned::Not);
        }
        assert_eq!([5, 6, 7].map(|second| busy.count(began(true), &SETTINGS, at(second))), [Turned::Not; 3], "3 of 7");
        assert_eq!(busy.count(began(true), &SETTINGS, at(8)), Turned::Open, "half of them");
        let never = BreakerSettings { failures: 0, ..SETTINGS };
        let mut off = Circuit::default();
        assert!((0..100).all(|second| off.count(began(true), &never, at(second)) == Turned::Not));
    }

    #[test]
    fn what_is_not_held_back_neither_closes_nor_prolongs_it() {
        let look = |failed| Heard { failed, began: false };
        let mut circuit = opened();
        assert_eq!(circuit.count(look(false), &SETTINGS, at(10)), Turned::Not);
        assert_eq!(circuit.count(look(true), &SETTINGS, at(11)), Turned::Not);
        assert_eq!(circuit.view(&SETTINGS, at(11)).retry_at, Some(at(32)));
        assert_eq!(circuit.admit(at(32)), Verdict::Go);
        assert_eq!(circuit.count(look(false), &SETTINGS, at(33)), Turned::Not);
        assert!(matches!(circuit.admit(at(33)), Verdict::Wait { .. }), "the one that tries was not heard of yet");
        // Yet looks that fail open it as other calls do.
        let mut looked = Circuit::default();
        let turned = [0, 1, 2].map(|second| looked.count(look(true), &SETTINGS, at(second)));
        assert_eq!(turned, [Turned::Not, Turned::Not, Turned::Open]);
    }
}
