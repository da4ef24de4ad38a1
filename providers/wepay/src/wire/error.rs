//! The error body of section 8. Everything is optional, and of any type until looked at.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An error.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorBody {
    pub(crate) error: Value,
    pub(crate) error_description: Value,
    pub(crate) error_code: Value,
    /// From 2018-08-29 on.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(crate) details: Value,
}

/// One detail of an error.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorDetail {
    pub(crate) target: String,
    pub(crate) message: String,
}

impl ErrorBody {
    /// Reads a body; none when it is not an object or names no error.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        // A list would be read as one by position.
        if body.trim_ascii_start().first() != Some(&b'{') {
            return None;
        }
        let read: Self = serde_json::from_slice(body).ok()?;
        (read.word().is_some() || read.code().is_some()).then_some(read)
    }

    /// `error`.
    pub(crate) fn word(&self) -> Option<&str> {
        self.error.as_str().filter(|word| !word.is_empty())
    }

    /// `error_code`, a number or a numeric string.
    pub(crate) fn code(&self) -> Option<u64> {
        self.error_code.as_u64().or_else(|| self.error_code.as_str()?.parse().ok())
    }

    /// `error_description`.
    pub(crate) fn text(&self) -> &str {
        self.error_description.as_str().unwrap_or_default()
    }

    /// `details`, as far as they are what the documents say.
    pub(crate) fn details(&self) -> Vec<ErrorDetail> {
        serde_json::from_value(self.details.clone()).unwrap_or_default()
    }
}
