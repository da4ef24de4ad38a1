//! How the snapshot of an event is kept.

use super::cell::Cells;
use super::fault::Done;

const COLUMN: &str = "snapshot";

/// The text as it is stored.
pub(crate) fn write(text: &str) -> &[u8] {
    text.as_bytes()
}

/// The text of a row.
pub(crate) fn read(cells: &Cells<'_>) -> Done<String> {
    String::from_utf8(cells.get(COLUMN)?).map_err(|_| cells.bad(COLUMN, "not text"))
}
