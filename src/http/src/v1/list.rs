//! Lists that fit on one page. They look like every other page, so that one reader does for all.

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
