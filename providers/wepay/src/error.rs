//! Error answers -> [`ProviderError`] with what they say of a commitment.
//!
//! Here `Unknown` together with `SameRequest` means: this create may be sent again with its own `unique_id`. The adapter
//! does so with a bound, and hands out `AfterLookup`.

use lendport_core::{Checkout, CommitClass, ErrorKind, FieldError, Pointer, ProviderError, RetryClass};
use lendport_outbound::{Answer, CallError};

use crate::ID;
use crate::error_class::{self, Class};
use crate::error_fields::{refused_fields, showable};
use crate::throttle::Purpose;
use crate::verb::Verb;
use crate::wire::ErrorBody;

/// Fields of an answer that are kept in the call's record. WePay warns that code and text do not always match, so both are.
pub(crate) const KEPT: &[&str] = &["error", "error_code", "error_description", "state"];

/// What a call was for.
#[derive(Clone, Copy)]
pub(crate) struct Told<'a> {
    pub(crate) verb: Verb,
    /// For a create: whose order it was, and whether it takes money at once.
    pub(crate) order: Option<(&'a Checkout, bool)>,
}

impl Told<'_> {
    fn tokenised(self) -> bool {
        self.order.is_some_and(|(_, tokenised)| tokenised)
    }

    /// The classes of a failure after which nobody knows whether the call was carried out.
    fn open(self, error: ProviderError) -> ProviderError {
        match (self.verb, self.verb.purpose()) {
            (Verb::Create | Verb::Modify, _) => {
                error.committed_as(CommitClass::Unknown).retried_as(RetryClass::SameRequest)
            }
            (_, Purpose::Question) => error.committed_as(CommitClass::Rejected).retried_as(RetryClass::SameRequest),
            _ => error.committed_as(CommitClass::Unknown).retried_as(RetryClass::AfterLookup),
        }
    }
}

/// An answer that names an error, or has no success status.
pub(crate) fn from_answer(answer: &Answer, body: Option<&ErrorBody>, told: Told<'_>) -> ProviderError {
    let silent = ErrorBody::default();
    let body = body.unwrap_or(&silent);
    let class = error_class::of(body.code(), body.word(), answer.status);
    let mut error = of_class(class, body, told).with_status(answer.status);
    error.retry_after_s = answer.retry_after_s;
    match (body.code(), body.word()) {
        (Some(code), _) => error.with_code(code.to_string()),
        (None, Some(word)) if is_plain(word) => error.with_code(word),
        _ => error,
    }
}

/// A success that is not what the documents promise (question 37).
pub(crate) fn unreadable(answer: &Answer, told: Told<'_>) -> ProviderError {
    told.open(ProviderError::new(ErrorKind::BadResponse, "WePay gave an answer that cannot be read."))
        .with_status(answer.status)
}

/// An answer about something that is not ours.
pub(crate) fn foreign(what: &str) -> ProviderError {
    ProviderError::new(ErrorKind::BadResponse, format!("WePay answered with {what}."))
        .retried_as(RetryClass::AfterLookup)
}

/// No answer at all.
pub(crate) fn from_call(error: CallError, told: Told<'_>) -> ProviderError {
    let error = error.into_provider_error();
    if error.commit == CommitClass::Unknown { told.open(error) } else { error }
}

/// A command that the state does not allow; nothing was sent.
pub(crate) fn not_now(message: &str) -> ProviderError {
    ProviderError::new(ErrorKind::Invalid, message)
        .committed_as(CommitClass::NotSent)
        .retried_as(RetryClass::AfterLookup)
}

