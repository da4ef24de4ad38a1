//! A JSON document as it was written: order kept, numbers as text, repeated names and bad text noted with pointers.
//!
//! `serde_json::Value` would drop repeated names and turn amounts into binary floating point.

use std::fmt;

use lendport_core::{Invalid, Pointer, limits};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Errors kept of one document. More are never shown, and a hostile body must not fill the memory with them.
pub(crate) const KEPT_ERRORS_MAX: usize = limits::FIELD_ERRORS_MAX * 10;
/// Characters of a caller's field name that a pointer repeats.
const NAME_SHOWN_MAX_CHARS: usize = 80;

/// One value of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node<'b> {
    Null,
    Bool(bool),
    /// The digits as written.
    Number(&'b str),
    Text(String),
    Array(Vec<Node<'b>>),
    /// In the caller's order; of a repeated name the first stays.
    Object(Vec<(String, Node<'b>)>),
    /// Noted as wrong already.
    Unreadable,
}

impl Node<'_> {
    /// What it is, for people.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
            Self::Unreadable => "not readable",
        }
    }

    /// The value as JSON text again, numbers digit for digit.
    pub(crate) fn to_json(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, into: &mut String) {
        match self {
            Self::Null | Self::Unreadable => into.push_str("null"),
            Self::Bool(flag) => into.push_str(if *flag { "true" } else { "false" }),
            Self::Number(digits) => into.push_str(digits),
            Self::Text(text) => quote(text, into),
            Self::Array(items) => {
                into.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        into.push(',');
                    }
                    item.write(into);
                }
                into.push(']');
            }
            Self::Object(entries) => {
                into.push('{');
                for (at, (name, node)) in entries.iter().enumerate() {
                    if at > 0 {
                        into.push(',');
                    }
                    quote(name, into);
                    into.push(':');
                    node.write(into);
                }
                into.push('}');
            }
        }
    }
}

fn quote(text: &str, into: &mut String) {
    into.push_str(&serde_json::Value::from(text).to_string());
}

/// Not JSON at all. `detail` says where, and repeats nothing of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) detail: String,
}

/// Reads a document. What is JSON but not usable is noted, with its pointer.
pub(crate) fn parse<'b>(body: &'b [u8], notes: &mut Invalid) -> Result<Node<'b>, Malformed> {
    let malformed = |detail: String| Malformed { detail };
    let text = std::str::from_utf8(body).map_err(|error| {
        malformed(format!("the body is not valid UTF-8; the first wrong byte is at position {}", error.valid_up_to()))
    })?;
    if text.trim().is_empty() {
        return Err(malformed("the body is empty; send a JSON object".to_owned()));
    }
    if text.starts_with('\u{feff}') {
        return Err(malformed("the body starts with a byte order mark; send JSON without one".to_owned()));
    }
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let what = if error.is_eof() { "ends too early" } else { "is not JSON" };
        malformed(format!("the body {what} at line {line}, column {column}"))
    })?;
    Ok(read(raw, &Path::root(), notes))
}

fn read<'b>(raw: &'b RawValue, path: &Path<'_>, notes: &mut Invalid) -> Node<'b> {
    let text = raw.get();
    match text.bytes().next() {
        Some(b'{' | b'[') if path.depth >= limits::JSON_DEPTH_MAX => {
            let detail = format!("is nested deeper than {} levels", limits::JSON_DEPTH_MAX);
            note(notes, path, "too_deep", &detail);
            Node::Unreadable
        }
        Some(b'{') => match serde_json::from_str::<Entries<'b>>(text) {
            Ok(entries) => object(entries, path, notes),
            Err(_) => {
                note(notes, path, "invalid_text", "a field name is not valid Unicode text");
                Node::Unreadable
            }
        },
        Some(b'[') => match serde_json::from_str::<Vec<&'b RawValue>>(text) {
            Ok(items) => {
                let read_one = |(at, item)| read(item, &path.step(Step::Index(at)), notes);
                Node::Array(items.into_iter().enumerate().map(read_one).collect())
            }
            Err(_) => Node::Unreadable,
        },
        Some(b'"') => match serde_json::from_str::<String>(text) {
            Ok(text) => Node::Text(text),
            Err(_) => {
                note(notes, path, "invalid_text", "is not valid Unicode text; a surrogate stands alone");
                Node::Unreadable
            }
        },
        Some(b'n') => Node::Null,
        Some(b't') => Node::Bool(true),
        Some(b'f') => Node::Bool(false),
        _ => Node::Number(text),
    }
}

