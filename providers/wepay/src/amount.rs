//! Amounts and ids as WePay writes them: JSON numbers, read digit by digit and never through a float.

use std::fmt;

use lendport_core::{Currency, Money, MoneyError, parse_decimal};
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// An amount in major units. WePay takes numbers and numeric strings, and writes numbers (`wepay.md` 3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Amount(Decimal);

impl Amount {
    /// A bare decimal.
    pub(crate) fn new(decimal: Decimal) -> Self {
        Self(decimal.normalize())
    }

    /// Bound to a currency; nothing is rounded.
    pub(crate) fn money(self, currency: Currency) -> Result<Money, MoneyError> {
        Money::new(self.0, currency)
    }
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self::new(money.amount())
    }
}

/// As it stands on the wire: `20`, `25.5`, `0.96`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Box::<RawValue>::deserialize(deserializer)?;
        parse_decimal(&digits(&written)).map(Self::new).map_err(D::Error::custom)
    }
}

/// A 64-bit id. WePay writes numbers and takes numeric strings as well; a float would lose digits above 2^53.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id(pub(crate) u64);

impl Id {
    /// Reads decimal digits and nothing else: no sign, no blank, no leading zero.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        if plain { text.parse().ok().map(Self) } else { None }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(&digits(&written)).ok_or_else(|| D::Error::custom("is not a 64-bit id"))
    }
}

/// The text of a number, or of a string that holds one. Anything else stays what it is and is refused by the reader.
fn digits(written: &RawValue) -> String {
    if written.get().starts_with('"') {
        serde_json::from_str(written.get()).unwrap_or_default()
    } else {
        written.get().to_owned()
    }
}

/// A flag: `true`, `false`, or `1` and `0`, which WePay takes as well; it is written as it was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flag {
    value: bool,
    as_number: bool,
}

impl Flag {
    /// What it says.
    pub(crate) fn is_on(self) -> bool {
        self.value
    }
}

impl From<bool> for Flag {
    fn from(value: bool) -> Self {
        Self { value, as_number: false }
    }
}

/// The spelling does not count.
impl PartialEq for Flag {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Serialize for Flag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.as_number {
            serializer.serialize_u8(u8::from(self.value))
        } else {
            serializer.serialize_bool(self.value)
        }
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Box::<RawValue>::deserialize(deserializer)?;
        match written.get() {
            "true" => Ok(Self { value: true, as_number: false }),
            "false" => Ok(Self { value: false, as_number: false }),
            "1" => Ok(Self { value: true, as_number: true }),
            "0" => Ok(Self { value: false, as_number: true }),
            _ => Err(D::Error::custom("is neither true nor false")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(json: &str) -> Result<Amount, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn amounts_are_written_as_the_documents_write_them() {
        for (json, written) in
            [("20", "20"), ("20.00", "20"), ("25.5", "25.5"), ("0.96", "0.96"), ("\"20.00\"", "20"), ("2e1", "20")]
        {
            assert_eq!(serde_json::to_string(&read(json).unwrap()).unwrap(), written, "{json}");
        }
        for json in ["null", "true", "\"\"", "\"$20\"", "[]", "{}", "\" 20\"", "\"NaN\""] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn ids_keep_all_their_digits() {
        for (json, id) in
            [("649945633", 649_945_633), ("\"235810395803\"", 235_810_395_803), ("18446744073709551615", u64::MAX)]
        {
            let read: Id = serde_json::from_str(json).unwrap();
            assert_eq!(read, Id(id));
            assert_eq!(serde_json::to_string(&read).unwrap(), id.to_string());
        }
        for json in ["-1", "1.0", "1e3", "18446744073709551616", "\"\"", "null", "0", "\"007\"", "\"1 \""] {
            assert!(serde_json::from_str::<Id>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn flags_are_written_as_they_were_read() {
        for json in ["true", "false", "1", "0"] {
            let flag: Flag = serde_json::from_str(json).unwrap();
            assert_eq!(flag.is_on(), matches!(json, "true" | "1"));
            assert_eq!(serde_json::to_string(&flag).unwrap(), json);
        }
        for json in ["2", "\"true\"", "null", "0.0"] {
            assert!(serde_json::from_str::<Flag>(json).is_err(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn every_cent_survives_the_wire(minor in 0_u64..999_999_999_900, text in any::<bool>()) {
            let money = Money::from_minor(minor, Currency::USD).unwrap();
            let written = serde_json::to_string(&Amount::from(money)).unwrap();
            prop_assert!(!written.contains(['e', 'E', '"']));
            let written = if text { format!("\"{written}\"") } else { written };
            prop_assert_eq!(read(&written).unwrap().money(Currency::USD).unwrap(), money);
        }

        #[test]
        fn what_a_float_would_round_is_kept(whole in 0_u64..u64::MAX / 100_000, cents in 0_u32..100) {
            let json = format!("{whole}.{cents:02}");
            let exact = parse_decimal(&json).unwrap().normalize();
            prop_assert_eq!(read(&json).unwrap().0, exact);
            prop_assert_eq!(serde_json::to_string(&read(&json).unwrap()).unwrap(), exact.to_string());
        }

        #[test]
        fn reading_never_panics(json in ".{0,40}") {
            let _ = read(&json);
            let _ = serde_json::from_str::<Id>(&json);
            let _ = serde_json::from_str::<Flag>(&json);
        }
    }
}
