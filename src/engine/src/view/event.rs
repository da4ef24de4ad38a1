//! An event as it is sent, which is also how it is read.

use lendport_core::{Event, Mode, event_document};

use crate::error::EngineError;

/// The document as JSON text. A snapshot that cannot be read is a mistake of ours.
pub(crate) fn event_text(event: &Event, mode: Mode) -> Result<String, EngineError> {
    event_document(event, mode).map_err(|error| EngineError::Internal(error.to_string()))
}
