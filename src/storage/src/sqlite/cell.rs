//! How values are written into columns, and read back with the place of whatever the domain refuses.

use std::cell::Cell;

use jiff::Timestamp;
use lendport_core::{Money, ProviderId};
use rusqlite::Row;
use rusqlite::types::FromSql;
use serde::de::DeserializeOwned;

use super::fault::{Done, Fault};
pub(crate) use crate::codec::{
    LISTED_MAX, StoredId, count, digest, digest_to_store, hex, json, json_fault, money, parse_money,
};
use crate::error::StoreError;
use crate::packed::long_key;

/// Whole microseconds since 1970.
pub(crate) fn time(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A row being read.
pub(crate) struct Cells<'r> {
    row: &'r Row<'r>,
    table: &'static str,
    id: fn(&[u8]) -> Option<String>,
    /// The column after the one that was read last.
    next: Cell<usize>,
}

impl<'r> Cells<'r> {
    /// A row whose column `id` holds an `I`.
    pub(crate) fn of<I: StoredId>(table: &'static str, row: &'r Row<'r>) -> Self {
        Self { row, table, id: |bytes| I::from_bytes(bytes).map(|id| id.to_string()), next: Cell::new(0) }
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
        let value = match self.position(column) {
            Some(position) => self.row.get(position),
            None => self.row.get(column),
        };
        value.map_err(|error| self.bad(column, error.to_string()))
    }

    /// Where a column is. Rows are read in about the order of their columns, so the search goes on where the last one
    /// ended.
    fn position(&self, column: &str) -> Option<usize> {
        let (statement, next) = (self.row.as_ref(), self.next.get());
        let is_it = |at: &usize| statement.column_name(*at).is_ok_and(|name| name == column);
        let found = (next..statement.column_count()).chain(0..next).find(is_it)?;
        self.next.set(found + 1);
        Some(found)
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

    /// A key that was shortened.
    pub(crate) fn key(&self, column: &'static str) -> Done<String> {
        self.read(column, "not a shortened key", |bytes: Vec<u8>| long_key(&bytes))
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
