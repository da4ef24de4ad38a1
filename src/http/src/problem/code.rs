//! Every way a request can fail, once. The pages under `/problems/`, the OpenAPI document and the answers all read the
//! rows of `catalogue.rs`.

/// A kind of problem; the last part of its `type` URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each variant is described by its row in `catalogue.rs`, which is also shown to merchants"
)]
pub enum Code {
    MalformedJson,
    ValidationFailed,
    InvalidQuery,
    InvalidHeader,
    UnsupportedVersion,
    IdempotencyKeyMissing,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    IdempotencyKeyInFlight,
    Unauthorized,
    /// The keys of a token's issuer cannot be read.
    IssuerUnavailable,
    InsufficientScope,
    LiveKeyRequired,
    /// More requests than may come.
    RateLimited,
    /// A merchant has as much as it may have.
    QuotaExceeded,
    AccountInUse,
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    GatewayTimeout,
    BodyTooLarge,
    UnsupportedMediaType,
    InvalidState,
    CommitFence,
    PreconditionFailed,
    OperationNotSupported,
    TooManyEndpoints,
    EndpointNotEnabled,
    TooManySecrets,
    TooManyKeys,
    KeyNotActive,
    ProviderRefused,
    ProviderCredentialsRejected,
    ProviderConfiguration,
    ProviderUnavailable,
    ProviderOutcomeUnknown,
    ProviderBadResponse,
    ProviderAmountMismatch,
    /// A page's token has run out.
    ClientTokenExpired,
    /// No place for one more event stream.
    TooManyListeners,
    StorageUnavailable,
    Internal,
}

/// One row of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The word in `code` and in the `type` URL.
    pub word: &'static str,
    /// HTTP status.
    pub status: u16,
    /// A few words for people.
    pub title: &'static str,
    /// True when the same request, with the same `Idempotency-Key`, may succeed later.
    pub retryable: bool,
    /// What happened.
    pub meaning: &'static str,
    /// What the caller can do.
    pub remedy: &'static str,
}

impl Code {
    /// Every problem, in the order of the catalogue page.
    pub const ALL: [Self; 42] = [
        Self::MalformedJson,
        Self::ValidationFailed,
        Self::InvalidQuery,
        Self::InvalidHeader,
        Self::UnsupportedVersion,
        Self::IdempotencyKeyMissing,
        Self::IdempotencyKeyInvalid,
        Self::IdempotencyKeyReused,
        Self::IdempotencyKeyInFlight,
        Self::Unauthorized,
        Self::IssuerUnavailable,
        Self::InsufficientScope,
        Self::LiveKeyRequired,
        Self::RateLimited,
        Self::QuotaExceeded,
        Self::AccountInUse,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::GatewayTimeout,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::InvalidState,
        Self::CommitFence,
        Self::PreconditionFailed,
        Self::OperationNotSupported,
        Self::TooManyEndpoints,
        Self::EndpointNotEnabled,
        Self::TooManySecrets,
        Self::TooManyKeys,
        Self::KeyNotActive,
        Self::ProviderRefused,
        Self::ProviderCredentialsRejected,
        Self::ProviderConfiguration,
        Self::ProviderUnavailable,
        Self::ProviderOutcomeUnknown,
        Self::ProviderBadResponse,
        Self::ProviderAmountMismatch,
        Self::ClientTokenExpired,
        Self::TooManyListeners,
        Self::StorageUnavailable,
        Self::Internal,
    ];

    /// The problem of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.entry().word == word)
    }

    /// Its row.
    pub const fn entry(self) -> Entry {
        let (word, status, title, retryable, meaning, remedy) = self.row();
        Entry { word, status, title, retryable, meaning, remedy }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_and_read_back() {
        for code in Code::ALL {
            assert_eq!(Code::parse(code.entry().word), Some(code));
            assert!((400..600).contains(&code.entry().status));
        }
        assert_eq!(Code::parse("nothing"), None);
    }
}
