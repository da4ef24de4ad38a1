//! The real clock and the real source of randomness: the only place that asks the machine for either.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use lendport_core::clock::Steady;
use lendport_core::{Clock, IdSource, Secret};
use uuid::Uuid;

/// The machine's clock.
#[derive(Debug)]
pub(crate) struct SystemClock {
    started: Instant,
    steady: Steady,
}

impl SystemClock {
    pub(crate) fn start() -> Self {
        Self { started: Instant::now(), steady: Steady::default() }
    }

    #[expect(clippy::disallowed_methods, reason = "the one place where the time comes from")]
    fn both(&self) -> (Timestamp, Timestamp) {
        // Storage keeps microseconds; an answer must not show more than a later read does.
        let cut = |at: Timestamp| Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at);
        let now = cut(Timestamp::now());
        (now, cut(self.steady.at(now, self.started.elapsed())))
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        self.both().0
    }

    fn steady(&self) -> Timestamp {
        self.both().1
    }
}

/// UUIDv7 and tokens from the operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemIds;

impl IdSource for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "the one place where ids come from")]
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn token(&self) -> Secret<String> {
        Secret::new(URL_SAFE_NO_PAD.encode(random_bytes()))
    }
}

/// 256 random bits. A machine that cannot give any must not go on: every token would be guessable.
#[expect(clippy::disallowed_methods, reason = "the one place where randomness comes from")]
#[expect(clippy::panic, reason = "without randomness nothing may go on")]
pub(crate) fn random_bytes() -> [u8; 32] {
    let mut bytes = [0_u8; 32];
    match getrandom::fill(&mut bytes) {
        Ok(()) => bytes,
        Err(error) => panic!("the operating system gives no random bytes: {error}"),
    }
}
