//! Values read back, with the place of whatever the domain refuses.

use jiff::Timestamp;
use lendport_core::{Money, ProviderId};
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

pub(crate) use crate::codec::{StoredId, count, digest, digest_to_store, hex, json, json_fault, money, parse_money};
use crate::error::StoreError;
use crate::fault::{Done, Fault};

/// Rows of one kind that a timeline shows of a checkout: the latest, so that reading one has an end.
pub(crate) const LISTED_MAX: i64 = 1_000;

/// A row being read.
pub(crate) struct Cells<'r> {
    row: &'r Row,
    table: &'static str,
    id: fn(&[u8]) -> Option<String>,
}

impl<'r> Cells<'r> {
    /// A row whose column `id` holds an `I`.
    pub(crate) fn of<I: StoredId>(table: &'static str, row: &'r Row) -> Self {
        Self { row, table, id: |bytes| I::from_bytes(bytes).map(|id| id.to_string()) }
    }

    /// A value that the domain refuses.
    pub(crate) fn bad(&self, column: &'static str, why: impl Into<String>) -> Fault {
        let id: Option<Uuid> = self.row.try_get("id").ok();
        let row = id.and_then(|id| (self.id)(id.as_bytes())).unwrap_or_else(|| "row without id".to_owned());
        Fault(StoreError::BadRow { table: self.table, column, row, why: why.into() })
    }

    /// A value of one of PostgreSQL's types.
    pub(crate) fn get<T: FromSql<'r>>(&self, column: &'static str) -> Done<T> {
        self.row.try_get(column).map_err(|error| self.bad(column, error.to_string()))
    }

    fn read<S: FromSql<'r>, T>(&self, column: &'static str, why: &str, parse: impl FnOnce(S) -> Option<T>) -> Done<T> {
        parse(self.get(column)?).ok_or_else(|| self.bad(column, why))
    }

    fn read_opt<S: FromSql<'r>, T>(
        &self,
        column: &'static str,
        why: &str,
        parse: impl FnOnce(S) -> Option<T>,
    ) -> Done<Option<T>> {
        let Some(stored) = self.get::<Option<S>>(column)? else { return Ok(None) };
        parse(stored).map(Some).ok_or_else(|| self.bad(column, why))
    }

    pub(crate) fn id<I: StoredId>(&self, column: &'static str) -> Done<I> {
        self.read(column, "not an id", |id: Uuid| I::from_bytes(id.as_bytes()))
    }

    pub(crate) fn id_opt<I: StoredId>(&self, column: &'static str) -> Done<Option<I>> {
        self.read_opt(column, "not an id", |id: Uuid| I::from_bytes(id.as_bytes()))
    }

    /// A word of a closed list.
    pub(crate) fn word<T>(&self, column: &'static str, parse: fn(&str) -> Option<T>) -> Done<T> {
        self.read(column, "not a known word", |text: &str| parse(text))
    }

    pub(crate) fn word_opt<T>(&self, column: &'static str, parse: fn(&str) -> Option<T>) -> Done<Option<T>> {
        self.read_opt(column, "not a known word", |text: &str| parse(text))
    }

    pub(crate) fn provider(&self, column: &'static str) -> Done<ProviderId> {
        self.word(column, ProviderId::parse)
    }

    pub(crate) fn time(&self, column: &'static str) -> Done<Timestamp> {
        self.get(column)
    }

    pub(crate) fn time_opt(&self, column: &'static str) -> Done<Option<Timestamp>> {
        self.get(column)
    }

    /// A whole number that fits the wanted type.
    pub(crate) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Done<T> {
        self.read(column, "out of range", |stored: i64| T::try_from(stored).ok())
    }

    pub(crate) fn money(&self, column: &'static str) -> Done<Money> {
        self.read(column, "not an amount", parse_money)
    }

    pub(crate) fn money_opt(&self, column: &'static str) -> Done<Option<Money>> {
        self.read_opt(column, "not an amount", parse_money)
    }

    /// A digest in hexadecimal.
    pub(crate) fn digest(&self, column: &'static str) -> Done<String> {
        self.read(column, "not a digest", |bytes: &[u8]| (bytes.len() == 32).then(|| hex(bytes)))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Done<T> {
        serde_json::from_str(self.get(column)?).map_err(|error| self.bad(column, json_fault(&error)))
    }

    /// JSON, or nothing where the column is empty.
    pub(crate) fn json_opt<T: DeserializeOwned>(&self, column: &'static str) -> Done<Option<T>> {
        let Some(text) = self.get::<Option<&str>>(column)? else { return Ok(None) };
        serde_json::from_str(text).map(Some).map_err(|error| self.bad(column, json_fault(&error)))
    }
}
