//! The ways a person can settle an item.

use crate::attempt::AttemptState;
use crate::attention::AttentionKind;

/// One way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Choice {
    /// Seen and looked after.
    Acknowledge,
    /// The create committed, for the amount given.
    Committed,
    /// The create did not commit.
    NotCommitted,
    /// The capture, cancel, shipment or confirmation took effect.
    TookEffect,
    /// The refund took effect, for the amount given.
    RefundTookEffect,
    /// The command took no effect.
    NoEffect,
    /// The financer's sum is right.
    AcceptAmount,
    /// The financer's sum is the one given, which is right.
    AcceptOtherAmount,
    /// The financer's sum is wrong.
    RejectAmount,
    /// The gateway undoes the second approval.
    Unwind,
    /// The second approval was undone.
    Unwound,
    /// The approval stands.
    ApprovalHolds,
    /// The withdrawal stands.
    WithdrawalHolds,
    /// The amount given was given back.
    CountRefund,
    /// Nothing was given back.
    NoRefund,
    /// The refund told twice is one.
    SameRefund,
    /// The refund told twice is two; the second was for the amount given.
    AnotherRefund,
    /// Ask the financer again.
    AskAgain,
    /// The dispute was decided against the merchant.
    DisputeLost,
}

impl Choice {
    /// Every choice.
    pub const ALL: [Self; 19] = [
        Self::Acknowledge,
        Self::Committed,
        Self::NotCommitted,
        Self::TookEffect,
        Self::RefundTookEffect,
        Self::NoEffect,
        Self::AcceptAmount,
        Self::AcceptOtherAmount,
        Self::RejectAmount,
        Self::Unwind,
        Self::Unwound,
        Self::ApprovalHolds,
        Self::WithdrawalHolds,
        Self::CountRefund,
        Self::NoRefund,
        Self::SameRefund,
        Self::AnotherRefund,
        Self::AskAgain,
        Self::DisputeLost,
    ];

    /// The word used in rows, requests and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Committed => "committed",
            Self::NotCommitted => "not_committed",
            Self::TookEffect => "took_effect",
            Self::RefundTookEffect => "refund_took_effect",
            Self::NoEffect => "no_effect",
            Self::AcceptAmount => "accept_amount",
            Self::AcceptOtherAmount => "accept_other_amount",
            Self::RejectAmount => "reject_amount",
            Self::Unwind => "unwind",
            Self::Unwound => "unwound",
            Self::ApprovalHolds => "approval_holds",
            Self::WithdrawalHolds => "withdrawal_holds",
            Self::CountRefund => "count_refund",
            Self::NoRefund => "no_refund",
            Self::SameRefund => "same_refund",
            Self::AnotherRefund => "another_refund",
            Self::AskAgain => "ask_again",
            Self::DisputeLost => "dispute_lost",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == text)
    }

    /// What it means and brings about, for the person who chooses.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Acknowledge => "You have seen it and looked after it; nothing changes here.",
            Self::Committed => "The financer has the request and committed to this amount.",
            Self::NotCommitted => "The financer knows no such request, or ended it: the attempt has failed.",
            Self::TookEffect => {
                "The financer carried out the capture, cancel, shipment or confirmation, or a return of lines; where it did so \
                 for some units of a cancel or return of lines only, `lines` name those."
            }
            Self::RefundTookEffect => "The financer carried out the refund, for this amount: it is counted.",
            Self::NoEffect => "The financer did not carry out the command; it may be sent again.",
            Self::AcceptAmount => {
                "You compared the sums and stand for the financer's: amounts follow it, and the sum no longer keeps \
                 the order from being shipped."
            }
            Self::AcceptOtherAmount => {
                "The financer's sum is this amount and you stand for it: amounts follow it, and the sum no longer \
                 keeps the order from being shipped."
            }
            Self::RejectAmount => {
                "The sums do not fit and you canceled it at the financer: the attempt is canceled, unless it has ended."
            }
            Self::Unwind => {
                "The gateway ends this approval at the financer, or gives everything back; another item stays open until \
                 the financer says that it is done."
            }
            Self::Unwound => "You undid this approval at the financer; the other commitment stands.",
            Self::ApprovalHolds => "The financer confirms that this approval stands.",
            Self::WithdrawalHolds => "The financer confirms that the approval is withdrawn: the attempt is canceled.",
            Self::CountRefund => "This amount was given back: it is counted as refunded.",
            Self::NoRefund => "Nothing was given back: the announcement is settled and nothing is counted.",
            Self::SameRefund => "Both messages tell of one refund, which is counted already.",
            Self::AnotherRefund => "The second message tells of another refund, of this amount: it is counted.",
            Self::AskAgain => "The financer is asked once more, or waited for once more; you hear if it stays silent.",
            Self::DisputeLost => "The dispute is over and the amount stays taken back; the order must not be shipped.",
        }
    }

    /// True when it needs the amount the person read at the financer.
    pub fn needs_amount(self) -> bool {
        matches!(
            self,
            Self::Committed
                | Self::AcceptOtherAmount
                | Self::RefundTookEffect
                | Self::CountRefund
                | Self::AnotherRefund
        )
    }
}

