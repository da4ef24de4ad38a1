//! Query parameters that many lists have, each read the same way everywhere.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::Timestamp;
use lendport_core::{Invalid, limits};
use lendport_storage::PageAsk;

use super::note;

/// The parameters of a request, and what is wrong with them so far.
pub(crate) struct Parameters<'q> {
    values: &'q BTreeMap<String, String>,
    invalid: &'q mut Invalid,
}

impl<'q> Parameters<'q> {
    pub(crate) fn new(values: &'q BTreeMap<String, String>, invalid: &'q mut Invalid) -> Self {
        Self { values, invalid }
    }

    /// A parameter that `parse` understands; `detail` says what it should be.
    pub(crate) fn parsed<T>(&mut self, name: &str, detail: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let parsed = parse(self.values.get(name)?);
        if parsed.is_none() {
            note(self.invalid, name, "invalid_value", detail);
        }
        parsed
    }

    /// One of a few words.
    pub(crate) fn word<T>(&mut self, name: &str, words: &[&str], parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.parsed(name, &format!("use one of {}", words.join(", ")), parse)
    }

    /// Words with commas between; none when the parameter is absent.
    pub(crate) fn words<T>(&mut self, name: &str, words: &[&str], parse: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let read = |text: &str| text.split(',').map(|word| parse(word.trim())).collect::<Option<Vec<_>>>();
        self.parsed(name, &format!("use any of {}, with commas between", words.join(", ")), read).unwrap_or_default()
    }

    /// An id.
    pub(crate) fn id<I: FromStr>(&mut self, name: &str, detail: &str) -> Option<I> {
        self.parsed(name, detail, |text| text.parse().ok())
    }

    /// A moment.
    pub(crate) fn moment(&mut self, name: &str) -> Option<Timestamp> {
        self.parsed(name, "must be a moment such as 2026-11-21T09:30:00Z", |text| text.parse().ok())
    }

    /// `limit` and `after`.
    pub(crate) fn page<I: FromStr>(&mut self) -> PageAsk<I> {
        let rows = |text: &str| text.parse().ok().filter(|rows| (1..=limits::PAGE_MAX).contains(rows));
        let limit = self.parsed("limit", &format!("must be a whole number from 1 to {}", limits::PAGE_MAX), rows);
        let after = self.id("after", "must be the next_cursor of an earlier page");
        PageAsk { limit: limit.unwrap_or(limits::PAGE_DEFAULT), after }
    }
}
