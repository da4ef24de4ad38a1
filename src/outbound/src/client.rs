//! The client that adapters hold. Where its answers come from is decided by whoever builds it.

use std::fmt;
use std::sync::Arc;

use lendport_core::CallLog;

use crate::answer::Answer;
use crate::call_error::{CallError, CallErrorKind};
use crate::call_record::Watch;
use crate::cassette::{Cassette, Recorder};
use crate::live::Live;
use crate::request::Request;
use crate::settings::{ClientSettings, SetupError};

/// The one HTTP client for providers; clones share connections and limits.
#[derive(Clone)]
pub struct Outbound {
    via: Arc<Via>,
}

enum Via {
    Live(Live),
    Playback(Cassette),
    Recording(Live, Recorder),
}

impl Outbound {
    /// Talks to the provider: connection reuse, no redirects, no cookies, no proxies from the environment, no retries.
    pub fn live(settings: ClientSettings) -> Result<Self, SetupError> {
        Ok(Self { via: Arc::new(Via::Live(Live::new(settings)?)) })
    }

    /// Answers from a cassette; nothing leaves the machine. Keep a clone of the cassette to call
    /// [`Cassette::finish`].
    pub fn playback(cassette: Cassette) -> Self {
        Self { via: Arc::new(Via::Playback(cassette)) }
    }

    /// Talks to the provider and notes every exchange. Keep a clone of the recorder to call [`Recorder::finish`].
    pub fn recording(settings: ClientSettings, recorder: Recorder) -> Result<Self, SetupError> {
        Ok(Self { via: Arc::new(Via::Recording(Live::new(settings)?, recorder)) })
    }

    /// Carries one request out and adds one record to the log, whatever the outcome.
    pub async fn call(&self, request: Request, log: &CallLog) -> Result<Answer, CallError> {
        let watch = Watch::start(&request, log);
        let outcome = match &*self.via {
            Via::Live(live) => live.send(&request).await,
            Via::Playback(cassette) => match request.problem() {
                Some(problem) => Err(CallError::because(CallErrorKind::Invalid, problem)),
                None => cassette.answer(&request),
            },
            Via::Recording(live, recorder) => {
                let outcome = live.send(&request).await;
                recorder.note(&request, &outcome);
                outcome
            }
        };
        watch.end(&outcome);
        outcome
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &*self.via {
            Via::Live(_) => "Outbound(live)",
            Via::Playback(_) => "Outbound(playback)",
            Via::Recording(..) => "Outbound(recording)",
        })
    }
}
