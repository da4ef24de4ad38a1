//! Answers that are no success -> what they mean, and [`ProviderError`] with what they say of a commitment (1.5, question 6).

use lendport_core::{CommitClass, ErrorKind, FieldError, Pointer, ProviderError, RetryClass};
use lendport_outbound::{Answer, CallError};

use crate::endpoint::{Effect, Endpoint};
use crate::wire::{Code, Spoken};

/// A no that a caller of one call or another handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is such a user already. Only on a create: elsewhere the published samples show it for anything (1.5).
    UserExists,
    /// No such lease or transaction, in Medusa's own words.
    NotFound,
    /// A payment has to be made before signing.
    PaymentRequired,
    /// The lease can be signed no more.
    LeaseExpired,
    /// The order is too small.
    BelowMinimum,
    /// The order is above the spending limit.
    AboveLimit,
    /// The payment method cannot be the primary one (11503).
    NotPrimary,
    /// The bank is not accepted (11505).
    BankNotAccepted,
    /// The bank account has to be verified first (11506).
    BankNeedsVerification,
    /// The token, of the customer or ours, is not accepted.
    Unauthorized,
    /// The request is not accepted, and no more is known.
    Rejected,
}

/// A call that brought no success.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Failed {
    /// What the provider said no to, where it did.
    pub refusal: Option<Refusal>,
    /// The same in the words of the domain.
    pub error: ProviderError,
}

impl Failed {
    fn refused(refusal: Refusal, kind: ErrorKind, message: &str) -> Self {
        let error = ProviderError::new(kind, message).committed_as(CommitClass::Rejected);
        Self { refusal: Some(refusal), error }
    }

    fn plain(error: ProviderError) -> Self {
        Self { refusal: None, error }
    }
}

impl From<ProviderError> for Failed {
    fn from(error: ProviderError) -> Self {
        Self::plain(error)
    }
}

impl From<Failed> for ProviderError {
    fn from(failed: Failed) -> Self {
        failed.error
    }
}

/// After this nobody knows whether the call was carried out, unless it only reads.
fn open(endpoint: Endpoint, error: ProviderError) -> ProviderError {
    match endpoint.spec().effect {
        Effect::Reads => error.committed_as(CommitClass::Rejected).retried_as(RetryClass::SameRequest),
        Effect::Makes | Effect::Binds => error.committed_as(CommitClass::Unknown).retried_as(RetryClass::AfterLookup),
    }
}

/// No answer at all.
pub(crate) fn from_call(error: CallError, endpoint: Endpoint) -> Failed {
    let error = error.into_provider_error();
    Failed::plain(if error.commit == CommitClass::Unknown { open(endpoint, error) } else { error })
}

/// A success that is not what the documents promise (question 17: never a decline).
pub(crate) fn unreadable(answer: &Answer, endpoint: Endpoint) -> Failed {
    let error = ProviderError::new(ErrorKind::BadResponse, "FlexShopper gave an answer that cannot be read.");
    Failed::plain(open(endpoint, error).with_status(answer.status))
}

/// An answer about something that is not what was asked for.
pub(crate) fn foreign(endpoint: Endpoint, what: &str) -> ProviderError {
    open(endpoint, ProviderError::new(ErrorKind::BadResponse, format!("FlexShopper answered with {what}.")))
}

/// Something that the state does not allow; nothing was sent.
pub(crate) fn not_now(message: &str) -> ProviderError {
    ProviderError::new(ErrorKind::Invalid, message)
        .committed_as(CommitClass::NotSent)
        .retried_as(RetryClass::AfterLookup)
}

