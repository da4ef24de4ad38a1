//! What a provider's details do to an attempt: its totals are compared with the books, and the differences follow them.

use jiff::SignedDuration;

use crate::attempt::{Attempt, AttemptState};
use crate::attention::AttentionKind;
use crate::fulfilment::Dispute;
use crate::ledger::{Ledger, LedgerKind};
use crate::money::{Money, MoneyError};
use crate::observation::{Claim, Grade, Observation};
use crate::reduce::Decision;

/// A provider's total may stay behind a refund that it took in for so long before a person is asked.
const TOTAL_FOLLOWS_WITHIN: SignedDuration = SignedDuration::from_hours(72);

const DISPUTED: &str = "an amount was taken back through a dispute; contest it at the financer, or say that it is lost";

/// True of a commitment that was not withdrawn, whatever became of its money.
pub(crate) fn stands(state: AttemptState) -> bool {
    state.is_committed() || matches!(state, AttemptState::Refunded | AttemptState::ChargedBack)
}

/// The claim with what the totals make of it: a commitment of which all was given or taken back is over, though some
/// providers leave their word for it as it was.
pub(crate) fn implied(attempt: &Attempt, fact: &Observation, ledger: &Ledger) -> Result<Claim, MoneyError> {
    let may_be_over = match &fact.claim {
        Claim::State { state, .. } => state.is_committed(),
        Claim::Nothing | Claim::Refund { .. } => attempt.state.is_committed(),
        Claim::UnknownStatus => false,
    };
    let all = ledger.stands_for(attempt)?;
    let is_all = |total: Option<Money>| total.is_some_and(|total| total.covers(all));
    Ok(match fact.details.charged_back.filter(|_| fact.grade >= Grade::Fetched) {
        _ if !may_be_over => fact.claim.clone(),
        _ if is_all(fact.details.refunded) => Claim::state(AttemptState::Refunded),
        total if is_all(total) => Claim::state(AttemptState::ChargedBack),
        _ => fact.claim.clone(),
    })
}

/// True when a refund's message tells the total, which then decides how much is counted.
pub(crate) fn total_decides(attempt: &Attempt, fact: &Observation) -> bool {
    let told = fact.details.refunded.filter(|total| total.currency() == attempt.amount.currency());
    stands(attempt.state) && told.is_some()
}

/// Adds what the details bring to what the claim did.
pub(crate) fn follow(
    attempt: &Attempt,
    fact: &Observation,
    ledger: &Ledger,
    dispute: Dispute,
    decision: Decision,
) -> Result<Decision, MoneyError> {
    let state = decision.moved.as_ref().map_or(attempt.state, |moved| moved.to);
    if !stands(state) {
        return Ok(decision);
    }
    let mut decision = refunds(attempt, fact, ledger, state, decision)?;
    // What was known of an earlier commitment says nothing of this one.
    let known = attempt.review_open && attempt.state.is_committed();
    decision.review = fact.details.review_open.filter(|open| state.is_committed() && *open != known);
    disputes(attempt, fact, ledger, state, dispute, decision)
}

fn refunds(
    attempt: &Attempt,
    fact: &Observation,
    ledger: &Ledger,
    state: AttemptState,
    mut decision: Decision,
) -> Result<Decision, MoneyError> {
    let currency = attempt.amount.currency();
    let Some(total) = fact.details.refunded.filter(|total| total.currency() == currency) else { return Ok(decision) };
    let all = ledger.stands_for(attempt)?;
    let before = ledger.sum(attempt.id, LedgerKind::Refunded, currency)?;
    let booked = before.plus(of_kind(&decision, LedgerKind::Refunded, all)?)?;
    let counted = total.least(all)?;
    if counted != total && counted != before {
        let detail = format!("{total} was given back, which is more than {all}; {counted} was counted");
        decision = decision.flag(AttentionKind::RefundAboveApproved, detail);
    }
    if counted.covers(booked) && counted != booked {
        decision.ledger.push((LedgerKind::Refunded, counted.minus(booked)?));
        // Whatever was announced without an amount is part of the total.
        let announced = ledger.pending_refunds(attempt.id, currency)?;
        let settled = decision.ledger.iter().any(|(kind, _)| *kind == LedgerKind::RefundSettled);
        if !announced.is_zero() && !settled {
            decision.ledger.push((LedgerKind::RefundSettled, announced));
        }
    } else if counted != booked && state.is_committed() && is_late(attempt, fact, ledger) {
        let detail = format!("the provider says that {total} was given back, and {booked} was counted");
        decision = decision.flag(AttentionKind::ContradictingEvidence, detail);
    }
    Ok(decision)
}

/// True when the total was read back long after the latest refund, so that it should have followed.
fn is_late(attempt: &Attempt, fact: &Observation, ledger: &Ledger) -> bool {
    let refunds = ledger.0.iter().filter(|entry| entry.attempt == attempt.id && entry.kind == LedgerKind::Refunded);
    let latest = refunds.map(|entry| entry.recorded_at).max();
    let age = latest.map(|latest| fact.received_at.duration_since(latest));
    fact.grade == Grade::Fetched && age.is_none_or(|age| age >= TOTAL_FOLLOWS_WITHIN)
}

fn disputes(
    attempt: &Attempt,
    fact: &Observation,
    ledger: &Ledger,
    state: AttemptState,
    dispute: Dispute,
    mut decision: Decision,
) -> Result<Decision, MoneyError> {
    let currency = attempt.amount.currency();
    let before = ledger.amounts_of(attempt.id, currency)?.charged_back;
    let read_back = fact.grade >= Grade::Fetched;
    let told = fact.details.charged_back.filter(|total| read_back && total.currency() == currency);
    // A state in which everything is taken back says more than a total that leaves out what a provider keeps.
    if let Some(total) = told.filter(|_| state != AttemptState::ChargedBack) {
        decision.ledger.retain(|(kind, _)| *kind != LedgerKind::ChargebackReversed);
        let all = ledger.stands_for(attempt)?;
        let total = total.least(all)?;
        if total.covers(before) && total != before {
            decision.ledger.push((LedgerKind::ChargedBack, total.minus(before)?));
        } else if total != before {
            decision.ledger.push((LedgerKind::ChargebackReversed, before.minus(total)?));
        }
    }
    let zero = Money::zero(currency);
    let taken = of_kind(&decision, LedgerKind::ChargedBack, zero)?;
    let given = of_kind(&decision, LedgerKind::ChargebackReversed, zero)?;
    let after = before.plus(taken)?.minus(given)?;
    let word = fact.details.dispute.filter(|word| read_back && *word != Dispute::None);
    let now = match word {
        Some(word) => word,
        None if !taken.is_zero() => Dispute::Open,
        None if !given.is_zero() && after.is_zero() => Dispute::Won,
        None => dispute,
    };
    if now != dispute {
        decision.dispute = Some(now);
        if now == Dispute::Open {
            decision = decision.flag(AttentionKind::DisputeOpened, DISPUTED);
        }
    }
    Ok(decision)
}

/// What a decision moves of one kind; `like` gives the currency.
fn of_kind(decision: &Decision, kind: LedgerKind, like: Money) -> Result<Money, MoneyError> {
    let mut moved = decision.ledger.iter().filter(|(moved, _)| *moved == kind);
    moved.try_fold(Money::zero(like.currency()), |sum, (_, amount)| sum.plus(*amount))
}
