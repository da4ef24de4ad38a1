//! Money: an exact decimal bound to a currency, never negative, never with more digits than the currency has.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use crate::limits;

/// An ISO 4217 currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// United States dollar.
    pub const USD: Self = Self(iso_currency::Currency::USD);
    /// Canadian dollar.
    pub const CAD: Self = Self(iso_currency::Currency::CAD);

    /// Reads a three-letter code in any case; currencies without minor units of their own (`XAU`) are not money here.
    pub fn parse(code: &str) -> Option<Self> {
        let found = iso_currency::Currency::from_code(&code.to_ascii_uppercase())?;
        found.exponent().map(|_| Self(found))
    }

    /// The upper-case code.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Digits after the decimal point: 2 for USD, 0 for JPY.
    pub fn minor_digits(self) -> u32 {
        self.0.exponent().map_or(2, u32::from)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Why a number is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not a decimal number.
    #[error("is not a decimal number; write it like \"1370.00\"")]
    NotANumber,
    /// Below zero.
    #[error("must not be negative")]
    Negative,
    /// Larger than any sum we handle, or too small to write down.
    #[error("is out of range")]
    OutOfRange,
    /// Would have to be rounded.
    #[error("has more digits than {currency} has; use at most {digits}")]
    TooManyDigits {
        /// Currency code.
        currency: &'static str,
        /// Digits it has.
        digits: u32,
    },
    /// Two currencies in one sum.
    #[error("is in another currency")]
    OtherCurrency,
}

impl MoneyError {
    /// The word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotANumber => "not_a_number",
            Self::Negative => "negative",
            Self::OutOfRange => "out_of_range",
            Self::TooManyDigits { .. } => "too_many_digits",
            Self::OtherCurrency => "other_currency",
        }
    }
}

/// Reads the digits of a JSON number or of an amount string exactly, exponent included.
///
/// Accepts what RFC 8259 calls a number; refuses signs other than a leading minus, blanks and separators.
pub fn parse_decimal(text: &str) -> Result<Decimal, MoneyError> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let digits_at_ends =
        unsigned.starts_with(|c: char| c.is_ascii_digit()) && unsigned.ends_with(|c: char| c.is_ascii_digit());
    if !digits_at_ends || !unsigned.bytes().all(|b| b.is_ascii_digit() || b".eE+-".contains(&b)) {
        return Err(MoneyError::NotANumber);
    }
    if text.len() > 64 {
        return Err(MoneyError::OutOfRange);
    }
    let parsed = match unsigned.split_once(['e', 'E']) {
        None => {
            if unsigned.contains(['+', '-']) || unsigned.matches('.').count() > 1 {
                return Err(MoneyError::NotANumber);
            }
            Decimal::from_str_exact(text)
        }
        Some((mantissa, exponent)) => {
            let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            let whole = !exponent.is_empty() && exponent.bytes().all(|b| b.is_ascii_digit());
            if !whole || mantissa.contains(['+', '-']) || mantissa.matches('.').count() > 1 {
                return Err(MoneyError::NotANumber);
            }
            Decimal::from_scientific(text)
        }
    };
    parsed.map_err(|_| MoneyError::OutOfRange)
}

/// An amount of money. Arithmetic is checked; nothing is ever rounded.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    amount: Decimal,
    currency: Currency,
}

impl Money {
    /// Nothing, in a currency.
    pub fn zero(currency: Currency) -> Self {
        let mut amount = Decimal::ZERO;
        amount.rescale(currency.minor_digits());
        Self { amount, currency }
    }

    /// Binds a decimal to a currency. Trailing zeros do not count as digits.
    pub fn new(amount: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        let digits = currency.minor_digits();
        if amount.is_sign_negative() && !amount.is_zero() {
            return Err(MoneyError::Negative);
        }
        if amount > Decimal::from(limits::AMOUNT_MAX_MAJOR) {
            return Err(MoneyError::OutOfRange);
        }
        let mut amount = amount.abs().normalize();
        if amount.scale() > digits {
            return Err(MoneyError::TooManyDigits { currency: currency.code(), digits });
        }
        amount.rescale(digits);
        Ok(Self { amount, currency })
    }

