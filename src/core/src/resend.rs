//! When a create is sent again whose sender died: with the same token of idempotency, a few times, for a while.

use jiff::{SignedDuration, Timestamp};

/// The rule of a provider that carries out one create however often it is sent with the same token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resend {
    /// Seconds after an interrupted send until a search that finds nothing says something.
    pub shows_after_s: u32,
    /// Seconds from the attempt's start until nothing is sent again: the provider knows the token for longer than that.
    pub within_s: u32,
    /// Sends of one create, the first one included.
    pub sends_max: u32,
}

/// What the rule says of an interrupted create that a search has not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResendVerdict {
    /// Send it again.
    Now,
    /// Search again, then.
    NotBefore(Timestamp),
    /// It is left to other evidence, or to a person.
    Never,
}

impl Resend {
    /// Judges a create that began, was found interrupted and was sent so often.
    pub fn verdict(&self, began: Timestamp, interrupted: Timestamp, sends: u32, now: Timestamp) -> ResendVerdict {
        let after = |moment: Timestamp, seconds: u32| {
            moment.saturating_add(SignedDuration::from_secs(i64::from(seconds))).unwrap_or(Timestamp::MAX)
        };
        let shows = after(interrupted, self.shows_after_s);
        if sends >= self.sends_max || now.max(shows) >= after(began, self.within_s) {
            ResendVerdict::Never
        } else if now < shows {
            ResendVerdict::NotBefore(shows)
        } else {
            ResendVerdict::Now
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Resend = Resend { shows_after_s: 10, within_s: 60, sends_max: 3 };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000 + second).unwrap()
    }

    #[test]
    fn it_is_sent_again_after_a_while_and_before_the_end_and_not_too_often() {
        for (interrupted, sends, now, verdict) in [
            (5, 1, 5, ResendVerdict::NotBefore(at(15))),
            (5, 1, 14, ResendVerdict::NotBefore(at(15))),
            (5, 1, 15, ResendVerdict::Now),
            (5, 2, 59, ResendVerdict::Now),
            (5, 1, 60, ResendVerdict::Never),
            (5, 3, 15, ResendVerdict::Never),
            // It would be too late by then.
            (50, 1, 50, ResendVerdict::Never),
            (49, 1, 49, ResendVerdict::NotBefore(at(59))),
        ] {
            let found = RULE.verdict(at(0), at(interrupted), sends, at(now));
            assert_eq!(found, verdict, "interrupted at {interrupted}, {sends} sends, now {now}");
        }
    }
}
