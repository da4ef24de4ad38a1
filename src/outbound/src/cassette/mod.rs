//! Cassettes: one scenario of calls and pushes per JSON file, played back in tests and recorded against a sandbox.
//!
//! The file format is described on the crate's front page.

mod content;
mod error;
mod format;
mod headers;
mod leak;
mod matching;
mod near_miss;
mod number;
mod origin;
mod playback;
mod pointer;
mod push;
mod record;
mod redact;
mod token;

pub use error::{CassetteError, RecordError};
pub use origin::{Against, Origin};
pub use playback::Cassette;
pub use push::PushSample;
pub use record::Recorder;
pub use redact::RedactionPolicy;
