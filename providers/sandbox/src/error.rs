//! Provider error answers -> [`ProviderError`] with its commit class. The status decides, the body explains.

use lendport_core::{ErrorKind, FieldError, Pointer, ProviderError};
use lendport_outbound::Answer;

use crate::wire::ErrorBody;

/// Longest text of the provider's that is passed on.
const TEXT_MAX_CHARS: usize = 200;

/// An answer outside 200 to 299 as an error.
pub(crate) fn from_answer(answer: &Answer) -> ProviderError {
    let body: ErrorBody = serde_json::from_slice(&answer.body).unwrap_or_default();
    let error = match answer.status {
        401 | 403 => ProviderError::new(ErrorKind::Credentials, "The sandbox does not accept the account's api_key."),
        402 => ProviderError::new(ErrorKind::Declined, "The sandbox declines this customer."),
        404 => ProviderError::new(ErrorKind::Configuration, "The sandbox does not know this application."),
        429 => ProviderError::new(ErrorKind::NotNow, "The sandbox asks to slow down; nothing was done."),
        400..=499 => ProviderError::new(ErrorKind::Invalid, "The sandbox refused the request.")
            .with_fields(body.error.fields.iter().map(|field| refused(&field.name, &field.problem)).collect()),
        500..=599 => ProviderError::new(ErrorKind::Unavailable, "The sandbox failed on its side."),
        _ => ProviderError::new(ErrorKind::BadResponse, "The sandbox answered with an unknown status."),
    };
    let mut error = error.with_status(answer.status);
    error.retry_after_s = answer.retry_after_s;
    let code = clean(&body.error.code);
    if code.is_empty() { error } else { error.with_code(code) }
}

/// A 2xx answer that is not what was promised: something may have been created there.
pub(crate) fn unreadable(answer: &Answer) -> ProviderError {
    ProviderError::new(ErrorKind::BadResponse, "The sandbox gave an answer that cannot be read.")
        .with_status(answer.status)
}

/// The provider's field names as pointers into our caller's request.
fn refused(name: &str, problem: &str) -> FieldError {
    let root = Pointer::root();
    let pointer = match name {
        "customer.email" => root.child("customer").child("email"),
        "customer.name" => root.child("customer").child("last_name"),
        "country" => root.child("billing_address").child("country"),
        "currency" => root.child("currency"),
        "amount_cents" | "items" => root.child("items"),
        _ => root,
    };
    FieldError::new(&pointer, "refused_by_provider", clean(problem))
}

fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(TEXT_MAX_CHARS).collect()
}
