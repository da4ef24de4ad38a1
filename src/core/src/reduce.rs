//! The one function that decides what an observation does to an attempt. Pure; nothing else writes a state.

use crate::attempt::{Attempt, AttemptState, Reason};
use crate::attention::{AMOUNT_UNVERIFIED, AttentionDraft, AttentionKind};
use crate::by_line::{self, LineMove};
use crate::fence::Fence;
use crate::fulfilment::Dispute;
use crate::ledger::{Amounts, Ledger, LedgerKind};
use crate::money::{Money, MoneyError};
use crate::moves::{is_late_approval, reachable};
use crate::observation::{Claim, Grade, Observation};
use crate::{refunds, sums};

const SIGNED_AFTER_EXPIRY: &str = "the customer signed it after it had expired here; nothing is confirmed, and the gateway \
                                   cancels it at the provider";
const SIGNED_AFTER_END: &str = "the customer signed it after it had ended; nothing is confirmed, and the gateway cancels it at \
                                the provider";

/// A state change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Where it stood.
    pub from: AttemptState,
    /// Where it stands now.
    pub to: AttemptState,
    /// Why, when there is something to say.
    pub reason: Option<Reason>,
    /// The financer came back after its no.
    pub late_approval: bool,
}

impl Move {
    /// Carries the move out. What a person confirmed of a commitment ends with it.
    pub fn apply(&self, attempt: &mut Attempt) {
        if self.from.is_committed() && !self.to.is_committed() {
            attempt.amount_accepted = false;
            attempt.approval_confirmed = false;
            attempt.review_open = false;
        }
        attempt.state = self.to;
        attempt.reason.clone_from(&self.reason);
    }
}

/// A move that was not taken. Names both ends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} -> {} refused: {why}", from.as_str(), to.as_str())]
pub struct Refusal {
    /// Where it stands.
    pub from: AttemptState,
    /// What was claimed.
    pub to: AttemptState,
    /// Why not.
    pub why: RefusalWhy,
}

/// Why a move was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusalWhy {
    /// Not in the table of legal moves.
    #[error("not a legal move")]
    Illegal,
    /// The source is not good enough to move anything.
    #[error("evidence too weak")]
    WeakEvidence,
    /// Another attempt is committed.
    #[error("another attempt holds the commit fence")]
    Fenced,
    /// The merchant ended it before: what the customer commits to all the same is undone.
    #[error("the merchant canceled it before")]
    CanceledLocally,
    /// It had expired here before the customer signed it: what is signed is undone.
    #[error("it had expired here before")]
    ExpiredHere,
    /// It had ended otherwise before the customer signed it: what is signed is undone.
    #[error("it had ended before the customer signed it")]
    SignedLate,
}

impl RefusalWhy {
    /// The word used in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Illegal => "illegal_move",
            Self::WeakEvidence => "evidence_too_weak",
            Self::Fenced => "commit_fence",
            Self::CanceledLocally => Reason::CANCELED_LOCALLY,
            Self::ExpiredHere => Reason::DEADLINE_PASSED,
            Self::SignedLate => "signed_late",
        }
    }
}

/// What an observation does: any of a move, movements of amount, and items for a person; or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// The state change, if any.
    pub moved: Option<Move>,
    /// The move that was not taken, if any.
    pub refused: Option<Refusal>,
    /// Movements of amount.
    pub ledger: Vec<(LedgerKind, Money)>,
    /// Movements of units, booked by line.
    pub lines: Vec<LineMove>,
    /// A refund that was announced and cannot be counted: kept out of the sums, yet it blocks shipping.
    pub pending_refund: Option<Money>,
    /// A risk review that was opened (true) or closed.
    pub review: Option<bool>,
    /// How the checkout's dispute stands now, where that changed.
    pub dispute: Option<Dispute>,
    /// Items for a person.
    pub attention: Vec<AttentionDraft>,
}

impl Decision {
    /// True when nothing is to be stored beside the observation.
    pub fn changes_nothing(&self) -> bool {
        !self.has_effect() && self.attention.is_empty()
    }

    /// True when it changes the attempt, its amounts or the checkout, not counting items for a person.
    pub fn has_effect(&self) -> bool {
        let amounts = !self.ledger.is_empty() || !self.lines.is_empty() || self.pending_refund.is_some();
        self.moved.is_some() || amounts || self.review.is_some() || self.dispute.is_some()
    }

    pub(crate) fn flag(mut self, kind: AttentionKind, detail: impl Into<String>) -> Self {
        self.attention.push(AttentionDraft::new(kind, detail));
        self
    }

    fn refuse(from: AttemptState, to: AttemptState, why: RefusalWhy) -> Self {
        Self { refused: Some(Refusal { from, to, why }), ..Self::default() }
    }
}

