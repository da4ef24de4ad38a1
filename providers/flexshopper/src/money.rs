//! Amounts by unit. FlexShopper writes dollars and cents within one answer, so the unit is the type of the field and never
//! guessed from the number (`flexshopper.md` 1.6). Numbers are read digit by digit and never through a float.

use std::fmt;

use lendport_core::{Currency, Money, MoneyError, parse_decimal};
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Dollars, cents after the point: `17.28`, `400`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dollars(Decimal);

impl Dollars {
    /// As money; refused with more digits than a cent, and below zero.
    pub fn money(self) -> Result<Money, MoneyError> {
        Money::new(self.0, Currency::USD)
    }
}

impl TryFrom<Money> for Dollars {
    type Error = MoneyError;

    fn try_from(money: Money) -> Result<Self, MoneyError> {
        if money.currency() == Currency::USD { Ok(Self(money.amount())) } else { Err(MoneyError::OtherCurrency) }
    }
}

/// As it stands on the wire: `20`, `25.5`, `0.96`.
impl fmt::Display for Dollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.normalize())
    }
}

impl Serialize for Dollars {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Dollars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decimal(deserializer).map(Self)
    }
}

/// Whole cents: `3795` is 37 dollars and 95 cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cents(u64);

impl Cents {
    /// As money.
    pub fn money(self) -> Result<Money, MoneyError> {
        Money::from_minor(self.0, Currency::USD)
    }
}

impl<'de> Deserialize<'de> for Cents {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        whole(decimal(deserializer)?).map(Self).ok_or_else(|| D::Error::custom("is no whole number of cents"))
    }
}

/// A number whose unit no document states (question 12): handed on as it is written, and never money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoUnit(Decimal);

impl fmt::Display for NoUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.normalize())
    }
}

impl<'de> Deserialize<'de> for NoUnit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decimal(deserializer).map(Self)
    }
}

/// How many of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count(pub u32);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let whole = whole(decimal(deserializer)?).and_then(|count| u32::try_from(count).ok());
        whole.map(Self).ok_or_else(|| D::Error::custom("is no count"))
    }
}

crate::field::scalars!(Dollars, Cents, NoUnit, Count);

/// A number, or a text that holds one.
fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let written = Box::<RawValue>::deserialize(deserializer)?;
    let text = if written.get().starts_with('"') {
        serde_json::from_str(written.get()).unwrap_or_default()
    } else {
        written.get().to_owned()
    };
    parse_decimal(&text).map_err(D::Error::custom)
}

fn whole(decimal: Decimal) -> Option<u64> {
    let plain = decimal.normalize();
    if plain.scale() == 0 { u64::try_from(plain.mantissa()).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_samples_of_the_seed_have_the_units_that_it_states() {
        let cents = |json: &str| serde_json::from_str::<Cents>(json).unwrap().money().unwrap().to_string();
        let dollars = |json: &str| serde_json::from_str::<Dollars>(json).unwrap().money().unwrap().to_string();
        // One transaction of the seed: cents beside dollars.
        assert_eq!((cents("3795"), cents("808")), ("37.95".to_owned(), "8.08".to_owned()));
        assert_eq!((dollars("100.23"), dollars("1.23")), ("100.23".to_owned(), "1.23".to_owned()));
        assert_eq!(cents("4500"), "45.00");
        assert_eq!(dollars("400"), "400.00");
        assert_eq!(serde_json::from_str::<NoUnit>("1.50").unwrap().to_string(), "1.5");
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for json in ["null", "true", "\"\"", "\"$20\"", "[]", "{}", "\" 20\"", "\"NaN\"", "1e999"] {
            assert!(serde_json::from_str::<Dollars>(json).is_err(), "{json}");
            assert!(serde_json::from_str::<Cents>(json).is_err(), "{json}");
        }
        for json in ["3795.5", "-1", "\"37.95\""] {
            assert!(serde_json::from_str::<Cents>(json).is_err(), "{json}");
            assert!(serde_json::from_str::<Count>(json).is_err(), "{json}");
        }
        assert!(serde_json::from_str::<Dollars>("17.285").unwrap().money().is_err());
        assert!(serde_json::from_str::<Dollars>("-1").unwrap().money().is_err());
        assert_eq!(serde_json::from_str::<Count>("2.0").unwrap(), Count(2));
        assert!(serde_json::from_str::<Count>("4294967296").is_err());
    }

    proptest! {
        #[test]
        fn every_cent_survives_in_both_units(minor in 0_u64..999_999_999_900, text in any::<bool>(), point in any::<bool>()) {
            let money = Money::from_minor(minor, Currency::USD).unwrap();
            let written = serde_json::to_string(&Dollars::try_from(money).unwrap()).unwrap();
            prop_assert!(!written.contains(['e', 'E', '"']));
            let quoted = |number: String| if text { format!("\"{number}\"") } else { number };
            let read: Dollars = serde_json::from_str(&quoted(written)).unwrap();
            prop_assert_eq!(read.money().unwrap(), money);
            let cents = if point { format!("{minor}.0") } else { minor.to_string() };
            let read: Cents = serde_json::from_str(&quoted(cents)).unwrap();
            prop_assert_eq!(read.money().unwrap(), money);
        }

        #[test]
        fn a_number_of_one_unit_is_never_that_of_the_other(minor in 1_u64..9_999_999_900) {
            let json = minor.to_string();
            let cents = serde_json::from_str::<Cents>(&json).unwrap().money().unwrap();
            let dollars = serde_json::from_str::<Dollars>(&json).unwrap().money().unwrap();
            prop_assert_eq!(cents.times(100).unwrap(), dollars);
        }

        #[test]
        fn reading_never_panics(json in ".{0,40}") {
            let _ = serde_json::from_str::<Dollars>(&json);
            let _ = serde_json::from_str::<Cents>(&json);
            let _ = serde_json::from_str::<Count>(&json);
            let _ = serde_json::from_str::<NoUnit>(&json);
        }
    }
}
