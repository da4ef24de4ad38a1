//! Lists of a profile: each entry is read, and what is wrong with it is noted where it stands.

use std::collections::{BTreeSet, HashSet};
use std::hash::Hash;

use super::check::Known;
use crate::customer::plain_text;
use crate::id::ProviderId;
use crate::invalid::{Invalid, Pointer};
use crate::limits::{ROUTE_PROVIDERS_MAX, ROUTING_VALUES_MAX};

/// Reads a list of values of one kind; a value that stands there twice is noted.
pub(super) fn list<T: Clone + Eq + Hash>(
    texts: &[String],
    at: &Pointer,
    notes: &mut Invalid,
    code: &str,
    detail: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Vec<T> {
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    if !fits(texts.len(), ROUTING_VALUES_MAX, at, notes) {
        return found;
    }
    for (position, text) in texts.iter().enumerate() {
        match parse(text) {
            None => notes.note(&at.index(position), code, detail),
            Some(value) if !seen.insert(value.clone()) => notes.note(&at.index(position), "repeated", "is named twice"),
            Some(value) => found.push(value),
        }
    }
    found
}

/// Reads a list of words of the merchant's own.
pub(super) fn words(texts: &[String], max_chars: usize, at: &Pointer, notes: &mut Invalid) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if !fits(texts.len(), ROUTING_VALUES_MAX, at, notes) {
        return found;
    }
    for (position, text) in texts.iter().enumerate() {
        if let Some(word) = notes.keep(plain_text(text, &at.index(position), max_chars))
            && !found.insert(word)
        {
            notes.note(&at.index(position), "repeated", "is named twice");
        }
    }
    found
}

/// Reads an order of financers.
pub(super) fn providers(names: &[String], known: Option<&Known>, at: &Pointer, notes: &mut Invalid) -> Vec<ProviderId> {
    let mut found: Vec<ProviderId> = Vec::new();
    if !fits(names.len(), ROUTE_PROVIDERS_MAX, at, notes) {
        return found;
    }
    for (position, name) in names.iter().enumerate() {
        let id = ProviderId::parse(name).filter(|id| known.is_none_or(|known| known.switched_on.contains(id)));
        match id {
            None => {
                let all: Vec<&str> =
                    known.into_iter().flat_map(|known| &known.switched_on).map(ProviderId::as_str).collect();
                let detail = format!("is no financer that is switched on here; known are {}", all.join(", "));
                notes.note(&at.index(position), "unknown_provider", detail);
            }
            Some(id) if found.contains(&id) => notes.note(&at.index(position), "repeated", "is named twice"),
            Some(id) => found.push(id),
        }
    }
    found
}

/// Notes more entries than may be there.
pub(super) fn fits(count: usize, max: usize, at: &Pointer, notes: &mut Invalid) -> bool {
    if count > max {
        notes.note(at, "too_many", format!("may have at most {max} entries"));
    }
    count <= max
}
