//! The success envelope: `{"data": ...}`, or for some calls the bare thing (1.4). Both are read wherever either is documented.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::field::{Field, Wire};
use crate::money::Count;

/// The members of a JSON object with their values unread, so that no number passes through a float.
type Members = BTreeMap<String, Box<RawValue>>;

/// What is below `data`. None when the body is no object with it.
pub fn data<T: Wire>(body: &[u8]) -> Option<T> {
    let members: Members = serde_json::from_slice(body).ok()?;
    T::read(members.get("data")?.get())
}

/// The body itself.
pub fn bare<T: Wire>(body: &[u8]) -> Option<T> {
    let whole: Box<RawValue> = serde_json::from_slice(body).ok()?;
    T::read(whole.get())
}

/// A list: bare, or below `data`.
pub fn list<T: Wire>(body: &[u8]) -> Option<Vec<T>> {
    bare(body).or_else(|| data(body))
}

/// A page of a list with its own name, such as `data.transactions`. One that is bare, or is `data` itself, counts as the only
/// page.
pub fn page<T: Wire>(body: &[u8], name: &str) -> Option<Page<T>> {
    if let Some(rows) = list(body) {
        return Some(Page { rows, meta: Meta::default() });
    }
    let members: Members = serde_json::from_slice(body).ok()?;
    let inner: Members = serde_json::from_str(members.get("data")?.get()).ok()?;
    let rows = Vec::read(inner.get(name)?.get())?;
    let meta = inner.get("meta").and_then(|meta| Meta::read(meta.get()));
    Some(Page { rows, meta: meta.unwrap_or_default() })
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// What is on it.
    pub rows: Vec<T>,
    /// Which page it is.
    pub meta: Meta,
}

/// Which page of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// Rows on all pages, or on this one: not stated.
    #[serde(default)]
    pub count: Field<Count>,
    /// Pages.
    #[serde(default)]
    pub total_pages: Field<Count>,
    /// This page, from 1.
    #[serde(default)]
    pub page: Field<Count>,
    /// Rows on a page.
    #[serde(default)]
    pub limit: Field<Count>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_bare_and_below_data() {
        for body in ["[1, 2]", r#"{"data": [1, 2]}"#] {
            assert_eq!(list::<Count>(body.as_bytes()), Some(vec![Count(1), Count(2)]), "{body}");
        }
        for body in ["", "null", "{}", r#"{"data": null}"#, r#"{"data": {}}"#, "<html>", r#"{"message": "no"}"#] {
            assert_eq!(list::<Count>(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn pages_say_which_they_are_where_they_do() {
        let body = br#"{"data": {"rows": [1], "meta": {"count": 1, "totalPages": "3", "page": 1}}}"#;
        let read: Page<Count> = page(body, "rows").unwrap();
        assert_eq!((read.rows, read.meta.total_pages.value()), (vec![Count(1)], Some(&Count(3))));
        let bare: Page<Count> = page(b"[1, 2]", "rows").unwrap();
        assert_eq!((bare.rows.len(), bare.meta), (2, Meta::default()));
        assert!(page::<Count>(br#"{"data": {"others": []}}"#, "rows").is_none());
    }
}
