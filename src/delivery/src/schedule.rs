//! When a delivery that failed is tried again (`api.md`, Events out): now, then nine times over about three days.

use jiff::SignedDuration;

/// Seconds to wait before each attempt, the first included.
const WAITS_S: [i64; 10] =
    [0, 5, 5 * 60, 30 * 60, 2 * 3_600, 5 * 3_600, 10 * 3_600, 14 * 3_600, 20 * 3_600, 24 * 3_600];

/// Attempts that one delivery has, the first included.
pub const ATTEMPTS_MAX: usize = WAITS_S.len();

/// A random number from 0 to 1 in parts per thousand; spreads the retries of many deliveries that failed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit(u16);

impl Unit {
    /// The middle: no shift in either direction.
    pub const MIDDLE: Self = Self(500);

    /// From any random number; taken modulo 1001.
    pub fn from_random(random: u32) -> Self {
        Self(u16::try_from(random % 1_001).unwrap_or(500))
    }

    /// Parts per thousand of the wait that this unit asks for: 800 to 1200.
    fn share(self) -> i64 {
        800 + i64::from(self.0) * 400 / 1_000
    }
}

/// How long to wait before the next attempt when so many were made: the wait of the schedule, less or more by up to a
/// fifth. None when the delivery has had its last.
pub fn delay(attempts_made: usize, unit: Unit) -> Option<SignedDuration> {
    let wait_s = WAITS_S.get(attempts_made)?;
    // Seconds times parts per thousand are milliseconds.
    Some(SignedDuration::from_millis(wait_s * unit.share()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_that_of_the_contract() {
        let words = ["0s", "5s", "5m", "30m", "2h", "5h", "10h", "14h", "20h", "1d"];
        for (made, word) in words.iter().enumerate() {
            let expected: jiff::Span = word.parse().unwrap();
            let day = jiff::SpanRelativeTo::days_are_24_hours();
            assert_eq!(delay(made, Unit::MIDDLE), Some(expected.to_duration(day).unwrap()), "{word}");
        }
        assert_eq!(ATTEMPTS_MAX, words.len());
        assert_eq!(delay(ATTEMPTS_MAX, Unit::MIDDLE), None);
        assert_eq!(delay(usize::MAX, Unit::MIDDLE), None);
    }

    #[test]
    fn the_shift_stays_within_a_fifth_and_uses_all_of_it() {
        for made in 0..ATTEMPTS_MAX {
            let exact = delay(made, Unit::MIDDLE).unwrap().as_millis();
            let shifted: Vec<_> = (0..=1_000).map(|r| delay(made, Unit::from_random(r)).unwrap().as_millis()).collect();
            assert!(shifted.is_sorted());
            assert_eq!(shifted.first().copied(), Some(exact * 8 / 10));
            assert_eq!(shifted.last().copied(), Some(exact * 12 / 10));
        }
        assert_eq!(Unit::from_random(u32::MAX), Unit::from_random(u32::MAX % 1_001));
    }
}
