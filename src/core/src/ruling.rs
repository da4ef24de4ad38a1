//! What a settled item does: a person's choice as a fact for the reducer, and items that evidence answers. Pure.

use crate::attempt::{Attempt, AttemptState, Reason};
use crate::attention::AttentionKind;
use crate::choice::Choice;
use crate::correction::correction;
use crate::fulfilment::Dispute;
use crate::ledger::{Ledger, LedgerKind};
use crate::money::{Money, MoneyError};
use crate::observation::{Claim, Source};
use crate::operation::{OperationKind, Phase};
use crate::reduce::Decision;

/// An item with what it is about, as it stands now.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// What is wrong.
    pub kind: AttentionKind,
    /// The attempt.
    pub attempt: &'a Attempt,
    /// The checkout's movements.
    pub ledger: &'a Ledger,
    /// What the item's message announced as a refund and is still unsettled.
    pub announced: Option<Money>,
    /// The command whose outcome is unknown.
    pub command: Option<OperationKind>,
    /// True when that is about units of lines, so that what it did follows from them.
    pub by_line: bool,
}

/// What a choice brings about. The claim goes to the reducer after the rest was applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ruling {
    /// What it says of the attempt, if anything.
    pub claim: Option<Claim>,
    /// The person stands for the amount.
    pub accepts_amount: bool,
    /// The financer's amount as the person read it, where it is not the one known.
    pub amount_read: Option<Money>,
    /// Movements that bring the books to the amount the person stands for.
    pub corrections: Vec<(LedgerKind, Money)>,
    /// The approval was confirmed after a withdrawal.
    pub confirms_approval: bool,
    /// Announced refunds that it settles.
    pub settles: Option<Money>,
    /// What became of the command.
    pub command: Option<Phase>,
    /// The financer is to be asked again.
    pub asks_again: bool,
    /// The gateway is to undo at the financer what was committed there.
    pub undoes: bool,
    /// How the dispute ended.
    pub dispute: Option<Dispute>,
}

