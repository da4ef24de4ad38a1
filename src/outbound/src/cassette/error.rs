//! Why a cassette cannot be used or written.

use std::io;
use std::path::PathBuf;

/// A cassette that cannot be read, or a playback that did not go as the file says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CassetteError {
    /// The file cannot be read.
    #[error("cassette {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is not a cassette: broken JSON, an unknown key, no provenance.
    #[error("cassette {name}: {reason}")]
    Format {
        /// File or scenario.
        name: String,
        /// What is wrong and where.
        reason: String,
    },
    /// Requests came that the file does not hold; one near-miss report each.
    #[error("cassette {name}: {}", reports.join("\n"))]
    Mismatch {
        /// The scenario.
        name: String,
        /// The reports.
        reports: Vec<String>,
    },
    /// Interactions were never asked for.
    #[error("cassette {name}: not used: {}", unused.join(", "))]
    Unused {
        /// The scenario.
        name: String,
        /// Number, method and path of each.
        unused: Vec<String>,
    },
}

/// A recording that was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// A secret occurs in the file that would have been written.
    #[error("nothing written: secret number {number} occurs at {at}; take that field off the list of kept fields")]
    SecretInside {
        /// Place in the order of the configured secrets, from 1; those found in the requests follow.
        number: usize,
        /// JSON Pointer into the would-be file.
        at: String,
    },
    /// The recording holds no exchange and no push.
    #[error("nothing written: nothing was recorded")]
    Empty,
    /// A call ended in a way that no cassette can hold, such as a body over the limit.
    #[error("nothing written: a call ended as `{0}`, which a cassette cannot hold")]
    NotRecordable(&'static str),
    /// Scenario, provider or origin are missing or empty, or what was seen does not make a cassette.
    #[error("nothing written: {0}")]
    Format(String),
    /// The system gave no randomness for the key of the tokens.
    #[error("no randomness for the key of the tokens")]
    NoRandomness,
    /// The file cannot be written.
    #[error("cassette {path}: {source}")]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}
