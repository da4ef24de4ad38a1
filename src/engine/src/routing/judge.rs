//! A profile is checked and compiled apart from the threads that answer requests, one at a time: a large one takes its time.

use std::sync::Arc;

use lendport_core::routing::{Checked, Known, Profile};
use lendport_core::{Invalid, Pointer, limits, routing};
use tokio::sync::Mutex;

use crate::engine::Engine;
use crate::error::EngineError;

impl Engine {
    /// Judges a profile that somebody wrote; pointers are below `at`. One that is too long is not looked at.
    pub(super) async fn judge_profile(
        &self,
        profile: &Profile,
        known: Option<Known>,
        at: Pointer,
    ) -> Result<Result<Checked, Invalid>, EngineError> {
        let bytes = serde_json::to_string(profile).map_or(usize::MAX, |text| text.len());
        if bytes > limits::ROUTING_PROFILE_MAX_BYTES {
            let detail = format!("has {bytes} bytes; at most {} are taken", limits::ROUTING_PROFILE_MAX_BYTES);
            return Ok(Err(Invalid::one(&at, "too_long", detail)));
        }
        let profile = profile.clone();
        in_turn(&self.profiles.judging, move || routing::check(&profile, known.as_ref(), &at)).await
    }
}

/// Works on a thread that may be kept, after those that came before. Work goes on, and keeps its turn, where nobody waits for
/// it any more.
pub(super) async fn in_turn<T: Send + 'static>(
    turn: &Arc<Mutex<()>>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, EngineError> {
    let held = Arc::clone(turn).lock_owned().await;
    let ran = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(held);
        done
    });
    ran.await.map_err(|error| EngineError::Internal(format!("a routing profile: {error}")))
}
