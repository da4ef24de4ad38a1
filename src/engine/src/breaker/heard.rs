//! What became of a call, as far as it says whether a financer works.

use lendport_core::{CallRecord, ErrorKind, ProviderError};

/// Whether a financer failed, by what an adapter answered and by the calls that it made for that: an adapter may answer by
/// itself, and do without what it could not ask for. None where nothing was heard.
pub(super) fn failed(error: Option<&ProviderError>, calls: &[CallRecord]) -> Option<bool> {
    match error.map_or(Some(false), is_failure) {
        Some(false) if calls.is_empty() => None,
        Some(false) => Some(!calls.iter().any(|call| call.status.is_some_and(|status| status < 500))),
        known => known,
    }
}

/// Whether an error says that a financer does not work: it could not be reached, did not answer in time, or failed on its side.
/// A refusal is an answer. None for what says nothing of it: that there is no such call, or that it does not do this now.
pub(super) fn is_failure(error: &ProviderError) -> Option<bool> {
    match error.kind {
        ErrorKind::Unavailable | ErrorKind::NoAnswer => Some(true),
        ErrorKind::BadResponse => Some(error.http_status.is_none_or(|status| status >= 500)),
        ErrorKind::Invalid | ErrorKind::Declined | ErrorKind::Credentials | ErrorKind::Configuration => {
            Some(error.http_status.is_some_and(|status| status >= 500))
        }
        ErrorKind::NotNow | ErrorKind::Unsupported { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use lendport_core::{Ability, CommitClass};

    use super::*;

    #[test]
    fn what_is_its_fault_counts_and_an_answer_does_not() {
        let of = |kind, commit, status: Option<u16>| {
            let mut error = ProviderError::new(kind, "no").committed_as(commit);
            error.http_status = status;
            is_failure(&error)
        };
        let (rejected, unknown, not_sent) = (CommitClass::Rejected, CommitClass::Unknown, CommitClass::NotSent);
        for (kind, commit, status, failed) in [
            (ErrorKind::Unavailable, not_sent, None, Some(true)),
            (ErrorKind::Unavailable, unknown, Some(503), Some(true)),
            (ErrorKind::Unavailable, rejected, Some(500), Some(true)),
            // WePay's 1008 to a look, which commits nothing.
            (ErrorKind::Unavailable, rejected, Some(200), Some(true)),
            (ErrorKind::NoAnswer, unknown, None, Some(true)),
            (ErrorKind::BadResponse, unknown, Some(502), Some(true)),
            (ErrorKind::BadResponse, unknown, Some(200), Some(false)),
            (ErrorKind::Declined, rejected, Some(402), Some(false)),
            (ErrorKind::Credentials, rejected, Some(401), Some(false)),
            (ErrorKind::Configuration, rejected, Some(500), Some(true)),
            (ErrorKind::NotNow, not_sent, None, None),
            (ErrorKind::NotNow, rejected, Some(429), None),
            (ErrorKind::Unsupported { ability: Ability::Find, note: "" }, not_sent, None, None),
        ] {
            assert_eq!(of(kind.clone(), commit, status), failed, "{kind:?} {commit:?} {status:?}");
        }
    }

    #[test]
    fn a_call_that_was_not_made_says_nothing_and_one_that_nobody_answered_is_a_failure() {
        let call = |status: Option<u16>| CallRecord { status, ..CallRecord::beforehand(&[]) };
        for (statuses, expected) in [
            (vec![], None),
            (vec![Some(200)], Some(false)),
            (vec![Some(404)], Some(false)),
            (vec![None], Some(true)),
            (vec![Some(503)], Some(true)),
            (vec![None, Some(200)], Some(false)),
        ] {
            let calls: Vec<_> = statuses.iter().copied().map(call).collect();
            assert_eq!(failed(None, &calls), expected, "{statuses:?}");
            let refused = ProviderError::new(ErrorKind::Invalid, "no");
            assert_eq!(failed(Some(&refused), &calls), expected, "{statuses:?}");
            let down = ProviderError::new(ErrorKind::Unavailable, "no");
            assert_eq!(failed(Some(&down), &calls), Some(true), "{statuses:?}");
        }
    }
}
