//! Redaction: whatever is not on the adapter's list of kept fields becomes a token.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::content::Content;
use super::headers::Headers;
use super::number::normal_form;
use super::pointer::PointerPattern;
use super::token::{self, TokenKind};
use crate::json::Json;

/// What a recording may keep. Empty keeps nothing but the shape, booleans and nulls.
#[derive(Clone, Copy, Debug, Default)]
pub struct RedactionPolicy {
    /// Body fields and query parameters kept as they are: a name (at any depth; also strings in an array of that
    /// name) or a JSON Pointer with `*` for any one step.
    pub keep_fields: &'static [&'static str],
    /// Header names kept as they are, beside `content-type`, `accept` and `retry-after`. Never `authorization`.
    pub keep_headers: &'static [&'static str],
}

const KEPT_HEADERS: [&str; 3] = ["content-type", "accept", "retry-after"];

/// Left out altogether: credentials, and what changes with every answer and means nothing.
const DROPPED_HEADERS: [&str; 12] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "www-authenticate",
    "date",
    "server",
    "content-length",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "user-agent",
];

/// Makes tokens with a key that lives as long as one recording: nobody can try values against a committed file.
pub(super) struct Redactor {
    key: [u8; 32],
    names: Vec<&'static str>,
    pointers: Vec<PointerPattern>,
    policy: RedactionPolicy,
}

impl Redactor {
    pub(super) fn new(key: [u8; 32], policy: RedactionPolicy) -> Result<Self, String> {
        let (pointers, names): (Vec<_>, Vec<_>) =
            policy.keep_fields.iter().copied().partition(|field| field.starts_with('/'));
        let pointers = pointers.into_iter().map(PointerPattern::parse).collect::<Result<_, _>>()?;
        Ok(Self { key, names, pointers, policy })
    }

    pub(super) fn content(&self, content: Content) -> Content {
        match content {
            Content::Empty => Content::Empty,
            Content::Json(json) => Content::Json(self.json(&json, &mut Vec::new())),
            Content::Form(json) => Content::Form(self.json(&json, &mut Vec::new())),
            Content::Text(text) => Content::Text(self.token(TokenKind::Text, text.as_bytes())),
            Content::Raw(bytes) => Content::Text(self.token(TokenKind::Text, &bytes)),
        }
    }

