//! A text of a request with the length that the documents allow, in Unicode characters (`wepay.md` question 27).

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// At most `MAX` characters; never cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// The text, unless it is too long.
    pub(crate) fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (text.chars().count() <= MAX).then_some(Self(text))
    }

    /// The first `MAX` characters: for texts of the gateway's own making, never for a caller's.
    pub(crate) fn shortened(text: &str) -> Self {
        Self(text.chars().take(MAX).collect())
    }

    /// The text.
    #[cfg(test)]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?)
            .ok_or_else(|| D::Error::custom(format!("has more than {MAX} characters")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_count_and_bytes_do_not() {
        assert!(Text::<3>::new("äöü").is_some() && Text::<3>::new("abcd").is_none());
        assert_eq!(Text::<3>::shortened("äöüß").as_str(), "äöü");
        assert!(serde_json::from_str::<Text<3>>("\"abcd\"").is_err());
        assert_eq!(serde_json::to_string(&Text::<3>::new("🦊🦊").unwrap()).unwrap(), "\"🦊🦊\"");
    }
}
