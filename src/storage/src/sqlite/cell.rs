//! How values are written into columns, and read back with the place of whatever the domain refuses.

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use lendport_core::{
    AttemptId, AttentionId, CheckoutId, Currency, EventId, IdError, KeyId, LedgerId, MerchantId, Money, ObservationId,
    OperationId, ProviderAccountId, ProviderId,
};
use rusqlite::Row;
use rusqlite::types::FromSql;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::fault::{Done, Fault};
use crate::error::StoreError;

/// Rows of one kind that a timeline shows of a checkout: the latest, so that reading one has an end.
pub(crate) const LISTED_MAX: u32 = 1_000;

/// An id as 16 bytes.
pub(crate) trait StoredId: FromStr<Err = IdError> + Display + Copy {
    /// The id's bytes; they sort as the ids do.
    fn bytes(self) -> [u8; 16];
    /// Reads the bytes back.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

macro_rules! stored_ids {
    ($($name:ident)*) => {$(
        impl StoredId for $name {
            fn bytes(self) -> [u8; 16] {
                *self.uuid().as_bytes()
            }
            fn from_bytes(bytes: &[u8]) -> Option<Self> {
                (bytes.len() == 16).then(|| format!("{}{}", Self::PREFIX, hex(bytes)).parse().ok())?
            }
        }
    )*};
}
stored_ids! {
    MerchantId KeyId ProviderAccountId CheckoutId AttemptId OperationId LedgerId ObservationId EventId AttentionId
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|half| char::from_digit(u32::from(half), 16)).collect()
}

/// A digest as bytes; none when the text is not 64 lower-case hexadecimal digits.
pub(crate) fn digest(text: &str) -> Option<Vec<u8>> {
    let half = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<u8>> = pairs.iter().map(|&[high, low]| Some(half(high)? << 4 | half(low)?)).collect();
    bytes.filter(|bytes| rest.is_empty() && bytes.len() == 32)
}

/// A digest to be stored.
pub(crate) fn digest_to_store(what: &str, text: &str) -> Done<Vec<u8>> {
    digest(text).ok_or_else(|| Fault::broken(format!("the {what} is not a SHA-256 in hexadecimal")))
}

/// Whole microseconds since 1970.
pub(crate) fn time(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A count; none of ours comes near the limit.
pub(crate) fn count(value: u64) -> Done<i64> {
    i64::try_from(value).map_err(|_| Fault::broken("a counter is larger than the database can hold"))
}

/// `USD 1370.00`.
pub(crate) fn money(amount: Money) -> String {
    format!("{} {}", amount.currency(), amount.amount())
}

/// JSON text.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Done<String> {
    serde_json::to_string(value).map_err(|_| Fault::broken("a value cannot be written as JSON"))
}

/// Where JSON breaks, without repeating what stands there.
pub(crate) fn json_fault(error: &serde_json::Error) -> String {
    format!("not the JSON it should be ({:?} error at column {})", error.classify(), error.column())
}

/// A row being read.
pub(crate) struct Cells<'r> {
    row: &'r Row<'r>,
    table: &'static str,
    id: fn(&[u8]) -> Option<String>,
}

impl<'r> Cells<'r> {
    /// A row whose column `id` holds an `I`.
    pub(crate) fn of<I: StoredId>(table: &'static str, row: &'r Row<'r>) -> Self {
        Self { row, table, id: |bytes| I::from_bytes(bytes).map(|id| id.to_string()) }
    }

    /// A value that the domain refuses.
    pub(crate) fn bad(&self, column: &'static str, why: impl Into<String>) -> Fault {
        let id = self.row.get_ref("id").ok().and_then(|id| id.as_blob().ok());
        let row = id.map(|bytes| (self.id)(bytes).unwrap_or_else(|| hex(bytes)));
        let row = row.unwrap_or_else(|| "row without id".to_owned());
        Fault(StoreError::BadRow { table: self.table, column, row, why: why.into() })
    }

    /// A value of one of SQLite's types.
    pub(crate) fn get<T: FromSql>(&self, column: &'static str) -> Done<T> {
        self.row.get(column).map_err(|error| self.bad(column, error.to_string()))
    }

