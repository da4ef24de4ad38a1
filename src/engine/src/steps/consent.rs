//! What a customer agreed to: only a document that this checkout handed out can be signed, and the consent is stored with the
//! intent, before the financer hears of it.

use jiff::{SignedDuration, Timestamp};
use lendport_core::{Attempt, CallRecord, Consent, Invalid, Operation, OperationKind, Pointer};
use lendport_storage::Tenant;

use super::{DOCUMENT, StepAsk};
use crate::engine::Engine;
use crate::error::EngineError;

/// The customer's clock, or the merchant's, may differ from ours by so much.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);

/// What is stored with the intent of a step: of a signature the consent, whatever becomes of the process.
pub(super) fn beforehand(asked: &StepAsk) -> Vec<CallRecord> {
    let StepAsk::Sign(consent) = asked else { return Vec::new() };
    vec![CallRecord::beforehand(&[
        ("consent_document_sha256", consent.document_sha256.clone()),
        ("consent_at", consent.at.to_string()),
        ("consent_ip", consent.ip.to_string()),
    ])]
}

impl Engine {
    /// Refuses a signature under anything but the document that was handed out last, or from before it was handed out first.
    /// What was handed out is in the database: any process knows it.
    pub(super) async fn judge_consent(
        &self,
        tenant: Tenant,
        attempt: &Attempt,
        consent: &Consent,
    ) -> Result<(), EngineError> {
        let read = self.store.operations(tenant, attempt.checkout, OperationKind::Retrieve).await?;
        let mut shown: Vec<(Timestamp, &str)> = read
            .iter()
            .filter(|one| one.attempt == attempt.id)
            .filter_map(|one| Some((one.created_at, document_of(one)?)))
            .collect();
        shown.sort_by_key(|(at, _)| *at);
        let last = shown.last().is_some_and(|(_, document)| *document == consent.document_sha256);
        let first = shown.iter().find(|(_, document)| *document == consent.document_sha256);
        let Some((first, _)) = first.filter(|_| last) else {
            let detail = "is not the digest of the agreement that was read last; read it, and show that one";
            return refused("document_sha256", "not_shown", detail);
        };
        if consent.at < first.saturating_sub(CLOCKS_DIFFER).unwrap_or(*first) {
            return refused("accepted_at", "out_of_order", "must not be before the agreement was read");
        }
        if consent.at > self.clock.now().saturating_add(CLOCKS_DIFFER).unwrap_or(Timestamp::MAX) {
            return refused("accepted_at", "out_of_range", "must not be in the future");
        }
        Ok(())
    }
}

/// The document that was handed out with a reading.
fn document_of(read: &Operation) -> Option<&str> {
    let mut fields = read.calls.iter().flat_map(|call| &call.fields);
    fields.find(|(name, _)| name == DOCUMENT).map(|(_, document)| document.as_str())
}

fn refused(name: &str, code: &'static str, detail: &str) -> Result<(), EngineError> {
    Err(Invalid::one(&Pointer::root().child(name), code, detail).into())
}
