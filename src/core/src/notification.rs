//! What a provider pushes to us: verified first, read second, graded.

use jiff::Timestamp;

use crate::account::AccountSettings;
use crate::attempt::{Attempt, ProviderRef};
use crate::details::Details;
use crate::observation::{Claim, Grade};

/// An HTTP request to an attempt's callback URL, exactly as it arrived.
#[derive(Clone, Debug)]
pub struct Push<'a> {
    /// `POST` or `GET`.
    pub method: &'a str,
    /// Lower-case header names with their values; bytes that are no text are replaced by U+FFFD.
    pub headers: &'a [(String, String)],
    /// Query string without the question mark.
    pub query: &'a str,
    /// The body as received.
    pub body: &'a [u8],
    /// When it arrived.
    pub received_at: Timestamp,
}

impl Push<'_> {
    /// The first header of this (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What is known when a push arrives: the attempt its token named, and the account's settings.
#[derive(Clone, Copy, Debug)]
pub struct NoticeContext<'a> {
    /// Credentials and settings.
    pub account: &'a AccountSettings,
    /// The attempt that the URL's token names.
    pub attempt: &'a Attempt,
}

/// What a push says, in our words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// `token` or `signed`.
    pub grade: Grade,
    /// What it says.
    pub claim: Claim,
    /// What it says beside that. Sums that may fall count only when they are read back.
    pub details: Details,
    /// The provider's own word.
    pub raw_status: Option<String>,
    /// The provider's id, adopted when the attempt has none yet.
    pub reference: Option<ProviderRef>,
    /// Equal keys are the same message told again.
    pub dedupe_key: String,
    /// True when the push only says "look": the state is then fetched.
    pub fetch: bool,
}

/// Why a push was not taken in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeRefusal {
    /// Signature missing though required, or wrong.
    #[error("signature refused: {0}")]
    Unauthentic(&'static str),
    /// Not what the documents describe.
    #[error("not readable: {0}")]
    Unreadable(&'static str),
    /// Speaks of another request than the URL's token does.
    #[error("contradicts the checkout: {0}")]
    Contradicts(&'static str),
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeVerdict {
    /// Stored; applied, repeated, or older than what we hold.
    Stored,
    /// Nobody has this token.
    UnknownToken,
    /// Signature refused.
    Unauthentic,
    /// Not readable.
    Unreadable,
    /// Another request's.
    Contradicts,
    /// Our storage failed; the resend is wanted.
    StoreFailed,
    /// Too large.
    TooLarge,
}

/// What the provider gets as an answer; `text/plain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeAnswer {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: &'static str,
}

impl NoticeAnswer {
    /// The answers of `wegetfinancing.md` 6.8, which suit every provider that wants a 2xx.
    pub fn usual(verdict: NoticeVerdict) -> Self {
        let (status, body) = match verdict {
            NoticeVerdict::Stored => (200, "OK"),
            NoticeVerdict::UnknownToken => (404, "unknown callback address"),
            NoticeVerdict::Unauthentic => (401, "signature refused"),
            NoticeVerdict::Unreadable => (400, "not readable"),
            NoticeVerdict::Contradicts => (409, "another request than this address is for"),
            NoticeVerdict::StoreFailed => (503, "not stored, send again"),
            NoticeVerdict::TooLarge => (413, "too large"),
        };
        Self { status, body }
    }
}
