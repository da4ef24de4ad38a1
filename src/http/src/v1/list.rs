//! Lists: long ones page by page, short ones as their only page. All look alike, so that one reader does for all.

use lendport_storage::Page;
use serde::Serialize;
use utoipa::ToSchema;

/// All rows of a list that is never long, as its only page.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T: ToSchema> {
    /// The rows.
    data: Vec<T>,
    /// Always false: this is all.
    has_more: bool,
    /// Always null.
    next_cursor: Option<String>,
}

impl<T: ToSchema> List<T> {
    /// The page with all rows.
    pub(crate) fn all(data: Vec<T>) -> Self {
        Self { data, has_more: false, next_cursor: None }
    }
}

/// A page of a list, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Paged<T> {
    /// The rows.
    data: Vec<T>,
    /// True when older ones follow.
    has_more: bool,
    /// What to give as `after` for the next page; null on the last.
    next_cursor: Option<String>,
}

impl<T> Paged<T> {
    /// The page; `cursor` names a row for the next one.
    pub(crate) fn of(page: Page<T>, cursor: impl Fn(&T) -> String) -> Self {
        let next_cursor = page.rows.last().filter(|_| page.has_more).map(cursor);
        Self { data: page.rows, has_more: page.has_more, next_cursor }
    }
}
