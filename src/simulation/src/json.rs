//! JSON without floats: a number stays the text that was sent or is the decimal that was computed.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::value::RawValue;

/// Deeper nesting than any documented body has; beyond it a body counts as malformed.
const DEPTH_MAX: usize = 16;

/// A JSON value whose numbers are still text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// Its digits as they were sent.
    Number(String),
    /// A text.
    Text(String),
    /// Entries in order.
    List(Vec<Json>),
    /// In the order of writing; what was read is in alphabetical order.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a whole body; `None` when it is not UTF-8 or not JSON. Of a doubled key the last one counts.
    pub fn parse(body: &[u8]) -> Option<Self> {
        read(std::str::from_utf8(body).ok()?, DEPTH_MAX)
    }

    /// An object in the order given.
    pub fn object<const N: usize>(members: [(&str, Json); N]) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// A member of an object.
    pub fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Self::Object(members) => members.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Adds a member at the end.
    pub fn push(&mut self, name: &str, value: Json) {
        if let Self::Object(members) = self {
            members.push((name.to_owned(), value));
        }
    }

    /// Sets a member of an object, at its old place or at the end.
    pub fn set(&mut self, name: &str, value: Json) {
        let Self::Object(members) = self else { return };
        match members.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => members.push((name.to_owned(), value)),
        }
    }

    /// Takes a member out of an object.
    pub fn drop_member(&mut self, name: &str) {
        if let Self::Object(members) = self {
            members.retain(|(known, _)| known != name);
        }
    }

    /// Sets what a pointer such as `/data/items/0/cost` leads to; a member of an object that is not there is added.
    /// False: there is no such place.
    pub fn set_at(&mut self, pointer: &str, value: Json) -> bool {
        let Some((parent, last)) = self.parent(pointer) else { return false };
        match parent {
            Self::Object(members) => match members.iter_mut().find(|(known, _)| *known == last) {
                Some((_, old)) => *old = value,
                None => members.push((last, value)),
            },
            Self::List(entries) => match last.parse::<usize>().ok().and_then(|place| entries.get_mut(place)) {
                Some(old) => *old = value,
                None => return false,
            },
            _ => return false,
        }
        true
    }

    /// Takes out what a pointer leads to. False: there is no such place.
    pub fn remove_at(&mut self, pointer: &str) -> bool {
        match self.parent(pointer) {
            Some((Self::Object(members), last)) => {
                let before = members.len();
                members.retain(|(known, _)| *known != last);
                members.len() < before
            }
            Some((Self::List(entries), last)) => {
                let place = last.parse::<usize>().ok().filter(|place| *place < entries.len());
                place.map(|place| entries.remove(place)).is_some()
            }
            _ => false,
        }
    }

    /// What holds the last step of a pointer, and that step.
    fn parent(&mut self, pointer: &str) -> Option<(&mut Self, String)> {
        let (path, last) = pointer.strip_prefix('/')?.rsplit_once('/').unwrap_or(("", pointer.strip_prefix('/')?));
        let mut place = self;
        for step in path.split('/').filter(|step| !step.is_empty()) {
            place = match place {
                Self::Object(members) => &mut members.iter_mut().find(|(known, _)| known == step)?.1,
                Self::List(entries) => entries.get_mut(step.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some((place, last.to_owned()))
    }

    /// Every number as a text, and every text of digits alone as a number.
    pub fn with_types_swapped(self) -> Self {
        match self {
            Self::Number(digits) => Self::Text(digits),
            Self::Text(text) if !text.is_empty() && text.len() < 16 && text.bytes().all(|b| b.is_ascii_digit()) => {
                let digits = text.trim_start_matches('0');
                Self::Number(if digits.is_empty() { "0".to_owned() } else { digits.to_owned() })
            }
            Self::List(entries) => Self::List(entries.into_iter().map(Self::with_types_swapped).collect()),
            Self::Object(members) => {
                Self::Object(members.into_iter().map(|(name, value)| (name, value.with_types_swapped())).collect())
            }
            other => other,
        }
    }

    /// Its text.
    pub fn write(&self) -> String {
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

macro_rules! from_whole_numbers {
    ($($kind:ty),*) => {
        $(impl From<$kind> for Json {
            fn from(number: $kind) -> Self {
                Self::Number(number.to_string())
            }
        })*
    };
}

from_whole_numbers!(u32, u64, usize, i64);

/// Whole amounts without a point, others without trailing noughts, as in every printed example.
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

impl FromIterator<Json> for Json {
    fn from_iter<T: IntoIterator<Item = Json>>(entries: T) -> Self {
        Self::List(entries.into_iter().collect())
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
            entries.into_iter().map(|value| read(value.get(), left)).collect::<Option<_>>()?
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
        let made = Json::object([("z", Decimal::new(2000, 2).into()), ("y", Decimal::new(1728, 2).into())]);
        assert_eq!(Json::object([("data", made)]).write(), r#"{"data":{"z":20,"y":17.28}}"#);
    }

    #[test]
    fn pointers_set_and_remove() {
        let mut body = Json::parse(br#"{"data":{"items":[{"cost":1}],"lease":{"status":"signed"}}}"#).unwrap();
        assert!(body.set_at("/data/items/0/cost", Json::from("7")));
        assert!(body.set_at("/data/new", Json::Null));
        assert!(body.remove_at("/data/lease/status") && !body.remove_at("/data/lease/status"));
        assert_eq!(body.write(), r#"{"data":{"items":[{"cost":"7"}],"lease":{},"new":null}}"#);
        assert!(!body.set_at("/data/items/1/cost", Json::Null) && !body.set_at("data", Json::Null));
        assert!(
            body.remove_at("/data/items/0") && !body.remove_at("/data/items/0") && !body.remove_at("/nowhere/at/all")
        );
        assert_eq!(body.write(), r#"{"data":{"items":[],"lease":{},"new":null}}"#);
    }

    #[test]
    fn members_keep_their_places() {
        let mut made = Json::object([("z", 1_u32.into()), ("y", None::<bool>.into())]);
        made.set("z", Json::from(u64::MAX));
        made.set("x", "é".into());
        assert_eq!(made.write(), r#"{"z":18446744073709551615,"y":null,"x":"é"}"#);
        made.drop_member("y");
        assert_eq!(made.get("y"), None);
    }

    #[test]
    fn types_can_be_swapped() {
        let body = Json::parse(br#"{"a":17.28,"b":["0123456",""],"c":"12x","d":true}"#).unwrap();
        assert_eq!(body.with_types_swapped().write(), r#"{"a":"17.28","b":[123456,""],"c":"12x","d":true}"#);
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
