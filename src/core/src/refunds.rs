//! What a message about a refund does to the books.

use crate::attempt::{Attempt, AttemptState};
use crate::attention::AttentionKind;
use crate::ledger::{Ledger, LedgerKind};
use crate::money::{Money, MoneyError};
use crate::reduce::{Decision, Move};

/// Refund messages are single amounts, added up and capped (`wegetfinancing.md` Q7).
///
/// A refund of what is not committed stays pending, for the approval it belongs to may still be on its way; a refund
/// without a readable amount is pending as well, for all that is left: that is the most it can be.
pub(crate) fn message(attempt: &Attempt, amount: Option<Money>, ledger: &Ledger) -> Result<Decision, MoneyError> {
    let decision = Decision::default();
    let left = ledger.left_to_refund(attempt)?;
    let same_currency = |amount: &Money| amount.currency() == attempt.amount.currency();
    let amount = amount.filter(|amount| !amount.is_zero() && same_currency(amount));
    let pend = |amount: Money| -> Result<Option<Money>, MoneyError> {
        let room = left.minus(ledger.pending_refunds(attempt.id, left.currency())?.least(left)?)?;
        Ok(Some(amount.least(room)?).filter(|amount| !amount.is_zero()))
    };
    if !attempt.state.is_committed() {
        let detail =
            format!("a refund arrived while the attempt is {}; amounts were not changed", attempt.state.as_str());
        let pending_refund = pend(amount.unwrap_or(left))?;
        return Ok(Decision { pending_refund, ..decision }.flag(AttentionKind::RefundNotApproved, detail));
    }
    let Some(amount) = amount else {
        let detail = "a refund without an amount in the checkout's currency; look it up in the provider's back office";
        let pending_refund = pend(left)?;
        return Ok(Decision { pending_refund, ..decision }.flag(AttentionKind::RefundWithoutAmount, detail));
    };
    let counted = amount.least(left)?;
    let mut decision = decision;
    if counted != amount {
        let detail = format!("a refund of {amount} is more than the {left} that is left; {counted} was counted");
        decision = decision.flag(AttentionKind::RefundAboveApproved, detail);
    }
    if !counted.is_zero() {
        decision.ledger.push((LedgerKind::Refunded, counted));
    }
    let given_back = ledger.sum(attempt.id, LedgerKind::Refunded, left.currency())?.plus(counted)?;
    if given_back == ledger.stands_for(attempt)? && !counted.is_zero() {
        let announced = ledger.pending_refunds(attempt.id, left.currency())?;
        if !announced.is_zero() {
            decision.ledger.push((LedgerKind::RefundSettled, announced));
        }
        decision.moved =
            Some(Move { from: attempt.state, to: AttemptState::Refunded, reason: None, late_approval: false });
    }
    Ok(decision)
}
