//! API versions, and the two dialects in which the word `captured` has opposite meanings (`wepay.md` section 2).
//!
//! The dialect is the account's, never guessed from an answer. Each dialect has a map of its own, and a word of the other
//! one is not known in it.

/// A dated version of the API, as the `Api-Version` header names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ApiVersion(&'static str);

/// The first version of dialect B.
const B_BEGINS: &str = "2016-07-13";
/// From here on addresses have `region` and `postal_code`, and banks are `payment_bank`.
const ADDRESSES_MOVE: &str = "2016-06-22";
/// The first version of which it is known that the prefilled address is an object.
const PREFILL_IS_AN_OBJECT: &str = "2016-12-07";

impl ApiVersion {
    /// The seed's own: what an account has that names none.
    pub(crate) const DEFAULT: Self = Self("2015-11-18");
    /// Every version that is spoken.
    pub(crate) const ALL: &'static [&'static str] = &[
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

    /// Reads a version.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|known| **known == text).map(|known| Self(known))
    }

    /// The date, which sorts as text.
    pub(crate) fn as_str(self) -> &'static str {
        self.0
    }

    /// Which of the two dialects it belongs to.
    pub(crate) fn dialect(self) -> Dialect {
        if self.0 < B_BEGINS { Dialect::A } else { Dialect::B }
    }

    /// How the page's address is filled in beforehand.
    pub(crate) fn prefilled_address(self) -> PrefilledAddress {
        match self.0 {
            date if date < ADDRESSES_MOVE => PrefilledAddress::Flat,
            date if date < PREFILL_IS_AN_OBJECT => PrefilledAddress::Unclear,
            _ => PrefilledAddress::Object,
        }
    }

    /// True when a tokenised bank account can be named.
    pub(crate) fn knows_payment_bank(self) -> bool {
        self.0 >= ADDRESSES_MOVE
    }
}

/// How an address is prefilled (questions 21 and 22).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PrefilledAddress {
    /// Street as text, the rest beside it.
    Flat,
    /// The documents contradict each other: it is left out, for it is only comfort.
    Unclear,
    /// An object.
    Object,
}

/// One of the two dialects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// 2015-08-15 to 2016-06-22: `reserved` is held, `captured` is the payee's.
    A,
    /// From 2016-07-13: `captured` is held, `released` is the payee's.
    B,
}

/// Where a checkout stands, in words that mean the same in both dialects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Created; the payer has not confirmed.
    New,
    /// The payer was charged; WePay's review may still run.
    InReview,
    /// The money is held and can be let go.
    Held,
    /// The money is the payee's, less what was given or taken back.
    Paid,
    /// Undone before it was the payee's.
    Canceled,
    /// All given back.
    Refunded,
    /// All taken back by the payer's bank.
    ChargedBack,
    /// The payment did not go through.
    Failed,
    /// Nobody paid in time.
    Expired,
}

impl Stage {
    /// Reads a state's word; none when this dialect has no such word.
    pub(crate) fn read(dialect: Dialect, word: &str) -> Option<Self> {
        match dialect {
            Dialect::A => Self::in_a(word),
            Dialect::B => Self::in_b(word),
        }
    }

    fn in_a(word: &str) -> Option<Self> {
        match word {
            "new" => Some(Self::New),
            "authorized" => Some(Self::InReview),
            "reserved" => Some(Self::Held),
            "captured" => Some(Self::Paid),
            "cancelled" => Some(Self::Canceled),
            "refunded" => Some(Self::Refunded),
            "charged back" | "charged_back" => Some(Self::ChargedBack),
            "failed" => Some(Self::Failed),
            "expired" => Some(Self::Expired),
            _ => None,
        }
    }

    fn in_b(word: &str) -> Option<Self> {
        match word {
            "new" => Some(Self::New),
            "authorized" => Some(Self::InReview),
            "captured" => Some(Self::Held),
            "released" => Some(Self::Paid),
            "cancelled" => Some(Self::Canceled),
            "refunded" => Some(Self::Refunded),
            "charged back" | "charged_back" => Some(Self::ChargedBack),
            "failed" => Some(Self::Failed),
            "expired" => Some(Self::Expired),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captured_means_the_opposite_in_the_other_dialect() {
        assert_eq!(Stage::read(Dialect::A, "captured"), Some(Stage::Paid));
        assert_eq!(Stage::read(Dialect::B, "captured"), Some(Stage::Held));
        assert_eq!(Stage::read(Dialect::A, "reserved"), Some(Stage::Held));
        assert_eq!(Stage::read(Dialect::B, "released"), Some(Stage::Paid));
    }

    #[test]
    fn a_word_of_the_other_dialect_is_not_known() {
        assert_eq!(Stage::read(Dialect::A, "released"), None);
        assert_eq!(Stage::read(Dialect::B, "reserved"), None);
        for word in ["", "New", "canceled", "charged", " captured", "settled"] {
            assert_eq!((Stage::read(Dialect::A, word), Stage::read(Dialect::B, word)), (None, None), "{word}");
        }
    }

    #[test]
    fn the_other_words_are_the_same_in_both() {
        for (word, stage) in [
            ("new", Stage::New),
            ("authorized", Stage::InReview),
            ("cancelled", Stage::Canceled),
            ("refunded", Stage::Refunded),
            ("charged back", Stage::ChargedBack),
            ("charged_back", Stage::ChargedBack),
            ("failed", Stage::Failed),
            ("expired", Stage::Expired),
        ] {
            assert_eq!(Stage::read(Dialect::A, word), Some(stage));
            assert_eq!(Stage::read(Dialect::B, word), Some(stage));
        }
    }

    #[test]
    fn versions_fall_on_the_documented_side() {
        let of = |date| ApiVersion::parse(date).unwrap();
        assert_eq!(of("2016-06-22").dialect(), Dialect::A);
        assert_eq!(of("2016-07-13").dialect(), Dialect::B);
        assert_eq!(ApiVersion::DEFAULT.dialect(), Dialect::A);
        assert_eq!(of("2015-11-18").prefilled_address(), PrefilledAddress::Flat);
        assert_eq!(of("2016-07-13").prefilled_address(), PrefilledAddress::Unclear);
        assert_eq!(of("2019-04-03").prefilled_address(), PrefilledAddress::Object);
        assert!(!of("2016-05-18").knows_payment_bank() && of("2016-06-22").knows_payment_bank());
        assert_eq!(ApiVersion::parse("2014-01-08"), None);
        assert!(ApiVersion::ALL.is_sorted());
    }
}
