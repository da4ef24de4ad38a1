//! Does a request fit a stored one? Every difference is noted by its place.

use std::collections::HashSet;

use super::content::Content;
use super::format::StoredRequest;
use super::near_miss::{Difference, shape};
use super::number::same_number;
use super::pointer::{self, PointerPattern};
use super::token::{self, Bindings};
use crate::header_text::HeaderValueText;
use crate::json::Json;
use crate::request::Request;

/// A request as it is compared.
pub(super) struct Actual {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, HeaderValueText)>,
    pub(super) content: Content,
}

impl Actual {
    pub(super) fn of(request: &Request) -> Self {
        let mut headers: Vec<_> =
            request.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
        let media_type = request.body.content_type();
        headers.extend(media_type.map(|text| ("content-type".to_owned(), HeaderValueText::open(text))));
        Self {
            method: request.method.to_string(),
            path: request.url.path().to_owned(),
            query: pairs(request.url.query().unwrap_or_default()),
            headers,
            content: Content::from_wire(media_type, request.body.bytes()),
        }
    }
}

/// Decoded pairs, sorted: the order of parameters does not count.
fn pairs(query: &str) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    pairs.sort();
    pairs
}

/// All differences, and what tokens stand for when there are none.
pub(super) fn compare(
    stored: &StoredRequest,
    actual: &Actual,
    volatile: &[PointerPattern],
    known: &Bindings,
) -> (Vec<Difference>, Bindings) {
    let mut compare =
        Comparison { volatile, bindings: known.clone(), differences: Vec::new(), path: Vec::new(), part: "body" };
    if stored.method != actual.method {
        compare.note("method".to_owned(), &stored.method, &actual.method);
    }
    if stored.path != actual.path {
        compare.note("path".to_owned(), &stored.path, &actual.path);
    }
    compare.query(&pairs(stored.query.as_deref().unwrap_or_default()), &actual.query);
    compare.headers(stored, actual);
    match (Content::from_stored(stored.body.as_ref()), &actual.content) {
        (Ok(Content::Json(want)), Content::Json(got)) | (Ok(Content::Form(want)), Content::Form(got)) => {
            compare.json(&want, got);
        }
        (Ok(Content::Text(want)), Content::Text(got)) => compare.json(&Json::Text(want), &Json::Text(got.clone())),
        (Ok(want), got) if want == *got => {}
        (Ok(want), got) => compare.note("body".to_owned(), want.kind(), got.kind()),
        (Err(reason), _) => compare.note("body".to_owned(), &reason, actual.content.kind()),
    }
    (compare.differences, compare.bindings)
}

struct Comparison<'a> {
    volatile: &'a [PointerPattern],
    bindings: Bindings,
    differences: Vec<Difference>,
    path: Vec<String>,
    part: &'static str,
}

impl Comparison<'_> {
    fn note(&mut self, at: String, expected: &str, got: &str) {
        self.differences.push(Difference { at, expected: expected.to_owned(), got: got.to_owned() });
    }

    fn here(&self) -> String {
        format!("{} {}", self.part, pointer::show(&self.path)).trim_end().to_owned()
    }

    fn query(&mut self, want: &[(String, String)], got: &[(String, String)]) {
        let mut left: Vec<_> = got.iter().collect();
        let mut missing = Vec::new();
        for (name, value) in want {
            let wanted = Json::Text(value.clone());
            let fits =
                left.iter().position(|(other, text)| other == name && self.accepts(&wanted, &Json::Text(text.clone())));
            match fits {
                Some(place) => drop(left.remove(place)),
                None => missing.push((name, value)),
            }
        }
        for (name, value) in missing {
            let got = match left.iter().position(|(other, _)| other == name) {
                Some(place) => shape(&Json::Text(left.remove(place).1.clone()), None),
                None => "nothing".to_owned(),
            };
            self.note(format!("query {name}"), value, &got);
        }
        for (name, value) in left {
            self.note(format!("query {name}"), "nothing", &shape(&Json::Text(value.clone()), None));
        }
    }

    /// Only stated headers count.
    fn headers(&mut self, stored: &StoredRequest, actual: &Actual) {
        self.part = "header";
        for (name, want) in &stored.headers.0 {
            self.path = vec![name.clone()];
            match actual.headers.iter().find(|(known, _)| known == name) {
                Some((_, got)) => self.scalar(&Json::Text(want.clone()), &Json::Text(got.expose().to_owned())),
                None => self.note(self.here(), want, "nothing"),
            }
        }
        self.part = "body";
        self.path.clear();
    }

    fn json(&mut self, want: &Json, got: &Json) {
        if self.volatile.iter().any(|pattern| pattern.matches(&self.path)) {
            if want.kind() != got.kind() {
                self.note(self.here(), &format!("{} of any value", want.kind()), got.kind());
            }
            return;
        }
        match (want, got) {
            (Json::Object(want), Json::Object(got)) => self.members(want, got),
            (Json::Array(want), Json::Array(got)) => {
                if want.len() != got.len() {
                    let count = |items: &[Json]| format!("an array of {}", items.len());
                    self.note(self.here(), &count(want), &count(got));
                }
                for (place, (want, got)) in want.iter().zip(got).enumerate() {
                    self.below(place.to_string(), want, got);
                }
            }
            _ => self.scalar(want, got),
        }
    }

    fn members(&mut self, want: &[(String, Json)], got: &[(String, Json)]) {
        for (key, value) in want {
            match got.iter().find(|(other, _)| other == key) {
                Some((_, other)) => self.below(key.clone(), value, other),
                None => {
                    self.path.push(key.clone());
                    self.note(self.here(), &written(value), "nothing");
                    self.path.pop();
                }
            }
        }
        let known: HashSet<&str> = want.iter().map(|(key, _)| key.as_str()).collect();
        for (key, value) in got.iter().filter(|(key, _)| !known.contains(key.as_str())) {
            self.path.push(key.clone());
            self.note(self.here(), "nothing", &shape(value, None));
            self.path.pop();
        }
    }

    fn below(&mut self, step: String, want: &Json, got: &Json) {
        self.path.push(step);
        self.json(want, got);
        self.path.pop();
    }

    fn scalar(&mut self, want: &Json, got: &Json) {
        if !self.accepts(want, got) {
            self.note(self.here(), &written(want), &shape(got, Some(want)));
        }
    }

    fn accepts(&mut self, want: &Json, got: &Json) -> bool {
        match (want, got) {
            (Json::Number(want), Json::Number(got)) => same_number(want, got),
            (Json::Text(text), _) => match token::kind_of(text) {
                Some(kind) => self.bindings.accept(text, kind, got),
                None => want == got,
            },
            _ => want == got,
        }
    }
}

/// An expected value as the file has it; long ones are cut.
fn written(json: &Json) -> String {
    let text = String::from_utf8_lossy(&json.to_bytes()).into_owned();
    if text.chars().count() <= 120 { text } else { format!("{}…", text.chars().take(120).collect::<String>()) }
}
