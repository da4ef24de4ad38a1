//! Provider error answers -> [`ProviderError`] with its commit class (`wegetfinancing.md` section 5).

use lendport_core::{Checkout, ErrorKind, ProviderError};
use lendport_outbound::Answer;

use crate::error_fields::refused_fields;
use crate::wire::ErrorBody;

/// Fields of an error body that are kept in the call's record.
pub(crate) const KEPT: &[&str] = &["error", "message", "code", "stamp", "error_type"];

/// Longest word of the provider's that is passed on.
const CODE_MAX_CHARS: usize = 60;

/// An answer outside 200 to 299 as an error. `checkout` is the one the call was for, to translate field names.
pub(crate) fn from_answer(answer: &Answer, checkout: Option<&Checkout>) -> ProviderError {
    // HTML, plain text ("ERROR ...") and empty bodies read as an error body that says nothing: the status decides.
    let body: ErrorBody = serde_json::from_slice(&answer.body).unwrap_or_default();
    let error = match answer.status {
        401 | 403 => credentials(),
        404 | 405 | 410 => ProviderError::new(
            ErrorKind::Configuration,
            "WeGetFinancing does not know this merchant id or request; check the account's merchant_id.",
        ),
        408 | 500..=599 => ProviderError::new(
            ErrorKind::Unavailable,
            "WeGetFinancing failed on its side; whether it acted is not known.",
        ),
        429 => ProviderError::new(ErrorKind::NotNow, "WeGetFinancing asks to slow down; nothing was done."),
        400..=499 => refused(&body, checkout),
        300..=399 => bad_response("WeGetFinancing answered with a redirect, which is never followed with credentials."),
        _ => bad_response("WeGetFinancing answered with a status that its documents do not have."),
    };
    let mut error = error.with_status(answer.status);
    error.retry_after_s = answer.retry_after_s;
    match word(&body) {
        Some(word) => error.with_code(word),
        None => error,
    }
}

/// A 2xx answer that is not what the documents promise: something may have been created there.
pub(crate) fn unreadable(answer: &Answer, what: &str) -> ProviderError {
    bad_response(&format!("WeGetFinancing answered {what}.")).with_status(answer.status)
}

fn bad_response(message: &str) -> ProviderError {
    ProviderError::new(ErrorKind::BadResponse, message)
}

fn credentials() -> ProviderError {
    ProviderError::new(
        ErrorKind::Credentials,
        "WeGetFinancing does not accept the account's user name and password; they differ between sandbox and live.",
    )
}

fn refused(body: &ErrorBody, checkout: Option<&Checkout>) -> ProviderError {
    // The v3 API answers wrong credentials with any 4xx (5.3).
    if body.error_type.as_str() == Some("AuthenticationError") {
        return credentials();
    }
    let refused = refused_fields(body, checkout);
    let unknown = body.error.as_str() == Some("unknown_parameters");
    let old_server =
        refused.fields.iter().any(|field| field.pointer == "/currency" || field.pointer.ends_with("/country"));
    if unknown && old_server {
        return ProviderError::new(
            ErrorKind::Configuration,
            "WeGetFinancing does not know country or currency; set the account's send_country_and_currency to \
             canada_only.",
        );
    }
    if refused.fields.is_empty() && !refused.ours.is_empty() {
        let message = format!("WeGetFinancing refused what the gateway itself sends: {}.", refused.ours.join(", "));
        return ProviderError::new(ErrorKind::Configuration, message);
    }
    let message = match (body.error.as_str(), refused.fields.len()) {
        (Some("missing_parameters"), _) => "WeGetFinancing needs fields that are missing.",
        (_, 0) => "WeGetFinancing refused the request.",
        _ => "WeGetFinancing refused fields of the request.",
    };
    ProviderError::new(ErrorKind::Invalid, message).with_fields(refused.fields)
}