/// An answer whose status is no success, or whose body names an error.
pub(crate) fn from_answer(answer: &Answer, endpoint: Endpoint) -> Failed {
    let spoken = Spoken::of(&answer.body);
    let mut failed = match &spoken {
        // A proxy may have changed the status, so nothing is certain of what was done (1.5).
        _ if answer.is_success() => {
            let error = ProviderError::new(ErrorKind::BadResponse, "FlexShopper names an error in a success.");
            Failed::plain(open(endpoint, error))
        }
        Spoken::Medusa(body) => by_code(answer.status, &body.code(), endpoint),
        Spoken::Gateway | Spoken::Nobody => by_status(answer.status, endpoint, &spoken),
    };
    failed.error.http_status = Some(answer.status);
    failed.error.retry_after_s = answer.retry_after_s;
    if let Spoken::Medusa(body) = &spoken {
        failed.error.provider_code = match body.code() {
            Code::Number(number) => Some(number.to_string()),
            Code::Word(word) if is_plain(&word) => Some(word),
            Code::Word(_) | Code::None => None,
        };
        if failed.error.kind == ErrorKind::Invalid && failed.error.fields.is_empty() {
            let said = body.message.value().map(|message| message.as_str());
            let detail = said.and_then(showable).unwrap_or_else(|| "the provider refused the request".to_owned());
            failed.error.fields.push(FieldError::new(&Pointer::root(), "refused_by_provider", detail));
        }
    }
    failed
}

fn by_code(status: u16, code: &Code, endpoint: Endpoint) -> Failed {
    use Refusal as R;
    let refused = Failed::refused;
    match (status, code) {
        (400, Code::Number(11_503)) => {
            refused(R::NotPrimary, ErrorKind::Invalid, "The payment method cannot be the primary one.")
        }
        (400, Code::Number(11_505)) => refused(R::BankNotAccepted, ErrorKind::Invalid, "The bank is not accepted."),
        (400, Code::Number(11_506)) => {
            refused(R::BankNeedsVerification, ErrorKind::Invalid, "The bank account has to be verified first.")
        }
        (400, Code::Word(word)) if word == "UserAlreadyExists" && endpoint == Endpoint::CreateUser => {
            refused(R::UserExists, ErrorKind::Invalid, "FlexShopper knows this customer already.")
        }
        (409, Code::Word(word)) if word == "UserAlreadyExists" => {
            refused(R::UserExists, ErrorKind::Invalid, "FlexShopper knows this customer already.")
        }
        (402, _) => refused(R::PaymentRequired, ErrorKind::Declined, "FlexShopper asks for a payment first."),
        (404, Code::Word(word)) if matches!(word.as_str(), "LeaseNotFound" | "TransactionNotFound") => {
            refused(R::NotFound, ErrorKind::Invalid, "FlexShopper knows no such order.").after_lookup()
        }
        (404, Code::Word(word)) if word == "InvalidMerchantId" => Failed::plain(ProviderError::new(
            ErrorKind::Configuration,
            "FlexShopper does not know the merchant; check the account's channel and vendor_id.",
        )),
        // How nobody is told is not documented; in an error object of Medusa's own it is nobody (4.1).
        (404, _) if endpoint == Endpoint::UserExists => {
            refused(R::NotFound, ErrorKind::Invalid, "FlexShopper knows no such user.").after_lookup()
        }
        (410, _) => refused(R::LeaseExpired, ErrorKind::Invalid, "The lease expired; a new one is needed."),
        (400..=499, Code::Word(word)) if word == "LeaseAmountNotSatisfied" => {
            refused(R::BelowMinimum, ErrorKind::Invalid, "The order is smaller than FlexShopper takes.")
        }
        (400..=499, Code::Word(word)) if word == "ExceedSpendingLimitError" => {
            refused(R::AboveLimit, ErrorKind::Invalid, "The order is above the customer's spending limit.")
        }
        (400 | 422, _) => refused(R::Rejected, ErrorKind::Invalid, "FlexShopper refused the request."),
        _ => by_status(status, endpoint, &Spoken::Nobody),
    }
}

