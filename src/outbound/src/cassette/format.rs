//! The file: its keys, and what must hold before a cassette may be used. Unknown keys are errors.

use serde::{Deserialize, Serialize};

use super::content::Content;
use super::headers::Headers;
use super::origin::Origin;
use super::pointer::PointerPattern;
use crate::json::Json;

/// One scenario.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) scenario: String,
    pub(super) provider: String,
    pub(super) origin: Origin,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) volatile: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) interactions: Vec<StoredInteraction>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) pushes: Vec<StoredAnswerOrPush>,
}

/// One call: what is asked, and what comes back or how it fails.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredInteraction {
    pub(super) request: StoredRequest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) response: Option<StoredAnswerOrPush>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fault: Option<Fault>,
}

/// What must be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredRequest {
    pub(super) method: String,
    pub(super) path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) query: Option<String>,
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    pub(super) headers: Headers,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Json>,
}

/// An answer (with `status`) or a push (without).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredAnswerOrPush {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    pub(super) headers: Headers,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) form: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) raw_base64: Option<String>,
}

/// A failure instead of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fault {
    Reset,
    Timeout,
    Connect,
}

impl StoredAnswerOrPush {
    pub(super) fn new(status: Option<u16>, headers: Headers, content: Content) -> Self {
        let mut stored = Self { status, headers, ..Self::default() };
        match content {
            Content::Empty => {}
            // As a value of `body` it would read as "no body".
            Content::Json(Json::Null) => stored.text = Some("null".to_owned()),
            Content::Json(json) => stored.body = Some(json),
            Content::Form(json) => stored.form = Some(json),
            Content::Text(text) => stored.text = Some(text),
            Content::Raw(_) => stored.raw_base64 = content.to_stored().as_ref().and_then(base64_text),
        }
        stored
    }

    pub(super) fn content(&self) -> Result<Content, String> {
        match (&self.body, &self.form, &self.text, &self.raw_base64) {
            (None, None, None, None) => Ok(Content::Empty),
            (Some(json), None, None, None) => Ok(Content::Json(json.clone())),
            (None, Some(form), None, None) => Content::form(form),
            (None, None, Some(text), None) => Ok(Content::Text(text.clone())),
            (None, None, None, Some(raw)) => Content::raw(raw),
            _ => Err("only one of body, form, text and raw_base64 may be given".to_owned()),
        }
    }

    /// Stated headers, with the usual content type of the body when none is stated.
    pub(super) fn full_headers(&self, content: &Content) -> Vec<(String, String)> {
        let mut headers = self.headers.clone();
        if let Some(usual) = content.usual_type() {
            headers.add("content-type", usual);
        }
        headers.0
    }
}