/// Decides. `ledger` and `dispute` are the checkout's, `fence` says whether another attempt is committed. The caller has
/// already dropped observations whose `dedupe_key` was seen on this attempt.
pub fn reduce(
    attempt: &Attempt,
    observation: &Observation,
    ledger: &Ledger,
    fence: Fence,
    dispute: Dispute,
) -> Result<Decision, MoneyError> {
    let by_line = by_line::compare(attempt, observation, ledger)?;
    let with_lines = by_line.applied(observation, ledger);
    let decision = reduce_sums(attempt, observation, &with_lines, fence, dispute, by_line.implies)?;
    Ok(by_line.add_to(decision, observation))
}

/// The same with what is told of lines in the ledger already, and the state that follows from it.
fn reduce_sums(
    attempt: &Attempt,
    observation: &Observation,
    ledger: &Ledger,
    fence: Fence,
    dispute: Dispute,
    implied: Option<AttemptState>,
) -> Result<Decision, MoneyError> {
    let trusted = observation.grade >= Grade::Token;
    let claim = match implied {
        Some(state) => Claim::state(state),
        None if trusted => sums::implied(attempt, observation, ledger)?,
        None => observation.claim.clone(),
    };
    let decision = match claim {
        Claim::Nothing => Decision::default(),
        Claim::UnknownStatus => {
            let detail = "the provider sent a status this version does not know; nothing was changed";
            return Ok(Decision::default().flag(AttentionKind::UnknownStatus, detail));
        }
        Claim::Refund { .. } if !trusted => match attempt.state {
            AttemptState::Refunded => Decision::default(),
            from => Decision::refuse(from, AttemptState::Refunded, RefusalWhy::WeakEvidence),
        },
        Claim::Refund { .. } if sums::total_decides(attempt, observation) => Decision::default(),
        Claim::Refund { amount, .. } => refunds::message(attempt, amount, ledger)?,
        Claim::State { state, reason } => reduce_state(attempt, state, reason, observation, ledger, fence)?,
    };
    match trusted && decision.refused.is_none() {
        true => sums::follow(attempt, observation, ledger, dispute, decision),
        false => Ok(decision),
    }
}

fn reduce_state(
    attempt: &Attempt,
    claimed: AttemptState,
    reason: Option<Reason>,
    observation: &Observation,
    ledger: &Ledger,
    fence: Fence,
) -> Result<Decision, MoneyError> {
    let from = attempt.state;
    // A no after a yes is a withdrawal, not a decline (model.md section 4).
    let (to, reason) = match (from, claimed) {
        (AttemptState::Authorized, AttemptState::Declined) => {
            (AttemptState::Canceled, Some(Reason::new("withdrawn_by_provider")))
        }
        // Nobody follows what the merchant gave up, however it ends while that is on its way.
        _ if is_given_up(attempt, claimed) => (AttemptState::Canceled, Some(given_up(from))),
        _ => (claimed, reason),
    };
    if from == to {
        return Ok(Decision::default());
    }
    if observation.grade < Grade::Token {
        return Ok(Decision::refuse(from, to, RefusalWhy::WeakEvidence));
    }
    // It holds no fence either: the customer may be with another financer by now.
    let binds = to.is_committed() || to == AttemptState::AwaitingMerchant;
    if attempt.is_canceled_locally() && binds && observation.grade != Grade::Operator {
        let detail = "the customer committed to it after it was canceled here; the gateway cancels it at the provider, or \
                      gives everything back";
        return Ok(Decision::refuse(from, to, RefusalWhy::CanceledLocally).flag(AttentionKind::PaidAfterCancel, detail));
    }
    if attempt.is_signed_in_vain() && to == AttemptState::AwaitingMerchant && observation.grade != Grade::Operator {
        let (why, detail) = match attempt.is_expired_here() {
            true => (RefusalWhy::ExpiredHere, SIGNED_AFTER_EXPIRY),
            false => (RefusalWhy::SignedLate, SIGNED_AFTER_END),
        };
        return Ok(Decision::refuse(from, to, why).flag(AttentionKind::LateApproval, detail));
    }
    if !reachable(from, to) {
        let refused = Decision::refuse(from, to, RefusalWhy::Illegal);
        let matters = to.is_committed() && !from.is_committed() || from.is_committed() && to.is_over();
        return Ok(if matters {
            let detail = format!("evidence says {} but the attempt is {}", to.as_str(), from.as_str());
            refused.flag(AttentionKind::ContradictingEvidence, detail)
        } else {
            refused
        });
    }
    if to.is_committed() && matches!(fence, Fence::HeldBy(_)) {
        let detail = "a second financer approved after another one committed; unwind it at the provider";
        return Ok(Decision::refuse(from, to, RefusalWhy::Fenced).flag(AttentionKind::LateApproval, detail));
    }
    let late_approval = is_late_approval(from, to);
    let returns = to.is_committed() && ledger.has(attempt.id, LedgerKind::AuthorizationReleased, false);
    let reason = if returns && late_approval { Some(Reason::new("approved_after_withdrawal")) } else { reason };
    let mut decision = Decision {
        moved: Some(Move { from, to, reason, late_approval }),
        ledger: movements(attempt, to, ledger)?,
        ..Decision::default()
    };
    if let Some(echoed) = attempt.amount_echoed.filter(|_| attempt.amount_differs() && !attempt.amount_accepted)
        && to.is_committed()
    {
        let detail = format!("committed, but asked for {}, the provider says {echoed}", attempt.amount);
        decision = decision.flag(AttentionKind::AmountMismatch, detail);
    }
    // While the create is under way its answer may still say the amount; whoever ends the create looks again.
    let unnamed = attempt.amount_echoed.is_none() && !attempt.amount_accepted;
    if to.is_committed() && !from.is_committed() && from != AttemptState::Initiating && unnamed {
        decision = decision.flag(AttentionKind::AmountUnverified, AMOUNT_UNVERIFIED);
    }
    // A person who says so has asked already.
    if returns && late_approval && observation.grade != Grade::Operator {
        let detail = "approved again after the approval was given up; ask the provider which of the two holds";
        decision = decision.flag(AttentionKind::ApprovalAfterWithdrawal, detail);
    }
    // What the merchant asked for surprises nobody. A financer's no is its own, even while a cancel is on its way.
    let asked_for = attempt.is_being_canceled() && claimed != AttemptState::Declined;
    let withdrawn = from == AttemptState::Authorized && to == AttemptState::Canceled && !asked_for;
    if withdrawn && observation.grade != Grade::Operator {
        let detail = "the approval was taken back; do not ship, or stop the parcel";
        decision = decision.flag(AttentionKind::WithdrawnApproval, detail);
    }
    if to == AttemptState::Indeterminate {
        let detail = "a call may have reached the provider and its outcome is not known";
        decision = decision.flag(AttentionKind::UnknownOutcome, detail);
    }
    Ok(decision)
}

