//! The last guard before a recording is written: does a secret occur anywhere in it, in any of its usual spellings?

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use lendport_core::Secret;
use percent_encoding::percent_decode_str;

use super::pointer;
use crate::json::Json;

/// Spellings inside spellings that are undone, such as JSON text in a percent-encoded parameter.
const LAYERS: usize = 3;

/// The place, from 1, of the first secret that occurs, and a JSON Pointer to where.
pub(super) fn find(file: &Json, rendered: &str, secrets: &[Secret<String>]) -> Option<(usize, String)> {
    for (place, secret) in secrets.iter().enumerate().filter(|(_, secret)| !secret.expose().is_empty()) {
        let needles = spellings(secret.expose());
        let hit = inside(file, &needles, &mut Vec::new());
        let hit = hit.or_else(|| occurs(rendered, &needles).then(String::new));
        if let Some(at) = hit {
            return Some((place + 1, at));
        }
    }
    None
}

fn inside(json: &Json, needles: &[String], path: &mut Vec<String>) -> Option<String> {
    match json {
        Json::Null | Json::Bool(_) => None,
        Json::Text(text) | Json::Number(text) => occurs(text, needles).then(|| pointer::show(path)),
        Json::Array(items) => {
            items.iter().enumerate().find_map(|(place, item)| below(place.to_string(), item, needles, path))
        }
        Json::Object(members) => members.iter().find_map(|(key, value)| {
            if occurs(key, needles) {
                return Some(pointer::show(path));
            }
            below(key.clone(), value, needles, path)
        }),
    }
}

fn below(step: String, json: &Json, needles: &[String], path: &mut Vec<String>) -> Option<String> {
    path.push(step);
    let found = inside(json, needles, path);
    path.pop();
    found
}

/// The secret itself, and the part of its base64 that is the same whatever stands before and after it, such as the
/// user name and the colon of Basic authentication.
fn spellings(secret: &str) -> Vec<String> {
    let mut needles = vec![secret.to_owned()];
    for before in 0..3_usize {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(secret.as_bytes());
        let whole_chars = bytes.len() * 8 / 6;
        let first = (before * 8).div_ceil(6);
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let text: String = engine.encode(&bytes).chars().take(whole_chars).skip(first).collect();
            // Shorter pieces occur in any text.
            if text.len() >= 4 && !needles.contains(&text) {
                needles.push(text);
            }
        }
    }
    needles
}

fn occurs(text: &str, needles: &[String]) -> bool {
    let mut views = vec![text.to_owned()];
    let mut fresh = views.clone();
    for _ in 0..LAYERS {
        let mut next = Vec::new();
        for view in &fresh {
            for undone in [percent_decoded(view), percent_decoded(&view.replace('+', " ")), json_unescaped(view)] {
                if !views.contains(&undone) {
                    views.push(undone.clone());
                    next.push(undone);
                }
            }
        }
        fresh = next;
    }
    views.iter().any(|view| needles.iter().any(|needle| view.contains(needle.as_str())))
}

fn percent_decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Undoes the escapes of JSON strings wherever they stand; what is no escape stays.
fn json_unescaped(text: &str) -> String {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
            continue;
        }
        let unit = match rest.next() {
            Some('n') => 0x0a,
            Some('t') => 0x09,
            Some('r') => 0x0d,
            Some('b') => 0x08,
            Some('f') => 0x0c,
            Some('u') => {
                let digits: String = rest.as_str().chars().take(4).collect();
                match u16::from_str_radix(&digits, 16) {
                    Ok(unit) if digits.len() == 4 => {
                        rest = rest.as_str().get(4..).unwrap_or_default().chars();
                        unit
                    }
                    _ => u16::from(b'u'),
                }
            }
            Some(other) => {
                units.extend_from_slice(other.encode_utf16(&mut [0; 2]));
                continue;
            }
            None => u16::from(b'\\'),
        };
        units.push(unit);
    }
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    use super::*;

    fn leaks(value: &str, secret: &str) -> bool {
        let file = Json::Object(vec![("a".to_owned(), Json::Array(vec![Json::Text(value.to_owned())]))]);
        let rendered = String::from_utf8(file.to_bytes()).unwrap();
        let found = find(&file, &rendered, &[Secret::from("another-secret-that-is-not-there"), Secret::from(secret)]);
        if let Some((number, at)) = &found {
            assert_eq!((*number, at.as_str()), (2, "/a/0"));
        }
        found.is_some()
    }

    #[test]
    fn every_spelling_is_found() {
        for secret in ["moa24phoPh`", "pä\"ss/\\wörd+%&", "s3cret with blank", "日本語パス"] {
            let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
            let json = serde_json::to_string(secret).unwrap();
            let ascii: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            let form = url::form_urlencoded::Serializer::new(String::new()).append_pair("k", secret).finish();
            for spelling in [
                secret.to_owned(),
                format!("before {secret} after"),
                STANDARD.encode(secret),
                URL_SAFE.encode(secret),
                STANDARD.encode(format!("u:{secret}")),
                STANDARD.encode(format!("us:{secret}")),
                STANDARD.encode(format!("use:{secret}")),
                STANDARD.encode(format!("{{\"k\":\"{secret}\"}}")),
                percent.clone(),
                percent.replace("%2F", "%2f").replace("%5C", "%5c"),
                form.clone(),
                json.clone(),
                serde_json::to_string(&json).unwrap(),
                ascii,
                utf8_percent_encode(&json, NON_ALPHANUMERIC).to_string(),
                utf8_percent_encode(&STANDARD.encode(format!("u:{secret}")), NON_ALPHANUMERIC).to_string(),
            ] {
                assert!(leaks(&spelling, secret), "{spelling}");
            }
        }
    }

    #[test]
    fn other_text_is_not_taken_for_a_secret() {
        for text in ["", "moa24phoP", "a longer text without it", "<s:0123456789abcdef>", "%", "\\", "\\u12", "\\ud800"]
        {
            assert!(!leaks(text, "moa24phoPh`"), "{text}");
        }
        assert!(!leaks("anything", ""));
    }

    proptest! {
        #[test]
        fn a_basic_pair_is_always_found(user in "[a-z_]{0,9}", secret in "[!-~]{5,24}") {
            let basic = STANDARD.encode(format!("{user}:{secret}"));
            prop_assert!(leaks(&basic, &secret));
        }

        #[test]
        fn never_panics(text in any::<String>(), secret in any::<String>()) {
            // A secret of one character may stand in the file's own punctuation: where it is found is not the question.
            let file = Json::Array(vec![Json::Text(text)]);
            let rendered = String::from_utf8(file.to_bytes()).unwrap();
            let _ = find(&file, &rendered, &[Secret::new(secret)]);
        }
    }
}