    /// Reads an amount from text such as `1370.00`, `1370` or `1.37e3`.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        Self::new(parse_decimal(text)?, currency)
    }

    /// From minor units, such as cents.
    pub fn from_minor(minor: u64, currency: Currency) -> Result<Self, MoneyError> {
        let minor = i64::try_from(minor).map_err(|_| MoneyError::OutOfRange)?;
        Self::new(Decimal::new(minor, currency.minor_digits()), currency)
    }

    /// In minor units, such as cents.
    pub fn minor(self) -> u64 {
        let mantissa = self.amount.mantissa();
        u64::try_from(mantissa).unwrap_or(u64::MAX)
    }

    /// The bare decimal, in major units.
    pub fn amount(self) -> Decimal {
        self.amount
    }

    /// The currency.
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// True for nothing.
    pub fn is_zero(self) -> bool {
        self.amount.is_zero()
    }

    /// Sum of two amounts of one currency.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let sum = self.amount.checked_add(other.amount).ok_or(MoneyError::OutOfRange)?;
        Self::new(sum, self.currency)
    }

    /// Difference; an error when it would be below zero.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let difference = self.amount.checked_sub(other.amount).ok_or(MoneyError::OutOfRange)?;
        Self::new(difference, self.currency)
    }

    /// This amount, so many times.
    pub fn times(self, count: u32) -> Result<Self, MoneyError> {
        let product = self.amount.checked_mul(Decimal::from(count)).ok_or(MoneyError::OutOfRange)?;
        Self::new(product, self.currency)
    }

    /// The smaller of two amounts of one currency.
    pub fn least(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        Ok(if self.amount <= other.amount { self } else { other })
    }

    /// True when this is at least the other; false across currencies.
    pub fn covers(self, other: Self) -> bool {
        self.currency == other.currency && self.amount >= other.amount
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency { Ok(()) } else { Err(MoneyError::OtherCurrency) }
    }
}

/// Digits only, with the currency's minor digits: `1370.00`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.amount)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

/// A JSON string, never a number.
impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_json_calls_a_number_and_nothing_else() {
        for (text, shown) in [
            ("1370", "1370.00"),
            ("52.69", "52.69"),
            ("1.37e3", "1370.00"),
            ("0.07", "0.07"),
            ("-0", "0.00"),
            ("1.500", "1.50"),
            ("2500E-1", "250.00"),
        ] {
            assert_eq!(Money::parse(text, Currency::USD).unwrap().to_string(), shown, "{text}");
        }
        for text in [
            "", " 1", "1 ", "+1", ".5", "5.", "1,370.00", "NaN", "inf", "0x1", "1_000", "--1", "1e", "e5", "1.2.3",
            "1e5e5", "١",
        ] {
            assert_eq!(Money::parse(text, Currency::USD), Err(MoneyError::NotANumber), "{text}");
        }
        for text in ["1e400", "1e-400", "99999999999", "9".repeat(200).as_str()] {
            assert!(Money::parse(text, Currency::USD).is_err(), "{text}");
        }
        assert_eq!(Money::parse("-1", Currency::USD), Err(MoneyError::Negative));
        assert_eq!(Money::parse("1.005", Currency::USD), Err(MoneyError::TooManyDigits { currency: "USD", digits: 2 }));
        assert_eq!(Money::parse("100", Currency::parse("jpy").unwrap()).unwrap().to_string(), "100");
    }

    proptest! {
        #[test]
        fn text_round_trips(minor in 0_u64..900_000_000_000) {
            let money = Money::from_minor(minor, Currency::USD).unwrap();
            prop_assert_eq!(Money::parse(&money.to_string(), Currency::USD).unwrap(), money);
            prop_assert_eq!(money.minor(), minor);
        }

        #[test]
        fn sums_are_exact(a in 0_u64..400_000_000_000, b in 0_u64..400_000_000_000) {
            let sum = Money::from_minor(a, Currency::USD).unwrap().plus(Money::from_minor(b, Currency::USD).unwrap()).unwrap();
            prop_assert_eq!(sum.minor(), a + b);
        }

        #[test]
        fn reading_never_panics(text in ".{0,80}") {
            let _ = Money::parse(&text, Currency::USD);
        }
    }
}