fn by_status(status: u16, endpoint: Endpoint, spoken: &Spoken) -> Failed {
    let rejected = |kind, message: &str| ProviderError::new(kind, message).committed_as(CommitClass::Rejected);
    match status {
        401 | 403 => Failed::refused(
            Refusal::Unauthorized,
            ErrorKind::Credentials,
            "FlexShopper does not accept the account's api_key, or the customer's token is over.",
        ),
        // The gateway in front lets nothing pass.
        429 => Failed::plain(rejected(ErrorKind::NotNow, "FlexShopper asks to slow down; nothing was done.")),
        // Not Medusa's own words, so a path or host may be wrong: that says nothing of an order.
        404 | 405 => Failed::plain(
            rejected(
                ErrorKind::Configuration,
                "Nothing of FlexShopper's answers at this address; check the base address and the table of paths.",
            )
            .retried_as(RetryClass::AfterLookup),
        ),
        400 | 413 | 415 | 422 if matches!(spoken, Spoken::Gateway) => {
            Failed::plain(rejected(ErrorKind::Configuration, "FlexShopper does not accept how the gateway asks."))
        }
        408 | 500..=599 => {
            Failed::plain(open(endpoint, ProviderError::new(ErrorKind::Unavailable, "FlexShopper failed on its side.")))
        }
        _ => Failed::plain(open(
            endpoint,
            ProviderError::new(
                ErrorKind::BadResponse,
                "FlexShopper answered with a status that its API does not have.",
            ),
        )),
    }
}

impl Failed {
    fn after_lookup(mut self) -> Self {
        self.error.retry = RetryClass::AfterLookup;
        self
    }
}

