//! JSON without floats: a number stays the text that was sent or is the decimal that was computed.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
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
    /// In the order of writing; what was read is in alphabetical order.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a whole body; `None` when it is not UTF-8 or not JSON. Of a doubled key the last one counts.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        read(std::str::from_utf8(body).ok()?, DEPTH_MAX)
    }

    /// An object in the order given.
    pub(super) fn object<const N: usize>(members: [(&str, Json); N]) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Self::Object(members) => members.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Sets a member of an object, at its old place or at the end.
    pub(super) fn set(&mut self, name: &str, value: Json) {
        let Self::Object(members) = self else { return };
        match members.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => members.push((name.to_owned(), value)),
        }
    }

    /// Takes a member out of an object.
    pub(super) fn drop_member(&mut self, name: &str) {
        if let Self::Object(members) = self {
            members.retain(|(known, _)| known != name);
        }
    }

    pub(super) fn write(&self) -> String {
        let mut out = String::new();
        self.write_to(&mut out);
        out
    }

    fn write_to(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(digits) => out.push_str(digits),
            Self::Text(text) => out.push_str(&quoted(text)),
            Self::List(entries) => {
                out.push('[');
                for (place, entry) in entries.iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    entry.write_to(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (place, (name, value)) in members.iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    out.push_str(&quoted(name));
                    out.push(':');
                    value.write_to(out);
                }
                out.push('}');
            }
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Json {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<u64> for Json {
    fn from(number: u64) -> Self {
        Self::Number(number.to_string())
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::Number(number.to_string())
    }
}

/// Whole amounts without a point, others without trailing noughts, as in every published example.
impl From<Decimal> for Json {
    fn from(amount: Decimal) -> Self {
        Self::Number(amount.normalize().to_string())
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
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
        let read = Json::parse(br#" {"a": 52.690, "b": [1e2, "3\n"], "c": null, "a": 0.1, "d": false} "#).unwrap();
        assert_eq!(read.get("a"), Some(&Json::Number("0.1".into())), "the last of two equal keys counts");
        assert_eq!(read.write(), r#"{"a":0.1,"b":[1e2,"3\n"],"c":null,"d":false}"#);
        let mut made = Json::object([("z", Decimal::new(2000, 2).into()), ("y", Decimal::new(2190, 2).into())]);
        made.set("z", Json::from(u64::MAX));
        made.set("x", "é".into());
        assert_eq!(made.write(), r#"{"z":18446744073709551615,"y":21.9,"x":"é"}"#);
        made.drop_member("y");
        assert_eq!(made.get("y"), None);
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
