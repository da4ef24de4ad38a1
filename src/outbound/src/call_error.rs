//! How a call ended without a complete answer, and what that says about the provider's side.

use lendport_core::{CommitClass, ErrorKind, ProviderError, RetryClass};

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallErrorKind {
    /// No connection: name look-up, refusal, TLS, or the connect limit. Nothing of the request was sent.
    Connect,
    /// The limit for the whole call passed.
    Timeout {
        /// True when the request may have left this machine.
        sent: bool,
    },
    /// The connection broke after sending, or what came back was no HTTP.
    Reset,
    /// The body passed the size limit.
    TooLarge {
        /// HTTP status of the answer that was given up.
        status: u16,
    },
    /// The answer's head arrived but its body broke off.
    BrokenBody {
        /// HTTP status of the answer that broke off.
        status: u16,
    },
    /// The request is not the one that the cassette holds; the text is the near-miss report.
    Playback(String),
    /// The request could not be built, for example a header value with a line break.
    Invalid,
}

/// A call that gave no answer. Holds no address, header or body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct CallError {
    /// What went wrong.
    pub kind: CallErrorKind,
    cause: &'static str,
}

impl CallError {
    pub(crate) fn new(kind: CallErrorKind) -> Self {
        Self { kind, cause: "" }
    }

    pub(crate) fn because(kind: CallErrorKind, cause: &'static str) -> Self {
        Self { kind, cause }
    }

    /// A few fixed words on the cause, such as `refused` or `name look-up`; empty when there is nothing to add.
    pub fn cause(&self) -> &'static str {
        self.cause
    }

    /// The word for the call's record.
    pub fn word(&self) -> &'static str {
        match self.kind {
            CallErrorKind::Connect => "connect",
            CallErrorKind::Timeout { .. } => "timeout",
            CallErrorKind::Reset => "reset",
            CallErrorKind::TooLarge { .. } => "too_large",
            CallErrorKind::BrokenBody { .. } => "broken_body",
            CallErrorKind::Playback(_) => "playback",
            CallErrorKind::Invalid => "invalid",
        }
    }

    /// HTTP status, when the answer's head arrived.
    pub fn status(&self) -> Option<u16> {
        match self.kind {
            CallErrorKind::TooLarge { status } | CallErrorKind::BrokenBody { status } => Some(status),
            _ => None,
        }
    }

    /// Whether the provider may have acted: only what certainly stayed here is `NotSent`.
    pub fn commit_class(&self) -> CommitClass {
        match self.kind {
            CallErrorKind::Connect
            | CallErrorKind::Timeout { sent: false }
            | CallErrorKind::Playback(_)
            | CallErrorKind::Invalid => CommitClass::NotSent,
            CallErrorKind::Timeout { sent: true }
            | CallErrorKind::Reset
            | CallErrorKind::TooLarge { .. }
            | CallErrorKind::BrokenBody { .. } => CommitClass::Unknown,
        }
    }

    /// The same in the words of the domain. The message is ours and may be shown to a merchant.
    pub fn into_provider_error(self) -> ProviderError {
        let commit = self.commit_class();
        let (kind, retry) = match self.kind {
            CallErrorKind::Connect => (ErrorKind::Unavailable, RetryClass::SameRequest),
            CallErrorKind::Timeout { sent: false } => (ErrorKind::NoAnswer, RetryClass::SameRequest),
            CallErrorKind::Timeout { sent: true } | CallErrorKind::Reset => {
                (ErrorKind::NoAnswer, RetryClass::NewAttempt)
            }
            CallErrorKind::TooLarge { .. } | CallErrorKind::BrokenBody { .. } => {
                (ErrorKind::BadResponse, RetryClass::NewAttempt)
            }
            CallErrorKind::Playback(_) | CallErrorKind::Invalid => (ErrorKind::Configuration, RetryClass::Never),
        };
        let error = ProviderError::new(kind, self.sentence()).committed_as(commit).retried_as(retry);
        match self.status() {
            Some(status) => error.with_status(status),
            None => error,
        }
    }

    fn sentence(&self) -> String {
        let text = match &self.kind {
            CallErrorKind::Connect => "The provider could not be reached; nothing was sent",
            CallErrorKind::Timeout { sent: true } => "The provider did not answer in time",
            CallErrorKind::Timeout { sent: false } => "The time limit passed before anything was sent",
            CallErrorKind::Reset => "The connection broke before the provider answered",
            CallErrorKind::TooLarge { .. } => "The provider's answer was larger than allowed",
            CallErrorKind::BrokenBody { .. } => "The provider's answer broke off",
            CallErrorKind::Playback(report) => return report.clone(),
            CallErrorKind::Invalid => "The request to the provider could not be built",
        };
        if self.cause.is_empty() { format!("{text}.") } else { format!("{text} ({}).", self.cause) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_classes() {
        use CallErrorKind as K;
        let table = [
            (K::Connect, ErrorKind::Unavailable, CommitClass::NotSent, RetryClass::SameRequest, None),
            (K::Timeout { sent: false }, ErrorKind::NoAnswer, CommitClass::NotSent, RetryClass::SameRequest, None),
            (K::Timeout { sent: true }, ErrorKind::NoAnswer, CommitClass::Unknown, RetryClass::NewAttempt, None),
            (K::Reset, ErrorKind::NoAnswer, CommitClass::Unknown, RetryClass::NewAttempt, None),
            (
                K::TooLarge { status: 200 },
                ErrorKind::BadResponse,
                CommitClass::Unknown,
                RetryClass::NewAttempt,
                Some(200),
            ),
            (
                K::BrokenBody { status: 201 },
                ErrorKind::BadResponse,
                CommitClass::Unknown,
                RetryClass::NewAttempt,
                Some(201),
            ),
            (K::Playback("x".to_owned()), ErrorKind::Configuration, CommitClass::NotSent, RetryClass::Never, None),
            (K::Invalid, ErrorKind::Configuration, CommitClass::NotSent, RetryClass::Never, None),
        ];
        for (kind, expected, commit, retry, status) in table {
            let call = CallError::new(kind);
            assert_eq!(call.commit_class(), commit, "{call:?}");
            let error = call.into_provider_error();
            assert_eq!((&error.kind, error.commit, error.retry), (&expected, commit, retry));
            assert_eq!(error.http_status, status);
        }
    }
}
