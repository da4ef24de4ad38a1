//! Many rows in one statement: every column is an array, and `unnest` makes rows of them again.

use std::borrow::Cow;

use jiff::Timestamp;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// A value of a row.
pub(crate) enum Value<'a> {
    Uuid(Option<Uuid>),
    Int(Option<i64>),
    Bool(Option<bool>),
    Time(Option<Timestamp>),
    Text(Option<Cow<'a, str>>),
    Bytes(Option<Vec<u8>>),
}

macro_rules! values {
    ($($variant:ident: $from:ty),* $(,)?) => {$(
        impl From<$from> for Value<'_> {
            fn from(value: $from) -> Self {
                Self::$variant(Some(value))
            }
        }
        impl From<Option<$from>> for Value<'_> {
            fn from(value: Option<$from>) -> Self {
                Self::$variant(value)
            }
        }
    )*};
}
values! { Uuid: Uuid, Int: i64, Bool: bool, Time: Timestamp, Bytes: Vec<u8> }

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(storable(text)))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::Text(text.map(storable))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Some(Cow::Owned(storable(&text).into_owned())))
    }
}

impl From<Option<String>> for Value<'_> {
    fn from(text: Option<String>) -> Self {
        Self::Text(text.map(|text| Cow::Owned(storable(&text).into_owned())))
    }
}

/// PostgreSQL cannot hold the character NUL in a text; a provider that sends one is not refused for it.
pub(crate) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

enum Column<'a> {
    Uuid(Vec<Option<Uuid>>),
    Int(Vec<Option<i64>>),
    Bool(Vec<Option<bool>>),
    Time(Vec<Option<Timestamp>>),
    Text(Vec<Option<Cow<'a, str>>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl<'a> Column<'a> {
    fn of(value: Value<'a>) -> Self {
        match value {
            Value::Uuid(value) => Self::Uuid(vec![value]),
            Value::Int(value) => Self::Int(vec![value]),
            Value::Bool(value) => Self::Bool(vec![value]),
            Value::Time(value) => Self::Time(vec![value]),
            Value::Text(value) => Self::Text(vec![value]),
            Value::Bytes(value) => Self::Bytes(vec![value]),
        }
    }

    /// Rows of one table are built by one function, so a column has one type; another one would be refused by `unnest`
    /// for its length.
    fn push(&mut self, value: Value<'a>) {
        match (self, value) {
            (Self::Uuid(column), Value::Uuid(value)) => column.push(value),
            (Self::Int(column), Value::Int(value)) => column.push(value),
            (Self::Bool(column), Value::Bool(value)) => column.push(value),
            (Self::Time(column), Value::Time(value)) => column.push(value),
            (Self::Text(column), Value::Text(value)) => column.push(value),
            (Self::Bytes(column), Value::Bytes(value)) => column.push(value),
            _ => {}
        }
    }

    fn value(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Uuid(column) => column,
            Self::Int(column) => column,
            Self::Bool(column) => column,
            Self::Time(column) => column,
            Self::Text(column) => column,
            Self::Bytes(column) => column,
        }
    }
}

/// Rows of one table, on their way into one statement.
#[derive(Default)]
pub(crate) struct Rows<'a>(Vec<Column<'a>>);

impl<'a> Rows<'a> {
    /// Adds a row.
    pub(crate) fn push<const N: usize>(&mut self, row: [Value<'a>; N]) {
        if self.0.is_empty() {
            self.0 = row.into_iter().map(Column::of).collect();
        } else {
            self.0.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        }
    }

    /// True when there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The arrays, in the order of the statement's parameters.
    pub(crate) fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.0.iter().map(Column::value).collect()
    }
}
