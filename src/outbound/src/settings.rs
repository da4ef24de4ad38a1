//! What can be set for one provider's client.

use std::time::Duration;

use lendport_core::limits;

/// Limits of one provider's client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSettings {
    /// Milliseconds for name look-up, TCP and TLS together.
    pub connect_timeout_ms: u64,
    /// Milliseconds for the whole call: connecting, sending and reading the answer to its end.
    pub request_timeout_ms: u64,
    /// Bytes of an answer's body that are read before the call is given up.
    pub body_max_bytes: usize,
    /// The `User-Agent` header.
    pub user_agent: String,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            connect_timeout_ms: 5_000,
            request_timeout_ms: 10_000,
            body_max_bytes: limits::PROVIDER_BODY_MAX_BYTES,
            user_agent: concat!("lendport/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

impl ClientSettings {
    pub(crate) fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    /// Always ends before the whole call does, so that running out of time while connecting shows as that and
    /// therefore as "nothing sent".
    pub(crate) fn connect_timeout(&self) -> Duration {
        let room = self.request_timeout_ms - self.request_timeout_ms / 5;
        Duration::from_millis(self.connect_timeout_ms.min(room))
    }

    pub(crate) fn check(&self) -> Result<(), SetupError> {
        if self.connect_timeout_ms == 0 || self.request_timeout_ms < 5 {
            return Err(SetupError::NoTime);
        }
        if http::HeaderValue::from_str(&self.user_agent).is_err() {
            return Err(SetupError::UserAgent);
        }
        Ok(())
    }
}

/// Why a client could not be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// A time limit that no call could meet.
    #[error("the connect limit must be at least 1 ms and the request limit at least 5 ms")]
    NoTime,
    /// The user agent cannot stand in a header.
    #[error("the user agent holds characters that a header cannot carry")]
    UserAgent,
    /// The HTTP library refused; the text is its own and holds no address or secret.
    #[error("the HTTP client could not be built: {0}")]
    Client(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connecting_always_ends_before_the_whole_call() {
        for (connect, request, expected) in [(5_000, 10_000, 5_000), (5_000, 1_000, 800), (1, 5, 1), (9, 5, 4)] {
            let settings = ClientSettings {
                connect_timeout_ms: connect,
                request_timeout_ms: request,
                ..ClientSettings::default()
            };
            assert_eq!(settings.connect_timeout(), Duration::from_millis(expected));
            assert!(settings.connect_timeout() < settings.request_timeout());
        }
    }

    #[test]
    fn impossible_settings_are_refused() {
        let no_time = ClientSettings { request_timeout_ms: 0, ..ClientSettings::default() };
        assert_eq!(no_time.check(), Err(SetupError::NoTime));
        let bad_agent = ClientSettings { user_agent: "a\nb".to_owned(), ..ClientSettings::default() };
        assert_eq!(bad_agent.check(), Err(SetupError::UserAgent));
        assert_eq!(ClientSettings::default().check(), Ok(()));
    }
}
