//! A colour of a theme: six hex digits without `#` (`wepay.md` 5.7).

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// A colour as it stands on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Color(String);

impl Color {
    /// Reads six hex digits and nothing else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        (text.len() == 6 && text.bytes().all(|b| b.is_ascii_hexdigit())).then(|| Self(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Color {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("is not six hex digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_hex_digits_and_nothing_else() {
        assert!(Color::parse("ffFF00").is_some());
        for text in ["", "#fffff", "fffff", "fffffff", "ffgfff", "ffffé"] {
            assert!(Color::parse(text).is_none(), "{text}");
            assert!(serde_json::from_str::<Color>(&format!("\"{text}\"")).is_err(), "{text}");
        }
    }
}