/// True for an end by itself of what the merchant is just canceling.
fn is_given_up(attempt: &Attempt, claimed: AttemptState) -> bool {
    let ends = matches!(claimed, AttemptState::Declined | AttemptState::Expired | AttemptState::Failed);
    let known = !matches!(attempt.state, AttemptState::Initiating | AttemptState::Indeterminate);
    attempt.is_being_canceled() && ends && known && reachable(attempt.state, claimed)
}

/// Why such a one is over: what the customer commits to all the same, on a page that may still be open, is undone.
fn given_up(from: AttemptState) -> Reason {
    Reason::new(if from.may_expire() { Reason::CANCELED_LOCALLY } else { Reason::CANCELED_BY_MERCHANT })
}

/// The movements that entering a state implies, skipped states included.
fn movements(attempt: &Attempt, to: AttemptState, ledger: &Ledger) -> Result<Vec<(LedgerKind, Money)>, MoneyError> {
    let Amounts { authorized, captured, refunded, charged_back } =
        ledger.amounts_of(attempt.id, attempt.amount.currency())?;
    let stands_for = ledger.stands_for(attempt)?;
    let announced = ledger.pending_refunds(attempt.id, attempt.amount.currency())?;
    let mut entries = Vec::new();
    let mut raise = |kind, from: Money, to: Money| -> Result<(), MoneyError> {
        if to.covers(from) && to != from {
            entries.push((kind, to.minus(from)?));
        }
        Ok(())
    };
    match to {
        AttemptState::Authorized => raise(LedgerKind::Authorized, authorized, stands_for)?,
        AttemptState::Captured => {
            raise(LedgerKind::Authorized, authorized, stands_for)?;
            raise(LedgerKind::Captured, captured, stands_for)?;
        }
        // Where units are paid for one by one, no more is given back than was paid; the rest is not owed any more.
        AttemptState::Refunded if ledger.is_paid_by_line(attempt.id) => {
            raise(LedgerKind::AuthorizationLowered, captured, authorized)?;
            raise(LedgerKind::Refunded, refunded, captured)?;
        }
        AttemptState::Refunded => {
            raise(LedgerKind::Authorized, authorized, stands_for)?;
            raise(LedgerKind::Refunded, refunded, stands_for)?;
        }
        AttemptState::ChargedBack => {
            raise(LedgerKind::Authorized, authorized, stands_for)?;
            raise(LedgerKind::ChargedBack, charged_back, stands_for)?;
        }
        AttemptState::Canceled | AttemptState::Expired | AttemptState::Failed if !authorized.is_zero() => {
            entries.push((LedgerKind::AuthorizationReleased, authorized));
        }
        _ => {}
    }
    // Won or reversed: the money is the merchant's again, whatever became of it since.
    if matches!(to, AttemptState::Captured | AttemptState::Refunded) && !charged_back.is_zero() {
        entries.push((LedgerKind::ChargebackReversed, charged_back));
    }
    // Everything was given back, so whatever was announced is part of it.
    if to == AttemptState::Refunded && !announced.is_zero() {
        entries.push((LedgerKind::RefundSettled, announced));
    }
    Ok(entries)
}
