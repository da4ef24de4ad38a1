//! A field that may be missing, null, or there: WePay does both, and only what came is written back.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A field of an answer. Use with `#[serde(default, skip_serializing_if = "Maybe::is_absent")]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Maybe<T> {
    /// Not in the object.
    #[default]
    Absent,
    /// There, and null.
    Null,
    /// There.
    Value(T),
}

impl<T> Maybe<T> {
    /// True when the key is missing.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The value, where there is one.
    pub(crate) fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
}

impl<T: Serialize> Serialize for Maybe<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}