fn is_plain(word: &str) -> bool {
    word.len() <= 60 && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// A message for the developer: one line that quotes nobody. Many quote an e-mail address or a number.
fn showable(message: &str) -> Option<String> {
    let plain = message.len() <= 200 && message.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    let digits = message.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() >= 4);
    let words = !message.trim().is_empty() && !message.contains(['@', '<', '>', '[']);
    (plain && words && !digits).then(|| message.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn failed(endpoint: Endpoint, status: u16, body: &str) -> Failed {
        from_answer(&Answer::new(status, Vec::new(), body.as_bytes().to_vec()), endpoint)
    }

    fn coded(endpoint: Endpoint, status: u16, code: &serde_json::Value) -> Failed {
        let body = json!({ "error": { "statusCode": status, "code": code, "message": "m", "data": {} } });
        failed(endpoint, status, &body.to_string())
    }

    #[test]
    fn every_row_of_the_table_of_errors() {
        use Endpoint as E;
        use Refusal as R;
        for (endpoint, status, code, refusal) in [
            (E::CreateUser, 400, json!("UserAlreadyExists"), Some(R::UserExists)),
            (E::CreateUser, 409, json!("UserAlreadyExists"), Some(R::UserExists)),
            (E::Apply, 409, json!("UserAlreadyExists"), Some(R::UserExists)),
            (E::Transaction, 400, json!("UserAlreadyExists"), Some(R::Rejected)),
            (E::VerifyAch, 400, json!(""), Some(R::Rejected)),
            (E::AddPaymentMethod, 400, json!(11_503), Some(R::NotPrimary)),
            (E::AddPaymentMethod, 400, json!("11505"), Some(R::BankNotAccepted)),
            (E::AddPaymentMethod, 400, json!(11_506), Some(R::BankNeedsVerification)),
            (E::Sign, 402, json!("PaymentRequired"), Some(R::PaymentRequired)),
            (E::Sign, 410, json!("LeaseExpired"), Some(R::LeaseExpired)),
            (E::Lease, 404, json!("LeaseNotFound"), Some(R::NotFound)),
            (E::Transaction, 404, json!("TransactionNotFound"), Some(R::NotFound)),
            (E::UserExists, 404, json!("UserNotFound"), Some(R::NotFound)),
            (E::UserExists, 404, json!("InvalidMerchantId"), None),
            (E::Authorize, 404, json!("InvalidMerchantId"), None),
            (E::CreateLease, 400, json!("LeaseAmountNotSatisfied"), Some(R::BelowMinimum)),
            (E::CreateLease, 400, json!("ExceedSpendingLimitError"), Some(R::AboveLimit)),
            (E::Apply, 502, json!("BadGateway"), None),
        ] {
            assert_eq!(coded(endpoint, status, &code).refusal, refusal, "{endpoint:?} {status} {code}");
        }
    }

    #[test]
    fn a_404_that_is_not_medusas_own_says_nothing_of_an_order() {
        for body in ["", "<html>", "{}", r#"{"message":"no Route matched with those values"}"#, r#"{"error":"x"}"#] {
            let failed = failed(Endpoint::Transaction, 404, body);
            assert_eq!((failed.refusal, failed.error.kind), (None, ErrorKind::Configuration), "{body}");
        }
        let odd = coded(Endpoint::Transaction, 404, &json!("SomethingNew"));
        assert_eq!(odd.refusal, None);
    }

    #[test]
    fn what_binds_is_never_offered_for_another_try_after_it_may_have_arrived() {
        for endpoint in Endpoint::ALL.iter().copied().filter(|endpoint| endpoint.spec().effect != Effect::Reads) {
            for status in [200, 201, 302, 408, 418, 500, 502, 503, 504, 600] {
                for body in ["", "<html>", "{}", r#"{"error":{"statusCode":500,"code":"","message":""}}"#] {
                    let error = failed(endpoint, status, body).error;
                    let classes = (error.commit, error.retry);
                    assert_eq!(
                        classes,
                        (CommitClass::Unknown, RetryClass::AfterLookup),
                        "{endpoint:?} {status} {body}"
                    );
                }
            }
            let lost = unreadable(&Answer::new(200, Vec::new(), Vec::new()), endpoint).error;
            assert_eq!((lost.commit, lost.retry), (CommitClass::Unknown, RetryClass::AfterLookup));
        }
        for endpoint in Endpoint::ALL.iter().copied().filter(|endpoint| endpoint.spec().effect == Effect::Reads) {
            let error = failed(endpoint, 503, "").error;
            assert_eq!((error.commit, error.retry), (CommitClass::Rejected, RetryClass::SameRequest));
        }
    }

    #[test]
    fn an_error_within_a_success_is_no_success() {
        let body = r#"{"error":{"statusCode":404,"code":"LeaseNotFound","message":"","data":{}}}"#;
        let failed = failed(Endpoint::Finalize, 200, body);
        assert_eq!((failed.refusal, failed.error.commit), (None, CommitClass::Unknown));
    }

    #[test]
    fn messages_are_shown_only_when_they_quote_nobody() {
        assert_eq!(showable("\"accountNumber\" is required").as_deref(), Some("\"accountNumber\" is required"));
        for message in [
            "User already exists with email john@example.com",
            "User already exists with email [email protected]",
            "ssn 123456789 is wrong",
            "<b>x</b>",
            " ",
            "line\nbreak",
            "Jürgen",
        ] {
            assert_eq!(showable(message), None, "{message}");
        }
    }

    #[test]
    fn any_body_of_any_status_is_an_error() {
        for body in ["", "null", "[]", "{}", "<html>", r#"{"error":7}"#, r#"{"error":{"code":[]}}"#, "\u{feff}{}"] {
            for status in [302, 400, 401, 402, 404, 409, 410, 422, 429, 500, 503, 600] {
                for endpoint in Endpoint::ALL {
                    let error = failed(*endpoint, status, body).error;
                    assert_eq!(error.http_status, Some(status));
                    assert!(!(error.kind == ErrorKind::Invalid && error.fields.is_empty()), "{status} {body}");
                    let declined = error.kind == ErrorKind::Declined && status != 402;
                    assert!(!declined, "a body that cannot be read is never a decline: {status} {body}");
                }
            }
        }
    }
}
