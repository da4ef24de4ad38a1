//! A provider's push as a sample for notification parsers, with the provenance of its cassette.

use std::fmt;

use super::format::StoredAnswerOrPush;

/// One push as it reaches a callback URL. `Debug` shows no body.
#[derive(Clone, PartialEq, Eq)]
pub struct PushSample {
    /// Headers with lower-case names.
    pub headers: Vec<(String, String)>,
    /// The `content-type` header; the usual one of the body when the file states none.
    pub content_type: Option<String>,
    /// The raw bytes. JSON is compact with the file's key order and digits; `text` in the file is byte-exact.
    pub body: Vec<u8>,
}

impl PushSample {
    pub(super) fn read(stored: &StoredAnswerOrPush) -> Result<Self, String> {
        let content = stored.content()?;
        let headers = stored.full_headers(&content);
        let content_type = headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.clone());
        Ok(Self { headers, content_type, body: content.to_wire() })
    }

    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for PushSample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PushSample({} headers, {} bytes)", self.headers.len(), self.body.len())
    }
}
