//! How a provider call failed: what kind, whether it may have committed, and whether sending again can help.

use serde::{Deserialize, Serialize};

use crate::capability::Ability;
use crate::invalid::FieldError;

/// Whether the provider may have acted on what we sent (`model.md` section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommitClass {
    /// Nothing left this machine, or the connection was refused.
    NotSent,
    /// The provider answered no; nothing happened there.
    Rejected,
    /// Taken in, not final.
    Accepted,
    /// Done and binding.
    Committed,
    /// We cannot know. Never becomes `failed` by age.
    Unknown,
}

/// What can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryClass {
    /// Sending the same again gives the same answer.
    Never,
    /// The same operation may be sent again.
    SameRequest,
    /// A new attempt is needed; the old one must not be repeated.
    NewAttempt,
    /// Look at the provider first.
    AfterLookup,
}

/// The kind of failure, in our words whoever the provider is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The content was refused; `fields` say which of the caller's.
    Invalid,
    /// The provider decided against the customer or the means of payment. A create ends the attempt as declined.
    Declined,
    /// The provider does not accept the account's credentials.
    Credentials,
    /// The account is set up wrongly (unknown merchant id, missing setting).
    Configuration,
    /// Cannot be reached, overloaded, or failing on its side.
    Unavailable,
    /// It works, and does not do this now: it asks to slow down, the adapter keeps to its limit and sent nothing, or the
    /// account there has too little money.
    NotNow,
    /// No answer in time, or the connection broke after sending.
    NoAnswer,
    /// An answer that is not what the documents promise.
    BadResponse,
    /// The provider has no such operation.
    Unsupported {
        /// What was asked.
        ability: Ability,
        /// Why not, and what to do instead.
        note: &'static str,
    },
}

/// A failed provider operation. `message` is ours and safe to show; provider texts stay in the call record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    /// What kind.
    pub kind: ErrorKind,
    /// Whether it may have committed.
    pub commit: CommitClass,
    /// What can help.
    pub retry: RetryClass,
    /// A sentence that may be shown to a merchant.
    pub message: String,
    /// The provider's own word for the error, when it spoke.
    pub provider_code: Option<String>,
    /// The provider's HTTP status, when it answered.
    pub http_status: Option<u16>,
    /// Fields of the caller's request that the provider refused.
    pub fields: Vec<FieldError>,
    /// Seconds the provider asked us to wait.
    pub retry_after_s: Option<u32>,
}

impl ProviderError {
    /// A failure with the classes that its kind usually has; adapters correct them where they know better.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let (commit, retry) = match kind {
            ErrorKind::Invalid | ErrorKind::Declined | ErrorKind::Credentials | ErrorKind::Configuration => {
                (CommitClass::Rejected, RetryClass::Never)
            }
            ErrorKind::Unsupported { .. } => (CommitClass::NotSent, RetryClass::Never),
            ErrorKind::NotNow => (CommitClass::Rejected, RetryClass::SameRequest),
            ErrorKind::Unavailable | ErrorKind::NoAnswer | ErrorKind::BadResponse => {
                (CommitClass::Unknown, RetryClass::NewAttempt)
            }
        };
        Self {
            kind,
            commit,
            retry,
            message: message.into(),
            provider_code: None,
            http_status: None,
            fields: Vec::new(),
            retry_after_s: None,
        }
    }

    /// The typed refusal of an operation the provider has not.
    pub fn unsupported(ability: Ability, note: &'static str) -> Self {
        Self::new(ErrorKind::Unsupported { ability, note }, note)
    }

    /// The same failure with another commit class.
    #[must_use]
    pub fn committed_as(mut self, commit: CommitClass) -> Self {
        self.commit = commit;
        self
    }

    /// The same failure with another retry class.
    #[must_use]
    pub fn retried_as(mut self, retry: RetryClass) -> Self {
        self.retry = retry;
        self
    }

    /// The same failure with the provider's HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.http_status = Some(status);
        self
    }

    /// The same failure with the provider's own word for it.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.provider_code = Some(code.into());
        self
    }

    /// The same failure with the caller's fields that caused it.
    #[must_use]
    pub fn with_fields(mut self, fields: Vec<FieldError>) -> Self {
        self.fields = fields;
        self
    }
}
