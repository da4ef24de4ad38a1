//! A field of an answer: there, not there, or there and not readable. One odd field does not spoil the rest of an answer, and
//! it does not count as missing either (question 19: nearly every field is optional).

use std::collections::BTreeMap;

use lendport_core::{Personal, Secret};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Something that an answer holds, read from its JSON. A list is never taken for an object with its fields in order, which is
/// what derived readers do.
pub trait Wire: Sized {
    /// Reads it; none for anything else.
    fn read(json: &str) -> Option<Self>;
}

macro_rules! scalars {
    ($($kind:ty),+ $(,)?) => {$(
        impl $crate::field::Wire for $kind {
            fn read(json: &str) -> Option<Self> {
                serde_json::from_str(json).ok()
            }
        }
    )+};
}

/// Types that are objects on the wire.
macro_rules! objects {
    ($($kind:ty),+ $(,)?) => {$(
        impl $crate::field::Wire for $kind {
            fn read(json: &str) -> Option<Self> {
                if json.starts_with('{') { serde_json::from_str(json).ok() } else { None }
            }
        }
    )+};
}

pub(crate) use {objects, scalars};

scalars!(bool, Word, Private, Opaque);

impl<T: Wire> Wire for Vec<T> {
    fn read(json: &str) -> Option<Self> {
        let rows: Vec<Box<RawValue>> = serde_json::from_str(json).ok()?;
        rows.iter().map(|row| T::read(row.get())).collect()
    }
}

impl<T: Wire> Wire for BTreeMap<String, T> {
    fn read(json: &str) -> Option<Self> {
        let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(json).ok()?;
        members.into_iter().map(|(name, value)| T::read(value.get()).map(|value| (name, value))).collect()
    }
}

impl<T: Wire> Wire for Field<T> {
    fn read(json: &str) -> Option<Self> {
        Some(if json == "null" { Self::Absent } else { T::read(json).map_or(Self::Unreadable, Self::Value) })
    }
}

/// A field. Use with `#[serde(default)]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// Not in the object, or null.
    #[default]
    Absent,
    /// There, and not what the documents say.
    Unreadable,
    /// There.
    Value(T),
}

impl<T> Field<T> {
    /// The value, where it is there and readable.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Unreadable => None,
        }
    }

    /// The same, taken out.
    pub fn into_value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Unreadable => None,
        }
    }

    /// True when it is not in the object, or null.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// True when it is there and cannot be read.
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unreadable)
    }
}

impl<'de, T: Wire> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self::read(written.get()).unwrap_or(Self::Unreadable))
    }
}

/// A word or id: a text, or a number whose digits are the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Word(pub String);

impl Word {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Box::<RawValue>::deserialize(deserializer)?;
        text_of(&written).map(Self).ok_or_else(|| D::Error::custom("is neither a text nor a number"))
    }
}

/// A fact about a person. `Debug` shows nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Private(Personal<String>);

impl Private {
    /// The text, for whoever compares or hands it on.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl<'de> Deserialize<'de> for Private {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Word::deserialize(deserializer).map(|word| Self(Personal::new(word.0)))
    }
}

/// A token, key or id that opens something. `Debug` shows nothing of it. The published samples begin with a stray quotation
/// mark, which is no part of a token (1.7).
#[derive(Clone, Debug)]
pub struct Opaque(Secret<String>);

impl Opaque {
    /// The text, for a header or a path.
    pub fn expose(&self) -> &Secret<String> {
        &self.0
    }
}

impl From<&str> for Opaque {
    fn from(text: &str) -> Self {
        let inner = text.strip_prefix('"').unwrap_or(text);
        let inner = inner.strip_suffix('"').unwrap_or(inner);
        Self(Secret::from(inner))
    }
}

impl<'de> Deserialize<'de> for Opaque {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = Word::deserialize(deserializer)?;
        let token = Self::from(word.as_str());
        if token.0.expose().is_empty() { Err(D::Error::custom("is empty")) } else { Ok(token) }
    }
}

fn text_of(written: &RawValue) -> Option<String> {
    let json = written.get();
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str(json).ok(),
        b'-' | b'0'..=b'9' => Some(json.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Some3 {
        #[serde(default)]
        a: Field<Word>,
        #[serde(default)]
        b: Field<bool>,
        #[serde(default)]
        c: Field<Word>,
        #[serde(default)]
        d: Field<Inner>,
        #[serde(default)]
        e: Field<Vec<Inner>>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        status: Word,
    }

    objects!(Inner);

    #[test]
    fn a_list_is_no_object_in_disguise() {
        // The derived reader alone would take it for one.
        assert!(serde_json::from_str::<Inner>(r#"["signed"]"#).is_ok());
        let read: Some3 = serde_json::from_str(r#"{"d": ["signed"], "e": [["signed"]]}"#).unwrap();
        assert!(read.d.is_unreadable() && read.e.is_unreadable());
        let read: Some3 = serde_json::from_str(r#"{"d": {"status": "signed"}, "e": [{"status": 1}]}"#).unwrap();
        assert!(read.d.value().is_some() && read.e.value().is_some_and(|rows| rows.len() == 1));
    }

    #[test]
    fn one_odd_field_spoils_nothing_else() {
        let read: Some3 = serde_json::from_str(r#"{"a": 1234567, "b": "perhaps", "c": null, "x": {}}"#).unwrap();
        assert_eq!(read.a, Field::Value(Word("1234567".to_owned())));
        assert!(read.b.is_unreadable());
        assert_eq!((read.c, read.b.value()), (Field::Absent, None));
    }

    #[test]
    fn words_are_texts_or_numbers() {
        for (json, word) in [("\"a\"", "a"), ("11503", "11503"), ("\"\"", ""), ("-1.50", "-1.50")] {
            assert_eq!(serde_json::from_str::<Word>(json).unwrap().0, word);
        }
        for json in ["true", "[]", "{}", "null"] {
            assert!(serde_json::from_str::<Word>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn tokens_lose_their_stray_quotes_and_show_nothing() {
        let token: Opaque = serde_json::from_str(r#""\"eyJhbGci""#).unwrap();
        assert_eq!(
            (token.expose().expose().as_str(), format!("{token:?}")),
            ("eyJhbGci", "Opaque([secret])".to_owned())
        );
        assert!(serde_json::from_str::<Opaque>(r#""""#).is_err());
        let person: Private = serde_json::from_str(r#""john@example.com""#).unwrap();
        assert_eq!(format!("{person:?}"), "Private([personal])");
    }
}
