//! Items for a person: opened with a deadline, settled by a person's ruling or by what a provider said.

use jiff::SignedDuration;
use lendport_core::attention::{AMOUNT_UNVERIFIED, BY_EVIDENCE};
use lendport_core::ruling::answers;
use lendport_core::{
    Attempt, AttemptId, AttentionDraft, AttentionId, AttentionKind, Decision, EventType, Money, NextAction, Operation,
    Reason, Resolution, Ruling, Source,
};
use lendport_storage::AttentionItem;

use crate::error::EngineError;
use crate::take_in::Draft;

impl Draft {
    /// Tells the draft which items of the checkout are open.
    pub(crate) fn knowing(mut self, open: Vec<AttentionItem>) -> Self {
        self.open_items = open;
        self
    }

    /// True when the attempt has an open item of this kind.
    pub(crate) fn is_open(&self, attempt: AttemptId, kind: AttentionKind) -> bool {
        self.open_items.iter().any(|item| item.attempt == attempt && item.kind == kind)
    }

    /// Opens an item where an attempt is committed and no amount was ever named.
    pub(crate) fn flag_unverified_amount(&mut self, id: AttemptId) -> Result<(), EngineError> {
        let unverified = self
            .record
            .attempt(id)
            .is_some_and(|known| known.state.is_committed() && known.amount_echoed.is_none() && !known.amount_accepted);
        if unverified {
            self.flag(id, AttentionDraft::new(AttentionKind::AmountUnverified, AMOUNT_UNVERIFIED))?;
            self.reschedule(id);
        }
        Ok(())
    }

    /// Takes in the amount that the financer names when it is asked, where none was known, and settles the item about
    /// that. Says whether a commitment learnt its amount by it.
    pub(crate) fn learn_amount(&mut self, id: AttemptId, echoed: Option<Money>) -> Result<bool, EngineError> {
        let unnamed = self.record.attempt(id).filter(|known| known.amount_echoed.is_none());
        let Some((known, echoed)) = unnamed.zip(echoed) else { return Ok(false) };
        let (committed, asked) = (known.state.is_committed(), known.amount);
        self.amend(id, |attempt| {
            // What a person accepted was not this.
            attempt.amount_accepted &= echoed == asked;
            attempt.amount_echoed = Some(echoed);
        });
        let unverified = |item: &&AttentionItem| item.attempt == id && item.kind == AttentionKind::AmountUnverified;
        if let Some(item) = self.open_items.iter().find(unverified).cloned() {
            self.close_by_evidence(&item, &format!("the financer was asked and says {echoed}"))?;
        }
        if committed && echoed != asked {
            let detail = format!("asked for {asked}, the provider says {echoed}");
            self.flag(id, AttentionDraft::new(AttentionKind::AmountMismatch, detail))?;
        }
        Ok(committed)
    }

    /// Takes in where the customer goes, where the provider says so only now; says whether that is news: nothing was
    /// known of it, or another step comes next.
    pub(crate) fn learn_next_action(&mut self, id: AttemptId, told: Option<&NextAction>) -> bool {
        let changed = |known: &&Attempt| !known.state.is_over() && known.next_action.as_ref() != told;
        let Some(known) = self.record.attempt(id).filter(changed) else { return false };
        // Steps follow one another, and are over when none is told any more.
        let stepped = known.next_action.as_ref().is_some_and(|action| action.kind.is_step());
        if told.is_none() && !stepped {
            return false;
        }
        let news = (known.next_action.is_none() || stepped) && !known.state.is_committed();
        self.amend(id, |attempt| attempt.next_action = told.cloned());
        news
    }

    /// True when an open item asks the same already.
    fn is_asked(&self, attempt: AttemptId, draft: &AttentionDraft) -> bool {
        match draft.kind {
            // Each is about a command or a message of its own, and is settled on its own.
            AttentionKind::UnknownCommand
            | AttentionKind::RefundWithoutAmount
            | AttentionKind::RefundAboveApproved
            | AttentionKind::RefundRepeated
            | AttentionKind::RefundNotApproved => false,
            // Two contradictions are two questions.
            AttentionKind::ContradictingEvidence => {
                let same = |item: &AttentionItem| item.kind == draft.kind && item.detail == draft.detail;
                self.open_items.iter().any(|item| item.attempt == attempt && same(item))
            }
            AttentionKind::UnknownOutcome
            | AttentionKind::AmountMismatch
            | AttentionKind::AmountUnverified
            | AttentionKind::LateApproval
            | AttentionKind::WithdrawnApproval
            | AttentionKind::ApprovalAfterWithdrawal
            | AttentionKind::UnknownStatus
            | AttentionKind::PaidAfterCancel
            | AttentionKind::DisputeOpened
            | AttentionKind::SeveralRequests
            | AttentionKind::AgreementMismatch
            | AttentionKind::SilentProvider => self.is_open(attempt, draft.kind),
        }
    }

