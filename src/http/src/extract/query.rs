//! Query parameters: each is named by its route; others, and repeats, are refused.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use axum::extract::FromRequestParts;
use http::request::Parts;
use lendport_core::{FieldError, Invalid};

use crate::body::unknown;
use crate::problem::{Code, Problem};

/// The parameters as they came, decoded.
#[derive(Debug)]
pub(crate) struct Query(Vec<(String, String)>);

/// Proof that there were none.
#[derive(Debug)]
pub(crate) struct NoQuery;

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let text = parts.uri.query().unwrap_or_default();
        serde_urlencoded::from_str(text)
            .map(Self)
            .map_err(|_| Problem::new(Code::InvalidQuery, "the query string could not be read"))
    }
}

impl<S: Sync> FromRequestParts<S> for NoQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Query::from_request_parts(parts, state).await?.read(&[], |_, _| Self)
    }
}

impl Query {
    /// Hands the parameters to `read`, which notes what it cannot use, and answers with everything that is wrong.
    pub(crate) fn read<T>(
        self,
        known: &[&str],
        read: impl FnOnce(&BTreeMap<String, String>, &mut Invalid) -> T,
    ) -> Result<T, Problem> {
        self.read_repeating(known, &[], read)
    }

    /// Like [`Self::read`]; those of `repeatable` may be given more than once, which means the same as with commas.
    pub(crate) fn read_repeating<T>(
        self,
        known: &[&str],
        repeatable: &[&str],
        read: impl FnOnce(&BTreeMap<String, String>, &mut Invalid) -> T,
    ) -> Result<T, Problem> {
        let mut invalid = Invalid::none();
        let mut values = BTreeMap::new();
        for (name, value) in self.0 {
            if !known.contains(&name.as_str()) {
                note(&mut invalid, &name, "unknown_parameter", &unknown(&name, known));
                continue;
            }
            match values.entry(name) {
                Entry::Vacant(free) => _ = free.insert(value),
                Entry::Occupied(mut taken) if repeatable.contains(&taken.key().as_str()) => {
                    taken.get_mut().push(',');
                    taken.get_mut().push_str(&value);
                }
                Entry::Occupied(taken) => {
                    note(&mut invalid, taken.key(), "duplicate_parameter", "is given more than once");
                }
            }
        }
        let read = read(&values, &mut invalid);
        invalid.finish().map_err(|invalid| Problem::fields(Code::InvalidQuery, invalid))?;
        Ok(read)
    }
}

/// Notes what is wrong with a parameter; its pointer is `?name`.
pub(crate) fn note(invalid: &mut Invalid, name: &str, code: &str, detail: &str) {
    let shown: String = name.chars().take(80).collect();
    let pointer = format!("?{shown}");
    invalid.0.push(FieldError { pointer, code: code.to_owned(), detail: detail.to_owned() });
}
