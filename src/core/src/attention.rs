//! Something a person or a policy must settle.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::KeyId;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttentionKind {
    /// A create may have committed and nobody knows.
    UnknownOutcome,
    /// A capture, cancel, refund, shipment or confirmation may have taken effect and nobody knows.
    UnknownCommand,
    /// The provider asked for another sum than we did.
    AmountMismatch,
    /// Committed, and the provider never said for how much.
    AmountUnverified,
    /// A second financer approved after another one committed.
    LateApproval,
    /// A commitment was taken back; the merchant may be about to ship.
    WithdrawnApproval,
    /// An approval that was given up before came back.
    ApprovalAfterWithdrawal,
    /// A refund without an amount.
    RefundWithoutAmount,
    /// A refund above what was approved; capped.
    RefundAboveApproved,
    /// A refund equal to an earlier one with nothing to tell them apart; counted once.
    RefundRepeated,
    /// A refund of something never approved.
    RefundNotApproved,
    /// A status word this version does not know.
    UnknownStatus,
    /// A state that cannot follow the one we hold, from evidence good enough to matter.
    ContradictingEvidence,
    /// A provider from which something is due has said nothing for too long.
    SilentProvider,
    /// Money was taken back through a dispute.
    DisputeOpened,
    /// The customer committed at the provider to what the merchant had canceled here.
    PaidAfterCancel,
    /// The provider holds several requests under one reference of ours.
    SeveralRequests,
    /// What the customer signed is not what the checkout asks for, or cannot be compared with it.
    AgreementMismatch,
}

impl AttentionKind {
    /// Every kind.
    pub const ALL: [Self; 18] = [
        Self::UnknownOutcome,
        Self::UnknownCommand,
        Self::AmountMismatch,
        Self::AmountUnverified,
        Self::LateApproval,
        Self::WithdrawnApproval,
        Self::ApprovalAfterWithdrawal,
        Self::RefundWithoutAmount,
        Self::RefundAboveApproved,
        Self::RefundRepeated,
        Self::RefundNotApproved,
        Self::UnknownStatus,
        Self::ContradictingEvidence,
        Self::SilentProvider,
        Self::DisputeOpened,
        Self::PaidAfterCancel,
        Self::SeveralRequests,
        Self::AgreementMismatch,
    ];

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Hours until it should be settled: few where goods may leave unpaid or a customer waits, more where an order is
    /// only held back, a few days where nothing but the books is open. Nothing happens by itself when they pass.
    pub fn deadline_hours(self) -> i64 {
        match self {
            Self::WithdrawnApproval
            | Self::ApprovalAfterWithdrawal
            | Self::UnknownOutcome
            | Self::PaidAfterCancel
            | Self::SeveralRequests
            | Self::AgreementMismatch => 4,
            Self::UnknownCommand
            | Self::AmountMismatch
            | Self::AmountUnverified
            | Self::LateApproval
            | Self::RefundWithoutAmount
            | Self::RefundNotApproved
            | Self::ContradictingEvidence
            | Self::SilentProvider => 24,
            Self::RefundRepeated | Self::RefundAboveApproved | Self::UnknownStatus | Self::DisputeOpened => 72,
        }
    }

    /// The word used in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownOutcome => "unknown_outcome",
            Self::UnknownCommand => "unknown_command",
            Self::AmountMismatch => "amount_mismatch",
            Self::AmountUnverified => "amount_unverified",
            Self::LateApproval => "late_approval",
            Self::WithdrawnApproval => "withdrawn_approval",
            Self::ApprovalAfterWithdrawal => "approval_after_withdrawal",
            Self::RefundWithoutAmount => "refund_without_amount",
            Self::RefundAboveApproved => "refund_above_approved",
            Self::RefundRepeated => "refund_repeated",
            Self::RefundNotApproved => "refund_not_approved",
            Self::UnknownStatus => "unknown_status",
            Self::ContradictingEvidence => "contradicting_evidence",
            Self::SilentProvider => "silent_provider",
            Self::DisputeOpened => "dispute_opened",
            Self::PaidAfterCancel => "paid_after_cancel",
            Self::SeveralRequests => "several_requests",
            Self::AgreementMismatch => "agreement_mismatch",
        }
    }
}

/// What a person does about a commitment whose amount nobody confirmed.
pub const AMOUNT_UNVERIFIED: &str =
    "committed, but the provider never said for how much; compare the amount in its back office before shipping";

/// The choice of an item that evidence settled.
pub const BY_EVIDENCE: &str = "by_evidence";

/// An item to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttentionDraft {
    /// What is wrong.
    pub kind: AttentionKind,
    /// A sentence for the person; no personal data, no provider text.
    pub detail: String,
}

impl AttentionDraft {
    /// Names what is wrong and what it is about.
    pub fn new(kind: AttentionKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }
}

/// How an item was settled. Kept for ever: it is the audit of a decision about money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// The way that was chosen, such as `accept_amount`; `by_evidence` when the provider settled it.
    pub choice: String,
    /// The person's reason.
    pub reason: String,
    /// Whose key it was; none when evidence settled it.
    pub by: Option<KeyId>,
    /// When.
    pub at: Timestamp,
}