fn of_class(class: Class, body: &ErrorBody, told: Told<'_>) -> ProviderError {
    let rejected = |kind, message: &str| ProviderError::new(kind, message).committed_as(CommitClass::Rejected);
    match class {
        Class::Gateway => rejected(
            ErrorKind::Configuration,
            "WePay does not accept how the gateway asks; check the account's api_version and see the call's record.",
        ),
        Class::Credentials => rejected(
            ErrorKind::Credentials,
            "WePay does not accept the account's access_token for this; tokens differ between stage and production.",
        ),
        Class::Setup => rejected(
            ErrorKind::Configuration,
            "WePay's app or account is set up differently; check account_id and api_version.",
        ),
        Class::Blocked => {
            rejected(ErrorKind::Configuration, "WePay does not let this account take or give back money.")
        }
        Class::NoFunds => rejected(ErrorKind::NotNow, "The account at WePay has not enough money for this now.")
            .retried_as(RetryClass::SameRequest),
        Class::Throttled => rejected(ErrorKind::NotNow, "WePay asks to slow down; nothing was done.")
            // The number of a create is spent with any error but two (question 16).
            .retried_as(if told.verb == Verb::Create { RetryClass::NewAttempt } else { RetryClass::SameRequest }),
        Class::NotFound => rejected(ErrorKind::Configuration, "WePay does not know this checkout in this account."),
        Class::WrongState => rejected(ErrorKind::Invalid, "WePay's checkout is in a state that does not allow this.")
            .retried_as(RetryClass::AfterLookup),
        Class::NoPartialCapture => rejected(ErrorKind::Invalid, "WePay captures a checkout as a whole."),
        Class::Declined => declined(),
        Class::Content => content(body, told),
        Class::Unexpected => unexpected(body, told),
        Class::Down => told.open(ProviderError::new(ErrorKind::Unavailable, "WePay failed on its side.")),
        Class::Foreign => told.open(ProviderError::new(
            ErrorKind::BadResponse,
            "WePay answered with a status that its API does not have.",
        )),
    }
}

fn declined() -> ProviderError {
    let at = Pointer::root().child("provider_options").child(ID).child("payment_method");
    ProviderError::new(ErrorKind::Declined, "WePay declined the payment method.").with_fields(vec![FieldError::new(
        &at,
        "declined",
        "use another one",
    )])
}

fn content(body: &ErrorBody, told: Told<'_>) -> ProviderError {
    let refused = refused_fields(body, told);
    if refused.fields.is_empty() && !refused.ours.is_empty() {
        let message = format!("WePay refused what the gateway itself sends: {}.", refused.ours.join(", "));
        return ProviderError::new(ErrorKind::Configuration, message);
    }
    let mut fields = refused.fields;
    if fields.is_empty() {
        let order = told.order.map(|(checkout, _)| checkout);
        let detail = showable(body.text(), order).unwrap_or_else(|| "the provider refused the request".to_owned());
        fields.push(FieldError::new(&Pointer::root(), "refused_by_provider", detail));
    }
    ProviderError::new(ErrorKind::Invalid, "WePay refused the request.").with_fields(fields)
}

/// 1008 is an outage, a decline or bad input (section 7). What could have taken money is unknown, never rejected.
fn unexpected(body: &ErrorBody, told: Told<'_>) -> ProviderError {
    let failed = |message: &str| ProviderError::new(ErrorKind::Unavailable, message);
    match told.verb {
        Verb::Create if error_class::is_unknown_text(body.text()) => told.open(failed("WePay had an unknown error.")),
        Verb::Create if error_class::is_decline_text(body.text()) => declined(),
        Verb::Create if told.tokenised() => {
            failed("WePay failed while it took the payment.").retried_as(RetryClass::AfterLookup)
        }
        // Nobody has seen the page, so nothing can be paid there.
        Verb::Create => failed("WePay could not make the page.").committed_as(CommitClass::Rejected),
        Verb::Refund if is_too_much(body.text()) => {
            let at = Pointer::root().child("amount");
            let detail = "is more than WePay can still give back of this payment";
            ProviderError::new(ErrorKind::Invalid, "WePay refused the refund.").with_fields(vec![FieldError::new(
                &at,
                "too_large",
                detail,
            )])
        }
        _ => told.open(failed("WePay failed on its side.")),
    }
}

fn is_too_much(text: &str) -> bool {
    text.to_ascii_lowercase().contains("refund more than")
}

