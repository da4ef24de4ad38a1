//! How the snapshot of an event is kept.

use super::cell::Cells;
use super::fault::Done;
use crate::packed;

const COLUMN: &str = "snapshot";

/// The text as it is stored.
pub(crate) fn write(text: &str) -> Vec<u8> {
    packed::pack(text.as_bytes())
}

/// The text of a row, byte for byte as it was.
pub(crate) fn read(cells: &Cells<'_>) -> Done<String> {
    packed::unpack_text(&cells.get::<Vec<u8>>(COLUMN)?).map_err(|damaged| cells.bad(COLUMN, damaged.to_string()))
}
