//! The real clock and the real source of randomness: the only place that asks the machine for either.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use lendport_core::{Clock, IdSource, Secret};
use uuid::Uuid;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the time comes from")]
    fn now(&self) -> Timestamp {
        // Storage keeps microseconds; an answer must not show more than a later read does.
        let now = Timestamp::now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
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