impl Choice {
    /// True when it may name the units that it is true of, where the command was a cancel or return of lines.
    pub fn takes_lines(self) -> bool {
        self == Self::TookEffect
    }
}

impl AttentionKind {
    /// The ways to settle it while its attempt is in this state.
    pub fn choices_in(self, state: AttemptState) -> &'static [Choice] {
        let asks_for_the_sum = matches!(self, Self::AmountMismatch | Self::AmountUnverified);
        // Nothing can be committed for any sum any more, or all of it went back: whatever is said of it has no effect.
        let settled = matches!(state, AttemptState::Failed | AttemptState::Refunded | AttemptState::ChargedBack);
        // Nothing there could be ended for the first time.
        let went_back = matches!(state, AttemptState::Refunded | AttemptState::ChargedBack);
        match self {
            _ if asks_for_the_sum && settled => &[Choice::Acknowledge],
            Self::LateApproval if went_back => &[Choice::Unwound, Choice::ApprovalHolds],
            _ => self.choices(),
        }
    }

    /// The ways to settle it as long as its attempt goes on.
    pub fn choices(self) -> &'static [Choice] {
        match self {
            Self::UnknownOutcome => &[Choice::Committed, Choice::NotCommitted],
            Self::UnknownCommand => &[Choice::TookEffect, Choice::RefundTookEffect, Choice::NoEffect],
            Self::AmountMismatch | Self::AmountUnverified => {
                &[Choice::AcceptAmount, Choice::AcceptOtherAmount, Choice::RejectAmount]
            }
            Self::LateApproval => &[Choice::Unwind, Choice::Unwound, Choice::ApprovalHolds],
            Self::WithdrawnApproval => &[Choice::Acknowledge, Choice::ApprovalHolds],
            Self::ApprovalAfterWithdrawal => &[Choice::ApprovalHolds, Choice::WithdrawalHolds],
            Self::RefundWithoutAmount | Self::RefundNotApproved => &[Choice::CountRefund, Choice::NoRefund],
            Self::RefundRepeated => &[Choice::SameRefund, Choice::AnotherRefund],
            Self::RefundAboveApproved | Self::UnknownStatus | Self::ContradictingEvidence | Self::SeveralRequests => {
                &[Choice::Acknowledge]
            }
            // Seen alone would leave it open for ever where the provider has no word for its end.
            Self::DisputeOpened => &[Choice::DisputeLost],
            Self::SilentProvider => &[Choice::Acknowledge, Choice::AskAgain],
            // What was canceled at the financer may go on being called signed there.
            Self::AgreementMismatch => &[Choice::Acknowledge, Choice::AskAgain, Choice::WithdrawalHolds],
            Self::PaidAfterCancel => &[Choice::Acknowledge, Choice::ApprovalHolds],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back_and_every_kind_can_be_settled() {
        assert!(Choice::ALL.into_iter().all(|choice| Choice::parse(choice.as_str()) == Some(choice)));
        for kind in AttentionKind::ALL {
            assert_eq!(AttentionKind::parse(kind.as_str()), Some(kind));
            assert!(AttemptState::ALL.into_iter().all(|state| !kind.choices_in(state).is_empty()), "{kind:?}");
            assert!(kind.deadline_hours() > 0, "{kind:?}");
        }
        let offered = |choice| AttentionKind::ALL.iter().any(|kind| kind.choices().contains(&choice));
        assert!(Choice::ALL.into_iter().all(offered), "a choice that nothing offers");
    }

    #[test]
    fn where_no_sum_has_an_effect_any_more_none_can_be_accepted() {
        for kind in [AttentionKind::AmountMismatch, AttentionKind::AmountUnverified] {
            for state in AttemptState::ALL {
                let sums = [Choice::AcceptAmount, Choice::AcceptOtherAmount, Choice::RejectAmount];
                let offered = kind.choices_in(state);
                match state.as_str() {
                    "failed" | "refunded" | "charged_back" => assert_eq!(offered, [Choice::Acknowledge], "{state:?}"),
                    _ => assert_eq!(offered, sums, "{state:?}"),
                }
            }
        }
    }
}
