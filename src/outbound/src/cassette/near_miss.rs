//! The report on a request that no interaction answers: the nearest one, and each difference by its place.
//!
//! What the file expects is shown as it stands there. What came is described and never shown: it may be somebody's.

use std::fmt::Write as _;

use crate::json::Json;

/// Differences listed in one report; the rest is counted.
const LIST_MAX: usize = 20;

/// One place where a request is not what the file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) at: String,
    pub(super) expected: String,
    pub(super) got: String,
}

/// An interaction and how far a request is from it.
pub(super) struct Candidate {
    /// From 1, as in the file.
    pub(super) number: usize,
    pub(super) used: bool,
    pub(super) title: String,
    pub(super) differences: Vec<Difference>,
}

impl Candidate {
    /// A wrong method or path says more than a wrong field.
    fn distance(&self) -> usize {
        let weight = |difference: &Difference| match difference.at.as_str() {
            "method" | "path" => 100,
            _ => 1,
        };
        self.differences.iter().map(weight).sum()
    }
}

/// The report. Candidates come in the order of the file.
pub(super) fn report(scenario: &str, asked: &str, candidates: &[Candidate]) -> String {
    let mut out = format!("no interaction of `{scenario}` answers {asked}");
    let total = candidates.len();
    let exact = candidates.iter().find(|candidate| candidate.differences.is_empty());
    if let Some(Candidate { number, used, .. }) = exact {
        let why = if *used {
            format!("it repeats interaction {number} of {total}, which is used already")
        } else {
            format!("it fits interaction {number} of {total}, but an earlier one was not asked for yet")
        };
        let _ = write!(out, "\n  {why}");
    }
    let unused = candidates.iter().filter(|candidate| !candidate.used);
    let Some(nearest) = unused.min_by_key(|candidate| candidate.distance()) else {
        let _ = write!(out, "\n  all {total} interactions are used");
        return out;
    };
    if exact.is_some_and(|exact| exact.number == nearest.number) {
        return out;
    }
    let count = nearest.differences.len();
    let _ = write!(out, "\n  nearest unused: {} ({}), differences: {count}", nearest.number, nearest.title);
    for Difference { at, expected, got } in nearest.differences.iter().take(LIST_MAX) {
        let _ = write!(out, "\n    {at}: expected {expected}, got {got}");
    }
    if count > LIST_MAX {
        let _ = write!(out, "\n    and {} more", count - LIST_MAX);
    }
    out
}

/// Describes a value without showing it, with a hint on how it misses the expected one.
pub(super) fn shape(got: &Json, expected: Option<&Json>) -> String {
    match (got, expected) {
        (Json::Text(text), Some(Json::Text(wanted))) => {
            format!("a string of {} characters{}", text.chars().count(), hint(wanted, text))
        }
        (Json::Text(text), Some(Json::Number(wanted))) if text == wanted => "the same digits as a string".to_owned(),
        (Json::Number(digits), Some(Json::Text(wanted))) if digits == wanted => {
            "the same digits as a number".to_owned()
        }
        (Json::Text(text), _) => format!("a string of {} characters", text.chars().count()),
        (Json::Number(_), Some(Json::Number(_))) => "another number".to_owned(),
        (Json::Bool(value), _) => value.to_string(),
        (Json::Array(items), _) => format!("an array of {}", items.len()),
        (other, _) => other.kind().to_owned(),
    }
}

fn hint(wanted: &str, got: &str) -> String {
    if wanted.to_lowercase() == got.to_lowercase() {
        return ", the same but for capitals".to_owned();
    }
    if wanted.trim() == got.trim() {
        return ", the same but for blanks at the ends".to_owned();
    }
    let same = wanted.chars().zip(got.chars()).take_while(|(left, right)| left == right).count();
    format!(", different from character {}", same + 1)
}