fn object<'b>(entries: Entries<'b>, path: &Path<'_>, notes: &mut Invalid) -> Node<'b> {
    let mut seen = std::collections::HashSet::with_capacity(entries.0.len());
    let mut kept = Vec::with_capacity(entries.0.len());
    for (name, raw) in entries.0 {
        if seen.insert(name.clone()) {
            let node = read(raw, &path.step(Step::Name(&name)), notes);
            kept.push((name, node));
        } else {
            note(notes, &path.step(Step::Name(&name)), "duplicate_field", "is given more than once");
        }
    }
    Node::Object(kept)
}

fn note(notes: &mut Invalid, path: &Path<'_>, code: &str, detail: &str) {
    if notes.0.len() < KEPT_ERRORS_MAX {
        notes.note(&path.pointer(), code, detail);
    }
}

/// A field name as a pointer may repeat it: cut when it is longer than any of ours.
pub(crate) fn shown(name: &str) -> String {
    if name.chars().count() <= NAME_SHOWN_MAX_CHARS {
        return name.to_owned();
    }
    name.chars().take(NAME_SHOWN_MAX_CHARS).chain(['…']).collect()
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

/// Where we are. The pointer is only written down when something is wrong.
struct Path<'a> {
    parent: Option<(&'a Path<'a>, Step<'a>)>,
    depth: usize,
}

impl<'a> Path<'a> {
    fn root() -> Self {
        Self { parent: None, depth: 0 }
    }

    fn step(&'a self, step: Step<'a>) -> Self {
        Self { parent: Some((self, step)), depth: self.depth + 1 }
    }

    fn pointer(&self) -> Pointer {
        match self.parent {
            None => Pointer::root(),
            Some((parent, Step::Name(name))) => parent.pointer().child(&shown(name)),
            Some((parent, Step::Index(at))) => parent.pointer().index(at),
        }
    }
}

struct Entries<'b>(Vec<(String, &'b RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;
        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(EntriesVisitor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn codes(body: &str) -> Vec<(String, String)> {
        let mut notes = Invalid::none();
        parse(body.as_bytes(), &mut notes).unwrap();
        notes.0.into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    #[test]
    fn numbers_keep_their_digits_and_order_is_kept() {
        let mut notes = Invalid::none();
        let node = parse(br#" {"b":1.10,"a":1e400} "#, &mut notes).unwrap();
        let expected = vec![("b".to_owned(), Node::Number("1.10")), ("a".to_owned(), Node::Number("1e400"))];
        assert_eq!(node, Node::Object(expected));
        assert_eq!(notes, Invalid::none());
    }

    #[test]
    fn what_is_json_but_unusable_is_noted_where_it_is() {
        assert_eq!(codes(r#"{"a":{"x":1,"x":2}}"#), [("/a/x".to_owned(), "duplicate_field".to_owned())]);
        assert_eq!(codes(r#"{"a":["\ud800"]}"#), [("/a/0".to_owned(), "invalid_text".to_owned())]);
        assert_eq!(codes(r#"{"a":{"\udfff":1}}"#), [("/a".to_owned(), "invalid_text".to_owned())]);
        let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
        assert_eq!(codes(&deep), [("/0".repeat(16), "too_deep".to_owned())]);
    }

    #[test]
    fn what_is_not_json_says_where() {
        let cases: [(&[u8], &str); 8] = [
            (b"", "empty"),
            (b"  \n", "empty"),
            (b"{\"a\":NaN}", "line 1, column"),
            (b"{\"a\":1", "too early"),
            (b"{} {}", "line 1, column 4"),
            (b"{\"a\":\"\xff\"}", "UTF-8"),
            (b"\xef\xbb\xbf{}", "byte order mark"),
            (b"{\"a\":01}", "line 1"),
        ];
        for (body, part) in cases {
            let malformed = parse(body, &mut Invalid::none()).unwrap_err();
            assert!(malformed.detail.contains(part), "{body:?}: {}", malformed.detail);
        }
    }

    #[test]
    fn text_comes_back_as_it_was() {
        let body = r#"{"a":[1.10,true,null,{"b":"\"é\n"}]}"#;
        assert_eq!(parse(body.as_bytes(), &mut Invalid::none()).unwrap().to_json(), body);
    }

    #[test]
    fn a_flood_of_errors_is_cut() {
        let body = format!("{{{}\"a\":1}}", "\"a\":1,".repeat(20_000));
        assert_eq!(codes(&body).len(), KEPT_ERRORS_MAX);
        let long = format!(r#"{{"{0}":1,"{0}":2}}"#, "x".repeat(100_000));
        assert!(codes(&long)[0].0.len() < 100);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn arbitrary_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&body, &mut Invalid::none());
        }

        #[test]
        fn arbitrary_json_like_text_never_panics(body in r#"[\[\]{}:,"\\ud8a01eE+.\- tfn]{0,80}"#) {
            let _ = parse(body.as_bytes(), &mut Invalid::none());
        }
    }
}
