//! Parts that many operations of the document share: headers in, headers out, and the problems of each kind of route.

use std::collections::BTreeMap;

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{IntoParams, IntoResponses};

use crate::problem::{Code, MEDIA_TYPE};

/// The header of a request that creates something.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes a header; `extract::Write` reads it")]
pub(crate) struct CreateHeaders {
    /// A fresh random text for each new request; the same one for its repeats. Kept for 7 days.
    #[param(
        rename = "Idempotency-Key",
        pattern = r"^[^\x00-\x1f\x7f]*[!-~][^\x00-\x1f\x7f]*$",
        max_length = 255,
        example = "0190a5b0-c1d2-7e3f-8a4b-5c6d7e8f9a0b"
    )]
    idempotency_key: String,
}

/// Headers of a request that changes something.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes headers; `extract::Write` reads them")]
pub(crate) struct WriteHeaders {
    /// A fresh random text for each new request; the same one for its repeats. Kept for 7 days.
    #[param(
        rename = "Idempotency-Key",
        pattern = r"^[^\x00-\x1f\x7f]*[!-~][^\x00-\x1f\x7f]*$",
        max_length = 255,
        example = "0190a5b0-c1d2-7e3f-8a4b-5c6d7e8f9a0b"
    )]
    idempotency_key: String,
    /// The ETag of what you decided on; the change is refused with 412 when it has another one now.
    #[param(rename = "If-Match", pattern = r#"^(\*|(W/)?"[^"]*")$"#, value_type = String, required = false, example = "\"2\"")]
    if_match: Option<String>,
}

/// The header of a change whose repeat changes nothing more.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes a header; `extract::IfMatch` reads it")]
pub(crate) struct ChangeHeaders {
    /// The ETag of what you decided on; the change is refused with 412 when it has another one now.
    #[param(rename = "If-Match", pattern = r#"^(\*|(W/)?"[^"]*")$"#, value_type = String, required = false, example = "\"2\"")]
    if_match: Option<String>,
}

/// Problems of every route that reads for a merchant.
pub(crate) struct ReadProblems;

/// Problems of every route that creates or moves something.
pub(crate) struct WriteProblems;

/// Problems of setting an endpoint for events up.
pub(crate) struct EndpointCreateProblems;

/// Problems of having an endpoint or a delivery do something.
pub(crate) struct EndpointActProblems;

/// Problems of changing an endpoint.
pub(crate) struct EndpointChangeProblems;

/// Problems of making a merchant or a key.
pub(crate) struct KeyProblems;

/// Problems of changing a merchant or an account.
pub(crate) struct AdminChangeProblems;

/// Problems of deleting something.
pub(crate) struct DeleteProblems;

/// Problems of the route that deletes an account.
pub(crate) struct AccountDeleteProblems;

/// Problems of `/refresh`, which asks a financer and takes no key.
pub(crate) struct RefreshProblems;

/// Problems of the routes that the customer's page asks.
pub(crate) struct ClientProblems;

/// Problems of the customer's choice of a financer.
pub(crate) struct ClientChoiceProblems;

/// Problems of what the customer's page says.
pub(crate) struct ClientWordProblems;

/// Problems of what the customer's page hands to a financer's script.
pub(crate) struct ClientPluginProblems;

/// Problems of a question with a body, which changes nothing.
pub(crate) struct QuestionProblems;

/// Problems of making a token for the customer's page.
pub(crate) struct TokenProblems;

/// The problem of a page or a probe that is not there.
pub(crate) struct PageProblems;

const READ: &[Code] = &[
    Code::InvalidQuery,
    Code::UnsupportedVersion,
    Code::Unauthorized,
    Code::IssuerUnavailable,
    Code::InsufficientScope,
    Code::RateLimited,
    Code::NotFound,
    Code::Internal,
    Code::StorageUnavailable,
    Code::GatewayTimeout,
];

const CLIENT: &[Code] = &[
    Code::ClientTokenExpired,
    Code::RateLimited,
    Code::NotFound,
    Code::Internal,
    Code::StorageUnavailable,
    Code::TooManyListeners,
    Code::GatewayTimeout,
];

const ASK: &[Code] = &[
    Code::OperationNotSupported,
    Code::ProviderCredentialsRejected,
    Code::ProviderConfiguration,
    Code::ProviderUnavailable,
    Code::ProviderOutcomeUnknown,
    Code::ProviderBadResponse,
];

