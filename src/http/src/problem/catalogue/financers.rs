//! The rows of what goes wrong between the gateway and a financer.

use super::Row;

pub(super) const REFUSED: Row = (
    "provider_refused",
    422,
    "The financer refused the request",
    false,
    "The financer answered that the content is not acceptable.",
    "Correct the places in `errors` where there are any, and send a new request with a new Idempotency-Key.",
);

pub(super) const CREDENTIALS_REJECTED: Row = (
    "provider_credentials_rejected",
    502,
    "The financer does not accept the account's credentials",
    false,
    "The credentials stored for this merchant at this financer are wrong or were revoked.",
    "Correct the provider account, then send a new request.",
);

pub(super) const CONFIGURATION: Row = (
    "provider_configuration",
    502,
    "The account at the financer is set up wrongly",
    false,
    "A setting of the provider account does not fit what the financer knows.",
    "Correct the provider account, then send a new request.",
);

pub(super) const UNAVAILABLE: Row = (
    "provider_unavailable",
    503,
    "The financer cannot be reached",
    true,
    "The financer is down, overloaded, or cannot be reached from here.",
    "Repeat the request with the same Idempotency-Key, after Retry-After where the answer has it.",
);

pub(super) const OUTCOME_UNKNOWN: Row = (
    "provider_outcome_unknown",
    504,
    "The financer did not answer in time",
    true,
    "The request reached, or may have reached, the financer, and its outcome is not known.",
    "Repeat the request with the same Idempotency-Key: it is resumed, never sent blindly twice. Or watch the checkout.",
);

pub(super) const BAD_RESPONSE: Row = (
    "provider_bad_response",
    502,
    "The financer's answer could not be understood",
    true,
    "The financer answered something that its documents do not describe.",
    "Repeat the request with the same Idempotency-Key. The call is recorded in the checkout's timeline.",
);

pub(super) const AMOUNT_MISMATCH: Row = (
    "provider_amount_mismatch",
    502,
    "The financer answered with another amount",
    false,
    "The financer was asked for one sum and confirmed another. The customer was not sent there.",
    "Check how prices and tax are given (`tax_inclusive`). Both sums are in `detail`.",
);
