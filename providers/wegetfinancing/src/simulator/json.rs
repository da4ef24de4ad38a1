//! JSON read without floats: a number stays the text that was sent, so that sums are exact.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// Deeper nesting than any documented body has; beyond it a body counts as malformed.
const DEPTH_MAX: usize = 16;

/// A JSON value whose numbers are still text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// Reads a whole body; `None` when it is not UTF-8 or not JSON. Of a doubled key the last one counts.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        read(std::str::from_utf8(body).ok()?, DEPTH_MAX)
    }

    pub(super) fn object(&self) -> Option<&BTreeMap<String, Json>> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    pub(super) fn list(&self) -> Option<&[Json]> {
        match self {
            Self::List(entries) => Some(entries),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The digits of a number or of a numeric string; both are accepted as decimals (wegetfinancing.md 4.4).
    pub(super) fn digits(&self) -> Option<&str> {
        match self {
            Self::Number(text) | Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

fn read(text: &str, depth: usize) -> Option<Json> {
    let raw = serde_json::from_str::<&RawValue>(text).ok()?.get();
    let depth_left = || depth.checked_sub(1);
    Some(match raw.bytes().next()? {
        b'{' => {
            let left = depth_left()?;
            let members = serde_json::from_str::<BTreeMap<String, &RawValue>>(raw).ok()?;
            let members = members.into_iter().map(|(name, value)| Some((name, read(value.get(), left)?)));
            Json::Object(members.collect::<Option<_>>()?)
        }
        b'[' => {
            let left = depth_left()?;
            let entries = serde_json::from_str::<Vec<&RawValue>>(raw).ok()?;
            Json::List(entries.into_iter().map(|value| read(value.get(), left)).collect::<Option<_>>()?)
        }
        b'"' => Json::Text(serde_json::from_str(raw).ok()?),
        b't' | b'f' => Json::Bool(serde_json::from_str(raw).ok()?),
        b'n' => Json::Null,
        _ => Json::Number(raw.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        let read = Json::parse(br#" {"a": 52.690, "b": [1e2, "3"], "c": null, "a": 0.1} "#).unwrap();
        let members = read.object().unwrap();
        assert_eq!(members["a"], Json::Number("0.1".into()), "the last of two equal keys counts");
        assert_eq!(members["b"].list().unwrap()[0].digits(), Some("1e2"));
        assert_eq!(members["b"].list().unwrap()[1].digits(), Some("3"));
        assert_eq!(members["c"], Json::Null);
    }

    #[test]
    fn what_is_not_json_is_none() {
        for wrong in [&b"{"[..], b"", b"{} {}", b"NaN", b"\xff", b"{\"a\":01}", b"{\"a\":'b'}"] {
            assert_eq!(Json::parse(wrong), None, "{wrong:?}");
        }
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(Json::parse(deep.as_bytes()), None);
    }
}