/// Why a choice cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulingError {
    /// The item does not offer it, or not in the state its attempt has come to.
    #[error("the item does not offer that choice as things stand; read it again")]
    NotOffered,
    /// It needs an amount.
    #[error("this choice needs the amount")]
    AmountMissing,
    /// It takes no amount.
    #[error("this choice takes no amount")]
    AmountUnused,
    /// The amount is zero, or more than is left.
    #[error("must be more than zero and at most {0}")]
    AmountOutOfRange(Money),
    /// The amount is zero.
    #[error("must be more than zero")]
    AmountZero,
    /// The attempt's state does not allow it.
    #[error("{0}")]
    Impossible(&'static str),
    /// Amounts that do not add up.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

const CAPTURED: &str = "what is captured cannot be canceled; give it back with a refund";
const COMMITTED: &str = "the attempt is committed by now; cancel or refund it instead";
const NOT_COMMITTED: &str = "no amount is committed that a refund could be counted against";
const OTHER_CURRENCY: &str = "the financer's sum is in another currency; cancel it there and reject the amount";
const NO_SUM: &str = "the financer's sum is nothing at all; there is nothing to accept";
const ALL_GIVEN_BACK: &str = "all of that sum was given back already; a commitment for it would have nothing left";
const GIVEN_BACK: &str = "more than the financer's sum was given back already; look the refunds up first";

impl Case<'_> {
    /// Judges a choice.
    pub fn rule(&self, choice: Choice, amount: Option<Money>) -> Result<Ruling, RulingError> {
        if !self.kind.choices_in(self.attempt.state).contains(&choice) {
            return Err(RulingError::NotOffered);
        }
        match amount {
            None if choice.needs_amount() => return Err(RulingError::AmountMissing),
            Some(_) if !choice.needs_amount() => return Err(RulingError::AmountUnused),
            _ => {}
        }
        let nothing = Ruling::default();
        match choice {
            Choice::Acknowledge | Choice::SameRefund => Ok(nothing),
            Choice::AskAgain => Ok(Ruling { asks_again: true, ..nothing }),
            Choice::DisputeLost => Ok(Ruling { dispute: Some(Dispute::Lost), claim: Some(Claim::Nothing), ..nothing }),
            Choice::Committed => self.committed(amount.ok_or(RulingError::AmountMissing)?),
            Choice::NotCommitted if self.attempt.state.is_committed() => Err(RulingError::Impossible(COMMITTED)),
            Choice::NotCommitted => {
                Ok(Ruling { command: Some(Phase::Failed), ..self.ended(AttemptState::Failed, "not_committed") })
            }
            Choice::TookEffect => self.took_effect(),
            Choice::NoEffect => Ok(Ruling { command: Some(Phase::Failed), ..nothing }),
            Choice::RefundTookEffect if self.command != Some(OperationKind::Refund) || self.by_line => {
                Err(RulingError::NotOffered)
            }
            Choice::RefundTookEffect => Ok(Ruling { command: Some(Phase::Settled), ..self.counted(amount)? }),
            Choice::AcceptAmount => self.accepted(self.attempt.amount_echoed.unwrap_or(self.attempt.amount)),
            Choice::AcceptOtherAmount => {
                let read = amount.ok_or(RulingError::AmountMissing)?;
                if read.is_zero() {
                    return Err(RulingError::AmountZero);
                }
                Ok(Ruling { amount_read: Some(read), ..self.accepted(read)? })
            }
            Choice::RejectAmount => self.given_up("amount_rejected_by_operator"),
            Choice::WithdrawalHolds => self.given_up("withdrawal_confirmed_by_operator"),
            // The approval was never followed, or another commitment's fence would not be there.
            Choice::Unwind | Choice::Unwound if self.attempt.state.is_committed() => {
                Err(RulingError::Impossible(COMMITTED))
            }
            Choice::Unwind => {
                Ok(Ruling { undoes: true, ..self.ended(AttemptState::Canceled, Reason::CANCELED_LOCALLY) })
            }
            Choice::Unwound => Ok(self.ended(AttemptState::Canceled, "unwound_by_operator")),
            Choice::ApprovalHolds => Ok(self.approved()),
            Choice::CountRefund => Ok(Ruling { settles: self.announced, ..self.counted(amount)? }),
            Choice::NoRefund => Ok(Ruling { settles: self.announced, claim: Some(Claim::Nothing), ..nothing }),
            Choice::AnotherRefund => self.counted(amount),
        }
    }

    /// The create committed. An amount other than ours stays a mismatch, which is settled on its own.
    fn committed(&self, amount: Money) -> Result<Ruling, RulingError> {
        if amount.is_zero() {
            return Err(RulingError::AmountZero);
        }
        let attempt = self.attempt;
        let accepted = if amount == attempt.amount { self.accepted(amount)? } else { Ruling::default() };
        let claim = match attempt.state.is_committed() {
            true => accepted.claim.unwrap_or(Claim::Nothing),
            false => Claim::state(AttemptState::Authorized),
        };
        let known = attempt.amount_echoed.unwrap_or(attempt.amount);
        let amount_read = (amount != known).then_some(amount);
        Ok(Ruling { claim: Some(claim), amount_read, command: Some(Phase::Settled), ..accepted })
    }

    /// The person stands for this sum: the books follow it, and where all of it was given back already it is over.
    /// Nothing more is expected of an attempt that has failed, or whose money went back as a whole.
    fn accepted(&self, sum: Money) -> Result<Ruling, RulingError> {
        let Self { attempt, ledger, .. } = self;
        let nothing = Ruling { claim: Some(Claim::Nothing), ..Ruling::default() };
        if matches!(attempt.state, AttemptState::Failed | AttemptState::Refunded | AttemptState::ChargedBack) {
            return Ok(nothing);
        }
        if sum.currency() != attempt.amount.currency() {
            return Err(RulingError::Impossible(OTHER_CURRENCY));
        }
        if sum.is_zero() {
            return Err(RulingError::Impossible(NO_SUM));
        }
        let refunded = ledger.sum(attempt.id, LedgerKind::Refunded, sum.currency())?;
        if !sum.covers(refunded) {
            return Err(RulingError::Impossible(GIVEN_BACK));
        }
        // No sum here is zero.
        let all_back = refunded == sum;
        if all_back && !attempt.state.is_committed() {
            return Err(RulingError::Impossible(ALL_GIVEN_BACK));
        }
        let claim = if all_back { Claim::state(AttemptState::Refunded) } else { Claim::Nothing };
        let corrections = correction(attempt, ledger, sum)?;
        Ok(Ruling { accepts_amount: true, claim: Some(claim), corrections, ..nothing })
    }

    fn approved(&self) -> Ruling {
        let claim = match self.attempt.state.is_committed() {
            true => Claim::Nothing,
            false => Claim::state(AttemptState::Authorized),
        };
        Ruling { claim: Some(claim), confirms_approval: true, ..Ruling::default() }
    }

    /// Not committed and to end; what has ended stays as it is.
    fn ended(&self, state: AttemptState, reason: &str) -> Ruling {
        let claim = match self.attempt.state.is_over() {
            true => Claim::Nothing,
            false => Claim::State { state, reason: Some(Reason::new(reason)) },
        };
        Ruling { claim: Some(claim), ..Ruling::default() }
    }

    fn given_up(&self, reason: &str) -> Result<Ruling, RulingError> {
        match self.attempt.state {
            AttemptState::Captured => Err(RulingError::Impossible(CAPTURED)),
            _ => Ok(self.ended(AttemptState::Canceled, reason)),
        }
    }

    fn took_effect(&self) -> Result<Ruling, RulingError> {
        let claim = match self.command {
            Some(_) if self.by_line => Claim::Nothing,
            Some(OperationKind::Capture) => Claim::state(AttemptState::Captured),
            Some(OperationKind::Finalize) if self.attempt.state.is_committed() => Claim::Nothing,
            Some(OperationKind::Finalize) => Claim::state(AttemptState::Authorized),
            Some(OperationKind::Cancel) if self.attempt.state == AttemptState::Captured => {
                return Err(RulingError::Impossible(CAPTURED));
            }
            Some(OperationKind::Cancel) => return Ok(Ruling { command: Some(Phase::Settled), ..self.canceled() }),
            Some(OperationKind::Shipment | OperationKind::Amend) => Claim::Nothing,
            // The refund's own choice needs its amount.
            // Steps are settled by looks, so no item is about one.
            Some(
                OperationKind::Refund
                | OperationKind::Create
                | OperationKind::Retrieve
                | OperationKind::Apply
                | OperationKind::AddPayment
                | OperationKind::Agree
                | OperationKind::Sign,
            )
            | None => {
                return Err(RulingError::NotOffered);
            }
        };
        Ok(Ruling { claim: Some(claim), command: Some(Phase::Settled), ..Ruling::default() })
    }

    fn canceled(&self) -> Ruling {
        self.ended(AttemptState::Canceled, Reason::CANCELED_BY_MERCHANT)
    }

    /// A refund of this amount is counted now.
    fn counted(&self, amount: Option<Money>) -> Result<Ruling, RulingError> {
        let amount = amount.ok_or(RulingError::AmountMissing)?;
        if !self.attempt.state.is_committed() {
            return Err(RulingError::Impossible(NOT_COMMITTED));
        }
        let left = self.ledger.left_to_refund(self.attempt)?;
        if amount.is_zero() || !left.covers(amount) {
            return Err(RulingError::AmountOutOfRange(left));
        }
        Ok(Ruling { claim: Some(Claim::Refund { amount: Some(amount), distinguishable: true }), ..Ruling::default() })
    }
}

