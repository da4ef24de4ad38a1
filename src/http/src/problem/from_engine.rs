//! Use cases fail in their own words; callers hear problems. Causes go to the log, once, and never to the caller.

use lendport_core::{ErrorKind, ProviderError, ProviderId, RetryClass};
use lendport_engine::{CheckoutRef, EndpointRefusal, EngineError, KeyRefusal};
use lendport_storage::StoreError;

use super::{Code, Problem, ProblemCheckout, ProblemProvider, ProblemQuota};

impl From<&EngineError> for Problem {
    fn from(error: &EngineError) -> Self {
        match error {
            EngineError::Invalid(invalid) => Self::fields(Code::ValidationFailed, invalid.clone()),
            EngineError::NotFound => Self::plain(Code::NotFound),
            EngineError::Provider { provider, error: cause, checkout } => {
                let mut problem = spoken(provider, cause, *checkout);
                // Never invite a repeat of what the financer may have done and must be asked about first.
                let repeats = !matches!(cause.retry, RetryClass::Never | RetryClass::AfterLookup);
                problem.0.retryable = repeats && !error.is_lasting();
                problem
            }
            EngineError::AmountMismatch { provider, asked, answered, checkout } => {
                let detail = format!("asked for {asked} {}, the financer says {answered}", asked.currency());
                let mut problem = Self::new(Code::ProviderAmountMismatch, detail.clone());
                problem.0.provider =
                    Some(ProblemProvider { id: provider.to_string(), code: None, message: detail, status: None });
                problem.0.checkout = Some(shown(*checkout));
                problem
            }
            EngineError::NotSupported { provider, ability, note } => {
                let mut problem = Self::new(Code::OperationNotSupported, *note);
                problem.0.provider = Some(ProblemProvider {
                    id: provider.to_string(),
                    code: None,
                    message: format!("{} is not supported", ability.as_str()),
                    status: None,
                });
                problem
            }
            EngineError::WrongState { checkout, wanted } => {
                let detail = format!("the checkout is {}; {wanted}", checkout.status.as_str());
                let mut problem = Self::new(Code::InvalidState, detail);
                problem.0.checkout = Some(shown(*checkout));
                problem
            }
            EngineError::CommitFence { checkout, holder } => {
                let detail = format!("an attempt is {}; no other financer may be started", holder.as_str());
                let mut problem = Self::new(Code::CommitFence, detail);
                problem.0.checkout = Some(shown(*checkout));
                problem
            }
            EngineError::AlreadySettled { .. } => Self::new(Code::InvalidState, error.to_string()),
            EngineError::Endpoint(refusal) => {
                let code = match refusal {
                    EndpointRefusal::TooMany => Code::TooManyEndpoints,
                    EndpointRefusal::NotEnabled(_) | EndpointRefusal::Deleted => Code::EndpointNotEnabled,
                    EndpointRefusal::TooManySecrets => Code::TooManySecrets,
                };
                Self::new(code, refusal.to_string())
            }
            EngineError::MissingScope(scope) => Self::missing(*scope),
            EngineError::LiveKeyNeeded => Self::plain(Code::LiveKeyRequired),
            EngineError::Key(refusal) => {
                let code = match refusal {
                    KeyRefusal::TooMany => Code::TooManyKeys,
                    KeyRefusal::Over | KeyRefusal::Replaced => Code::KeyNotActive,
                };
                Self::new(code, refusal.to_string())
            }
            EngineError::Quota { quota, limit, used } => {
                let mut problem = Self::new(Code::QuotaExceeded, error.to_string());
                problem.0.quota = Some(ProblemQuota { name: quota.as_str(), limit: *limit, used: *used });
                problem
            }
            EngineError::AccountInUse { .. } => Self::new(Code::AccountInUse, error.to_string()),
            EngineError::PreconditionFailed => Self::plain(Code::PreconditionFailed),
            EngineError::KeyReused => Self::plain(Code::IdempotencyKeyReused),
            EngineError::KeyInFlight => {
                let mut problem = Self::plain(Code::IdempotencyKeyInFlight);
                problem.0.retry_after_s = Some(1);
                problem
            }
            EngineError::Store(cause) => stored(cause),
            EngineError::Internal(cause) => {
                tracing::error!(%cause, "request failed inside the gateway");
                Self::plain(Code::Internal)
            }
        }
    }
}

fn spoken(provider: &ProviderId, error: &ProviderError, checkout: Option<CheckoutRef>) -> Problem {
    let code = match error.kind {
        ErrorKind::Invalid | ErrorKind::Declined => Code::ProviderRefused,
        ErrorKind::Credentials => Code::ProviderCredentialsRejected,
        ErrorKind::Configuration => Code::ProviderConfiguration,
        ErrorKind::Unavailable | ErrorKind::NotNow => Code::ProviderUnavailable,
        ErrorKind::NoAnswer => Code::ProviderOutcomeUnknown,
        ErrorKind::BadResponse => Code::ProviderBadResponse,
        ErrorKind::Unsupported { .. } => Code::OperationNotSupported,
    };
    tracing::warn!(provider = %provider, code = code.entry().word, status = error.http_status, "provider call failed");
    let mut problem = Problem::new(code, error.message.clone());
    problem.0.errors.clone_from(&error.fields);
    problem.0.errors.truncate(lendport_core::limits::FIELD_ERRORS_MAX);
    problem.0.retry_after_s = error.retry_after_s.filter(|_| code == Code::ProviderUnavailable);
    problem.0.provider = Some(ProblemProvider {
        id: provider.to_string(),
        code: error.provider_code.clone(),
        message: error.message.clone(),
        status: error.http_status,
    });
    problem.0.checkout = checkout.map(shown);
    problem
}

