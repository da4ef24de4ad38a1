//! `Retry-After`: seconds or a date (RFC 9110, 10.2.3). What is neither is ignored.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// Nobody is left alone for longer on their own word: a wrong date must not end a delivery's schedule.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3_600);

static DATES: DateTimeParser = DateTimeParser::new();

/// The moment of a `Date` header.
pub(crate) fn date(header: &str) -> Option<Timestamp> {
    DATES.parse_timestamp(header.trim()).ok()
}

/// The wait that a header asks for, seen from `now`; none for a date that has passed.
pub(crate) fn wait(header: &[u8], now: Timestamp) -> Option<Duration> {
    let text = std::str::from_utf8(header).ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds is longer than the limit too.
        let seconds = text.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX));
    }
    let date = DATES.parse_timestamp(text).ok()?;
    let wait = Duration::try_from(date.duration_since(now)).ok()?;
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Saturday.
    const NOW: Timestamp = Timestamp::constant(1_795_262_400, 0);

    #[test]
    fn seconds_and_dates_are_read_and_bounded() {
        for (header, seconds) in [
            ("0", Some(0)),
            ("17", Some(17)),
            (" 120 ", Some(120)),
            ("86401", Some(86_400)),
            ("99999999999999999999999", Some(86_400)),
            ("Sat, 21 Nov 2026 12:00:30 GMT", Some(30)),
            ("Sat, 21 Nov 2026 12:00:00 GMT", Some(0)),
            ("Sun, 22 Nov 2026 12:00:01 GMT", Some(86_400)),
            ("Fri, 01 Jan 2100 00:00:00 GMT", Some(86_400)),
            ("Sat, 21 Nov 2026 11:59:59 GMT", None),
            ("", None),
            ("-1", None),
            ("+5", None),
            ("1.5", None),
            ("1e3", None),
            ("soon", None),
            ("Sun, 21 Nov 2026 12:00:30 GMT", None),
            ("2026-11-21T12:00:30Z", None),
            ("\u{0661}", None),
        ] {
            assert_eq!(wait(header.as_bytes(), NOW), seconds.map(Duration::from_secs), "{header}");
        }
        assert_eq!(wait(b"\xff", NOW), None);
    }
}