/// What can be wrong with a body and with an Idempotency-Key.
const BODY: &[Code] = &[
    Code::MalformedJson,
    Code::RequestTimeout,
    Code::BodyTooLarge,
    Code::UnsupportedMediaType,
    Code::ValidationFailed,
];

const KEY: &[Code] = &[
    Code::IdempotencyKeyMissing,
    Code::IdempotencyKeyInvalid,
    Code::IdempotencyKeyInFlight,
    Code::IdempotencyKeyReused,
];

const CHANGE: &[Code] = &[Code::InvalidHeader, Code::PreconditionFailed];

const WRITE: &[Code] =
    &[Code::InvalidState, Code::CommitFence, Code::ProviderRefused, Code::ProviderAmountMismatch, Code::QuotaExceeded];

impl IntoResponses for ReadProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        answers(READ.iter())
    }
}

impl IntoResponses for RefreshProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        answers(READ.iter().chain(ASK).chain([&Code::InvalidState]))
    }
}

impl IntoResponses for WriteProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        answers(READ.iter().chain(ASK).chain(BODY).chain(KEY).chain(CHANGE).chain(WRITE))
    }
}

impl IntoResponses for EndpointCreateProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        answers(READ.iter().chain(BODY).chain(KEY).chain(CHANGE).chain([&Code::TooManyEndpoints, &Code::QuotaExceeded]))
    }
}

impl IntoResponses for EndpointActProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let own = [&Code::EndpointNotEnabled, &Code::TooManySecrets];
        answers(READ.iter().chain(BODY).chain(KEY).chain(CHANGE).chain(own))
    }
}

impl IntoResponses for EndpointChangeProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        answers(READ.iter().chain(BODY).chain(CHANGE))
    }
}

impl IntoResponses for KeyProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let own = [&Code::TooManyKeys, &Code::KeyNotActive];
        answers(READ.iter().chain(BODY).chain(KEY).chain(CHANGE).chain(own))
    }
}

impl IntoResponses for AdminChangeProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        answers(READ.iter().chain(BODY).chain(CHANGE).chain([&Code::LiveKeyRequired]))
    }
}

impl IntoResponses for DeleteProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        answers(READ.iter().chain(CHANGE))
    }
}

impl IntoResponses for AccountDeleteProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        answers(READ.iter().chain(CHANGE).chain([&Code::AccountInUse]))
    }
}

impl IntoResponses for ClientProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        answers(CLIENT.iter())
    }
}

impl IntoResponses for ClientChoiceProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let own = [&Code::CommitFence, &Code::InvalidState, &Code::PreconditionFailed];
        let asked = ASK.iter().chain([&Code::ProviderRefused]);
        answers(CLIENT.iter().chain(BODY).chain(own).chain(asked))
    }
}

impl IntoResponses for ClientWordProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        answers(CLIENT.iter().chain(BODY))
    }
}

impl IntoResponses for ClientPluginProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        answers(CLIENT.iter().chain([&Code::InvalidState, &Code::ProviderConfiguration]))
    }
}

impl IntoResponses for QuestionProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        answers(READ.iter().chain(BODY))
    }
}

impl IntoResponses for TokenProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        answers(READ.iter().chain(BODY))
    }
}

impl IntoResponses for PageProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        answers([&Code::NotFound].into_iter())
    }
}

fn answers<'c>(codes: impl Iterator<Item = &'c Code>) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes {
        by_status.entry(code.entry().status).or_default().push(*code);
    }
    by_status.into_iter().map(|(status, codes)| (status.to_string(), answer(status, &codes).into())).collect()
}

fn answer(status: u16, codes: &[Code]) -> Response {
    let described: Vec<_> =
        codes.iter().map(|code| format!("`{}`: {}", code.entry().word, code.entry().title)).collect();
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let mut response = ResponseBuilder::new().description(described.join("\n\n")).content(MEDIA_TYPE, content);
    if status == 401 {
        response = response.header("WWW-Authenticate", text_header("`Bearer`"));
    }
    let waits = |code: &Code| {
        matches!(
            code,
            Code::IdempotencyKeyInFlight
                | Code::ProviderUnavailable
                | Code::RateLimited
                | Code::IssuerUnavailable
                | Code::StorageUnavailable
                | Code::TooManyListeners
        )
    };
    if codes.iter().any(waits) {
        response = response.header("Retry-After", text_header("Seconds to wait, where known"));
    }
    response.build()
}

/// A response header that holds text.
pub(crate) fn text_header(description: &str) -> utoipa::openapi::Header {
    HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .description(Some(description))
        .build()
}