fn shown(checkout: CheckoutRef) -> ProblemCheckout {
    ProblemCheckout { id: checkout.id.to_string(), status: checkout.status.as_str() }
}

fn stored(cause: &StoreError) -> Problem {
    tracing::error!(%cause, "storage failed");
    match cause {
        StoreError::InUse(_)
        | StoreError::Full
        | StoreError::ReadOnly(_)
        | StoreError::Unavailable(_)
        | StoreError::Uncertain(_) => {
            let mut problem = Problem::plain(Code::StorageUnavailable);
            problem.0.retry_after_s = Some(1);
            problem
        }
        StoreError::BadRow { .. }
        | StoreError::Sealed
        | StoreError::DataKey(_)
        | StoreError::WrongKey(_)
        | StoreError::Migration(_)
        | StoreError::Database(_) => Problem::plain(Code::Internal),
    }
}

#[cfg(test)]
mod tests {
    use lendport_core::{Ability, AttemptState, CheckoutStatus, FieldError, Pointer, Quota, Scope};

    use super::*;

    fn provider() -> ProviderId {
        ProviderId::parse("acme").unwrap()
    }

    #[test]
    fn each_provider_failure_has_its_code_and_says_whether_a_repeat_helps() {
        for (kind, word, status, retryable) in [
            (ErrorKind::Invalid, "provider_refused", 422, false),
            (ErrorKind::Credentials, "provider_credentials_rejected", 502, false),
            (ErrorKind::Configuration, "provider_configuration", 502, false),
            (ErrorKind::Unavailable, "provider_unavailable", 503, true),
            (ErrorKind::NotNow, "provider_unavailable", 503, true),
            (ErrorKind::NoAnswer, "provider_outcome_unknown", 504, true),
            (ErrorKind::BadResponse, "provider_bad_response", 502, true),
        ] {
            let mut error = ProviderError::new(kind, "said no").with_status(400).with_code("x1");
            error.fields = vec![FieldError::new(&Pointer::root().child("customer"), "refused", "no")];
            error.retry_after_s = Some(7);
            let failed = EngineError::Provider { provider: provider(), error: Box::new(error), checkout: None };
            let problem = Problem::from(&failed);
            let document = problem.document("", "req_1");
            assert_eq!((document.code, document.status, document.retryable), (word, status, retryable));
            assert_eq!(document.provider.unwrap().code.as_deref(), Some("x1"));
            assert_eq!(document.errors.len(), 1);
            assert_eq!(problem.retry_after_s(), (word == "provider_unavailable").then_some(7));
        }
    }

    #[test]
    fn what_must_be_looked_up_first_is_not_to_be_repeated() {
        for (retry, retryable) in [
            (RetryClass::Never, false),
            (RetryClass::AfterLookup, false),
            (RetryClass::SameRequest, true),
            (RetryClass::NewAttempt, true),
        ] {
            let mut error = ProviderError::new(ErrorKind::NoAnswer, "did not answer");
            error.retry = retry;
            let failed = EngineError::Provider { provider: provider(), error: Box::new(error), checkout: None };
            assert_eq!(Problem::from(&failed).document("", "req_1").retryable, retryable, "{retry:?}");
        }
    }

    #[test]
    fn the_rest_has_its_codes_and_tells_no_causes() {
        let unsupported =
            EngineError::NotSupported { provider: provider(), ability: Ability::CaptureFull, note: "ask" };
        let id: lendport_core::CheckoutId = "chk_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b".parse().unwrap();
        let checkout = CheckoutRef { id, status: CheckoutStatus::Open };
        let wrong_state = EngineError::WrongState { checkout, wanted: "be patient" };
        for (error, word, status) in [
            (EngineError::NotFound, "not_found", 404),
            (unsupported, "operation_not_supported", 422),
            (wrong_state, "invalid_state", 409),
            (EngineError::CommitFence { checkout, holder: AttemptState::Authorized }, "commit_fence", 409),
            (EngineError::Endpoint(EndpointRefusal::TooMany), "too_many_endpoints", 422),
            (EngineError::Endpoint(EndpointRefusal::Deleted), "endpoint_not_enabled", 409),
            (EngineError::Endpoint(EndpointRefusal::TooManySecrets), "too_many_secrets", 409),
            (EngineError::MissingScope(Scope::AccountsWrite), "insufficient_scope", 403),
            (EngineError::LiveKeyNeeded, "live_key_required", 403),
            (EngineError::Key(KeyRefusal::TooMany), "too_many_keys", 422),
            (EngineError::Key(KeyRefusal::Over), "key_not_active", 409),
            (EngineError::Key(KeyRefusal::Replaced), "key_not_active", 409),
            (EngineError::Quota { quota: Quota::OpenCheckouts, limit: 3, used: 4 }, "quota_exceeded", 409),
            (EngineError::PreconditionFailed, "precondition_failed", 412),
            (EngineError::KeyReused, "idempotency_key_reused", 422),
            (EngineError::KeyInFlight, "idempotency_key_in_flight", 409),
            (EngineError::Store(StoreError::Full), "storage_unavailable", 503),
            (EngineError::Store(StoreError::Database("secret cause".into())), "internal", 500),
            (EngineError::Internal("secret cause".into()), "internal", 500),
        ] {
            let body = Problem::from(&error).body("", "req_1");
            assert!(body.contains(&format!("\"code\":\"{word}\"")) && body.contains(&format!("\"status\":{status}")));
            assert!(!body.contains("secret cause"));
            let names_it = matches!(error, EngineError::WrongState { .. } | EngineError::CommitFence { .. });
            assert_eq!(body.contains(&id.to_string()), names_it, "{word}: the caller can go and look");
        }
    }
}
