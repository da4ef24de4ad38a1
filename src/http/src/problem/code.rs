//! Every way a request can fail, once: status, title, what it means and what to do. The pages under `/problems/`, the
//! OpenAPI document and the answers all read this table.

/// A kind of problem; the last part of its `type` URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each variant is described by its row in `Code::entry`, which is also shown to merchants"
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
    ProviderRefused,
    ProviderCredentialsRejected,
    ProviderConfiguration,
    ProviderUnavailable,
    ProviderOutcomeUnknown,
    ProviderBadResponse,
    ProviderAmountMismatch,
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
    pub const ALL: [Self; 29] = [
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
        Self::ProviderRefused,
        Self::ProviderCredentialsRejected,
        Self::ProviderConfiguration,
        Self::ProviderUnavailable,
        Self::ProviderOutcomeUnknown,
        Self::ProviderBadResponse,
        Self::ProviderAmountMismatch,
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

    const fn row(self) -> (&'static str, u16, &'static str, bool, &'static str, &'static str) {
        match self {
            Self::MalformedJson => (
                "malformed_json",
                400,
                "The body is not JSON",
                false,
                "The request body could not be read as JSON in UTF-8.",
                "Correct the place that `detail` names. Nothing was stored.",
            ),
            Self::ValidationFailed => (
                "validation_failed",
                422,
                "The request is not valid",
                false,
                "The body is JSON, yet some of its content is missing, unknown, of another type or out of range.",
                "Correct every place in `errors`; each has a JSON Pointer into your body. Nothing was stored and no financer was called.",
            ),
            Self::InvalidQuery => (
                "invalid_query",
                400,
                "A query parameter is not valid",
                false,
                "A query parameter is unknown to this route, given twice, or has a value that cannot be used.",
                "Correct the parameters named in `errors`.",
            ),
            Self::InvalidHeader => (
                "invalid_header",
                400,
                "A request header is not valid",
                false,
                "A request header, such as If-Match, is not written as HTTP asks.",
                "Correct the header that `detail` names.",
            ),
            Self::UnsupportedVersion => (
                "unsupported_version",
                400,
                "This version of the API is not served",
                false,
                "The Lendport-Version header names a version that this gateway does not know.",
                "Leave the header out, or name the version that the answer's Lendport-Version header shows.",
            ),
            Self::IdempotencyKeyMissing => (
                "idempotency_key_missing",
                400,
                "The Idempotency-Key header is missing",
                false,
                "This request creates or moves something, so it needs a key that makes a repeat safe.",
                "Send an Idempotency-Key header with a fresh random text, such as a UUID, and send the same one when you repeat the request.",
            ),
            Self::IdempotencyKeyInvalid => (
                "idempotency_key_invalid",
                400,
                "The Idempotency-Key header is not valid",
                false,
                "The key is empty, longer than 255 characters, given twice, or contains control characters.",
                "Send a short random text, such as a UUID.",
            ),
            Self::IdempotencyKeyReused => (
                "idempotency_key_reused",
                422,
                "The Idempotency-Key was used with another request",
                false,
                "A request with this key but another body was answered before.",
                "Use a fresh key for every new request, and the same key only for an exact repeat.",
            ),
            Self::IdempotencyKeyInFlight => (
                "idempotency_key_in_flight",
                409,
                "A request with this Idempotency-Key is being worked on",
                true,
                "The first request with this key has no answer yet.",
                "Wait for as long as Retry-After says, then repeat the request with the same key.",
            ),
            Self::Unauthorized => (
                "unauthorized",
                401,
                "The secret key is missing or not known",
                false,
                "The request has no `Authorization: Bearer` header, or the key in it is unknown or revoked.",
                "Send your secret key. It starts with lp_test_ or lp_live_.",
            ),
            Self::NotFound => (
                "not_found",
                404,
                "There is nothing here",
                false,
                "The address, or the resource it names, does not exist for this key. Test and live data never meet.",
                "Check the path, the id, and whether the key belongs to the same merchant and mode.",
            ),
            Self::MethodNotAllowed => (
                "method_not_allowed",
                405,
                "This address does not take this method",
                false,
                "The address exists, but not for this HTTP method.",
                "Use one of the methods in the Allow header.",
            ),
            Self::RequestTimeout => (
                "request_timeout",
                408,
                "The request did not arrive in time",
                true,
                "The body was not received within the time limit. Nothing was stored.",
                "Send the request again.",
            ),
            Self::GatewayTimeout => (
                "gateway_timeout",
                504,
                "The answer takes longer than the time limit",
                true,
                "The work was not finished within the time limit. It goes on, and its result is kept under your Idempotency-Key.",
                "Repeat the request with the same Idempotency-Key to hear the result, or read the checkout.",
            ),
            Self::BodyTooLarge => (
                "body_too_large",
                413,
                "The body is too large",
                false,
                "The request body has more bytes than this route takes.",
                "Send less; a checkout of 500 items fits easily.",
            ),
            Self::UnsupportedMediaType => (
                "unsupported_media_type",
                415,
                "The body must be JSON",
                false,
                "The Content-Type or Content-Encoding of the body is not one that this route reads.",
                "Send `Content-Type: application/json`, in UTF-8 and without compression.",
            ),
            Self::InvalidState => (
                "invalid_state",
                409,
                "The checkout's state does not allow this",
                false,
                "The operation makes no sense in the state the checkout is in.",
                "Read the checkout; `detail` says what its state would have to be.",
            ),
            Self::CommitFence => (
                "commit_fence",
                409,
                "Another attempt is committed, or may be",
                false,
                "At most one financer may be committed to a checkout. One is, or its answer is not known yet.",
                "Wait for that attempt, or stop it first. Read the checkout and its timeline.",
            ),
            Self::PreconditionFailed => (
                "precondition_failed",
                412,
                "The checkout changed meanwhile",
                false,
                "If-Match names another version than the checkout has now.",
                "Read the checkout again and decide on what you find, with its new ETag.",
            ),
            Self::OperationNotSupported => (
                "operation_not_supported",
                422,
                "The financer has no such operation",
                false,
                "This financer cannot be asked for this operation. `detail` says why, and what to do instead.",
                "See `GET /v1/providers` for what each financer can do.",
            ),
            Self::ProviderRefused => (
                "provider_refused",
                422,
                "The financer refused the request",
                false,
                "The financer answered that the content is not acceptable.",
                "Correct the places in `errors` where there are any, and send a new request with a new Idempotency-Key.",
            ),
            Self::ProviderCredentialsRejected => (
                "provider_credentials_rejected",
                502,
                "The financer does not accept the account's credentials",
                false,
                "The credentials stored for this merchant at this financer are wrong or were revoked.",
                "Correct the provider account, then send a new request.",
            ),
            Self::ProviderConfiguration => (
                "provider_configuration",
                502,
                "The account at the financer is set up wrongly",
                false,
                "A setting of the provider account does not fit what the financer knows.",
                "Correct the provider account, then send a new request.",
            ),
            Self::ProviderUnavailable => (
                "provider_unavailable",
                503,
                "The financer cannot be reached",
                true,
                "The financer is down, overloaded, or cannot be reached from here.",
                "Repeat the request with the same Idempotency-Key, after Retry-After where the answer has it.",
            ),
            Self::ProviderOutcomeUnknown => (
                "provider_outcome_unknown",
                504,
                "The financer did not answer in time",
                true,
                "The request reached, or may have reached, the financer, and its outcome is not known.",
                "Repeat the request with the same Idempotency-Key: it is resumed, never sent blindly twice. Or watch the checkout.",
            ),
            Self::ProviderBadResponse => (
                "provider_bad_response",
                502,
                "The financer's answer could not be understood",
                true,
                "The financer answered something that its documents do not describe.",
                "Repeat the request with the same Idempotency-Key. The call is recorded in the checkout's timeline.",
            ),
            Self::ProviderAmountMismatch => (
                "provider_amount_mismatch",
                502,
                "The financer answered with another amount",
                false,
                "The financer was asked for one sum and confirmed another. The customer was not sent there.",
                "Check how prices and tax are given (`tax_inclusive`). Both sums are in `detail`.",
            ),
            Self::StorageUnavailable => (
                "storage_unavailable",
                503,
                "The gateway cannot reach its database",
                true,
                "The database is not available, or its disk is full.",
                "Repeat the request with the same Idempotency-Key in a moment.",
            ),
            Self::Internal => (
                "internal",
                500,
                "Something went wrong in the gateway",
                true,
                "A mistake of ours. The log has the cause under this `request_id`.",
                "Repeat the request with the same Idempotency-Key; tell whoever runs the gateway the `request_id` if it stays.",
            ),
        }
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