fn base64_text(stored: &Json) -> Option<String> {
    match stored.get("raw_base64") {
        Some(Json::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

impl File {
    /// Reads and checks.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let file: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        file.check()?;
        Ok(file)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.scenario.trim().is_empty() || self.provider.trim().is_empty() {
            return Err("scenario and provider must not be empty".to_owned());
        }
        self.origin.check()?;
        if self.interactions.is_empty() && self.pushes.is_empty() {
            return Err("neither interactions nor pushes: a cassette must hold something".to_owned());
        }
        for (number, interaction) in self.interactions.iter().enumerate() {
            interaction.check().map_err(|reason| format!("/interactions/{number}: {reason}"))?;
        }
        for (number, push) in self.pushes.iter().enumerate() {
            let checked = match push.status {
                Some(_) => Err("a push has no status".to_owned()),
                None => push.content().map(drop),
            };
            checked.map_err(|reason| format!("/pushes/{number}: {reason}"))?;
        }
        self.check_volatile()
    }

    pub(super) fn volatile(&self) -> Result<Vec<PointerPattern>, String> {
        self.volatile.iter().map(|text| PointerPattern::parse(text)).collect()
    }

    /// A declaration that names nothing hides a typing mistake.
    fn check_volatile(&self) -> Result<(), String> {
        for (text, pattern) in self.volatile.iter().zip(self.volatile()?) {
            let found = self.interactions.iter().any(|interaction| {
                let content = Content::from_stored(interaction.request.body.as_ref());
                matches!(content, Ok(Content::Json(json) | Content::Form(json)) if names(&pattern, &json, &mut Vec::new()))
            });
            if !found {
                return Err(format!("/volatile: `{text}` names nothing in any request"));
            }
        }
        Ok(())
    }
}

fn names(pattern: &PointerPattern, json: &Json, path: &mut Vec<String>) -> bool {
    if pattern.matches(path) {
        return true;
    }
    let mut below = |step: String, value: &Json| {
        path.push(step);
        let found = names(pattern, value, path);
        path.pop();
        found
    };
    match json {
        Json::Array(items) => items.iter().enumerate().any(|(place, item)| below(place.to_string(), item)),
        Json::Object(members) => members.iter().any(|(key, value)| below(key.clone(), value)),
        _ => false,
    }
}

impl StoredInteraction {
    fn check(&self) -> Result<(), String> {
        let request = &self.request;
        if http::Method::from_bytes(request.method.as_bytes()).is_err()
            || request.method != request.method.to_uppercase()
        {
            return Err("method must be an HTTP method in capitals".to_owned());
        }
        if !request.path.starts_with('/') || request.path.contains(['?', '#']) {
            return Err("path must begin with / and hold no query".to_owned());
        }
        if request.headers.get("authorization").is_some() {
            return Err("the authorization header has no place in a cassette".to_owned());
        }
        Content::from_stored(request.body.as_ref())?;
        match (&self.response, self.fault) {
            (Some(_), Some(_)) | (None, None) => Err("exactly one of response and fault".to_owned()),
            (None, Some(_)) => Ok(()),
            (Some(answer), None) => match answer.status {
                Some(200..=599) => answer.content().map(drop),
                _ => Err("response: status must be between 200 and 599".to_owned()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = r#"{"kind":"documented","source":"seed 002, Responses"}"#;

    fn file(origin: &str, rest: &str) -> String {
        format!(r#"{{"scenario":"s","provider":"p","origin":{origin},{rest}}}"#)
    }

    fn calls(interaction: &str) -> String {
        file(ORIGIN, &format!(r#""interactions":[{interaction}]"#))
    }

    #[test]
    fn each_kind_of_provenance_is_read() {
        let push = r#""pushes":[{"body":{"a":1}}]"#;
        for origin in [
            ORIGIN,
            r#"{"kind":"recorded","date":"2026-11-21","against":"sandbox"}"#,
            r#"{"kind":"recorded","date":"2026-11-21","against":"simulator"}"#,
            r#"{"kind":"handwritten","why":"no document shows HTML"}"#,
        ] {
            File::parse(file(origin, push).as_bytes()).unwrap();
        }
        for origin in [
            "null",
            "{}",
            r#"{"kind":"documented"}"#,
            r#"{"kind":"documented","source":" "}"#,
            r#"{"kind":"documented","source":"x","page":1}"#,
            r#"{"kind":"handwritten","why":""}"#,
            r#"{"kind":"recorded","date":"21.11.2026","against":"sandbox"}"#,
            r#"{"kind":"recorded","date":"2026-11-21","against":"live"}"#,
            r#"{"kind":"guessed","why":"x"}"#,
        ] {
            assert!(File::parse(file(origin, push).as_bytes()).is_err(), "{origin}");
        }
        let without = r#"{"scenario":"s","provider":"p","pushes":[{"text":"a"}]}"#;
        assert!(File::parse(without.as_bytes()).unwrap_err().contains("origin"));
    }

    #[test]
    fn what_is_not_clear_is_refused() {
        let ok = r#""request":{"method":"GET","path":"/a"},"response":{"status":200}"#;
        File::parse(calls(&format!("{{{ok}}}")).as_bytes()).unwrap();
        for (interaction, word) in [
            (format!("{{{ok},\"fault\":\"reset\"}}"), "exactly one"),
            (r#"{"request":{"method":"GET","path":"/a"}}"#.to_owned(), "exactly one"),
            (format!("{{{ok},\"note\":1}}"), "unknown field"),
            (ok.to_owned(), "expected"),
            (format!("{{{}}}", ok.replace("GET", "get")), "capitals"),
            (format!("{{{}}}", ok.replace("/a", "a")), "begin with /"),
            (format!("{{{}}}", ok.replace("/a", "/a?b=c")), "no query"),
            (format!("{{{}}}", ok.replace("200", "99")), "status"),
            (format!("{{{}}}", ok.replace("200", "200,\"text\":\"a\",\"body\":1")), "only one"),
            (format!("{{{}}}", ok.replace("200", "200,\"reason\":\"OK\"")), "unknown field"),
            (r#"{"request":{"method":"GET","path":"/a"},"fault":"fire"}"#.to_owned(), "unknown variant"),
            (
                r#"{"request":{"method":"GET","path":"/a","headers":{"Authorization":"x"}},"fault":"reset"}"#
                    .to_owned(),
                "authorization",
            ),
            (
                r#"{"request":{"method":"GET","path":"/a","headers":{"A":"x","a":"y"}},"fault":"reset"}"#.to_owned(),
                "twice",
            ),
        ] {
            let reason = File::parse(calls(&interaction).as_bytes()).unwrap_err();
            assert!(reason.contains(word), "{interaction}: {reason}");
        }
        assert!(File::parse(file(ORIGIN, r#""interactions":[]"#).as_bytes()).is_err());
        assert!(File::parse(file(ORIGIN, r#""pushes":[{"status":200}]"#).as_bytes()).is_err());
    }

    #[test]
    fn a_volatile_pointer_must_name_something() {
        let call = r#"{"request":{"method":"POST","path":"/a","body":{"items":[{"id":1}]}},"fault":"reset"}"#;
        for (pointer, good) in [("/items/*/id", true), ("/items/0/id", true), ("/item", false), ("", false)] {
            let text = file(ORIGIN, &format!(r#""volatile":["{pointer}"],"interactions":[{call}]"#));
            assert_eq!(File::parse(text.as_bytes()).is_ok(), good, "{pointer}");
        }
    }
}
