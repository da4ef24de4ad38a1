//! Times of the day, days of the week, stretches of time.

use jiff::Timestamp;
use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use std::cell::OnceCell;

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// A checked window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Position of its time zone among those of the profile.
    pub(super) zone: usize,
    /// Days on which it begins; empty for all.
    pub(super) days: Vec<Weekday>,
    /// Minutes after midnight: from which, and up to which.
    pub(super) hours: Option<(u32, u32)>,
    /// The first moment.
    pub(super) starts_at: Option<Timestamp>,
    /// The first moment that is too late.
    pub(super) ends_at: Option<Timestamp>,
}

/// The day of the week with this word.
pub(super) fn day(word: &str) -> Option<Weekday> {
    DAYS.iter().find(|(known, _)| *known == word).map(|(_, day)| *day)
}

/// Minutes after midnight of `HH:MM`; `24:00` is the end of the day.
pub(super) fn minutes(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u32>().ok().filter(|_| digits)
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= 24 * 60).then_some(total)
}

/// A moment, and what the clocks of some zones show then, worked out once for each.
pub(super) struct Moment<'z> {
    at: Timestamp,
    zones: &'z [TimeZone],
    shown: Vec<OnceCell<DateTime>>,
}

impl<'z> Moment<'z> {
    pub(super) fn new(at: Timestamp, zones: &'z [TimeZone]) -> Self {
        Self { at, zones, shown: zones.iter().map(|_| OnceCell::new()).collect() }
    }

    fn local(&self, zone: usize) -> Option<DateTime> {
        let (cell, zone) = (self.shown.get(zone)?, self.zones.get(zone)?);
        Some(*cell.get_or_init(|| zone.to_datetime(self.at)))
    }
}

impl Window {
    /// Whether a moment is inside.
    pub(super) fn holds(&self, moment: &Moment<'_>) -> bool {
        if self.starts_at.is_some_and(|start| moment.at < start) || self.ends_at.is_some_and(|end| moment.at >= end) {
            return false;
        }
        if self.days.is_empty() && self.hours.is_none() {
            return true;
        }
        let Some(local) = moment.local(self.zone) else { return false };
        let begins_on = |day: Weekday| self.days.is_empty() || self.days.contains(&day);
        let today = local.date().weekday();
        let now = u32::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap_or(0);
        match self.hours {
            None => begins_on(today),
            Some((from, to)) if from < to => begins_on(today) && (from..to).contains(&now),
            // Over midnight: what began yesterday is still open.
            Some((from, to)) => now >= from && begins_on(today) || now < to && begins_on(today.previous()),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZoneDatabase;

    use super::*;

    fn inside(window: &Window, at: &str) -> bool {
        let zones = [TimeZoneDatabase::bundled().get("America/New_York").unwrap()];
        window.holds(&Moment::new(at.parse().unwrap(), &zones))
    }

    fn window(days: &[&str], hours: Option<(&str, &str)>) -> Window {
        let hours = hours.map(|(from, to)| (minutes(from).unwrap(), minutes(to).unwrap()));
        let days = days.iter().map(|word| day(word).unwrap()).collect();
        Window { zone: 0, days, hours, starts_at: None, ends_at: None }
    }

    #[test]
    fn times_of_the_day_are_those_of_the_zone_summer_and_winter() {
        let office = window(&["mon", "tue", "wed", "thu", "fri"], Some(("09:00", "17:00")));
        // A Monday: New York is four hours behind in June and five in January.
        for (at, expected) in [
            ("2026-06-15T12:59:59Z", false),
            ("2026-06-15T13:00:00Z", true),
            ("2026-06-15T20:59:59Z", true),
            ("2026-06-15T21:00:00Z", false),
            ("2026-01-12T13:59:59Z", false),
            ("2026-01-12T14:00:00Z", true),
            ("2026-06-14T15:00:00Z", false),
        ] {
            assert_eq!(inside(&office, at), expected, "{at}");
        }
    }

    #[test]
    fn a_night_belongs_to_the_day_it_begins_on() {
        let night = window(&["fri"], Some(("22:00", "06:00")));
        // Friday 19 June, 22:00 in New York is Saturday 02:00 UTC.
        for (at, expected) in [
            ("2026-06-20T01:59:59Z", false),
            ("2026-06-20T02:00:00Z", true),
            ("2026-06-20T09:59:59Z", true),
            ("2026-06-20T10:00:00Z", false),
            ("2026-06-19T05:00:00Z", false),
            ("2026-06-21T02:30:00Z", false),
        ] {
            assert_eq!(inside(&night, at), expected, "{at}");
        }
        assert!(inside(&window(&["sat"], Some(("18:00", "24:00"))), "2026-06-21T03:59:59Z"));
    }

    #[test]
    fn a_stretch_ends_before_its_end() {
        let (starts_at, ends_at) = ("2026-11-27T05:00:00Z".parse().ok(), "2026-12-01T05:00:00Z".parse().ok());
        let sale = Window { starts_at, ends_at, ..window(&[], None) };
        let found = ["2026-11-27T04:59:59Z", "2026-11-27T05:00:00Z", "2026-12-01T04:59:59Z", "2026-12-01T05:00:00Z"]
            .map(|at| inside(&sale, at));
        assert_eq!(found, [false, true, true, false]);
    }

    #[test]
    fn times_are_read_strictly() {
        assert_eq!((minutes("00:00"), minutes("24:00"), minutes("09:05")), (Some(0), Some(1_440), Some(545)));
        for wrong in ["9:00", "24:01", "12:60", "12", "", "1２:00", "+1:00", "12:00:00"] {
            assert_eq!(minutes(wrong), None, "{wrong}");
        }
    }
}
