//! What the plugin's `onSign` says: `{"leaseNumber": "...", "transactionId": "..."}`, through the customer's browser. A hint to
//! look, never evidence (section 6).

use lendport_core::Attempt;
use serde::Deserialize;

use crate::field::{Field, Word, objects};
use crate::{order, wire};

/// Longest body that is read, in bytes.
const BODY_MAX_BYTES: usize = 4_096;
/// Longest number of a lease that is kept.
const NUMBER_MAX_CHARS: usize = 64;

/// A customer says to have signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHint {
    /// FlexShopper's number of the lease, where it is one: digits, letters and `-`.
    pub lease_number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(default)]
    lease_number: Field<Word>,
    #[serde(default)]
    transaction_id: Field<Word>,
}

objects!(Body);

impl SignedHint {
    /// Reads it; none for anything that is not about this attempt.
    pub fn read(body: &[u8], attempt: &Attempt) -> Option<Self> {
        let read: Body = wire::bare(body.get(..BODY_MAX_BYTES.min(body.len()))?)?;
        let ours = order::transaction_id(attempt);
        if body.len() > BODY_MAX_BYTES || read.transaction_id.value().map(Word::as_str) != Some(&ours) {
            return None;
        }
        let plain = |word: &Word| {
            let text = word.as_str();
            let fits = !text.is_empty() && text.len() <= NUMBER_MAX_CHARS;
            fits && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        Some(Self { lease_number: read.lease_number.into_value().filter(plain).map(|word| word.0) })
    }
}

#[cfg(test)]
mod tests {
    use lendport_testkit::{Sample, SeededIds, samples};

    use super::*;

    #[test]
    fn only_what_is_about_this_attempt_is_a_hint() {
        let ids = SeededIds::default();
        let checkout = Sample::usa().checkout(&ids);
        let attempt = samples::attempt(&checkout, crate::ID, &ids);
        let read = |body: String| SignedHint::read(body.as_bytes(), &attempt);
        let ours = order::transaction_id(&attempt);
        let told = read(format!(r#"{{"leaseNumber":"1234567","transactionId":"{ours}","more":{{}}}}"#)).unwrap();
        assert_eq!(told.lease_number.as_deref(), Some("1234567"));
        for odd in [r#""<b>""#, "{}", "null", r#""""#] {
            let told = read(format!(r#"{{"leaseNumber":{odd},"transactionId":"{ours}"}}"#)).unwrap();
            assert_eq!(told.lease_number, None, "{odd}");
        }
        for wrong in [r#"{"transactionId":"ABC-129384"}"#, "{}", "", "[]", "null", "<html>"] {
            assert_eq!(read(wrong.to_owned()), None, "{wrong}");
        }
        let long = format!(r#"{{"transactionId":"{ours}","x":"{}"}}"#, "x".repeat(BODY_MAX_BYTES));
        assert_eq!(read(long), None);
    }
}
