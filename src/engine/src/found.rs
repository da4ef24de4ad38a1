//! What a provider answered, put to a checkout: the claim, what is told beside it, and where the customer goes.

use lendport_core::provider::{Found, Retrieved};
use lendport_core::{
    Attempt, AttemptId, AttemptState, AttentionDraft, AttentionKind, Claim, Decision, Details, EventType, Grade,
    LedgerKind, Money, ObservationId, Operation, Source,
};

use crate::engine::digest_of;
use crate::error::EngineError;
use crate::refresh::Looked;
use crate::take_in::{Draft, Fact};

/// Names what a look brought, for a claim that is not followed: equal words on one attempt are one claim, until the
/// financer itself said that nothing is open: `settled` times. That it is bound after that is another claim.
pub(crate) fn word_of(retrieved: &Retrieved, settled: usize) -> String {
    let claim = match &retrieved.claim {
        Claim::State { state, .. } => state.as_str(),
        Claim::Refund { .. } => "refund",
        Claim::UnknownStatus => "unknown_status",
        Claim::Nothing => "nothing",
    };
    let raw = retrieved.raw_status.as_deref().unwrap_or_default();
    // Other sums are another contradiction.
    let sum = retrieved.details.refunded.map(|total| total.to_string()).unwrap_or_default();
    // What only waits to be confirmed is shown unchanged by financers that were told to end it.
    let binds = matches!(&retrieved.claim, Claim::State { state, .. } if state.is_committed());
    let settled = if settled == 0 || !binds { String::new() } else { format!("\nsettled {settled}") };
    format!("look:{}", digest_of(&[claim.as_bytes(), b"\n", raw.as_bytes(), sum.as_bytes(), settled.as_bytes()]))
}

/// True when a claim is not followed, so that hearing it again tells nothing.
fn is_turned_down(decision: &Decision) -> bool {
    !decision.has_effect() && (decision.refused.is_some() || !decision.attention.is_empty())
}

/// Takes in how a request stands, with what of its details may be believed. `told` is the word for it, and the observation
/// that was turned down with it before: a person who has settled that is not asked again.
pub(crate) fn take_found(
    draft: &mut Draft,
    asked: &Attempt,
    found: &Found,
    source: Source,
    details: Details,
    told: (String, Option<ObservationId>),
) -> Result<Looked, EngineError> {
    let Retrieved { claim, raw_status, amount_echoed, .. } = &found.retrieved;
    let learnt = draft.learn_amount(asked.id, *amount_echoed)?;
    draft.learn_deadlines(asked.id, found.retrieved.expires_at, found.retrieved.capture_by);
    let led = draft.learn_next_action(asked.id, found.retrieved.next_action.as_ref());
    let fact = |claim: Claim, dedupe_key: String| Fact {
        attempt: asked.id,
        grade: Grade::Fetched,
        source,
        claim,
        details: details.clone(),
        raw_status: raw_status.clone(),
        reference: Some(found.reference.clone()),
        dedupe_key,
    };
    let ids = draft.tools.ids.clone();
    let new_key = || format!("{}:{}", source.as_str(), ObservationId::mint(ids.as_ref()));
    // Single amounts read back would be counted at every look.
    let claim = if matches!(claim, Claim::Refund { .. }) { Claim::Nothing } else { claim.clone() };
    let (word, earlier) = told;
    let turned_down = is_turned_down(&draft.foresee(fact(claim.clone(), String::new()))?);
    let given_back = details.refunded.is_some_and(|total| total.covers(asked.agreed_amount()));
    let stands = match &claim {
        Claim::State { state, .. } if state.is_committed() && given_back => Some(AttemptState::Refunded),
        Claim::State { state, .. } => Some(*state),
        _ => None,
    };
    let mut looked = Looked { news: learnt || led, stands, ..Looked::default() };
    let told_before = draft.change.events.len();
    match earlier {
        Some(earlier) if turned_down && !learnt => draft.change.repeated = Some(earlier),
        _ => {
            let key = if turned_down && earlier.is_none() { word } else { new_key() };
            let (_, decision) = draft.observe(fact(claim, key))?;
            looked.news |= !decision.changes_nothing() || turned_down;
            looked.refunded = decision.ledger.iter().any(|(kind, _)| *kind == LedgerKind::Refunded);
        }
    }
    if led && draft.change.events.len() == told_before {
        draft.announce(&[EventType::CheckoutUpdated])?;
    }
    if found.others > 0 {
        let detail = format!(
            "the financer holds {} more under our reference; look whether the customer committed to one of them",
            found.others
        );
        draft.flag(asked.id, AttentionDraft::new(AttentionKind::SeveralRequests, detail))?;
        looked.news = true;
    }
    Ok(looked)
}

impl Draft {
    /// What an answer tells, with its total at least what our own command makes it: a total may stay behind. What was
    /// counted since the command was stored may be this very refund, which a message or a look told of first.
    pub(crate) fn with_refund(
        &self,
        attempt: AttemptId,
        found: &Retrieved,
        operation: &Operation,
    ) -> Result<Details, EngineError> {
        let (Claim::Refund { amount: Some(amount), .. }, Some(total)) = (&found.claim, found.details.refunded) else {
            return Ok(found.details.clone());
        };
        let refunds = self
            .record
            .ledger
            .0
            .iter()
            .filter(|entry| entry.attempt == attempt && entry.kind == LedgerKind::Refunded && !entry.pending);
        let before = refunds.filter(|entry| entry.recorded_at < operation.created_at);
        let before = before.map(|entry| entry.amount).try_fold(Money::zero(total.currency()), Money::plus)?;
        let ours = before.plus(*amount)?;
        let refunded = Some(if ours.covers(total) { ours } else { total });
        Ok(Details { refunded, ..found.details.clone() })
    }
}
