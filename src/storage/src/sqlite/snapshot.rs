//! How the snapshot of an event is kept.

use super::cell::Cells;
use super::fault::Done;
use crate::packed::{self, Model};

const COLUMN: &str = "snapshot";

/// The text as it is stored.
pub(crate) fn write(text: &str, model: Option<&Model>) -> Vec<u8> {
    model.map_or_else(|| packed::pack(text.as_bytes()), |model| model.pack(text.as_bytes()))
}

/// The text of a row, byte for byte as it was. The row has a column `model` where it needs one.
pub(crate) fn read(cells: &Cells<'_>) -> Done<String> {
    let stored: Vec<u8> = cells.get(COLUMN)?;
    let model = if packed::needs_model(&stored) { cells.get::<Option<Vec<u8>>>("model")? } else { None };
    packed::unpack_text_of(&stored, model.as_deref()).map_err(|damaged| cells.bad(COLUMN, damaged.to_string()))
}
