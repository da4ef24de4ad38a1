//! The error envelope, and the other shapes in which something on the way says no (1.5).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::field::{Field, Wire, Word, scalars};
use crate::money::Count;

/// A code: a word, a number, or an empty text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Code {
    /// None, or an empty text, which comes with messages about fields.
    #[default]
    None,
    /// Such as `LeaseNotFound`.
    Word(String),
    /// Such as 11503.
    Number(u64),
}

impl Code {
    /// The word, where it is one.
    pub fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            Self::None | Self::Number(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = Word::deserialize(deserializer)?;
        let text = word.as_str().trim();
        Ok(match text.parse() {
            Ok(number) => Self::Number(number),
            Err(_) if text.is_empty() => Self::None,
            Err(_) => Self::Word(text.to_owned()),
        })
    }
}

scalars!(Code);

/// What is below `error`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// The HTTP status once more, in case a proxy changed it.
    #[serde(default)]
    pub status_code: Field<Count>,
    /// Which error.
    #[serde(default)]
    pub code: Field<Code>,
    /// A sentence. It may quote a customer's e-mail address: not shown, not kept.
    #[serde(default)]
    pub message: Field<Word>,
}

impl ErrorBody {
    /// Its code; none where it has none that can be read.
    pub fn code(&self) -> Code {
        self.code.value().cloned().unwrap_or_default()
    }
}

/// Who speaks in a body that is no success.
#[derive(Clone, Debug)]
pub enum Spoken {
    /// Medusa itself.
    Medusa(ErrorBody),
    /// The API gateway in front of it: `{"message": "No API key found in request"}`.
    Gateway,
    /// Nobody that the documents know: HTML, nothing, another server.
    Nobody,
}

impl Spoken {
    /// Reads any body.
    pub fn of(body: &[u8]) -> Self {
        match (member(body, "error"), member(body, "message")) {
            (Some(error), _) => ErrorBody::read(error.get()).map_or(Self::Nobody, Self::Medusa),
            (None, Some(_)) => Self::Gateway,
            (None, None) => Self::Nobody,
        }
    }

    /// True when a body names an error, whatever its status says.
    pub fn is_error(body: &[u8]) -> bool {
        member(body, "error").is_some()
    }
}

/// What a body that is an object says under a name, unless that is null.
fn member(body: &[u8], name: &str) -> Option<Box<RawValue>> {
    let mut members: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(body).ok()?;
    members.remove(name).filter(|value| value.get() != "null")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_words_numbers_or_nothing() {
        let code = |json: &str| {
            let body = format!(r#"{{"error": {{"statusCode": 400, "code": {json}, "message": "m", "data": {{}}}}}}"#);
            match Spoken::of(body.as_bytes()) {
                Spoken::Medusa(error) => error.code(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(code("\"LeaseNotFound\""), Code::Word("LeaseNotFound".to_owned()));
        assert_eq!((code("11503"), code("\"11503\"")), (Code::Number(11_503), Code::Number(11_503)));
        for nothing in ["\"\"", "null", "{}", "[1]", "true"] {
            assert_eq!(code(nothing), Code::None, "{nothing}");
        }
    }

    #[test]
    fn who_speaks_is_told_apart() {
        assert!(matches!(Spoken::of(br#"{"message":"No API key found in request"}"#), Spoken::Gateway));
        for body in ["", "<html>", "null", "[]", "{}", r#"{"error": "text"}"#, "\u{feff}{}"] {
            assert!(matches!(Spoken::of(body.as_bytes()), Spoken::Nobody), "{body}");
        }
        assert!(Spoken::is_error(br#"{"error": "text"}"#) && Spoken::is_error(br#"{"data": {}, "error": {}}"#));
        assert!(!Spoken::is_error(br#"{"data": {}, "error": null}"#) && !Spoken::is_error(b"[]"));
    }
}