    fn read<S: FromSql, T>(&self, column: &'static str, why: &str, parse: impl FnOnce(S) -> Option<T>) -> Done<T> {
        parse(self.get(column)?).ok_or_else(|| self.bad(column, why))
    }

    fn read_opt<S: FromSql, T>(
        &self,
        column: &'static str,
        why: &str,
        parse: impl FnOnce(S) -> Option<T>,
    ) -> Done<Option<T>> {
        let Some(stored) = self.get::<Option<S>>(column)? else { return Ok(None) };
        parse(stored).map(Some).ok_or_else(|| self.bad(column, why))
    }

    pub(crate) fn id<I: StoredId>(&self, column: &'static str) -> Done<I> {
        self.read(column, "not an id", |bytes: Vec<u8>| I::from_bytes(&bytes))
    }

    pub(crate) fn id_opt<I: StoredId>(&self, column: &'static str) -> Done<Option<I>> {
        self.read_opt(column, "not an id", |bytes: Vec<u8>| I::from_bytes(&bytes))
    }

    /// A word of a closed list.
    pub(crate) fn word<T>(&self, column: &'static str, parse: fn(&str) -> Option<T>) -> Done<T> {
        self.read(column, "not a known word", |text: String| parse(&text))
    }

    pub(crate) fn word_opt<T>(&self, column: &'static str, parse: fn(&str) -> Option<T>) -> Done<Option<T>> {
        self.read_opt(column, "not a known word", |text: String| parse(&text))
    }

    pub(crate) fn provider(&self, column: &'static str) -> Done<ProviderId> {
        self.word(column, ProviderId::parse)
    }

    pub(crate) fn time(&self, column: &'static str) -> Done<Timestamp> {
        self.read(column, "not a time", |stored| Timestamp::from_microsecond(stored).ok())
    }

    pub(crate) fn time_opt(&self, column: &'static str) -> Done<Option<Timestamp>> {
        self.read_opt(column, "not a time", |stored| Timestamp::from_microsecond(stored).ok())
    }

    /// A whole number that fits the wanted type.
    pub(crate) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Done<T> {
        self.read(column, "out of range", |stored: i64| T::try_from(stored).ok())
    }

    pub(crate) fn money(&self, column: &'static str) -> Done<Money> {
        self.read(column, "not an amount", |text: String| parse_money(&text))
    }

    pub(crate) fn money_opt(&self, column: &'static str) -> Done<Option<Money>> {
        self.read_opt(column, "not an amount", |text: String| parse_money(&text))
    }

    /// A digest in hexadecimal.
    pub(crate) fn digest(&self, column: &'static str) -> Done<String> {
        self.read(column, "not a digest", |bytes: Vec<u8>| (bytes.len() == 32).then(|| hex(&bytes)))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Done<T> {
        serde_json::from_str(&self.get::<String>(column)?).map_err(|error| self.bad(column, json_fault(&error)))
    }

    /// JSON, or nothing where the column is empty.
    pub(crate) fn json_opt<T: DeserializeOwned>(&self, column: &'static str) -> Done<Option<T>> {
        let Some(text) = self.get::<Option<String>>(column)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|error| self.bad(column, json_fault(&error)))
    }
}

fn parse_money(text: &str) -> Option<Money> {
    let (currency, amount) = text.split_once(' ')?;
    Money::parse(amount, Currency::parse(currency)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_exactly_that() {
        let text = "00ff".repeat(16);
        assert_eq!(hex(&digest(&text).unwrap()), text);
        for wrong in ["", "00", &"00FF".repeat(16), &"00ff".repeat(17), &"0g".repeat(32), &"é".repeat(32)] {
            assert_eq!(digest(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn money_keeps_its_currency() {
        let amount = Money::from_minor(137_005, Currency::CAD).unwrap();
        assert_eq!(money(amount), "CAD 1370.05");
        assert_eq!(parse_money("CAD 1370.05"), Some(amount));
        assert_eq!(parse_money("1370.05"), None);
        assert_eq!(parse_money("CAD -1"), None);
    }
}
