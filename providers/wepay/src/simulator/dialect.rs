//! API versions and the two sets of state names (wepay.md 2 and 6).

/// Every version known, oldest first.
const KNOWN: [&str; 17] = [
    "2011-01-15",
    "2014-01-08",
    "2015-08-15",
    "2015-09-09",
    "2015-11-18",
    "2016-03-30",
    "2016-05-18",
    "2016-06-22",
    "2016-07-13",
    "2016-08-10",
    "2016-12-07",
    "2017-02-01",
    "2017-05-31",
    "2018-03-21",
    "2018-08-29",
    "2018-10-03",
    "2019-04-03",
];
/// The first version whose shapes are played.
const OLDEST: &str = "2015-08-15";
/// From here on `captured` means held, and versions may only be changed step by step.
const RENAMED: &str = "2016-07-13";

/// A dated version of the API. Dates in this form sort as texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(&'static str);

/// Why a version is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unserved {
    /// No such version: error 1015.
    Unknown,
    /// Too old, or too far from the app's own: error 1016.
    NotAllowed,
}

impl Version {
    /// The seed's.
    pub(super) const SEED: Self = Self("2015-11-18");

    pub(super) fn parse(text: &str) -> Result<Self, Unserved> {
        let known = KNOWN.into_iter().find(|known| *known == text).ok_or(Unserved::Unknown)?;
        if known < OLDEST { Err(Unserved::NotAllowed) } else { Ok(Self(known)) }
    }

    /// The version of a call: the header's, when the app's own version allows it.
    pub(super) fn of_call(own: Self, header: Option<&str>, strict: bool) -> Result<Self, Unserved> {
        let Some(text) = header else { return Ok(own) };
        let asked = Self::parse(text)?;
        if strict && (own.0 >= RENAMED || asked.0 >= RENAMED) {
            let place = |version: Self| KNOWN.into_iter().position(|known| known == version.0);
            let ahead = place(asked).zip(place(own)).and_then(|(asked, own)| asked.checked_sub(own));
            if !matches!(ahead, Some(0 | 1)) {
                return Err(Unserved::NotAllowed);
            }
        }
        Ok(asked)
    }

    pub(super) fn text(self) -> &'static str {
        self.0
    }

    pub(super) fn dialect(self) -> Dialect {
        if self.0 < RENAMED { Dialect::A } else { Dialect::B }
    }

    /// Whether what came with a version applies.
    pub(super) fn since(self, date: &str) -> bool {
        self.0 >= date
    }
}

/// What `captured` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Credited: 2015-08-15 to 2016-06-22.
    A,
    /// Held: 2016-07-13 and later.
    B,
}

/// Where a payment is, in words that belong to neither dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    New,
    Authorized,
    Held,
    Credited,
    Cancelled,
    Refunded,
    ChargedBack,
    Failed,
    Expired,
}

impl State {
    pub(super) const ALL: [Self; 9] = [
        Self::New,
        Self::Authorized,
        Self::Held,
        Self::Credited,
        Self::Cancelled,
        Self::Refunded,
        Self::ChargedBack,
        Self::Failed,
        Self::Expired,
    ];

    /// The `state` of an answer. The later clients write the charge-back with an underscore.
    pub(super) fn word(self, dialect: Dialect) -> &'static str {
        match (self, dialect) {
            (Self::New, _) => "new",
            (Self::Authorized, _) => "authorized",
            (Self::Held, Dialect::A) => "reserved",
            (Self::Held, Dialect::B) => "captured",
            (Self::Credited, Dialect::A) => "captured",
            (Self::Credited, Dialect::B) => "released",
            (Self::Cancelled, _) => "cancelled",
            (Self::Refunded, _) => "refunded",
            (Self::ChargedBack, Dialect::A) => "charged back",
            (Self::ChargedBack, Dialect::B) => "charged_back",
            (Self::Failed, _) => "failed",
            (Self::Expired, _) => "expired",
        }
    }

    /// The state that a search asks for.
    pub(super) fn parse(word: &str, dialect: Dialect) -> Option<Self> {
        let plain = word.replace('_', " ");
        Self::ALL.into_iter().find(|state| state.word(dialect).replace('_', " ") == plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captured_is_the_trap() {
        assert_eq!(State::parse("captured", Dialect::A), Some(State::Credited));
        assert_eq!(State::parse("captured", Dialect::B), Some(State::Held));
        assert_eq!(State::parse("released", Dialect::A), None);
        assert_eq!(State::parse("reserved", Dialect::B), None);
        for dialect in [Dialect::A, Dialect::B] {
            for state in State::ALL {
                assert_eq!(State::parse(state.word(dialect), dialect), Some(state));
            }
        }
    }

    #[test]
    fn versions_and_their_neighbours() {
        let of = |own: &str, header: Option<&str>, strict| {
            Version::of_call(Version::parse(own).unwrap(), header, strict).map(Version::text)
        };
        assert_eq!(of("2015-11-18", None, true), Ok("2015-11-18"));
        assert_eq!(of("2015-11-18", Some("2015-08-15"), true), Ok("2015-08-15"));
        assert_eq!(of("2015-11-18", Some("2014-01-08"), false), Err(Unserved::NotAllowed));
        assert_eq!(of("2015-11-18", Some("2016-01-01"), false), Err(Unserved::Unknown));
        assert_eq!(of("2015-11-18", Some("2016-07-13"), true), Err(Unserved::NotAllowed));
        assert_eq!(of("2016-06-22", Some("2016-07-13"), true), Ok("2016-07-13"));
        assert_eq!(of("2016-08-10", Some("2016-07-13"), true), Err(Unserved::NotAllowed));
        assert_eq!(of("2015-11-18", Some("2019-04-03"), false), Ok("2019-04-03"));
        assert_eq!(Version::SEED.dialect(), Dialect::A);
        assert_eq!(Version::parse("2016-07-13").unwrap().dialect(), Dialect::B);
    }
}
