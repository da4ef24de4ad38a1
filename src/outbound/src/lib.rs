#![doc = include_str!("../README.md")]

mod answer;
mod call_error;
mod call_record;
pub mod cassette;
mod client;
pub mod guard;
mod header_text;
mod json;
mod live;
mod registration;
mod request;
mod retry_after;
mod settings;

pub use answer::Answer;
pub use call_error::{CallError, CallErrorKind};
pub use cassette::{Against, Cassette, CassetteError, Origin, PushSample, RecordError, Recorder, RedactionPolicy};
pub use client::Outbound;
pub use guard::{GuardSettings, GuardedAnswer, GuardedClient, GuardedError, GuardedRequest, GuardedTry};
pub use header_text::HeaderValueText;
pub use http::Method;
pub use registration::{Build, BuildError, Registration, Serving, SimulatorRegistration, SimulatorSetup, Transport};
pub use request::{Body, RecordFields, Request};
pub use settings::{ClientSettings, SetupError};
pub use url::Url;

/// Log targets of the libraries underneath, which the subscriber must keep at `warn` or quieter.
///
/// None of them prints bodies or values of headers that we mark as sensitive, but at `trace` they name hosts, frames
/// and handshakes that nobody has reviewed for personal data.
pub const QUIET_TARGETS: &[&str] = &["h2", "hyper", "hyper_util", "reqwest", "rustls", "rustls_platform_verifier"];
