//! Plays cassettes in tests and holds every test to using them up.

use std::path::Path;

use lendport_outbound::{Cassette, CassetteError, Outbound};

/// Loads a cassette and builds a client that answers from it. Keep the guard until the calls are made.
pub fn play(path: impl AsRef<Path>) -> Result<(Outbound, PlaybackGuard), CassetteError> {
    let cassette = Cassette::load(path)?;
    Ok((Outbound::playback(cassette.clone()), PlaybackGuard { cassette }))
}

/// Fails the test on drop when an interaction was left over, or when a request came that the file does not hold.
#[must_use = "dropping the guard at once would find every interaction unused"]
pub struct PlaybackGuard {
    cassette: Cassette,
}

impl PlaybackGuard {
    /// The cassette, for its pushes and its origin.
    pub fn cassette(&self) -> &Cassette {
        &self.cassette
    }
}

impl Drop for PlaybackGuard {
    #[expect(clippy::panic, reason = "this is how a test fails; a test that fails already keeps its own message")]
    fn drop(&mut self) {
        if let (Err(error), false) = (self.cassette.finish(), std::thread::panicking()) {
            panic!("{error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use lendport_core::CallLog;
    use lendport_outbound::{Request, Url};

    use super::*;

    const FILE: &str = r#"{
        "scenario": "s", "provider": "p", "origin": {"kind": "handwritten", "why": "shows the guard"},
        "interactions": [{"request": {"method": "GET", "path": "/a"}, "response": {"status": 204}}]
    }"#;

    fn start() -> (Outbound, PlaybackGuard) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.json");
        std::fs::write(&path, FILE).unwrap();
        play(&path).unwrap()
    }

    #[test]
    #[should_panic(expected = "not used: 1 GET /a")]
    fn an_unused_interaction_fails_the_test() {
        drop(start());
    }

    #[tokio::test]
    async fn a_used_cassette_is_silent() {
        let (outbound, guard) = start();
        let url = Url::parse("https://provider.invalid/a").unwrap();
        let answer = outbound.call(Request::get(url), &CallLog::new()).await.unwrap();
        assert_eq!((answer.status, guard.cassette().scenario()), (204, "s"));
    }
}