    /// Headers by name; credentials are gone, the rest is kept or made a token.
    pub(super) fn headers<'h>(&self, headers: impl Iterator<Item = (&'h str, &'h str)>) -> Headers {
        let mut kept = Headers::default();
        for (name, value) in headers {
            let name = name.to_ascii_lowercase();
            if DROPPED_HEADERS.contains(&name.as_str()) {
                continue;
            }
            let on_list = |list: &[&str]| list.iter().any(|known| known.eq_ignore_ascii_case(&name));
            if on_list(&KEPT_HEADERS) || on_list(self.policy.keep_headers) {
                kept.add(&name, value);
            } else {
                kept.add(&name, &self.token(TokenKind::Text, value.as_bytes()));
            }
        }
        kept
    }

    /// A query with the values of parameters that are not kept made tokens.
    pub(super) fn query(&self, query: &str) -> String {
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if self.names.contains(&&*name) {
                out.append_pair(&name, &value);
            } else {
                out.append_pair(&self.key_name(&name), &self.token(TokenKind::Text, value.as_bytes()));
            }
        }
        out.finish()
    }

    fn json(&self, json: &Json, path: &mut Vec<String>) -> Json {
        match json {
            Json::Null | Json::Bool(_) => json.clone(),
            Json::Text(_) | Json::Number(_) if self.keeps(path) => json.clone(),
            Json::Text(text) => Json::Text(self.token(TokenKind::of_text(text), text.as_bytes())),
            Json::Number(digits) => Json::Text(self.token(TokenKind::Number, normal_form(digits).as_bytes())),
            Json::Array(items) => {
                let items = items.iter().enumerate();
                Json::Array(items.map(|(place, item)| self.below(place.to_string(), item, path)).collect())
            }
            Json::Object(members) => {
                let members = members.iter();
                Json::Object(
                    members.map(|(key, value)| (self.key_name(key), self.below(key.clone(), value, path))).collect(),
                )
            }
        }
    }

    fn below(&self, step: String, json: &Json, path: &mut Vec<String>) -> Json {
        path.push(step);
        let redacted = self.json(json, path);
        path.pop();
        redacted
    }

    /// A field is kept by its pointer, by its name, or as an element of an array that is kept by name.
    fn keeps(&self, path: &[String]) -> bool {
        let is_place = |step: &String| step.bytes().all(|b| b.is_ascii_digit());
        let name = path.iter().rev().find(|step| !is_place(step));
        name.is_some_and(|name| self.names.contains(&name.as_str()))
            || self.pointers.iter().any(|pattern| pattern.matches(path))
    }

    /// Keys stay when they look like the name of a field: a map keyed by e-mail address must not give those away.
    fn key_name(&self, key: &str) -> String {
        let mut bytes = key.bytes();
        let starts = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        let goes_on = bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
        if starts && goes_on && key.len() <= 64 { key.to_owned() } else { self.token(TokenKind::Text, key.as_bytes()) }
    }

    fn token(&self, kind: TokenKind, value: &[u8]) -> String {
        let mark = kind.mark();
        let mut digits = String::new();
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) {
            mac.update(mark.encode_utf8(&mut [0; 4]).as_bytes());
            mac.update(value);
            for byte in mac.finalize().into_bytes().iter().take(token::DIGITS / 2) {
                digits.push_str(&format!("{byte:02x}"));
            }
        }
        format!("<{mark}:{digits}>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redact(policy: RedactionPolicy, text: &str) -> Json {
        let redactor = Redactor::new([7; 32], policy).unwrap();
        redactor.json(&Json::parse(text.as_bytes()).unwrap(), &mut Vec::new())
    }

    #[test]
    fn only_listed_fields_stay() {
        let policy = RedactionPolicy { keep_fields: &["subjects", "code", "/reasons/*"], keep_headers: &[] };
        let kept = redact(
            policy,
            r#"{"code":400,"subjects":["email"],"reasons":{"email":"bad"},"email":"a@b.c","n":1.0,"ok":true,"x":null}"#,
        );
        let text = String::from_utf8(kept.to_bytes()).unwrap();
        assert!(
            text.starts_with(r#"{"code":400,"subjects":["email"],"reasons":{"email":"bad"},"email":"<s:"#),
            "{text}"
        );
        assert!(text.ends_with(r#">","ok":true,"x":null}"#) && !text.contains("a@b.c"), "{text}");
        assert!(matches!(kept.get("n"), Some(Json::Text(token)) if token::kind_of(token) == Some(TokenKind::Number)));
    }

    #[test]
    fn equal_values_have_equal_tokens_and_kinds_differ() {
        let json = redact(RedactionPolicy::default(), r#"{"a":"1","b":"1","c":1,"d":1.00,"e":"2"}"#);
        assert_eq!(json.get("a"), json.get("b"));
        assert_eq!(json.get("c"), json.get("d"));
        assert_ne!(json.get("a"), json.get("c"));
        assert_ne!(json.get("a"), json.get("e"));
        let other = Redactor::new([8; 32], RedactionPolicy::default()).unwrap();
        assert_ne!(Some(&Json::Text(other.token(TokenKind::Text, b"1"))), json.get("a"));
    }

    #[test]
    fn credentials_never_stay_even_when_listed() {
        let policy = RedactionPolicy { keep_fields: &[], keep_headers: &["Authorization", "X-Trace"] };
        let redactor = Redactor::new([7; 32], policy).unwrap();
        let headers =
            [("Authorization", "Basic abc"), ("X-TRACE", "t1"), ("x-user", "john"), ("Set-Cookie", "a=b")].into_iter();
        let kept = redactor.headers(headers);
        assert_eq!(kept.get("authorization"), None);
        assert_eq!(kept.get("set-cookie"), None);
        assert_eq!(kept.get("x-trace"), Some("t1"));
        assert!(kept.get("x-user").is_some_and(|value| token::kind_of(value).is_some()));
    }

    #[test]
    fn a_key_that_is_no_field_name_becomes_a_token() {
        let json =
            redact(RedactionPolicy::default(), r#"{"john@example.com":true,"5551234567":true,"plain_key":true}"#);
        let text = String::from_utf8(json.to_bytes()).unwrap();
        assert!(text.contains("plain_key") && !text.contains("john") && !text.contains("555"), "{text}");
    }
}
