//! What became of one send.

use std::fmt;
use std::time::Duration;

/// How a send ended without a status. The words are those of the merchant's log of deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuardedError {
    /// The limit for the whole send, or that for connecting, passed.
    #[error("timeout")]
    Timeout,
    /// The name or the URL leads to an address that is not permitted. Nothing was connected to.
    #[error("refused_address")]
    RefusedAddress,
    /// The URL is not one that may be sent to, for another reason than its address.
    #[error("refused_url")]
    RefusedUrl,
    /// The name has no address.
    #[error("dns")]
    Dns,
    /// The other side has no valid certificate for the name, or speaks no TLS.
    #[error("tls")]
    Tls,
    /// Nobody accepts connections there.
    #[error("connect")]
    Connect,
    /// The connection broke before the status, or what came was no HTTP.
    #[error("reset")]
    Reset,
}

impl GuardedError {
    /// The word for rows and answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::RefusedAddress => "refused_address",
            Self::RefusedUrl => "refused_url",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Connect => "connect",
            Self::Reset => "reset",
        }
    }
}

/// An answer: a status came. `Debug` does not show the body.
#[derive(Clone, PartialEq, Eq)]
pub struct GuardedAnswer {
    /// HTTP status; a redirect is one like any other.
    pub status: u16,
    /// The beginning of the body, as far as it came in time.
    pub first_bytes: Vec<u8>,
    /// How long the other side asks to be left alone; at most [`super::RETRY_AFTER_MAX`].
    pub retry_after: Option<Duration>,
}

impl fmt::Debug for GuardedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedAnswer")
            .field("status", &self.status)
            .field("first_bytes", &self.first_bytes.len())
            .field("retry_after", &self.retry_after)
            .finish()
    }
}

/// One send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardedTry {
    /// The answer, or why there is none.
    pub result: Result<GuardedAnswer, GuardedError>,
    /// Until the status came, or until we gave up.
    pub latency: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_is_what_is_shown_and_the_body_is_not() {
        use GuardedError as E;
        for error in [E::Timeout, E::RefusedAddress, E::RefusedUrl, E::Dns, E::Tls, E::Connect, E::Reset] {
            assert_eq!(error.to_string(), error.word());
        }
        let answer = GuardedAnswer { status: 500, first_bytes: b"john@example.com".to_vec(), retry_after: None };
        assert!(!format!("{answer:?}").contains("106, 111"));
        assert!(format!("{answer:?}").contains("first_bytes: 16"));
    }
}