fn is_plain(word: &str) -> bool {
    word.len() <= 60 && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

#[cfg(test)]
mod tests {
    use lendport_testkit::{Sample, SeededIds};
    use serde_json::json;

    use super::*;

    fn error(verb: Verb, tokenised: bool, status: u16, body: &str) -> ProviderError {
        let checkout = Sample::usa().checkout(&SeededIds::default());
        let order = (verb == Verb::Create).then_some((&checkout, tokenised));
        let answer = Answer::new(status, Vec::new(), body.as_bytes().to_vec());
        from_answer(&answer, ErrorBody::read(&answer.body).as_ref(), Told { verb, order })
    }

    fn coded(verb: Verb, tokenised: bool, status: u16, code: u64, text: &str) -> ProviderError {
        let body = json!({ "error": "processing_error", "error_description": text, "error_code": code });
        error(verb, tokenised, status, &body.to_string())
    }

    #[test]
    fn only_two_failures_of_a_create_ask_for_the_same_number() {
        let again = (CommitClass::Unknown, RetryClass::SameRequest);
        let classes = |error: ProviderError| (error.commit, error.retry);
        let unknown = "there was an unknown error - please contact api@wepay.com for support";
        assert_eq!(classes(coded(Verb::Create, false, 500, 1008, unknown)), again);
        assert_eq!(classes(error(Verb::Create, false, 502, "<html>")), again);
        assert_eq!(
            classes(unreadable(&Answer::new(200, Vec::new(), Vec::new()), Told { verb: Verb::Create, order: None })),
            again
        );
        for code in (1001..=1016).chain(2001..=2018).chain(3001..=3012).chain([4001, 4002, 4003, 4004, 4005, 4007]) {
            for tokenised in [true, false] {
                let error = coded(Verb::Create, tokenised, 400, code, "some other text");
                assert_ne!((error.commit, error.retry), again, "{code}");
            }
        }
    }

    #[test]
    fn a_1008_is_rejected_only_where_no_money_can_have_moved() {
        let decline = "Unable to charge payment method: general decline";
        let commit = |verb, tokenised, text| coded(verb, tokenised, 400, 1008, text).commit;
        assert_eq!(commit(Verb::Create, true, decline), CommitClass::Rejected);
        assert_eq!(commit(Verb::Create, true, "out of order"), CommitClass::Unknown);
        assert_eq!(commit(Verb::Create, false, "out of order"), CommitClass::Rejected);
        for verb in [Verb::Capture, Verb::Release, Verb::Cancel, Verb::Refund] {
            let error = coded(verb, false, 500, 1008, "out of order");
            assert_eq!((error.commit, error.retry), (CommitClass::Unknown, RetryClass::AfterLookup), "{verb:?}");
        }
        let error = coded(Verb::LookUp, false, 500, 1008, "out of order");
        assert_eq!((error.commit, error.retry), (CommitClass::Rejected, RetryClass::SameRequest));
    }

    #[test]
    fn too_large_a_refund_names_the_amount() {
        let text = "You may not refund more than the non-refunded balance of the payment";
        let body = json!({ "error": "processing_error", "error_description": text }).to_string();
        let error = error(Verb::Refund, false, 400, &body);
        assert_eq!((error.kind.clone(), error.commit), (ErrorKind::Invalid, CommitClass::Rejected));
        assert_eq!(error.fields[0].pointer, "/amount");
    }

    #[test]
    fn throttling_keeps_the_time_that_was_named() {
        let answer = Answer::new(429, vec![("retry-after".to_owned(), "17".to_owned())], Vec::new());
        for verb in Verb::ALL {
            let error = from_answer(&answer, None, Told { verb, order: None });
            assert_eq!((error.kind.clone(), error.commit), (ErrorKind::NotNow, CommitClass::Rejected));
            assert_eq!(error.retry_after_s, Some(17));
            assert_eq!(error.retry == RetryClass::NewAttempt, verb == Verb::Create);
        }
    }

    #[test]
    fn any_body_of_any_status_is_an_error() {
        for body in ["", "null", "[]", "{}", "<html>", "{\"error\":7}", "{\"error_code\":\"x\"}", "\u{feff}{}"] {
            for status in [302, 400, 401, 404, 429, 500, 503, 600] {
                for verb in Verb::ALL {
                    let error = error(verb, true, status, body);
                    assert_eq!(error.http_status, Some(status));
                    assert!(!(error.kind == ErrorKind::Invalid && error.fields.is_empty()), "{status} {body}");
                }
            }
        }
    }
}
