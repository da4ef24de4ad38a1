//! Where a cassette comes from: how far it can be trusted.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Provenance; every cassette has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Origin {
    /// Written from the provider's published text.
    Documented {
        /// Document and place in it, such as `seed 002, Responses`.
        source: String,
    },
    /// Seen on the wire and redacted.
    Recorded {
        /// The day.
        date: Date,
        /// What answered.
        against: Against,
    },
    /// Made up, for a behaviour that no document shows.
    Handwritten {
        /// Why it is needed and what it rests on.
        why: String,
    },
}

/// What answered while recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// The provider's own sandbox.
    Sandbox,
    /// Our simulator of it.
    Simulator,
}

impl Origin {
    pub(super) fn check(&self) -> Result<(), String> {
        let empty = match self {
            Self::Documented { source } => source.trim().is_empty(),
            Self::Handwritten { why } => why.trim().is_empty(),
            Self::Recorded { .. } => false,
        };
        if empty { Err("/origin: `source` or `why` must say where this comes from".to_owned()) } else { Ok(()) }
    }
}