    /// Opens an item for a person, and tells of it. What an open item asks already is not asked twice.
    pub(crate) fn flag(&mut self, attempt: AttemptId, draft: AttentionDraft) -> Result<(), EngineError> {
        if self.is_asked(attempt, &draft) {
            return Ok(());
        }
        let item = AttentionItem {
            id: AttentionId::mint(self.tools.ids.as_ref()),
            checkout: self.record.checkout.id,
            attempt,
            kind: draft.kind,
            detail: draft.detail,
            opened_at: self.now,
            deadline: self.now.checked_add(SignedDuration::from_hours(draft.kind.deadline_hours())).ok(),
            resolution: None,
        };
        self.open_items.push(item.clone());
        self.change.attention.push(item);
        self.announce(&[EventType::AttentionOpened])
    }

    /// Opens an item about a command that may have taken effect, and has the provider asked where it can be.
    pub(crate) fn flag_unknown_command(&mut self, operation: &Operation) -> Result<(), EngineError> {
        let mut detail =
            format!("a {} may have reached the provider and its outcome is not known", operation.kind.as_str());
        if let Some(work) = &operation.lines {
            let units: Vec<_> = work.open().iter().map(|open| format!("{} of {}", open.quantity, open.line)).collect();
            detail.push_str(&format!(": {}", units.join(", ")));
        }
        self.flag(operation.attempt, AttentionDraft::new(AttentionKind::UnknownCommand, detail))?;
        self.reschedule(operation.attempt);
        Ok(())
    }

    /// Writes how an item was settled. Whoever calls tells of it.
    pub(crate) fn close_item(&mut self, item: &AttentionItem, resolution: Resolution) -> AttentionItem {
        let settled = AttentionItem { resolution: Some(resolution), ..item.clone() };
        self.open_items.retain(|open| open.id != item.id);
        self.change.attention.retain(|written| written.id != item.id);
        self.change.attention.push(settled.clone());
        settled
    }

    /// Settles an item that nobody has to look at any more, and tells of it.
    pub(crate) fn close_by_evidence(&mut self, item: &AttentionItem, reason: &str) -> Result<(), EngineError> {
        let resolution =
            Resolution { choice: BY_EVIDENCE.to_owned(), reason: reason.to_owned(), by: None, at: self.now };
        self.close_item(item, resolution);
        self.announce(&[EventType::AttentionResolved])
    }

    /// Settles the attempt's open items that a decision answers.
    pub(crate) fn settle_by_evidence(
        &mut self,
        attempt: AttemptId,
        source: Source,
        decision: &Decision,
    ) -> Result<(), EngineError> {
        let answered = |item: &&AttentionItem| item.attempt == attempt && answers(item.kind, source, decision);
        let items: Vec<_> = self.open_items.iter().filter(answered).cloned().collect();
        for item in items {
            let reason = match &decision.moved {
                Some(moved) => format!("the attempt went from {} to {}", moved.from.as_str(), moved.to.as_str()),
                None => "the financer spoke".to_owned(),
            };
            self.close_by_evidence(&item, &reason)?;
        }
        Ok(())
    }

    /// What a ruling says of the attempt beside its state, applied before the reducer looks.
    pub(crate) fn apply_ruling(&mut self, attempt: AttemptId, ruling: &Ruling) {
        if let Some(dispute) = ruling.dispute {
            self.record.checkout.dispute = dispute;
            self.touch();
        }
        let over = |known: &Attempt| known.state.is_over();
        if ruling.undoes && self.record.attempt(attempt).is_some_and(over) {
            // It has ended already: from now on no yes of this financer is followed.
            self.amend(attempt, |attempt| attempt.reason = Some(Reason::new(Reason::CANCELED_LOCALLY)));
        }
        if ruling.accepts_amount || ruling.confirms_approval || ruling.amount_read.is_some() {
            self.amend(attempt, |attempt| {
                if ruling.amount_read.is_some() {
                    // What was accepted before was not this.
                    attempt.amount_accepted = false;
                    attempt.amount_echoed = ruling.amount_read;
                }
                attempt.amount_accepted |= ruling.accepts_amount;
                attempt.approval_confirmed |= ruling.confirms_approval;
            });
        }
    }
}