/// True when what was just learnt answers an open item of the attempt, so that nobody has to.
///
/// An unknown command is answered by its own operation and is not judged here.
pub fn answers(kind: AttentionKind, source: Source, decision: &Decision) -> bool {
    let told = matches!(source, Source::Push | Source::Answer | Source::Fetch | Source::Poll);
    let moved = |judge: fn(AttemptState, AttemptState) -> bool| {
        decision.moved.as_ref().is_some_and(|moved| judge(moved.from, moved.to))
    };
    match kind {
        AttentionKind::UnknownOutcome => moved(|from, _| from == AttemptState::Indeterminate),
        AttentionKind::LateApproval | AttentionKind::WithdrawnApproval => moved(|_, to| to.is_committed()),
        AttentionKind::ApprovalAfterWithdrawal => moved(|from, to| from.is_committed() && !to.is_committed()),
        AttentionKind::AmountMismatch | AttentionKind::AmountUnverified => moved(|from, to| {
            let all_went_back = matches!(to, AttemptState::Refunded | AttemptState::ChargedBack);
            all_went_back || from.is_committed() && !to.is_committed()
        }),
        AttentionKind::RefundWithoutAmount | AttentionKind::RefundNotApproved => {
            // The provider named its total, and what was announced is part of it.
            let settled = decision.ledger.iter().any(|(kind, _)| *kind == LedgerKind::RefundSettled);
            settled || moved(|_, to| to == AttemptState::Refunded)
        }
        AttentionKind::RefundRepeated => moved(|_, to| to == AttemptState::Refunded),
        // A push is news by itself; a look-up only when something changed.
        AttentionKind::SilentProvider => match decision.moved {
            Some(_) => told || moved(|_, to| to.is_over()),
            None => source == Source::Push,
        },
        AttentionKind::DisputeOpened => matches!(decision.dispute, Some(Dispute::Won | Dispute::Lost)),
        AttentionKind::AgreementMismatch => moved(|from, _| from == AttemptState::AwaitingMerchant),
        AttentionKind::UnknownCommand
        | AttentionKind::RefundAboveApproved
        | AttentionKind::UnknownStatus
        | AttentionKind::SeveralRequests
        // Only a look at the provider tells that it was undone.
        | AttentionKind::PaidAfterCancel
        | AttentionKind::ContradictingEvidence => false,
    }
}