/// The provider's own word for the error, when it looks like one.
fn word(body: &ErrorBody) -> Option<String> {
    let word = body.error.as_str().or(body.error_type.as_str())?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (!word.is_empty() && word.len() <= CODE_MAX_CHARS && word.chars().all(plain)).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use lendport_core::{CommitClass, RetryClass};
    use lendport_testkit::{Sample, SeededIds};

    use super::*;

    fn error(status: u16, body: &str) -> ProviderError {
        let checkout = Sample::usa().checkout(&SeededIds::default());
        from_answer(&Answer::new(status, Vec::new(), body.as_bytes().to_vec()), Some(&checkout))
    }

    fn fields(error: &ProviderError) -> Vec<(&str, &str, &str)> {
        error.fields.iter().map(|f| (f.pointer.as_str(), f.code.as_str(), f.detail.as_str())).collect()
    }

    #[test]
    fn names_and_reasons_are_joined_and_translated() {
        let error = error(
            400,
            r#"{"type":"error","error":"invalid_parameters","message":"InvalidParameters",
                "subjects":["email","billing_address.street1","shipping_address.zipcode","cart_items","phone","version"],
                "reasons":{"email":"john@example.com is no e-mail address","phone":"Must have\n10 digits","cart_items":null}}"#,
        );
        assert_eq!(
            fields(&error),
            [
                ("/customer/email", "refused_by_provider", "the provider refused this value"),
                ("/billing_address/line1", "refused_by_provider", "the provider refused this value"),
                // The sample has no shipping address of its own.
                ("/billing_address/postal_code", "refused_by_provider", "the provider refused this value"),
                ("/items", "refused_by_provider", "the provider refused this value"),
                ("/customer/phone", "refused_by_provider", "Must have 10 digits"),
            ]
        );
        assert_eq!((error.kind, error.commit), (ErrorKind::Invalid, CommitClass::Rejected));
        assert_eq!(error.provider_code.as_deref(), Some("invalid_parameters"));
    }

    #[test]
    fn subject_is_read_like_subjects_and_may_be_one_text() {
        for body in [
            r#"{"error":"missing_parameters","subject":["first_name"]}"#,
            r#"{"error":"missing_parameters","subject":"first_name"}"#,
            r#"{"error":"missing_parameters","subjects":["first_name"],"subject":["first_name"]}"#,
            r#"{"error":"missing_parameters","reasons":{"first_name":null}}"#,
        ] {
            assert_eq!(
                fields(&error(400, body)),
                [("/customer/first_name", "missing", "the provider needs this field")]
            );
        }
    }

    #[test]
    fn reasons_that_may_quote_the_customer_are_withheld() {
        for reason in ["JOHN is too short", "got 222-222-2222", "6 west end court 1?", "\u{1}\n"] {
            let body = serde_json::json!({ "error": "invalid_parameters", "reasons": { "last_name": reason } });
            let error = error(400, &body.to_string());
            assert_eq!(error.fields[0].detail, "the provider refused this value", "{reason}");
        }
        let long = serde_json::json!({ "error": "invalid_parameters", "reasons": { "last_name": "x".repeat(999) } });
        assert_eq!(error(400, &long.to_string()).fields[0].detail.len(), 200);
    }

    #[test]
    fn country_texts_are_found_wherever_they_are() {
        for body in [
            r#"{"error":"invalid_parameters","subjects":["currency"],"reasons":{"currency":"Invalid country/currency pairing: US/CAD. Expected US/USD."}}"#,
            r#"{"error":"generic","debug":"ValueError: Invalid country/currency pairing: US/CAD. Expected US/USD."}"#,
            r#"{"error":"generic","message":"Invalid country/currency pairing: US/CAD. Expected US/USD."}"#,
        ] {
            let text = "Invalid country/currency pairing: US/CAD. Expected US/USD.";
            assert_eq!(fields(&error(400, body)), [("/currency", "unsupported_currency", text)]);
        }
    }

    #[test]
    fn what_the_caller_cannot_mend_is_configuration() {
        for body in [
            r#"{"error":"invalid_parameters","subjects":["merchant_transaction_id"]}"#,
            r#"{"error":"unknown_parameters","subjects":["currency","billing_address.country"]}"#,
        ] {
            let error = error(400, body);
            assert_eq!((error.kind, error.commit), (ErrorKind::Configuration, CommitClass::Rejected));
        }
    }

    #[test]
    fn the_status_decides_whatever_the_body_is() {
        use CommitClass::{Rejected, Unknown};
        for body in ["", "<html>Oops</html>", "ERROR 400", "null", "[]", "{\"error\":[1]}", "{\"code\":1e400}"] {
            for (status, kind, commit, retry) in [
                (400, ErrorKind::Invalid, Rejected, RetryClass::Never),
                (401, ErrorKind::Credentials, Rejected, RetryClass::Never),
                (403, ErrorKind::Credentials, Rejected, RetryClass::Never),
                (404, ErrorKind::Configuration, Rejected, RetryClass::Never),
                (408, ErrorKind::Unavailable, Unknown, RetryClass::NewAttempt),
                (422, ErrorKind::Invalid, Rejected, RetryClass::Never),
                (429, ErrorKind::NotNow, Rejected, RetryClass::SameRequest),
                (500, ErrorKind::Unavailable, Unknown, RetryClass::NewAttempt),
                (503, ErrorKind::Unavailable, Unknown, RetryClass::NewAttempt),
                (302, ErrorKind::BadResponse, Unknown, RetryClass::NewAttempt),
                (600, ErrorKind::BadResponse, Unknown, RetryClass::NewAttempt),
            ] {
                let error = error(status, body);
                assert_eq!((error.kind, error.commit, error.retry), (kind, commit, retry), "{status} {body}");
                assert_eq!((error.http_status, error.fields.len()), (Some(status), 0));
            }
        }
    }

    #[test]
    fn the_v3_shape_names_credentials() {
        let body = r#"{"created_at":"x","error_type":"AuthenticationError","messages":[{"Invalid or missing credentials":"x"}]}"#;
        assert_eq!(error(400, body).kind, ErrorKind::Credentials);
    }
}
