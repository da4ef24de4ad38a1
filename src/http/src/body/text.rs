//! Texts with a meaning of their own that no domain constructor checks: return URLs and notes.

use std::collections::BTreeMap;

use lendport_core::{Invalid, Pointer, limits};
use url::Url;

use super::fields::{Fields, wrong_type};
use super::node::{Node, shown};

/// A page of the shop that a browser may be sent to.
pub(crate) fn web_address(fields: &Fields<'_, '_>, name: &str, notes: &mut Invalid) -> Option<String> {
    let text = fields.text(name, notes)?;
    let at = fields.pointer(name);
    if text.chars().count() > limits::URL_MAX_CHARS {
        notes.note(&at, "too_long", format!("must have at most {} characters", limits::URL_MAX_CHARS));
        return None;
    }
    let detail = match Url::parse(&text) {
        _ if text.chars().any(|c| c.is_whitespace() || c.is_control()) => {
            "must not contain blanks or control characters"
        }
        Err(_) => "use a full address such as https://shop.example/thanks",
        Ok(url) if !matches!(url.scheme(), "http" | "https") => "must start with https:// or http://",
        Ok(url) if !url.username().is_empty() || url.password().is_some() => "must not contain a user name or password",
        Ok(_) => return Some(text),
    };
    notes.note(&at, "invalid_url", detail);
    None
}

/// A short text under the limits of a free message; line breaks are allowed.
pub(crate) fn message(fields: &Fields<'_, '_>, name: &str, notes: &mut Invalid) -> Option<String> {
    remark(fields, name, limits::MESSAGE_MAX_CHARS, notes)
}

/// Like [`message`], of so many characters at most.
pub(crate) fn remark(fields: &Fields<'_, '_>, name: &str, max_chars: usize, notes: &mut Invalid) -> Option<String> {
    let text = fields.text(name, notes)?;
    let fits = free_text(&text, &fields.pointer(name), max_chars, notes);
    fits.then_some(text).filter(|text| !text.trim().is_empty())
}

/// The merchant's own notes: strings under strings.
pub(crate) fn metadata(fields: &Fields<'_, '_>, notes: &mut Invalid) -> BTreeMap<String, String> {
    let at = fields.pointer("metadata");
    let entries = fields.map("metadata", notes).unwrap_or_default();
    if entries.len() > limits::METADATA_ENTRIES_MAX {
        notes.note(&at, "too_many", format!("may have at most {} entries", limits::METADATA_ENTRIES_MAX));
        return BTreeMap::new();
    }
    let mut kept = BTreeMap::new();
    for (name, node) in entries {
        let here = at.child(&shown(name));
        let length = name.chars().count();
        if length == 0 || length > limits::METADATA_KEY_MAX_CHARS || name.chars().any(char::is_control) {
            let detail =
                format!("names have 1 to {} characters and no control characters", limits::METADATA_KEY_MAX_CHARS);
            notes.note(&here, "invalid_name", detail);
            continue;
        }
        match node {
            Node::Text(text) => {
                if free_text(text, &here, limits::METADATA_VALUE_MAX_CHARS, notes) {
                    kept.insert(name.clone(), text.clone());
                }
            }
            other => wrong_type(&here, "a string", other, notes),
        }
    }
    kept
}

fn free_text(text: &str, at: &Pointer, max_chars: usize, notes: &mut Invalid) -> bool {
    if text.chars().count() > max_chars {
        notes.note(at, "too_long", format!("must have at most {max_chars} characters"));
        return false;
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        notes.note(at, "control_character", "must not contain control characters other than line breaks and tabs");
        return false;
    }
    true
}
