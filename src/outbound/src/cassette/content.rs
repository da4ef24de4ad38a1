//! Bodies: how a file writes them, how they look on the wire, and the one form in which two are compared.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::answer::media_type_is_json;
use crate::json::Json;

/// A body, understood as far as it can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Empty,
    Json(Json),
    /// Form pairs as an object; a name that occurs more than once holds an array.
    Form(Json),
    Text(String),
    Raw(Vec<u8>),
}

/// Keys that say what a request body is when it is not plain JSON.
const WRAPPERS: [&str; 4] = ["form", "text", "raw_base64", "json"];

impl Content {
    /// Understands bytes from the wire. What does not read as what it claims to be stays text or bytes.
    pub(super) fn from_wire(content_type: Option<&str>, bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::Empty;
        }
        let media_type = content_type.unwrap_or_default();
        if media_type.trim_start().to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
            return Self::Form(read_form(bytes));
        }
        if (media_type_is_json(media_type) || content_type.is_none())
            && let Ok(json) = Json::parse(bytes)
        {
            return Self::Json(json);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Raw(bytes.to_vec()),
        }
    }

    /// Reads the `body` of a stored request: JSON, or an object with one of the keys of [`WRAPPERS`] alone.
    pub(super) fn from_stored(body: Option<&Json>) -> Result<Self, String> {
        match body {
            None => Ok(Self::Empty),
            Some(json) => match wrapper(json) {
                Some(("form", value)) => Self::form(value),
                Some(("text", Json::Text(text))) => Ok(Self::Text(text.clone())),
                Some(("raw_base64", Json::Text(text))) => Self::raw(text),
                Some(("json", value)) => Ok(Self::Json(value.clone())),
                Some((key, _)) => {
                    Err(format!("`{key}` must be a string; wrap a JSON body with that key as {{\"json\": …}}"))
                }
                None => Ok(Self::Json(json.clone())),
            },
        }
    }

    /// The `body` of a stored request.
    pub(super) fn to_stored(&self) -> Option<Json> {
        let wrap = |key: &str, value: Json| Some(Json::Object(vec![(key.to_owned(), value)]));
        match self {
            Self::Empty => None,
            Self::Json(json) if *json == Json::Null || wrapper(json).is_some() => wrap("json", json.clone()),
            Self::Json(json) => Some(json.clone()),
            Self::Form(json) => wrap("form", json.clone()),
            Self::Text(text) => wrap("text", Json::Text(text.clone())),
            Self::Raw(bytes) => wrap("raw_base64", Json::Text(STANDARD.encode(bytes))),
        }
    }

    /// A form as a file states it: an object of strings, or of arrays of strings.
    pub(super) fn form(value: &Json) -> Result<Self, String> {
        let Json::Object(members) = value else { return Err("a form must be an object of strings".to_owned()) };
        let plain = |value: &Json| matches!(value, Json::Text(_));
        for (key, value) in members {
            let fits = match value {
                Json::Array(items) => items.len() > 1 && items.iter().all(plain),
                other => plain(other),
            };
            if !fits {
                return Err(format!("form field `{key}` must be a string, or an array of two or more"));
            }
        }
        Ok(Self::Form(value.clone()))
    }

    /// Bytes as a file states them.
    pub(super) fn raw(text: &str) -> Result<Self, String> {
        STANDARD.decode(text).map(Self::Raw).map_err(|_| "raw_base64 is not base64".to_owned())
    }

    /// The bytes on the wire. JSON is written compactly with the key order and the digits of the file.
    pub(super) fn to_wire(&self) -> Vec<u8> {
        match self {
            Self::Empty => Vec::new(),
            Self::Json(json) => json.to_bytes(),
            Self::Form(json) => write_form(json).into_bytes(),
            Self::Text(text) => text.clone().into_bytes(),
            Self::Raw(bytes) => bytes.clone(),
        }
    }

    /// The media type that such a body has when none is stated.
    pub(super) fn usual_type(&self) -> Option<&'static str> {
        match self {
            Self::Json(_) => Some("application/json"),
            Self::Form(_) => Some("application/x-www-form-urlencoded"),
            Self::Empty | Self::Text(_) | Self::Raw(_) => None,
        }
    }

    /// What it is, for reports.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Empty => "no body",
            Self::Json(_) => "JSON",
            Self::Form(_) => "a form",
            Self::Text(_) => "text",
            Self::Raw(_) => "bytes that are no text",
        }
    }
}

fn wrapper(json: &Json) -> Option<(&str, &Json)> {
    match json {
        Json::Object(members) => match members.as_slice() {
            [(key, value)] if WRAPPERS.contains(&key.as_str()) => Some((key, value)),
            _ => None,
        },
        _ => None,
    }
}

fn read_form(bytes: &[u8]) -> Json {
    let mut members: Vec<(String, Json)> = Vec::new();
    for (name, value) in url::form_urlencoded::parse(bytes) {
        let value = Json::Text(value.into_owned());
        match members.iter_mut().find(|(known, _)| *known == name) {
            Some((_, Json::Array(items))) => items.push(value),
            Some((_, first)) => *first = Json::Array(vec![first.clone(), value]),
            None => members.push((name.into_owned(), value)),
        }
    }
    Json::Object(members)
}

fn write_form(json: &Json) -> String {
    let mut out = url::form_urlencoded::Serializer::new(String::new());
    let Json::Object(members) = json else { return String::new() };
    for (name, value) in members {
        match value {
            Json::Text(text) => {
                out.append_pair(name, text);
            }
            Json::Array(items) => {
                for item in items {
                    if let Json::Text(text) = item {
                        out.append_pair(name, text);
                    }
                }
            }
            _ => {}
        }
    }
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_looks_like_a_wrapper_is_wrapped() {
        for text in
            [r#"{"text":"a"}"#, r#"{"form":{"a":"b"}}"#, r#"{"json":1}"#, "null", r#"{"a":1,"text":"b"}"#, "[1]"]
        {
            let content = Content::Json(Json::parse(text.as_bytes()).unwrap());
            assert_eq!(Content::from_stored(content.to_stored().as_ref()), Ok(content), "{text}");
        }
        for text in [r#"{"text":1}"#, r#"{"form":{"a":1}}"#, r#"{"form":{"a":["b"]}}"#, r#"{"raw_base64":"?"}"#] {
            assert!(Content::from_stored(Some(&Json::parse(text.as_bytes()).unwrap())).is_err(), "{text}");
        }
    }

    #[test]
    fn forms_come_back_as_they_were() {
        let wire = b"a=1&b=x+y&b=%C3%A9&c=";
        let content = Content::from_wire(Some("application/x-www-form-urlencoded; charset=utf-8"), wire);
        assert_eq!(content.to_wire(), wire);
        assert_eq!(Content::from_stored(content.to_stored().as_ref()), Ok(content));
    }

    #[test]
    fn bytes_keep_what_they_are() {
        assert_eq!(Content::from_wire(Some("text/html"), b"{}"), Content::Text("{}".to_owned()));
        assert_eq!(Content::from_wire(Some("application/json"), b"<html>"), Content::Text("<html>".to_owned()));
        assert_eq!(Content::from_wire(None, b"{}"), Content::Json(Json::Object(Vec::new())));
        assert_eq!(Content::from_wire(None, b"\xff\xfe"), Content::Raw(vec![255, 254]));
        assert_eq!(Content::from_wire(Some("application/json"), b""), Content::Empty);
    }
}
